/**
 * Members that left for ever: what is told to them, and what becomes of us if it is us.
 *
 * A removed member may be the only one besides the leader that knows of its removal, and
 * a majority of the old voters may need its vote until those who stay know it too. So
 * those who stay say "you were removed" only when they cannot forget it any more, and
 * who was removed goes on answering until one of them has said so:
 *
 *     the removal is applied here -> greet the others -> one says it -> stop, a second later
 *     cut off or down meanwhile   ---------------------> one says it -> stop
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import type { Log } from '../../client/host/log.js'
import { REMOVED_STOP_DELAY_MS } from '../limits.js'
import type { Members } from '../state/members.js'

/** The end of a member that was removed from its cluster: nothing is wrong with it. */
export class MemberRemoved extends Error {
  override readonly name = 'MemberRemoved'
  /** Stable code. */
  readonly code = 'MEMBER_REMOVED'

  constructor() {
    super(
      'this member was removed from the cluster for good; its data directory is of no use any more',
    )
  }
}

/** What removals need of their member. */
export interface RemovalsOptions {
  readonly clock: Clock
  readonly log: Log
  readonly selfId: bigint
  readonly members: () => Members
  /** Resolves when everything applied so far is durable. */
  readonly commit: () => Promise<void>
  /** Says to the others that we are here, so that they may answer. */
  readonly greet: () => void
  /** This member has no place any more. */
  readonly end: (reason: MemberRemoved) => void
}

/** See the head of the file. */
export class Removals {
  readonly #options: RemovalsOptions
  /** Removed members, by states that are on disk. */
  readonly #durable = new Set<bigint>()
  /** When our own removal was applied, in monotonic milliseconds. */
  #appliedMs: number | undefined
  #ending: Timer | undefined
  #stopped = false

  constructor(options: RemovalsOptions) {
    this.#options = options
  }

  /** Whether a member was removed, and this one cannot forget it. */
  isForGood(id: bigint): boolean {
    return this.#durable.has(id)
  }

  /** The state was read from the disk. */
  opened(): void {
    for (const id of this.#options.members().removed()) this.#durable.add(id)
    this.#lookForSelf()
  }

  /** A change of the membership was applied. */
  applied(): void {
    const { members, commit } = this.#options
    const news = members()
      .removed()
      .filter((id) => !this.#durable.has(id))
    if (news.length === 0) return
    this.#lookForSelf()
    // A state that is closed meanwhile tells it when it is opened again.
    const remember = (): void => {
      for (const id of news) this.#durable.add(id)
    }
    commit().then(remember, () => {})
  }

  /** A peer says that this member was removed. */
  told(peer: bigint): void {
    if (this.#stopped || this.#ending !== undefined) return
    const { clock, log, end } = this.#options
    log.warn('this member was removed from the cluster; it stops', { saidBy: peer.toString(16) })
    const sinceMs = clock.now() - (this.#appliedMs ?? Number.NEGATIVE_INFINITY)
    const delayMs = Math.max(0, REMOVED_STOP_DELAY_MS - sinceMs)
    this.#ending = clock.after(delayMs, () => end(new MemberRemoved()))
  }

  stop(): void {
    this.#stopped = true
    this.#ending?.cancel()
  }

  #lookForSelf(): void {
    const { clock, log, selfId, members, greet } = this.#options
    if (this.#appliedMs !== undefined || !members().isRemoved(selfId)) return
    this.#appliedMs = clock.now()
    log.warn('this member was removed from the cluster; it stops as soon as another member says so')
    greet()
  }
}

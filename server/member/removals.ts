/**
 * Members that left for ever: what is told to them, and what becomes of us if it is us.
 *
 * A removal counts from when it is applied, so until those who stay have done that they
 * may still need the vote of the member that leaves, or its word that the removal is
 * committed. Therefore they say "you were removed" only when they cannot forget it any
 * more, and who was removed goes on answering until a majority of them has said so:
 *
 *     the removal is applied here -> greet the others ┐
 *     cut off or down meanwhile, and then heard again ┴-> a majority says it -> stop
 *
 * Some of them may be gone themselves. One that says it is enough after a while, in which
 * the others had time to ask.
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
  /** Who votes, as far as this member knows. */
  readonly voters: () => readonly bigint[]
  readonly electionTimeoutMs: number
  /** Resolves when everything applied so far is durable. */
  readonly commit: () => Promise<void>
  /** Says to the others that we are here, so that they may answer. */
  readonly greet: () => void
  /** This member has no place any more. */
  readonly end: (reason: MemberRemoved) => void
}

/** How long one word is waited with for others, in election timeouts. */
const ELECTIONS_WAITED = 10

/** See the head of the file. */
export class Removals {
  readonly #options: RemovalsOptions
  /** Removed members, by states that are on disk. */
  readonly #durable = new Set<bigint>()
  /** Who said that we were removed. */
  readonly #saidBy = new Set<bigint>()
  /** Who waits for a removal that cannot be forgotten, and for whose. */
  readonly #waiting = new Map<() => void, bigint>()
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

  /** Resolves when the removal of a member cannot be forgotten by one who stays, or when `maxMs` are over. */
  forGood(id: bigint, maxMs: number): Promise<void> {
    if (this.#isKept(id) || this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel()
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = this.#options.clock.after(maxMs, wake)
      this.#waiting.set(wake, id)
    })
  }

  /** The state was read from the disk. */
  opened(): void {
    this.#remember(this.#options.members().removed())
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
    commit().then(
      () => this.#remember(news),
      () => {},
    )
  }

  /** A peer says that this member was removed. */
  told(peer: bigint): void {
    if (this.#stopped || this.#saidBy.has(peer)) return
    this.#saidBy.add(peer)
    this.#wakeWaiting()
    const { log, electionTimeoutMs } = this.#options
    if (this.#saidBy.size === 1) {
      log.warn('this member was removed from the cluster', { saidBy: peer.toString(16) })
      this.#endIn(ELECTIONS_WAITED * electionTimeoutMs)
    }
    if (this.#isSaidByEnough()) this.#endIn(this.#delayMs())
  }

  stop(): void {
    this.#stopped = true
    this.#ending?.cancel()
    this.#wakeWaiting()
  }

  #isSaidByEnough(): boolean {
    const { voters, selfId } = this.#options
    const all = voters()
    // Nobody needs the vote of one that has none.
    if (this.#appliedMs === undefined && !all.includes(selfId)) return true
    const others = all.filter((id) => id !== selfId)
    return others.filter((id) => this.#saidBy.has(id)).length > others.length / 2
  }

  /** What is left of the second in which callers get their answers. */
  #delayMs(): number {
    if (this.#appliedMs === undefined) return 0
    return Math.max(0, this.#appliedMs + REMOVED_STOP_DELAY_MS - this.#options.clock.now())
  }

  #endIn(ms: number): void {
    const { clock, log, end } = this.#options
    this.#ending?.cancel()
    this.#ending = clock.after(ms, () => {
      log.warn('this member stops: it was removed from the cluster')
      end(new MemberRemoved())
    })
  }

  #lookForSelf(): void {
    const { clock, log, selfId, members, greet } = this.#options
    if (this.#appliedMs !== undefined || !members().isRemoved(selfId)) return
    this.#appliedMs = clock.now()
    log.warn(
      'this member was removed from the cluster; it stops when the others know that for good',
    )
    greet()
  }

  #remember(ids: readonly bigint[]): void {
    for (const id of ids) this.#durable.add(id)
    this.#wakeWaiting()
  }

  /** Of our own removal what others know counts, not what we do. */
  #isKept(id: bigint): boolean {
    return id === this.#options.selfId ? this.#saidBy.size > 0 : this.#durable.has(id)
  }

  #wakeWaiting(): void {
    for (const [wake, id] of [...this.#waiting]) if (this.#stopped || this.#isKept(id)) wake()
  }
}

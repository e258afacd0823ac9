/**
 * Who leads, as this member knows it, and what follows when that changes.
 *
 * Leading has two beginnings. With the election the member is raft's leader; with the
 * first applied entry of its own term every earlier leader's commands are behind it,
 * and only then are the deadlines of leases its own to keep.
 */

import type { Clock } from '../../client/host/clock.js'
import type { Log } from '../../client/host/log.js'
import type { RpcError } from '../../client/wire/status.js'
import type { RaftStatus } from '../raft/raft.js'
import type { Lessor } from '../state/lessor.js'
import type { LeaseDuty } from './lease-duty.js'
import { LeaderHistory } from './timeouts.js'

/** What leadership needs of its member. */
export interface LeadershipOptions {
  readonly clock: Clock
  readonly log: Log
  readonly selfId: bigint
  readonly electionTimeoutMs: number
  readonly raft: () => RaftStatus
  readonly lessor: () => Lessor
  readonly leaseDuty: LeaseDuty
}

/** See the head of the file. */
export class Leadership {
  readonly #options: LeadershipOptions
  readonly #history: LeaderHistory
  /** The term in which lease duty runs here; 0 while it does not. */
  #dutyTerm = 0
  #waiters: (() => void)[] = []
  #stopped = false

  constructor(options: LeadershipOptions) {
    this.#options = options
    this.#history = new LeaderHistory(options.electionTimeoutMs)
  }

  /** Since when no leader is known, in monotonic milliseconds; undefined while there is one. */
  get leaderlessSinceMs(): number | undefined {
    return this.#history.leaderlessSinceMs
  }

  /** The error for a request that started then and got no answer. */
  timeoutError(startedAtMs: number): RpcError {
    return this.#history.timeoutError(startedAtMs)
  }

  /** Resolves when a leader is known, or after a stop. */
  known(): Promise<void> {
    if (this.#stopped || this.#history.leader !== 0n) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  /** Raft's view changed. @returns whether a leader is known. */
  changed(): boolean {
    const { clock, log, selfId, raft } = this.#options
    const { leader, term } = raft()
    if (leader !== this.#history.leader) {
      const message = leader === 0n ? 'no leader' : leader === selfId ? 'leading' : 'following'
      log.info(message, { leader: leader.toString(16), term })
    }
    this.#history.changed(leader, clock.now())
    if (this.#dutyTerm !== 0 && (leader !== selfId || this.#dutyTerm !== term)) this.#endDuty()
    if (leader === 0n) return false
    this.#wakeWaiters()
    return true
  }

  /** An entry of this term was applied. */
  applied(term: number): void {
    if (this.#dutyTerm === term) return
    const { selfId, raft, lessor, leaseDuty, electionTimeoutMs } = this.#options
    const status = raft()
    if (status.leader !== selfId || status.term !== term) return
    this.#dutyTerm = term
    lessor().promote(electionTimeoutMs)
    leaseDuty.start(term)
  }

  /** The member stops: nobody waits in vain. */
  stop(): void {
    this.#stopped = true
    this.#options.leaseDuty.stop()
    this.#wakeWaiters()
  }

  #endDuty(): void {
    this.#dutyTerm = 0
    this.#options.leaseDuty.stop()
    this.#options.lessor().demote()
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }
}

/** The voter that should take over when this leader stops: the one with the longest log among those alive. */
export function successorOf({ id, progress }: RaftStatus): bigint | undefined {
  let best: bigint | undefined
  let bestMatch = 0
  for (const [peer, { match, isLearner, recentActive }] of progress) {
    if (peer === id || isLearner || !recentActive || match <= bestMatch) continue
    best = peer
    bestMatch = match
  }
  return best
}

/**
 * Why a request timed out, told with etcd's three sentences.
 *
 * A request that was under way when leadership moved was probably lost with the old
 * leader; one that ran while no quorum could be reached was probably cut off; of the
 * rest nothing is known (etcd `server/etcdserver/server.go`, parseProposeCtxErr).
 */

import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { RpcError } from '../../client/wire/status.js'

/** What a member remembers about its leaders, in monotonic milliseconds. */
export class LeaderHistory {
  readonly #electionTimeoutMs: number
  #leader = 0n
  #electedAtMs = 0
  #lostAtMs: number | undefined = 0

  constructor(electionTimeoutMs: number) {
    this.#electionTimeoutMs = electionTimeoutMs
  }

  /** The leader that is known now; 0n when none is. */
  get leader(): bigint {
    return this.#leader
  }

  /** Since when no leader is known; undefined while there is one. */
  get leaderlessSinceMs(): number | undefined {
    return this.#lostAtMs
  }

  /** Raft reports who leads. */
  changed(leader: bigint, nowMs: number): void {
    if (leader === this.#leader) return
    this.#leader = leader
    if (leader === 0n) this.#lostAtMs = nowMs
    else {
      this.#electedAtMs = nowMs
      this.#lostAtMs = undefined
    }
  }

  /** The error for a request that started then and got no answer. */
  timeoutError(startedAtMs: number): RpcError {
    if (this.#leader === 0n) return etcdErrors.timeoutDueToConnectionLost.error()
    const lostFromMs = this.#electedAtMs - 2 * this.#electionTimeoutMs
    if (startedAtMs > lostFromMs && startedAtMs <= this.#electedAtMs)
      return etcdErrors.timeoutDueToLeaderFail.error()
    return etcdErrors.timeout.error()
  }
}

/**
 * Linearizable reads: who waits for a read index, and for apply to reach it.
 *
 *     asked -> gathering -> round (one quorum exchange) -> applied reached -> answered
 *
 * One round is under way at a time; everybody who comes meanwhile shares the next.
 * A round that gets no answer is tried again with a fresh context, and only an answer
 * with the context of the present try counts: an older leader's late answer to an
 * older try must not vouch for it (etcd #20418).
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { RpcError } from '../../client/wire/status.js'
import { READ_RETRY_MS, READS_WAITING_MAX } from '../limits.js'
import { ProposalDropped } from '../raft/raft.js'

/** What reads need of their member. */
export interface ReadsOptions {
  readonly clock: Clock
  /** Where the contexts start: random at each boot. */
  readonly firstContext: number
  readonly timeoutMs: number
  /** Starts a round. @throws {ProposalDropped} when no leader is known. */
  readonly readIndex: (context: number) => void
  readonly appliedIndex: () => number
  readonly timeoutError: (startedAtMs: number) => RpcError
}

interface Waiter {
  readonly startedAtMs: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Confirmed {
  readonly index: number
  readonly waiters: readonly Waiter[]
}

/** The linearizable reads of one member. */
export class Reads {
  readonly #options: ReadsOptions
  #gathering: Waiter[] = []
  #round: { context: number; waiters: Waiter[] } | undefined
  /** Rounds whose index is known, in ascending order of index. */
  #confirmed: Confirmed[] = []
  #waiting = 0
  #nextContext: number
  #retry: Timer | undefined
  /** Runs while somebody waits for apply. */
  #lookout: Timer | undefined
  #failure: RpcError | undefined

  constructor(options: ReadsOptions) {
    this.#options = options
    this.#nextContext = options.firstContext
  }

  /**
   * Resolves when this member's state holds everything that was acknowledged
   * anywhere before the call.
   */
  barrier(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#waiting >= READS_WAITING_MAX)
      return Promise.reject(etcdErrors.requestTooManyRequests.error())
    this.#waiting++
    return new Promise((resolve, reject) => {
      this.#gathering.push({ startedAtMs: this.#options.clock.now(), resolve, reject })
      if (this.#round === undefined) this.#schedule()
    })
  }

  /** Raft answered a round. */
  confirmed(context: number, index: number): void {
    const round = this.#round
    if (round === undefined || round.context !== context) return
    this.#round = undefined
    this.#retry?.cancel()
    this.#retry = undefined
    this.#confirmed.push({ index, waiters: round.waiters })
    this.applied()
    if (this.#lookout === undefined) this.#watchApply()
    if (this.#gathering.length > 0) this.#schedule()
  }

  /** Apply moved on: answers whoever waited for it. */
  applied(): void {
    const applied = this.#options.appliedIndex()
    while (this.#confirmed.length > 0 && this.#confirmed[0]!.index <= applied) {
      const { waiters } = this.#confirmed.shift()!
      this.#waiting -= waiters.length
      for (const waiter of waiters) waiter.resolve()
    }
    if (this.#confirmed.length > 0) return
    this.#lookout?.cancel()
    this.#lookout = undefined
  }

  /** A leader appeared: a round that waits for its retry starts at once. */
  leaderKnown(): void {
    if (this.#round !== undefined || this.#gathering.length > 0) this.#start()
  }

  stop(error: RpcError): void {
    this.#failure = error
    this.#retry?.cancel()
    this.#lookout?.cancel()
    const all = [
      ...this.#gathering,
      ...(this.#round?.waiters ?? []),
      ...this.#confirmed.flatMap((round) => round.waiters),
    ]
    this.#gathering = []
    this.#round = undefined
    this.#confirmed.length = 0
    this.#waiting = 0
    for (const waiter of all) waiter.reject(error)
  }

  #scheduled = false

  /** At the end of the turn, so that all reads of the turn share one round. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#options.clock.soon(() => {
      this.#scheduled = false
      if (this.#failure === undefined && this.#round === undefined) this.#start()
    })
  }

  #start(): void {
    const asked = [...(this.#round?.waiters ?? []), ...this.#gathering]
    const waiters = this.#dropExpired(asked, this.#options.timeoutError)
    this.#gathering = []
    this.#retry?.cancel()
    this.#retry = undefined
    if (waiters.length === 0) {
      this.#round = undefined
      return
    }
    const context = this.#nextContext++
    this.#round = { context, waiters }
    this.#retry = this.#options.clock.after(READ_RETRY_MS, () => this.#start())
    try {
      this.#options.readIndex(context)
    } catch (error) {
      if (!(error instanceof ProposalDropped)) throw error
    }
  }

  /** Apply may stand still, behind a slow disk or a large snapshot: nobody waits for it for ever. */
  #watchApply(): void {
    this.#lookout = undefined
    const late = () => etcdErrors.timeoutWaitAppliedIndex.error()
    this.#confirmed = this.#confirmed
      .map(({ index, waiters }) => ({ index, waiters: this.#dropExpired(waiters, late) }))
      .filter(({ waiters }) => waiters.length > 0)
    if (this.#confirmed.length === 0) return
    this.#lookout = this.#options.clock.after(READ_RETRY_MS, () => this.#watchApply())
  }

  #dropExpired(waiters: readonly Waiter[], error: (startedAtMs: number) => RpcError): Waiter[] {
    const { clock, timeoutMs } = this.#options
    const now = clock.now()
    const alive: Waiter[] = []
    for (const waiter of waiters) {
      if (waiter.startedAtMs + timeoutMs > now) alive.push(waiter)
      else {
        this.#waiting--
        waiter.reject(error(waiter.startedAtMs))
      }
    }
    return alive
  }
}

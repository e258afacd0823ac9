/**
 * Callers that wait for their proposal to be applied.
 *
 * A proposal gets a number, its caller a promise; apply comes by with the number and
 * the answer. While there is no leader a proposal is parked and proposed as soon as
 * one is known, as in etcd, unless its caller has left by then. Whoever waits longer than the request timeout gets an
 * error: its write may still happen, and the text says "timed out", never "failed".
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { Command } from '../../client/wire/generated/command.js'
import type { RpcError } from '../../client/wire/status.js'
import { PROPOSALS_WAITING_MAX } from '../limits.js'
import { ProposalDropped } from '../raft/raft.js'
import type { Applied, ApplyResult } from '../state/machine.js'
import type { ChangeOrigin } from '../state/member-change.js'

/** What proposals need of their member. */
export interface ProposalsOptions {
  readonly clock: Clock
  readonly selfId: bigint
  /** Where the numbering starts: random at each boot, below 2^52. */
  readonly firstRequestId: number
  readonly timeoutMs: number
  readonly requestBytesMax: number
  /** Encoded bytes of proposals that wait for a leader to appear. */
  readonly parkedBytesMax: number
  /** Hands bytes to raft. @throws {ProposalDropped} */
  readonly propose: (data: Uint8Array) => void
  /** Why a request that started then timed out; see member/timeouts.ts. */
  readonly timeoutError: (startedAtMs: number) => RpcError
}

/** The answer of an applied command. */
export type ApplyResponse = Extract<ApplyResult, { ok: true }>['response']

interface Waiter {
  readonly startedAtMs: number
  readonly resolve: (response: ApplyResponse) => void
  readonly reject: (error: unknown) => void
}

/** The proposals of one member that are under way. */
export class Proposals {
  readonly #options: ProposalsOptions
  /** In order of start, so the first is the next to time out. */
  readonly #waiters = new Map<number, Waiter>()
  /** By request; a subset of `#waiters`. */
  readonly #parked = new Map<number, Uint8Array>()
  /** Invariant: the sum of the lengths in `#parked`. */
  #parkedBytes = 0
  #nextRequestId: number
  #timer: Timer | undefined
  #failure: RpcError | undefined

  constructor(options: ProposalsOptions) {
    this.#options = options
    this.#nextRequestId = options.firstRequestId
  }

  /** How many callers wait. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** Proposes and waits for the answer. Rejects with an `RpcError` of etcd's. */
  submit(command: Init<Command>): Promise<ApplyResponse> {
    const { selfId: proposer, requestBytesMax } = this.#options
    return this.#start((requestId) => {
      // One after the other: an object spread of all would cost several times the encoding.
      const origin = Command.encode({ requestId, proposer })
      const data = Command.encode(command, origin).finish()
      if (data.length > requestBytesMax) return etcdErrors.requestTooLarge.error()
      return this.#propose(requestId, data)
    })
  }

  /**
   * As {@link submit}, for what is proposed in another way: a change of the membership.
   *
   * @param propose gets what the entry must carry for its answer to come back; returns a refusal.
   */
  submitAs(propose: (origin: ChangeOrigin) => RpcError | undefined): Promise<ApplyResponse> {
    return this.#start((requestId) => propose({ proposer: this.#options.selfId, requestId }))
  }

  #start(propose: (requestId: number) => RpcError | undefined): Promise<ApplyResponse> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#waiters.size >= PROPOSALS_WAITING_MAX)
      return Promise.reject(etcdErrors.requestTooManyRequests.error())
    const requestId = this.#nextRequestId++
    const refusal = propose(requestId)
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      this.#waiters.set(requestId, { startedAtMs: this.#options.clock.now(), resolve, reject })
      if (this.#timer === undefined) this.#armTimer()
    })
  }

  /** Proposes without waiting: lease expiry and the like, which are asked again anyway. */
  submitAndForget(command: Init<Command>): void {
    try {
      this.#options.propose(Command.encode(command).finish())
    } catch (error) {
      if (!(error instanceof ProposalDropped)) throw error
    }
  }

  /** An entry was applied: wakes its caller if it is one of ours. */
  settle(applied: Applied): void {
    if (applied.proposer !== this.#options.selfId) return
    const waiter = this.#waiters.get(applied.requestId)
    if (waiter === undefined) return
    this.#waiters.delete(applied.requestId)
    if (applied.result.ok) waiter.resolve(applied.result.response)
    else waiter.reject(applied.result.error)
  }

  /** There may be a leader now: what was parked is proposed. */
  leaderKnown(): void {
    const parked = [...this.#parked]
    this.#parked.clear()
    this.#parkedBytes = 0
    for (const [requestId, data] of parked) {
      const refusal = this.#propose(requestId, data)
      if (refusal !== undefined) this.#reject(requestId, refusal)
    }
  }

  /** Nothing will be applied any more: everyone who waits, and will come, gets this error. */
  stop(error: RpcError): void {
    this.#failure = error
    this.#timer?.cancel()
    this.#parked.clear()
    for (const waiter of this.#waiters.values()) waiter.reject(error)
    this.#waiters.clear()
  }

  #propose(requestId: number, data: Uint8Array): RpcError | undefined {
    try {
      this.#options.propose(data)
      return undefined
    } catch (error) {
      if (!(error instanceof ProposalDropped)) throw error
      if (error.reason !== 'noLeader' && error.reason !== 'transferring')
        return etcdErrors.requestTooManyRequests.error()
      if (this.#parkedBytes + data.length > this.#options.parkedBytesMax)
        return etcdErrors.noLeader.error()
      this.#parked.set(requestId, data)
      this.#parkedBytes += data.length
      return undefined
    }
  }

  /** One timer for all: it waits for the oldest. */
  #armTimer(): void {
    const oldest = this.#waiters.values().next().value
    if (oldest === undefined) {
      this.#timer = undefined
      return
    }
    const { clock, timeoutMs } = this.#options
    const waitMs = Math.max(1, oldest.startedAtMs + timeoutMs - clock.now())
    this.#timer = clock.after(waitMs, () => this.#expire())
  }

  #expire(): void {
    const { clock, timeoutMs, timeoutError } = this.#options
    const now = clock.now()
    for (const [requestId, waiter] of this.#waiters) {
      if (waiter.startedAtMs + timeoutMs > now) break
      this.#parkedBytes -= this.#parked.get(requestId)?.length ?? 0
      this.#parked.delete(requestId)
      this.#reject(requestId, timeoutError(waiter.startedAtMs))
    }
    this.#armTimer()
  }

  #reject(requestId: number, error: RpcError): void {
    this.#waiters.get(requestId)?.reject(error)
    this.#waiters.delete(requestId)
  }
}

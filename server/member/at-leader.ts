/**
 * What only the leader knows: answered here when we lead, asked from the leader otherwise,
 * until one of them is the leader and answers.
 */

import type { Clock } from '../../client/host/clock.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { Method } from '../../client/wire/method.js'
import { RpcError } from '../../client/wire/status.js'
import type { Peers } from '../cluster/peers.js'

/** What it takes to find the leader. */
export interface AtLeaderOptions {
  readonly clock: Clock
  readonly peers: Pick<Peers, 'channel'>
  readonly selfId: bigint
  readonly leader: () => bigint
  readonly timeoutMs: number
}

/** How long to wait before the leader is asked again, in milliseconds. */
const RETRY_MS = 50

/** See the head of the file. */
export class AtLeader {
  readonly #options: AtLeaderOptions
  /** Calls that wait for another try. */
  readonly #waiting = new Set<() => void>()
  #failure: RpcError | undefined

  constructor(options: AtLeaderOptions) {
    this.#options = options
  }

  /**
   * Runs `here` on the leader, or asks `there`.
   *
   * @param mayRetry whether another try may find the leader after this error of the wire.
   * @throws what is not to be retried; timeout.
   */
  async run<T>(
    here: () => Promise<T>,
    there: (leader: bigint) => Promise<T>,
    mayRetry: (error: RpcError) => boolean,
  ): Promise<T> {
    const { clock, selfId, leader, timeoutMs } = this.#options
    const untilMs = clock.now() + timeoutMs
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const at = leader()
      try {
        if (at === selfId) return await here()
        if (at !== 0n) return await there(at)
      } catch (error) {
        if (!(error instanceof RpcError && mayRetry(error))) throw error
      }
      if (clock.now() >= untilMs) throw etcdErrors.timeout.error()
      await this.#pause()
    }
  }

  /** One question to the leader. */
  ask<Request, Response>(
    leader: bigint,
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    timeoutMs: number,
  ): Promise<Response> {
    const channel = this.#options.peers.channel(leader)
    if (channel === undefined) return Promise.reject(etcdErrors.notLeader.error())
    return channel.call(method, request, { timeoutMs })
  }

  /** Everyone who waits, and will come, gets this error. */
  stop(error: RpcError): void {
    this.#failure = error
    for (const wake of [...this.#waiting]) wake()
  }

  /** A while, or until the stop. */
  #pause(): Promise<void> {
    if (this.#failure !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel()
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = this.#options.clock.after(RETRY_MS, wake)
      this.#waiting.add(wake)
    })
  }
}

/**
 * How the client reaches its cluster: one call over whichever endpoints answer.
 *
 * A call goes to the endpoint in use. When it fails in a way that may be repeated
 * (retry.ts), the next endpoint is tried, or the same one after its back-off, until
 * the time of the call is over; then the last failure is the answer. Every wait is on
 * the clock, and `close` ends all of them.
 */

import type { CarriedOptions } from '../calls.js'
import { ConclaveError, errorOf, type Intent, invalidArgument } from '../errors.js'
import type { Clock } from '../host/clock.js'
import type { Log } from '../host/log.js'
import type { Random } from '../host/random.js'
import type { ChannelOptions, Metadata, Transport } from '../host/transport.js'
import { Telemetry } from '../telemetry.js'
import type { Init } from '../wire/codec.js'
import type { Method } from '../wire/method.js'
import { RpcError, Status } from '../wire/status.js'
import { type Endpoint, Endpoints } from './endpoints.js'
import { isLearners, isSick, mayRepeat, tryMs } from './retry.js'

/** An endpoint that says nothing for so long is not well; a shorter deadline is the caller's impatience. */
const SILENCE_MS = 1_000

/** What every request takes. */
export interface RequestOptions {
  /** Aborting fails the request with code `cancelled`; a write may have happened all the same. */
  readonly signal?: AbortSignal | undefined
  /** Time for the request with all its tries, in milliseconds; default is that of the client. */
  readonly timeoutMs?: number | undefined
  /** Extra request metadata (gRPC headers). */
  readonly metadata?: Metadata | undefined
}

/** What a {@link Connection} needs. */
export interface ConnectionOptions {
  readonly addresses: readonly string[]
  readonly transport: Transport
  readonly channel: ChannelOptions
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Default time of a request, in milliseconds. */
  readonly timeoutMs: number
}

/** Something that ends with the connection. */
export interface Closable {
  close(error: ConclaveError): void
}

/** The client's way to the cluster. */
export class Connection {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly timeoutMs: number
  readonly endpoints: Endpoints
  /** Counts what this client does, and tells it to whoever subscribed. */
  readonly telemetry = new Telemetry()
  readonly #open = new Set<Closable>()
  #closed = false

  constructor(options: ConnectionOptions) {
    this.clock = options.clock
    this.random = options.random
    this.log = options.log
    this.timeoutMs = options.timeoutMs
    this.endpoints = new Endpoints({ ...options, telemetry: this.telemetry })
  }

  get closed(): boolean {
    return this.#closed
  }

  /** One request, repeated as far as its intent allows. */
  async call<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    intent: Intent,
    options: CarriedOptions = {},
  ): Promise<Response> {
    if (options.endpoint !== undefined)
      return this.callEndpoint(options.endpoint, method, request, intent, options)
    const timeoutMs = this.#timeoutMs(options)
    const endsAtMs = this.clock.now() + timeoutMs
    let leftMs = timeoutMs
    let last: RpcError | undefined
    for (;;) {
      this.assertOpen()
      if (last !== undefined) this.telemetry.retried()
      const endpoint = this.endpoints.choose()
      if (endpoint.waitMs > 0) {
        if (last !== undefined && endpoint.waitMs >= leftMs) throw ConclaveError.from(last, intent)
        await this.sleep(Math.min(endpoint.waitMs, leftMs), options.signal)
        leftMs = endsAtMs - this.clock.now()
      }
      const limitMs = tryMs(intent, timeoutMs, Math.max(1, leftMs), this.endpoints.all.length)
      try {
        return await this.#try(endpoint, method, request, options, limitMs)
      } catch (error) {
        if (!(error instanceof RpcError)) throw error
        leftMs = endsAtMs - this.clock.now()
        const isElsewhere = isLearners(error) && this.endpoints.all.length > 1
        if (leftMs <= 0 || !(isElsewhere || mayRepeat(error, intent)))
          throw this.#failure(error, intent)
        last = error
      }
    }
  }

  /** One request to one endpoint, not repeated. */
  async callEndpoint<Request, Response>(
    address: string,
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    intent: Intent,
    options: CarriedOptions = {},
  ): Promise<Response> {
    this.assertOpen()
    const endpoint = this.endpoints.all.find((one) => one.address === address)
    if (endpoint === undefined)
      throw invalidArgument(`'${address}' is not an endpoint of this client.`)
    try {
      return await this.#try(endpoint, method, request, options, this.#timeoutMs(options))
    } catch (error) {
      throw error instanceof RpcError ? this.#failure(error, intent) : error
    }
  }

  /** @throws {ConclaveError} `closed`. */
  assertOpen(): void {
    if (this.#closed) throw errorOf('closed')
  }

  /** Resolves after `ms`; rejects when the signal aborts or the connection closes. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(errorOf('cancelled', { cause: signal.reason }))
      const finish = (error?: ConclaveError) => {
        timer.cancel()
        this.#open.delete(wait)
        signal?.removeEventListener('abort', onAbort)
        if (error === undefined) resolve()
        else reject(error)
      }
      const wait: Closable = { close: finish }
      const onAbort = () => finish(errorOf('cancelled', { cause: signal?.reason }))
      const timer = this.clock.after(ms, () => finish())
      this.#open.add(wait)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Registers what `close` must end; returns how to take it back. */
  own(closable: Closable): () => void {
    this.#open.add(closable)
    return () => this.#open.delete(closable)
  }

  /** Ends everything; idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const closable of [...this.#open]) closable.close(errorOf('closed'))
    this.endpoints.close()
  }

  async #try<Request, Response>(
    endpoint: Endpoint,
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    { signal, metadata, trace }: CarriedOptions,
    timeoutMs: number,
  ): Promise<Response> {
    if (trace !== undefined) {
      trace.endpoint = endpoint.address
      trace.tries++
    }
    const options = metadata === undefined ? { signal, timeoutMs } : { signal, timeoutMs, metadata }
    try {
      const response = await endpoint.channel.call(method, request, options)
      endpoint.succeeded()
      return response
    } catch (error) {
      if (error instanceof RpcError) this.#judge(endpoint, error, timeoutMs)
      throw error
    }
  }

  /** What a failure says about the endpoint: nothing, that it is well, or that it is not. */
  #judge(endpoint: Endpoint, error: RpcError, timeoutMs: number): void {
    if (this.#closed || error.code === Status.CANCELLED) return
    if (error.code === Status.DEADLINE_EXCEEDED && timeoutMs < SILENCE_MS) return
    if (isSick(error) || error.neverSent || isLearners(error)) {
      this.log.debug('an endpoint failed', { endpoint: endpoint.address, error: error.details })
      endpoint.failed(error.details)
    } else endpoint.succeeded()
  }

  #failure(error: RpcError, intent: Intent): ConclaveError {
    const failure = ConclaveError.from(error, intent)
    if (!this.#closed) return failure
    const { etcd, outcomeUnknown } = failure
    return errorOf('closed', { cause: error, outcomeUnknown, ...(etcd && { etcd }) })
  }

  #timeoutMs({ timeoutMs = this.timeoutMs }: RequestOptions): number {
    if (Number.isFinite(timeoutMs) && timeoutMs > 0) return timeoutMs
    throw invalidArgument(`timeoutMs must be a positive number of milliseconds, not ${timeoutMs}.`)
  }
}

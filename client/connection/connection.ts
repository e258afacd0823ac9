/**
 * How the client reaches its cluster: one call over whichever endpoints answer.
 *
 * A call goes to the endpoint in use. When it fails in a way that may be repeated
 * (retry.ts), the next endpoint is tried, or the same one after its back-off, until
 * the time of the call is over; then the last failure is the answer. Every wait is on
 * the clock, and `close` ends all of them.
 */

import type { CarriedOptions } from '../calls.js'
import { abortedFor, ConclaveError, errorOf, type Intent, invalidArgument } from '../errors.js'
import type { Clock } from '../host/clock.js'
import { ServiceRecordsError } from '../host/dns.js'
import type { Log } from '../host/log.js'
import type { Random } from '../host/random.js'
import { isTlsFailure } from '../host/tls-failure.js'
import type { Channel, ChannelOptions, Metadata, Transport } from '../host/transport.js'
import { positiveMs } from '../request-checks.js'
import { Telemetry } from '../telemetry.js'
import type { Init } from '../wire/codec.js'
import type { Method } from '../wire/method.js'
import { RpcError, Status } from '../wire/status.js'
import { AuthorizedTransport } from './authorized-transport.js'
import type { Discovery } from './discovery.js'
import { type Endpoint, SILENCE_MS } from './endpoint.js'
import { Endpoints } from './endpoints.js'
import { isLearners, isSick, mayRepeat, RETRY_DEFAULT, type RetryBounds, tryMs } from './retry.js'
import { type Credentials, Tokens } from './tokens.js'
import { type Closable, Waits } from './waits.js'

/** What every request takes. */
export interface RequestOptions {
  /**
   * Aborting fails the request with code `cancelled`, and a signal of `AbortSignal.timeout()`
   * with `deadline-exceeded`; a write may have happened all the same (`outcomeUnknown`).
   */
  readonly signal?: AbortSignal | undefined
  /** Time for the request with all its tries, in milliseconds; default is that of the client. */
  readonly timeoutMs?: number | undefined
  /** Extra request metadata (gRPC headers). */
  readonly metadata?: Metadata | undefined
  /**
   * A member without a leader refuses at once (`no-leader`) instead of waiting for one, and
   * another member is asked; default is that of the client.
   */
  readonly requireLeader?: boolean | undefined
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
  /** Who the client is; nobody when absent. */
  readonly credentials?: Credentials | undefined
  /** Default of {@link RequestOptions.requireLeader}; false when absent. */
  readonly requireLeader?: boolean
  /** How often and when a request is sent again; as {@link RETRY_DEFAULT} when absent. */
  readonly retry?: RetryBounds
  /** Finds the endpoints; `addresses` is one that stands in until they are known. */
  readonly discovery?: Discovery | undefined
}

const LEADER_METADATA: Metadata = { hasleader: 'true' }

/** The client's way to the cluster. */
export class Connection {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly timeoutMs: number
  readonly endpoints: Endpoints
  /** Counts what this client does, and tells it to whoever subscribed. */
  readonly telemetry = new Telemetry()
  /** Undefined when the client has no credentials. */
  readonly tokens: Tokens | undefined
  readonly #transport: Transport
  readonly #channelOptions: ChannelOptions
  readonly #requireLeader: boolean
  readonly #attemptsMax: number
  readonly #discovery: Discovery | undefined
  readonly #waits: Waits
  #closed = false

  constructor(options: ConnectionOptions) {
    this.clock = options.clock
    this.random = options.random
    this.log = options.log
    this.timeoutMs = options.timeoutMs
    this.#requireLeader = options.requireLeader ?? false
    this.#waits = new Waits(options.clock)
    const retry = options.retry ?? RETRY_DEFAULT
    this.#attemptsMax = retry.attemptsMax
    this.tokens = options.credentials && new Tokens(options.credentials)
    this.#transport = this.#authorized(options.transport)
    this.#channelOptions = options.channel
    const [transport, telemetry] = [this.#transport, this.telemetry]
    this.endpoints = new Endpoints({ ...options, transport, telemetry, backoff: retry })
    this.#discovery = options.discovery
    this.#discovery?.begin(this)
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
    for (let attempt = 1; ; attempt++) {
      this.assertOpen()
      if (this.#discovery?.isPending) {
        const discovery = this.#discovery
        await this.#waits.within(discovery.find(), leftMs, options.signal, () =>
          discovery.failure(),
        )
        leftMs = Math.max(1, endsAtMs - this.clock.now())
      }
      if (last !== undefined) this.telemetry.retried()
      const endpoint = this.endpoints.choose()
      if (endpoint.waitMs > 0) {
        if (last !== undefined && endpoint.waitMs >= leftMs) throw ConclaveError.from(last, intent)
        await this.sleep(Math.min(endpoint.waitMs, leftMs), options.signal)
        leftMs = endsAtMs - this.clock.now()
      }
      const limitMs = tryMs(intent, timeoutMs, Math.max(1, leftMs), this.endpoints.all.length)
      try {
        return await this.#try(endpoint, method, request, intent, options, limitMs)
      } catch (error) {
        if (!(error instanceof RpcError)) throw error
        leftMs = endsAtMs - this.clock.now()
        const isElsewhere = isLearners(error) && this.endpoints.all.length > 1
        const isOver = leftMs <= 0 || attempt >= this.#attemptsMax || this.isHopeless(error)
        if (isOver || !(isElsewhere || mayRepeat(error, intent)))
          throw this.#failure(error, intent, options.signal)
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
      return await this.#try(endpoint, method, request, intent, options, this.#timeoutMs(options))
    } catch (error) {
      throw error instanceof RpcError ? this.#failure(error, intent, options.signal) : error
    }
  }

  /** @throws {ConclaveError} `closed`. */
  assertOpen(): void {
    if (this.#closed) throw errorOf('closed')
  }

  /** Would every endpoint fail as this one did, however often it is tried? So it is with TLS, and with a domain that names none. */
  isHopeless(error: RpcError): boolean {
    if (error.cause instanceof ServiceRecordsError) return error.cause.isLasting
    return isTlsFailure(error) && this.endpoints.all.every((endpoint) => endpoint.failedForTls)
  }

  /** The metadata of a call or stream: the caller's, and whether it needs a leader. */
  metadata({
    metadata,
    requireLeader = this.#requireLeader,
  }: RequestOptions): Metadata | undefined {
    if (!requireLeader) return metadata
    return metadata === undefined ? LEADER_METADATA : { ...metadata, ...LEADER_METADATA }
  }

  /** Resolves after `ms`; rejects when the signal aborts or the connection closes. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#waits.sleep(ms, signal)
  }

  /** Registers what `close` must end; returns how to take it back. */
  own(closable: Closable): () => void {
    return this.#waits.own(closable)
  }

  /** A channel of its own to an endpoint, which its maker closes; it proves who the client is, as the others do. */
  connectAnew(address: string): Channel {
    return this.#transport.connect(address, this.#channelOptions)
  }

  /** Ends everything; idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#waits.close(errorOf('closed'))
    this.endpoints.close()
  }

  #authorized(transport: Transport): Transport {
    const { tokens, clock } = this
    if (tokens === undefined) return transport
    return new AuthorizedTransport(transport, { tokens, clock, waits: this.#waits })
  }

  #try<Request, Response>(
    endpoint: Endpoint,
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    intent: Intent,
    options: CarriedOptions,
    timeoutMs: number,
  ): Promise<Response> {
    const { signal, trace } = options
    if (trace !== undefined) {
      trace.endpoint = endpoint.address
      trace.tries++
    }
    const metadata = this.metadata(options)
    return new Promise((resolve, reject) => {
      // A read that waits in vain is sent elsewhere; its late answer is of no interest.
      const leave = intent === 'read' ? (error: RpcError) => end(false, reject, error) : undefined
      const outgoing = endpoint.begin(leave)
      const end = <T>(answered: boolean, settle: (value: T) => void, value: T) => {
        outgoing.over(answered)
        settle(value)
      }
      outgoing.channel
        .call(method, request, { signal, timeoutMs, ...(metadata !== undefined && { metadata }) })
        .then(
          (response) => {
            endpoint.succeeded()
            end(true, resolve, response)
          },
          (error) => {
            const isOurs = !(error instanceof RpcError) || error.neverSent || isSick(error)
            if (error instanceof RpcError) this.#judge(endpoint, error, timeoutMs)
            end(!isOurs, reject, error)
          },
        )
    })
  }

  /** What a failure says about the endpoint: nothing, that it is well, or that it is not. */
  #judge(endpoint: Endpoint, error: RpcError, timeoutMs: number): void {
    if (this.#closed || error.code === Status.CANCELLED) return
    if (error.code === Status.DEADLINE_EXCEEDED && timeoutMs < SILENCE_MS) return
    if (isSick(error) || error.neverSent || isLearners(error)) {
      this.log.debug('an endpoint failed', { endpoint: endpoint.address, error: error.details })
      endpoint.failed(error.details, isTlsFailure(error))
    } else endpoint.succeeded()
  }

  #failure(error: RpcError, intent: Intent, signal: AbortSignal | undefined): ConclaveError {
    const failure = ConclaveError.from(error, intent)
    const { code, etcd, outcomeUnknown } = failure
    if (this.#closed)
      return errorOf('closed', { cause: error, outcomeUnknown, ...(etcd && { etcd }) })
    if (code === 'cancelled' && signal?.aborted) return abortedFor(signal.reason, outcomeUnknown)
    return failure
  }

  #timeoutMs({ timeoutMs = this.timeoutMs }: RequestOptions): number {
    return positiveMs(timeoutMs, 'timeoutMs')
  }
}

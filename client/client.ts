/** The client: options in, services out, one `close` that ends everything. */

import type { Bytes } from './bytes.js'
import type { Calls } from './calls.js'
import { ObservedCalls } from './calls-observed.js'
import { ClusterClient } from './cluster.js'
import { Connection, type RequestOptions } from './connection/connection.js'
import { ConclaveError, type Intent, invalidArgument } from './errors.js'
import { parseAddress } from './host/address-grpc.js'
import type { Clock } from './host/clock.js'
import { nodeClock } from './host/clock-node.js'
import { type Log, silentLog } from './host/log.js'
import type { Random } from './host/random.js'
import { nodeRandom } from './host/random-node.js'
import type { MessageStream } from './host/stream.js'
import type { Channel, TlsOptions, Transport } from './host/transport.js'
import { GrpcTransport } from './host/transport-grpc.js'
import type { Keyspace } from './keyspace.js'
import { KvClient } from './kv.js'
import { LeaseClient } from './lease.js'
import { MaintenanceClient } from './maintenance.js'
import { Namespace, type NamespaceSource } from './namespace.js'
import { type Guarantees, type PipelineMode, UNARY } from './pipeline/guarantees.js'
import { PipelineCalls } from './pipeline/pipeline-calls.js'
import type { Range } from './range.js'
import type { ClientMetrics } from './telemetry.js'
import { Txn } from './txn.js'
import { sharedFeeds, WatchClient, type Watcher, type WatchOptions } from './watch.js'
import type { Init } from './wire/codec.js'
import type { Method, MethodKind } from './wire/method.js'

/** How to reach a cluster. */
export interface ConnectOptions {
  /**
   * Where its members serve clients: `http://host:port`, `https://host:port`, `host:port`
   * or `unix:///path`. Name several members, so that one may fail.
   */
  readonly endpoints: string | readonly string[]
  /** Time for a request with all its tries, in milliseconds. Default 5000. */
  readonly timeoutMs?: number
  /** Time to get a connection before another endpoint is tried, in milliseconds. Default 2000. */
  readonly connectTimeoutMs?: number
  /** A connection with open calls is pinged this often, in milliseconds. Default 10000; etcd refuses less than 5000. */
  readonly keepAliveIntervalMs?: number
  /** A connection whose ping stays unanswered so long is given up, in milliseconds. Default 5000. */
  readonly keepAliveTimeoutMs?: number
  /**
   * Whether calls travel together on one stream, where writes are applied exactly once and
   * in order: `auto` (the default) when the server offers it, `off` never, `require` fails
   * with `unimplemented` when it does not. See {@link Client.guarantees}.
   */
  readonly pipeline?: PipelineMode
  /** TTL of the lease that the pipeline's session is, in seconds. Default 60. */
  readonly sessionTtlSeconds?: number
  /**
   * See only the keys under this prefix, and name them without it; see {@link Client.namespace}.
   * What `rpc` and `stream` send, and `cluster` and `maintenance`, are of the whole cluster.
   */
  readonly namespace?: Bytes
  /** Certificates for `https` endpoints. */
  readonly tls?: TlsOptions
  /** What the client does behind the scenes, at level debug. Default: nothing is logged. */
  readonly log?: Log
  /** How to reach endpoints. Default gRPC; an in-process one takes any endpoint name. */
  readonly transport?: Transport | undefined
  /** Time. Default the real one. */
  readonly clock?: Clock
  /** Chance. Default the real one. */
  readonly random?: Random
}

const TIMEOUT_MS = 5_000
const CONNECT_TIMEOUT_MS = 2_000
const KEEP_ALIVE_INTERVAL_MS = 10_000
const KEEP_ALIVE_TIMEOUT_MS = 5_000
const SESSION_TTL_SECONDS = 60
const PIPELINE_MODES: readonly PipelineMode[] = ['auto', 'off', 'require']

/**
 * Makes a client. It connects on first use, so this never waits and never fails for a
 * cluster that is down.
 *
 * @example
 * const client = connect({ endpoints: ['http://127.0.0.1:2379'] })
 * await client.kv.put('greeting', 'hello')
 * client.close()
 *
 * @throws {ConclaveError} `invalid-argument`: an option is wrong.
 */
export function connect(options: ConnectOptions): Client {
  return new Client(options)
}

/** A client of a cluster. Share one in a process; everything on it may be used at the same time. */
export class Client implements Keyspace, AsyncDisposable {
  readonly kv: KvClient
  readonly lease: LeaseClient
  readonly cluster: ClusterClient
  readonly maintenance: MaintenanceClient
  /** The endpoints that it uses. */
  readonly endpoints: readonly string[]
  readonly #connection: Connection
  /** Undefined when it is off. */
  readonly #pipeline: PipelineCalls | undefined
  /** What every unary call goes through. */
  readonly #calls: Calls
  readonly #watch: WatchClient
  /** What namespaces look at. */
  readonly #source: NamespaceSource
  /** What it sees when it was made with a namespace. */
  readonly #namespace: Namespace | undefined

  /** @internal Use {@link connect}. */
  constructor(options: ConnectOptions) {
    this.endpoints = checkedEndpoints(options)
    const transport = options.transport ?? new GrpcTransport()
    const channel = {
      connectTimeoutMs: positive(options.connectTimeoutMs, CONNECT_TIMEOUT_MS),
      keepAliveIntervalMs: positive(options.keepAliveIntervalMs, KEEP_ALIVE_INTERVAL_MS),
      keepAliveTimeoutMs: positive(options.keepAliveTimeoutMs, KEEP_ALIVE_TIMEOUT_MS),
      ...(options.tls && { tls: options.tls }),
    }
    this.#connection = new Connection({
      addresses: this.endpoints,
      transport,
      channel,
      clock: options.clock ?? nodeClock,
      random: options.random ?? nodeRandom,
      log: options.log ?? silentLog,
      timeoutMs: positive(options.timeoutMs, TIMEOUT_MS),
    })
    this.#pipeline = this.#pipelineOf(options, (address) => transport.connect(address, channel))
    this.#calls = new ObservedCalls(this.#pipeline ?? this.#connection, this.#connection.telemetry)
    this.#source = this.#sourceOf()
    if (options.namespace !== undefined)
      this.#namespace = new Namespace(this.#source, options.namespace)
    const { calls, streams, lease, feeds } = this.#source
    this.kv = this.#namespace?.kv ?? new KvClient(calls, streams)
    this.lease = this.#namespace?.lease ?? lease
    this.cluster = new ClusterClient(this.#calls)
    this.maintenance = new MaintenanceClient(this.#connection, this.#calls)
    this.#watch = new WatchClient(this.#connection, calls, feeds)
  }

  /** The clock that lease times are told on. */
  get clock(): Clock {
    return this.#connection.clock
  }

  /** The chance that jitter and ids are drawn from. */
  get random(): Random {
    return this.#connection.random
  }

  get closed(): boolean {
    return this.#connection.closed
  }

  /** What holds for this client's calls, as far as is known: settled by its first call, or by {@link ready}. */
  get guarantees(): Guarantees {
    return this.#pipeline?.guarantees ?? UNARY
  }

  /**
   * Contacts the cluster, and resolves when it is known what holds. Nobody has to call
   * it: a client connects on first use.
   *
   * @example
   * const { writes } = await client.ready({ timeoutMs: 10_000 })
   * if (writes !== 'exactly-once') console.warn('a write may have to be checked after a failure')
   *
   * @throws {ConclaveError} `unavailable`, `deadline-exceeded`, `cancelled`, `closed`,
   *   `unimplemented` when the pipeline is required and not offered.
   */
  async ready(options: Pick<RequestOptions, 'signal' | 'timeoutMs'> = {}): Promise<Guarantees> {
    if (this.#pipeline !== undefined) return this.#pipeline.ready(options)
    await this.maintenance.status(undefined, options)
    return UNARY
  }

  /**
   * Watches a key or a range; plain bytes are one key.
   *
   * @example
   * for await (const { type, kv } of client.watch({ prefix: 'config/' }))
   *   console.log(type, kv.keyString, kv.text())
   *
   * @throws {ConclaveError} `invalid-argument`, `closed`.
   */
  watch(range: Bytes | Range, options: WatchOptions = {}): Watcher {
    return (this.#namespace ?? this.#watch).watch(range, options)
  }

  /** Begins a transaction; see {@link Txn}. */
  txn(): Txn<[], []> {
    return this.#namespace?.txn() ?? new Txn(this.#calls)
  }

  /**
   * The keys under a prefix, named without it: in requests, answers, conditions, watch
   * events and the keys of leases. A view of this client, which it shares everything with.
   * Namespaces nest.
   *
   * @param prefix not empty; often ends in `/`.
   * @example
   * const app = client.namespace('app/')
   * await app.kv.put('color', 'green')
   * console.log((await client.kv.get('app/color'))?.text())
   *
   * @throws {ConclaveError} `invalid-argument`.
   */
  namespace(prefix: Bytes): Namespace {
    return this.#namespace?.namespace(prefix) ?? new Namespace(this.#source, prefix)
  }

  /**
   * Calls any unary method of the wire contract, such as the Lock and Election services.
   *
   * @param options.intent `read` allows repeating it on another endpoint; default `write`.
   */
  rpc<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    options: RequestOptions & { readonly intent?: Intent } = {},
  ): Promise<Response> {
    return this.#calls.call(method, request, options.intent ?? 'write', options)
  }

  /** Opens any stream of the wire contract on the endpoint in use; it is not opened again when it breaks. */
  stream<Request, Response>(
    method: Method<Request, Response, Exclude<MethodKind, 'unary'>>,
    options: RequestOptions = {},
  ): MessageStream<Response, Init<Request>> {
    this.#connection.assertOpen()
    const { signal, timeoutMs, metadata } = options
    return this.#connection.endpoints.choose().channel.stream(method, {
      signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(metadata !== undefined && { metadata }),
    })
  }

  /**
   * What this client has done since it was made: calls by method and outcome, retries,
   * fail-overs, watch events, renewals, batches. A copy; it costs nothing until asked for.
   *
   * @example
   * const { calls, retries } = client.metrics()
   * console.log(calls['KV/Put']?.succeeded ?? 0, retries)
   */
  metrics(): ClientMetrics {
    return this.#connection.telemetry.metrics()
  }

  /** Ends everything: open calls, watches and renewals fail with `closed`. Leases are not revoked. Idempotent. */
  close(): void {
    this.#connection.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #pipelineOf(
    { pipeline: mode = 'auto', sessionTtlSeconds = SESSION_TTL_SECONDS }: ConnectOptions,
    connectAnew: (address: string) => Channel,
  ): PipelineCalls | undefined {
    if (!PIPELINE_MODES.includes(mode))
      throw invalidArgument(`pipeline is one of ${PIPELINE_MODES.join(', ')}, not '${mode}'.`)
    if (!Number.isSafeInteger(sessionTtlSeconds) || sessionTtlSeconds < 1)
      throw invalidArgument(
        `sessionTtlSeconds is a whole number from 1 on, not ${sessionTtlSeconds}.`,
      )
    if (mode === 'off') return undefined
    return new PipelineCalls({
      connection: this.#connection,
      mode,
      sessionTtlSeconds,
      keepAlive: (lease, listener) => this.lease.keepAlive(lease, listener),
      connectAnew,
    })
  }

  #sourceOf(): NamespaceSource {
    const connection = this.#connection
    const { clock, timeoutMs } = connection
    return {
      connection,
      calls: this.#calls,
      streams: { clock, timeoutMs, stream: (method, options) => this.stream(method, options) },
      lease: new LeaseClient(connection, this.#calls),
      feeds: sharedFeeds(connection),
    }
  }
}

function checkedEndpoints({ endpoints, transport }: ConnectOptions): readonly string[] {
  const list = typeof endpoints === 'string' ? endpoints.split(',') : [...(endpoints ?? [])]
  const trimmed = list.map((endpoint) => String(endpoint).trim()).filter((one) => one !== '')
  if (trimmed.length === 0) throw invalidArgument('Name at least one endpoint.')
  if (transport !== undefined) return trimmed
  try {
    for (const endpoint of trimmed) parseAddress(endpoint)
  } catch (error) {
    throw new ConclaveError('invalid-argument', (error as Error).message, { cause: error })
  }
  return trimmed
}

function positive(ms: number | undefined, standard: number): number {
  const value = ms ?? standard
  if (Number.isFinite(value) && value > 0) return value
  throw invalidArgument(`A time must be a positive number of milliseconds, not ${value}.`)
}

/** The client: options in, services out, one `close` that ends everything. */

import { AuthClient } from './auth.js'
import type { Bytes } from './bytes.js'
import { Cache, type CacheOptions } from './cache.js'
import type { Calls } from './calls.js'
import { ObservedCall, ObservedCalls } from './calls-observed.js'
import { ClusterClient } from './cluster.js'
import { Connection, type RequestOptions } from './connection/connection.js'
import type { Intent } from './errors.js'
import type { Clock } from './host/clock.js'
import type { Random } from './host/random.js'
import type { MessageStream } from './host/stream.js'
import type { KeyValue } from './key-value.js'
import type { Keyspace } from './keyspace.js'
import { KvClient } from './kv.js'
import { LeaseClient } from './lease.js'
import { MaintenanceClient } from './maintenance.js'
import { MemberSync } from './member-sync.js'
import { Namespace, type NamespaceSource } from './namespace.js'
import { SERVICE_NAMES } from './option-names.js'
import { type ConnectOptions, type PipelineOptions, resolveOptions } from './options.js'
import { type Guarantees, UNARY } from './pipeline/guarantees.js'
import { PipelineCalls } from './pipeline/pipeline-calls.js'
import type { Range } from './range.js'
import { checkOptions, checkRequest, checkWait, requestOnly } from './request-checks.js'
import { ObservedStream } from './stream-observed.js'
import type { ClientMetrics } from './telemetry.js'
import { Txn } from './txn.js'
import { sharedFeeds, WatchClient, type WatchOptions } from './watch.js'
import type { Watcher } from './watcher.js'
import type { Init } from './wire/codec.js'
import type { Method, MethodKind } from './wire/method.js'

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
export function connect(options: ConnectOptions = {}): Client {
  return new Client(options)
}

/** A client of a cluster. Share one in a process; everything on it may be used at the same time. */
export class Client implements Keyspace, AsyncDisposable {
  readonly kv: KvClient
  readonly lease: LeaseClient
  readonly cluster: ClusterClient
  readonly auth: AuthClient
  readonly maintenance: MaintenanceClient
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
    const { syncIntervalMs, pipeline, ...resolved } = resolveOptions(options)
    this.#connection = new Connection(resolved)
    this.#pipeline = this.#pipelineOf(pipeline)
    this.#calls = new ObservedCalls(this.#pipeline ?? this.#connection, this.#connection.telemetry)
    this.#source = this.#sourceOf()
    if (options.namespace !== undefined)
      this.#namespace = new Namespace(this.#source, options.namespace)
    const { calls, streams, lease, feeds } = this.#source
    this.kv = this.#namespace?.kv ?? new KvClient(calls, streams)
    this.lease = this.#namespace?.lease ?? lease
    const sync = new MemberSync(this.#connection, this.#calls)
    this.cluster = new ClusterClient(this.#calls, sync)
    if (syncIntervalMs !== undefined) sync.start(syncIntervalMs)
    this.auth = new AuthClient(this.#calls)
    this.maintenance = new MaintenanceClient(this.#connection, this.#calls)
    this.#watch = new WatchClient(this.#connection, calls, feeds)
  }

  /** The endpoints that it uses now. */
  get endpoints(): readonly string[] {
    return this.#connection.endpoints.all.map(({ address }) => address)
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
    checkWait(options)
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

  /**
   * Keeps a copy of a range in this process, exact by revision; plain bytes are a prefix. It
   * reads on its own from now on; `await cache.ready()` before the first read.
   *
   * @example
   * await using services = client.cache('services/')
   * await services.ready()
   * for (const [key, kv] of services.entries()) console.log(key, kv.text())
   *
   * @throws {ConclaveError} `invalid-argument`, `closed`.
   */
  cache<T = KeyValue>(range: Bytes | Range, options: CacheOptions<T> = {}): Cache<T> {
    if (this.#namespace !== undefined) return this.#namespace.cache(range, options)
    const ports = { connection: this.#connection, calls: this.#calls, watch: this.#watch }
    return new Cache(ports, range, options)
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
   * Calls any unary method of the wire contract, such as those of `LockService` and
   * `ElectionService`.
   *
   * @param options.intent `read` allows repeating it on another endpoint; default `write`.
   */
  rpc<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    options: RequestOptions & { readonly intent?: Intent } = {},
  ): Promise<Response> {
    checkOptions(options, SERVICE_NAMES.rpc)
    return this.#calls.call(method, request, options.intent ?? 'write', options)
  }

  /** Opens any stream of the wire contract on the endpoint in use; it is not opened again when it breaks. */
  stream<Request, Response>(
    method: Method<Request, Response, Exclude<MethodKind, 'unary'>>,
    options: RequestOptions = {},
  ): MessageStream<Response, Init<Request>> {
    checkRequest(requestOnly(options))
    this.#connection.assertOpen()
    const { signal, timeoutMs } = options
    const metadata = this.#connection.metadata(options)
    const endpoint = this.#connection.endpoints.choose()
    const stream = endpoint.channel.stream(method, {
      signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(metadata !== undefined && { metadata }),
    })
    const intent = method.kind === 'serverStream' ? 'read' : 'write'
    const call = new ObservedCall(this.#connection.telemetry, method, intent)
    call.tried(endpoint.address)
    return new ObservedStream(stream, call)
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

  #pipelineOf({ mode, sessionTtlSeconds }: PipelineOptions): PipelineCalls | undefined {
    if (mode === 'off') return undefined
    const connection = this.#connection
    const keepAlive: LeaseClient['keepAlive'] = (lease, listener) =>
      this.lease.keepAlive(lease, listener)
    return new PipelineCalls({ connection, mode, sessionTtlSeconds, keepAlive })
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
      guarantees: () => this.guarantees,
    }
  }
}

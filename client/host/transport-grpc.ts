/**
 * The real transport: gRPC over HTTP/2 by grpc-js.
 *
 * Works on grpc-js's `Channel` and not on its `Client`: one message is read per
 * request of ours, the status comes as data and not as an Error with a stack, and no
 * EventEmitter stands between. What a channel is told to leave alone:
 *
 * - retries of its own: whether a request may be repeated is decided above, by its meaning;
 * - HTTP proxies and service configs from DNS: endpoints are taken literally;
 * - the process-wide pool of connections: closing a channel closes its connection.
 *
 * Deadlines are kept here, on a monotonic timer, and told to the server as
 * `grpc-timeout`. Calls are cancelled a turn after they began at the earliest: grpc-js
 * 1.14 starts a call by a few promise jobs, does not look whether it was cancelled in
 * between, and would then send it all the same and never end it.
 *
 * `neverSent`: a call that was never given to a connection still names the target as
 * its peer, a call on a connection names the remote address. That holds for a refused
 * connection, a failed name, a closed channel, and a deadline that passed while
 * connecting. Anything later may have reached the server and is not marked.
 */

import {
  ChannelCredentials,
  connectivityState,
  Channel as GrpcJsChannel,
  type ChannelOptions as GrpcJsOptions,
  Metadata as GrpcMetadata,
  type InterceptingListener,
  type StatusObject,
} from '@grpc/grpc-js'
import { encodeBytes, type Init } from '../wire/codec.js'
import type { Method, MethodKind } from '../wire/method.js'
import { RpcError, Status } from '../wire/status.js'
import { parseAddress } from './address-grpc.js'
import { cancelled, channelClosed, deadlineExceeded } from './failure.js'
import type { MessageStream } from './stream.js'
import { failedStream } from './stream-failed.js'
import { GrpcStream, toBuffer } from './stream-grpc.js'
import type { CallOptions, Channel, ChannelOptions, TlsOptions, Transport } from './transport.js'

/** A call of grpc-js, below its Client. */
type GrpcCall = ReturnType<GrpcJsChannel['createCall']>

/** First wait after a refused connection, and the longest; the endpoints' own back-off stands above it. */
const RECONNECT_MS_MIN = 100
const RECONNECT_MS_MAX = 2_000
/** How soon a host name may be looked up again after a connection broke. */
const RESOLVE_INTERVAL_MS = 1_000
/** Bytes that a server may send on one stream before this side has taken any. */
const WINDOW_BYTES = 256 * 1024
/** setTimeout takes 32-bit delays. */
const TIMEOUT_MS_MAX = 2_147_483_647
/** 2^31 - 1, as etcd's clients do: a range may be large. */
const RECEIVE_BYTES_MAX = 2_147_483_647

/** The transport of the real world. */
export class GrpcTransport implements Transport {
  /** @throws {TypeError} the address cannot be read. */
  connect(address: string, options: ChannelOptions = {}): Channel {
    const { target, secure } = parseAddress(address)
    const credentials = secure ? tlsCredentials(options.tls) : ChannelCredentials.createInsecure()
    const channel = new GrpcJsChannel(target, credentials, grpcOptions(options))
    return new GrpcChannel(channel, options.connectTimeoutMs)
  }
}

function tlsCredentials(tls: TlsOptions = {}): ChannelCredentials {
  const pem = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : toBuffer(bytes))
  return ChannelCredentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert))
}

function grpcOptions(options: ChannelOptions): GrpcJsOptions {
  const chosen: GrpcJsOptions = {
    'grpc.enable_retries': 0,
    'grpc.per_rpc_retry_buffer_size': 0,
    'grpc.enable_channelz': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS_MIN,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
    'grpc.dns_min_time_between_resolutions_ms': RESOLVE_INTERVAL_MS,
    'grpc.max_receive_message_length': options.receiveBytesMax ?? RECEIVE_BYTES_MAX,
    'grpc.max_send_message_length': -1,
    'grpc-node.flow_control_window': WINDOW_BYTES,
  }
  if (options.keepAliveIntervalMs !== undefined) {
    chosen['grpc.keepalive_time_ms'] = options.keepAliveIntervalMs
    if (options.keepAliveTimeoutMs !== undefined)
      chosen['grpc.keepalive_timeout_ms'] = options.keepAliveTimeoutMs
  }
  return chosen
}

/** Something open that a closing channel ends. */
interface Open {
  /** Ends it, in a later turn of the event loop. */
  cancel(error: RpcError): void
  /** The time to connect is over. */
  unconnected(timeoutMs: number): void
}

class GrpcChannel implements Channel {
  readonly #channel: GrpcJsChannel
  readonly #connectTimeoutMs: number | undefined
  readonly #open = new Set<Open>()
  #closed = false

  constructor(channel: GrpcJsChannel, connectTimeoutMs: number | undefined) {
    this.#channel = channel
    this.#connectTimeoutMs = connectTimeoutMs
  }

  call<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    options: CallOptions = {},
  ): Promise<Response> {
    return new Promise<Response>((resolve, reject) => {
      const refusal = this.#refusal(options)
      if (refusal !== undefined) return reject(refusal)
      const bytes = encodeBytes(method.request, request)
      const call = new UnaryCall(this.#create(method.path), this.#open, resolve, reject)
      call.start(method, bytes, this.#channel.getTarget(), options)
      this.#limitConnecting(call)
    })
  }

  stream<Request, Response>(
    method: Method<Request, Response, Exclude<MethodKind, 'unary'>>,
    options: CallOptions = {},
  ): MessageStream<Response, Init<Request>> {
    const refusal = this.#refusal(options)
    if (refusal !== undefined) return failedStream(refusal)
    const call = this.#create(method.path)
    const stream = new ClientStream(method, call, this.#open, this.#channel.getTarget(), options)
    this.#limitConnecting(stream)
    return stream
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const open of [...this.#open]) open.cancel(channelClosed(false))
    // After the cancellations, which wait for a turn.
    setImmediate(() => this.#channel.close())
  }

  #refusal(options: CallOptions): RpcError | undefined {
    if (this.#closed) return channelClosed(true)
    return options.signal?.aborted ? cancelled(true) : undefined
  }

  /** Gives up a call that still has no connection after the time for it. */
  #limitConnecting(open: Open): void {
    if (this.#connectTimeoutMs === undefined) return
    if (this.#channel.getConnectivityState(false) === connectivityState.READY) return
    const timeoutMs = this.#connectTimeoutMs
    setTimeout(() => {
      if (this.#channel.getConnectivityState(false) === connectivityState.READY) return
      open.unconnected(timeoutMs)
    }, timeoutMs).unref()
  }

  #create(path: string): GrpcCall {
    return this.#channel.createCall(path, Number.POSITIVE_INFINITY, null, null, null)
  }
}

/** One request and its answer. */
class UnaryCall<Response> implements Open, InterceptingListener {
  readonly #call: GrpcCall
  readonly #open: Set<Open>
  readonly #resolve: (response: Response) => void
  readonly #reject: (error: unknown) => void
  #method!: Method<unknown, Response>
  #target = ''
  #unhook: () => void = () => {}
  #response: { readonly message: Response } | undefined
  #why: RpcError | undefined

  constructor(
    call: GrpcCall,
    open: Set<Open>,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#call = call
    this.#open = open
    this.#resolve = resolve
    this.#reject = reject
  }

  start<Request>(
    method: Method<Request, Response>,
    bytes: Uint8Array,
    target: string,
    options: CallOptions,
  ): void {
    this.#method = method as Method<unknown, Response>
    this.#target = target
    this.#open.add(this)
    this.#unhook = watchOver(this, options)
    this.#call.start(grpcMetadata(options), this)
    this.#call.sendMessageWithContext({}, toBuffer(bytes))
    this.#call.halfClose()
    this.#call.startRead()
  }

  cancel(error: RpcError): void {
    this.#why ??= error
    setImmediate(() => this.#call.cancelWithStatus(error.code, error.details))
  }

  unconnected(timeoutMs: number): void {
    if (this.#call.getPeer() === this.#target) this.cancel(noConnection(timeoutMs))
  }

  onReceiveMetadata(): void {}

  onReceiveMessage(bytes: Uint8Array): void {
    try {
      this.#response = { message: this.#method.response.decode(bytes) }
    } catch (error) {
      this.cancel(unreadable(error))
    }
  }

  onReceiveStatus(status: StatusObject): void {
    this.#open.delete(this)
    this.#unhook()
    const unconnected = this.#call.getPeer() === this.#target
    if (status.code !== Status.OK)
      this.#reject(failure(statusOf(status, unconnected), unconnected, this.#why))
    else if (this.#response === undefined)
      this.#reject(new RpcError(Status.INTERNAL, 'the server sent no response message'))
    else this.#resolve(this.#response.message)
  }
}

/** The client's side of a stream. Messages leave one at a time: grpc-js drops a second one before the call began. */
class ClientStream<In, Out> extends GrpcStream<In, Out> implements Open, InterceptingListener {
  readonly #call: GrpcCall
  readonly #method: Method<Out, In>
  readonly #open: Set<Open>
  readonly #target: string
  readonly #unhook: () => void
  #queue: { readonly bytes: Buffer; readonly done: () => void }[] = []
  #writing = false
  #wrote = false
  #finishing = false
  #why: RpcError | undefined

  constructor(
    method: Method<Out, In>,
    call: GrpcCall,
    open: Set<Open>,
    target: string,
    options: CallOptions,
  ) {
    super(method.request)
    this.#method = method
    this.#call = call
    this.#open = open
    this.#target = target
    open.add(this)
    this.#unhook = watchOver(this, options)
    call.start(grpcMetadata(options), this)
    // Without a read outstanding grpc-js takes in all that comes, without bounds.
    this.readAhead()
  }

  cancel(error: RpcError): void {
    this.fail(error)
  }

  unconnected(timeoutMs: number): void {
    if (!this.#mayHaveLeft) this.cancel(noConnection(timeoutMs))
  }

  onReceiveMetadata(): void {}

  onReceiveMessage(bytes: Uint8Array): void {
    let message: In
    try {
      message = this.#method.response.decode(bytes)
    } catch (error) {
      this.fail(unreadable(error))
      return
    }
    this.arrived(message)
  }

  onReceiveStatus(status: StatusObject): void {
    this.#open.delete(this)
    this.#unhook()
    const unconnected = this.#call.getPeer() === this.#target
    this.#queue = []
    this.over(
      status.code === Status.OK
        ? undefined
        : failure(statusOf(status, unconnected), !this.#mayHaveLeft, this.#why),
    )
  }

  protected override startRead(): void {
    this.#call.startRead()
  }

  protected override write(bytes: Buffer, done: () => void): void {
    if (this.#writing) this.#queue.push({ bytes, done })
    else this.#write(bytes, done)
  }

  protected override finish(): void {
    this.#finishing = true
    if (!this.#writing) this.#call.halfClose()
  }

  protected override abort(error: RpcError): void {
    this.#why ??= error
    setImmediate(() => this.#call.cancelWithStatus(error.code, error.details))
  }

  /** grpc-js names no peer as long as nothing was written. */
  get #mayHaveLeft(): boolean {
    return this.#wrote && this.#call.getPeer() !== this.#target
  }

  #write(bytes: Buffer, done: () => void): void {
    this.#writing = true
    this.#wrote = true
    const callback = () => {
      this.#writing = false
      const next = this.#queue.shift()
      if (next !== undefined) this.#write(next.bytes, next.done)
      else if (this.#finishing) this.#call.halfClose()
      done()
    }
    this.#call.sendMessageWithContext({ callback }, bytes)
  }
}

/** Our own reason when we ended the call, else what the status says. */
function failure(status: StatusObject, neverSent: boolean, why: RpcError | undefined): RpcError {
  if (why === undefined) return new RpcError(status.code as Status, status.details, neverSent)
  return neverSent && !why.neverSent ? new RpcError(why.code, why.details, true) : why
}

/** A connection that died under the call's feet is reported as INTERNAL: grpc-js names no peer then. */
function statusOf(status: StatusObject, unconnected: boolean): StatusObject {
  const died = unconnected && (status.code as Status) === Status.INTERNAL
  return died ? { ...status, code: Status.UNAVAILABLE as number } : status
}

function noConnection(timeoutMs: number): RpcError {
  return new RpcError(Status.UNAVAILABLE, `no connection within ${timeoutMs} ms`)
}

function unreadable(error: unknown): RpcError {
  const reason = error instanceof Error ? error.message : String(error)
  return new RpcError(Status.INTERNAL, `the response cannot be read: ${reason}`)
}

/** Ends `open` when its time is over or its signal aborts; returns how to stop watching. */
function watchOver(open: Open, { signal, timeoutMs }: CallOptions): () => void {
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => open.cancel(deadlineExceeded()), Math.min(timeoutMs, TIMEOUT_MS_MAX))
  const onAbort = () => open.cancel(cancelled())
  signal?.addEventListener('abort', onAbort, { once: true })
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** grpc-js copies it before use, so calls without metadata share one. */
const NO_METADATA = new GrpcMetadata()

function grpcMetadata({ metadata, timeoutMs }: CallOptions): GrpcMetadata {
  if (metadata === undefined && timeoutMs === undefined) return NO_METADATA
  const copy = new GrpcMetadata()
  if (timeoutMs !== undefined) copy.set('grpc-timeout', grpcTimeout(timeoutMs))
  for (const name in metadata) copy.set(name, metadata[name]!)
  return copy
}

/** At most eight digits and a unit, as the gRPC protocol wants it. */
function grpcTimeout(ms: number): string {
  const whole = Math.max(1, Math.ceil(ms))
  return whole < 100_000_000 ? `${whole}m` : `${Math.min(Math.ceil(whole / 1000), 99_999_999)}S`
}

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
 * `grpc-timeout`.
 */

import {
  connectivityState,
  Channel as GrpcJsChannel,
  type ChannelOptions as GrpcJsOptions,
} from '@grpc/grpc-js'
import { encodeBytes, type Init } from '../wire/codec.js'
import type { Method, MethodKind } from '../wire/method.js'
import type { RpcError } from '../wire/status.js'
import { parseAddress } from './address-grpc.js'
import { ClientStream, type GrpcCall, type Open, UnaryCall } from './calls-grpc.js'
import { PlainCredentials, TlsCredentials } from './credentials-grpc.js'
import { cancelled, channelClosed } from './failure.js'
import { MixUp } from './mix-up.js'
import type { MessageStream } from './stream.js'
import { failedStream } from './stream-failed.js'
import type { CallOptions, Channel, ChannelOptions, Transport } from './transport.js'

/** First wait after a refused connection, and the longest; the endpoints' own back-off stands above it. */
const RECONNECT_MS_MIN = 100
const RECONNECT_MS_MAX = 2_000
/** How soon a host name may be looked up again after a connection broke. */
const RESOLVE_INTERVAL_MS = 1_000
/** Bytes that a server may send on one stream before this side has taken any. */
const WINDOW_BYTES = 256 * 1024
/** 2^31 - 1, as etcd's clients do: a range may be large. */
const RECEIVE_BYTES_MAX = 2_147_483_647

/** The transport of the real world. */
export class GrpcTransport implements Transport {
  /** @throws {TypeError} the address cannot be read. */
  connect(address: string, options: ChannelOptions = {}): Channel {
    const { target, secure, host, port } = parseAddress(address)
    const credentials = secure
      ? new TlsCredentials(options.tls ?? {}, host, port)
      : new PlainCredentials(port)
    const channel = new GrpcJsChannel(target, credentials, grpcOptions(options))
    return new GrpcChannel(channel, secure, options.connectTimeoutMs)
  }
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

class GrpcChannel implements Channel {
  readonly #channel: GrpcJsChannel
  readonly #connectTimeoutMs: number | undefined
  readonly #open = new Set<Open>()
  readonly #mixUp: MixUp
  #closed = false

  constructor(channel: GrpcJsChannel, secure: boolean, connectTimeoutMs: number | undefined) {
    this.#channel = channel
    this.#mixUp = new MixUp(channel.getTarget(), secure)
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
      const call = new UnaryCall(
        this.#create(method.path),
        this.#open,
        this.#mixUp,
        resolve,
        reject,
      )
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
    const target = this.#channel.getTarget()
    const stream = new ClientStream(method, call, this.#open, this.#mixUp, target, options)
    this.#limitConnecting(stream)
    return stream
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#mixUp.close()
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

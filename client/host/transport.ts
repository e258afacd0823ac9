/** The port to the network, seen from whoever calls: channels to endpoints, calls and streams on them. */

import type { Init } from '../wire/codec.js'
import type { Method, MethodKind } from '../wire/method.js'
import type { MessageStream } from './stream.js'

/** Request metadata (gRPC headers): lower-case names. */
export type Metadata = Readonly<Record<string, string>>

/** Options of one call or stream. */
export interface CallOptions {
  /** The call fails with DEADLINE_EXCEEDED after this many milliseconds. No limit when absent. */
  readonly timeoutMs?: number
  /** Aborting fails the call with CANCELLED. */
  readonly signal?: AbortSignal | undefined
  readonly metadata?: Metadata
}

/** How a channel speaks TLS. Certificates and keys are PEM texts. */
export interface TlsOptions {
  /** Certificates to trust; those of the system when absent. */
  readonly ca?: string | Uint8Array
  /** Who the client is, for servers that ask for it. */
  readonly cert?: string | Uint8Array
  /** The private key of `cert`. */
  readonly key?: string | Uint8Array
  /** The name that must stand in the server's certificate, when it is not that of the address. */
  readonly serverName?: string
  /** Trust any certificate: who sits in between reads and changes everything. Default false. */
  readonly insecureSkipVerify?: boolean
}

/** How a channel is to be opened. */
export interface ChannelOptions {
  readonly tls?: TlsOptions
  /** A ping every so many milliseconds while calls are open; none when absent. */
  readonly keepAliveIntervalMs?: number
  /** The connection is given up when a ping stays unanswered this long. */
  readonly keepAliveTimeoutMs?: number
  /**
   * A call that finds no connection within this many milliseconds fails with UNAVAILABLE
   * and `neverSent`, whatever its own time. No limit but the call's when absent.
   */
  readonly connectTimeoutMs?: number
  /** Largest message accepted; default 2^31 - 1. */
  readonly receiveBytesMax?: number
}

/**
 * A connection to one endpoint, opened on first use and again after it broke.
 *
 * Every failure is an `RpcError`; `neverSent` is set only when the request
 * provably did not leave.
 */
export interface Channel {
  call<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    options?: CallOptions,
  ): Promise<Response>
  /** Opens a stream. A server-streaming method gets its request by `send` and `end`. */
  stream<Request, Response>(
    method: Method<Request, Response, Exclude<MethodKind, 'unary'>>,
    options?: CallOptions,
  ): MessageStream<Response, Init<Request>>
  /** Ends what is open with CANCELLED; idempotent. */
  close(): void
}

/** Opens channels. Real: grpc-js. In one process: transport-inprocess.ts. In tests: the simulator. */
export interface Transport {
  /** @param address `http://host:port`, `https://host:port`, `unix:///path`, or `host:port`. */
  connect(address: string, options?: ChannelOptions): Channel
}

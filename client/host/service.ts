/**
 * What a server offers to a transport: a handler for each method.
 *
 * Handlers know messages and not transports, so gRPC, an in-process call and the
 * simulator all run the same ones.
 */

import type { Init } from '../wire/codec.js'
import type { Method, MethodKind } from '../wire/method.js'
import type { MessageStream } from './stream.js'
import type { Metadata } from './transport.js'

/** What a handler knows of the call besides its message. */
export interface CallContext {
  readonly metadata: Metadata
  /** Address of the caller, for logs. */
  readonly peer: string
  /** Aborted when the caller went away or its deadline passed; for a stream also when it ended well. */
  readonly signal: AbortSignal
}

/** Answers one request. Throws or rejects with `RpcError`; anything else becomes UNKNOWN. */
export type UnaryHandler<Request, Response> = (
  request: Request,
  context: CallContext,
) => Init<Response> | Promise<Init<Response>>

/** Owns the server's side of a stream from here on. A server-streaming method gets its one request as a message. */
export type StreamHandler<Request, Response> = (
  stream: MessageStream<Request, Init<Response>>,
  context: CallContext,
) => void

/** One row of a service table. Build it with {@link unary} or {@link streaming}, which tie types together. */
export interface Route {
  readonly method: Method<unknown, unknown, MethodKind>
  readonly unary?: UnaryHandler<unknown, unknown>
  readonly streaming?: StreamHandler<unknown, unknown>
}

/** Everything that a listener serves. A path that is not in it answers UNIMPLEMENTED. */
export type ServiceTable = readonly Route[]

/** A row for a unary method. */
export function unary<Request, Response>(
  method: Method<Request, Response, 'unary'>,
  handler: UnaryHandler<Request, Response>,
): Route {
  return { method, unary: handler as UnaryHandler<unknown, unknown> } as Route
}

/** A row for a method in which somebody streams. */
export function streaming<Request, Response>(
  method: Method<Request, Response, Exclude<MethodKind, 'unary'>>,
  handler: StreamHandler<Request, Response>,
): Route {
  return { method, streaming: handler as StreamHandler<unknown, unknown> } as Route
}

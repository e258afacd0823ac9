/**
 * What carries a call to the cluster, seen by whoever makes one.
 *
 * Implemented by the connection (each call a request of its own), by the pipeline (many
 * calls on one stream), and by a namespace (which renames keys on the way and hands on).
 */

import type { CallTrace } from './calls-observed.js'
import type { RequestOptions } from './connection/connection.js'
import type { Intent } from './errors.js'
import type { Clock } from './host/clock.js'
import type { MessageStream } from './host/stream.js'
import type { Init } from './wire/codec.js'
import type { Method } from './wire/method.js'

/** What a carrier of calls may be told besides what callers say. Decorators hand it on as it is. */
export interface CarriedOptions extends RequestOptions {
  /** Ask this endpoint of the client and no other, once. */
  readonly endpoint?: string | undefined
  /** Somebody traces this call: carriers note in it what they do. */
  readonly trace?: CallTrace | undefined
}

/** Carries unary calls. */
export interface Calls {
  /**
   * One request and its answer.
   *
   * @param intent whether it may be repeated at will.
   * @throws {ConclaveError} whatever went wrong.
   */
  call<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    intent: Intent,
    options?: CarriedOptions,
  ): Promise<Response>
}

/** Opens streams of answers. Implemented by the client, and by a namespace. */
export interface Streams {
  readonly clock: Clock
  /** Default time for an answer, in milliseconds. */
  readonly timeoutMs: number
  /** One stream, on the endpoint in use; it is not opened again when it breaks. */
  stream<Request, Response>(
    method: Method<Request, Response, 'serverStream'>,
    options?: RequestOptions,
  ): MessageStream<Response, Init<Request>>
}

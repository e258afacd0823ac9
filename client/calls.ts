/**
 * What carries a call to the cluster, seen by whoever makes one.
 *
 * Implemented by the connection (each call a request of its own), by the pipeline (many
 * calls on one stream), and by a namespace (which renames keys on the way and hands on).
 */

import type { RequestOptions } from './connection/connection.js'
import type { Intent } from './errors.js'
import type { Init } from './wire/codec.js'
import type { Method } from './wire/method.js'

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
    options?: RequestOptions,
  ): Promise<Response>
}

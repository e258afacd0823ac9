/**
 * Calls that are counted, and traced for whoever subscribed to `conclave:call`.
 *
 * The one place that every call of a client passes, whatever carries it below. With nobody
 * subscribed a call costs a counter on its way out and one on its way back. With a
 * subscriber its {@link CallTrace} is published by Node's rules for a traced promise, and
 * runs inside the stores that were bound to its start.
 */

import type { Calls, CarriedOptions } from './calls.js'
import type { Intent } from './errors.js'
import { callChannel } from './host/channels.js'
import { checkRequest } from './request-checks.js'
import type { Telemetry } from './telemetry.js'
import type { Init } from './wire/codec.js'
import type { Method } from './wire/method.js'

/** One call, as subscribers of `tracing:conclave:call:*` see it. The same object from start to end. */
export interface CallTrace {
  /** Service and method, such as `KV/Put`. */
  readonly method: string
  /** A read may be repeated at will, a write may not. */
  readonly intent: Intent
  /** How it travelled: as a request of its own, or in a batch. Known from `asyncStart` on. */
  transport: 'unary' | 'pipeline'
  /** Who was asked last; undefined before anybody was. */
  endpoint: string | undefined
  /** How often it was sent or tried. */
  tries: number
  /** The message that came back, from `asyncStart` on; not to be changed. */
  result?: unknown
  /** Why it failed: a `ConclaveError`. */
  error?: unknown
}

const channel = callChannel<CallTrace>('conclave:call')

/** Counts and traces what another carries. */
export class ObservedCalls implements Calls {
  readonly #calls: Calls
  readonly #telemetry: Telemetry

  constructor(calls: Calls, telemetry: Telemetry) {
    this.#calls = calls
    this.#telemetry = telemetry
  }

  call<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    intent: Intent,
    options?: CarriedOptions,
  ): Promise<Response> {
    try {
      if (options !== undefined) checkRequest(options)
    } catch (error) {
      return Promise.reject(error)
    }
    const counter = this.#telemetry.method(method.path)
    counter.open++
    const answer = channel.hasSubscribers
      ? this.#traced(method, counter.name, request, intent, options)
      : this.#calls.call(method, request, intent, options)
    return answer.then<Response, never>(counter.succeeded, counter.failed)
  }

  #traced<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    name: string,
    request: Init<Request>,
    intent: Intent,
    options?: CarriedOptions,
  ): Promise<Response> {
    const trace: CallTrace = {
      method: name,
      intent,
      transport: 'unary',
      endpoint: undefined,
      tries: 0,
    }
    const call = () => this.#calls.call(method, request, intent, { ...options, trace })
    return channel.trace(call, trace)
  }
}

/**
 * Calls that are counted, and traced for whoever subscribed to `conclave:call`.
 *
 * The one place that every call of a client passes, whatever carries it below; a stream that
 * a caller opens, and a single renewal, are calls as well ({@link ObservedCall}). With nobody
 * subscribed a call costs a counter on its way out and one on its way back. With a
 * subscriber its {@link CallTrace} is published by Node's rules for a traced promise, and
 * runs inside the stores that were bound to its start.
 */

import type { Calls, CarriedOptions } from './calls.js'
import { ConclaveError, type Intent } from './errors.js'
import { callChannel } from './host/channels.js'
import { checkRequest } from './request-checks.js'
import type { MethodCounter, Telemetry } from './telemetry.js'
import type { Init } from './wire/codec.js'
import type { Method } from './wire/method.js'

/** One call, as subscribers of `tracing:conclave:call:*` see it. The same object from start to end. */
export interface CallTrace {
  /** Service and method, such as `KV/Put`. */
  readonly method: string
  /** A read may be repeated at will, a write may not. */
  readonly intent: Intent
  /**
   * How it travelled: as a request of its own, in a batch, or on a stream (of its own, or
   * that of all renewals). Known from `asyncStart` on.
   */
  transport: 'unary' | 'pipeline' | 'stream'
  /** Who was asked last; undefined before anybody was. */
  endpoint: string | undefined
  /** How often it was sent or tried; a stream: how often it was opened. */
  tries: number
  /** The message that came back, from `asyncStart` on; not to be changed. Undefined for streams and renewals. */
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
    const trace = newTrace(name, intent, 'unary')
    const call = () => this.#calls.call(method, request, intent, { ...options, trace })
    return channel.trace(call, trace)
  }
}

/** A call that is no promise: it is told to be over. Counted and traced from its making on. */
export class ObservedCall {
  /** What subscribers see; kept up to date by whoever carries it. */
  readonly trace: CallTrace
  readonly #counter: MethodCounter
  #settle: ((error: ConclaveError | undefined) => void) | undefined
  #isOver = false

  constructor(
    telemetry: Telemetry,
    method: Pick<Method<unknown, unknown>, 'path'>,
    intent: Intent,
  ) {
    this.#counter = telemetry.method(method.path)
    this.#counter.open++
    this.trace = newTrace(this.#counter.name, intent, 'stream')
    if (!channel.hasSubscribers) return
    const over = new Promise<void>((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error))
    })
    // Who made the call is told of its failure in another way.
    channel.trace(() => over, this.trace).catch(() => {})
  }

  /** It is sent, or opened, once more. */
  tried(endpoint: string): void {
    this.trace.endpoint = endpoint
    this.trace.tries++
  }

  /** It has ended, with this error or well; the first end counts. */
  over(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    const failure = error === undefined ? undefined : ConclaveError.from(error)
    this.#counter.ended(failure?.code)
    this.#settle?.(failure)
  }
}

function newTrace(method: string, intent: Intent, transport: CallTrace['transport']): CallTrace {
  return { method, intent, transport, endpoint: undefined, tries: 0 }
}

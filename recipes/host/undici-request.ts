/**
 * One HTTP request to a service: picks an instance, sends, and tries another one if the
 * request never left.
 *
 * undici says `onRequestStart` right before the first byte is written. An error before that
 * means that no server has seen anything of the request. What is not idempotent is tried
 * again only if the error says so too: there was no connection to send it on.
 */

import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { ConclaveError } from '../../client/index.js'
import type { Picked } from '../registry/balancer.js'
import type { Service } from '../registry/service.js'

type Controller = Dispatcher.DispatchController
type Handler = Dispatcher.DispatchHandler
type Options = Dispatcher.DispatchOptions

/** What requests have in common. */
export interface RequestRules {
  /** Sends to an instance. */
  readonly dispatch: Dispatcher.Dispatch
  /** More instances that may be tried. */
  readonly retries: number
  readonly key: (options: Options) => string | undefined
  readonly isFailure: (status: number) => boolean
  readonly readyTimeoutMs: number
}

const IDEMPOTENT: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']

/** Codes of errors that say that no connection came about. */
const NOT_CONNECTED: readonly unknown[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]

/** For errors before there is a request that could be controlled. */
const NOTHING_TO_CONTROL: Controller = {
  aborted: false,
  paused: false,
  reason: null,
  abort() {},
  pause() {},
  resume() {},
}

/** See the head of the file. */
export class RegistryRequest implements Handler {
  readonly #rules: RequestRules
  readonly #service: Service
  readonly #options: Options
  readonly #handler: Handler
  readonly #tried: string[] = []
  readonly #isIdempotent: boolean
  #retriesLeft: number
  #picked: Picked | undefined
  #hasLeft = false
  #status = 0

  constructor(rules: RequestRules, service: Service, options: Options, handler: Handler) {
    this.#rules = rules
    this.#service = service
    this.#options = options
    this.#handler = handler
    const { idempotent = IDEMPOTENT.includes(options.method) } = options
    this.#isIdempotent = idempotent
    this.#retriesLeft = rules.retries
  }

  /** Sends it, when the instances are known. @returns as `Dispatcher.dispatch`. */
  start(): boolean {
    if (this.#service.isReady) return this.#send()
    this.#service.ready({ timeoutMs: this.#rules.readyTimeoutMs }).then(
      () => this.#send(),
      (error) => this.#fail(error),
    )
    return true
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#hasLeft = true
    this.#handler.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(
    controller: Controller,
    statusCode: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    this.#picked?.done()
    this.#handler.onRequestUpgrade?.(controller, statusCode, headers, socket)
  }

  onResponseStart(
    controller: Controller,
    statusCode: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void {
    this.#status = statusCode
    this.#handler.onResponseStart?.(controller, statusCode, headers, statusMessage)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(controller: Controller, trailers: IncomingHttpHeaders): void {
    const failed = this.#rules.isFailure(this.#status)
    this.#picked?.done(failed ? new Error(`it answered ${this.#status}`) : undefined)
    this.#handler.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Controller, error: Error): void {
    if (controller?.aborted || isOurs(error)) this.#picked?.[Symbol.dispose]()
    else this.#picked?.done(error)
    if (this.#retriesLeft > 0 && this.#maySendAgain(error)) {
      this.#retriesLeft--
      this.#send(error)
    } else this.#handler.onResponseError?.(controller ?? NOTHING_TO_CONTROL, error)
  }

  #maySendAgain(error: Error & { code?: unknown }): boolean {
    if (this.#hasLeft || isOurs(error)) return false
    return this.#isIdempotent || NOT_CONNECTED.includes(error.code)
  }

  /** @param before why the last instance failed, which is told when there is no other. */
  #send(before?: Error): boolean {
    const { dispatch, key } = this.#rules
    try {
      const options = { key: key(this.#options), exclude: this.#tried }
      const picked = this.#service.pick(options)
      this.#picked = picked
      this.#tried.push(picked.instance.id)
      return dispatch({ ...this.#options, origin: this.#originOf(picked) }, this)
    } catch (error) {
      this.#fail(before ?? (error as Error))
      return true
    }
  }

  #originOf({ instance, hostPort }: Picked): string {
    const isSecure =
      instance.protocol === 'https' || String(this.#options.origin).startsWith('https:')
    return `${isSecure ? 'https' : 'http'}://${hostPort}`
  }

  #fail(error: Error): void {
    this.#handler.onResponseError?.(NOTHING_TO_CONTROL, error)
  }
}

/** Is it the program's error, or its wish, and nothing of the instance's? */
function isOurs(error: Error & { code?: unknown }): boolean {
  if (error.name === 'AbortError' || error instanceof ConclaveError) return true
  return error.code === 'UND_ERR_INVALID_ARG' || error.code === 'UND_ERR_ABORTED'
}

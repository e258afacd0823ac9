/**
 * A transport without sockets: calls go straight to a table of handlers.
 *
 * For embedding, tests, and services that are clients of their own server. Requests
 * and responses pass through their codecs, handlers run in a microtask of their own,
 * so nothing is shared and nothing happens inside the caller's turn. Time comes from
 * the clock alone.
 */

import type { Init } from '../wire/codec.js'
import type { Method, MethodKind } from '../wire/method.js'
import { RpcError, Status } from '../wire/status.js'
import type { Clock, Timer } from './clock.js'
import { cancelled, channelClosed, deadlineExceeded, toRpcError, unimplemented } from './failure.js'
import type { CallContext, Route, ServiceTable } from './service.js'
import type { MessageStream } from './stream.js'
import { failedStream } from './stream-failed.js'
import { createStreamPair } from './stream-pair.js'
import type { CallOptions, Channel, Transport } from './transport.js'

/** What an {@link InProcessTransport} needs. */
export interface InProcessOptions {
  readonly clock: Clock
  /** Who serves at an address right now; undefined when nobody does. Asked anew by every call. */
  readonly services: (address: string) => ServiceTable | undefined
}

/** Connects callers to handlers of the same process. */
export class InProcessTransport implements Transport {
  readonly #options: InProcessOptions

  constructor(options: InProcessOptions) {
    this.#options = options
  }

  connect(address: string): Channel {
    const { clock, services } = this.#options
    const find = (path: string) => findRoute(services(address), path, address)
    return new InProcessChannel(clock, find)
  }
}

const routesByTable = new WeakMap<ServiceTable, Map<string, Route>>()

function findRoute(table: ServiceTable | undefined, path: string, address: string): Route {
  if (table === undefined)
    throw new RpcError(Status.UNAVAILABLE, `nobody serves at ${address}`, true)
  let routes = routesByTable.get(table)
  if (routes === undefined) {
    routes = new Map(table.map((route) => [route.method.path, route]))
    routesByTable.set(table, routes)
  }
  const route = routes.get(path)
  if (route === undefined) throw unimplemented(path)
  return route
}

class InProcessChannel implements Channel {
  readonly #clock: Clock
  readonly #find: (path: string) => Route
  readonly #open = new Set<OpenCall>()
  #closed = false

  constructor(clock: Clock, find: (path: string) => Route) {
    this.#clock = clock
    this.#find = find
  }

  async call<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    options: CallOptions = {},
  ): Promise<Response> {
    const bytes = method.request.encode(request).finish()
    this.#refuse(options)
    const route = this.#find(method.path)
    if (route.unary === undefined) throw unimplemented(method.path)
    const handler = route.unary
    return new Promise<Response>((resolve, reject) => {
      const open = new OpenCall(this.#clock, this.#open, options, reject)
      const run = async () => {
        const answer = await handler(method.request.decode(bytes), open.context)
        return method.response.decode(method.response.encode(answer as Init<Response>).finish())
      }
      // The handler starts in a later microtask, never inside the caller's turn, and not
      // at all when the caller has left meanwhile.
      queueMicrotask(() => {
        if (open.done) return
        run().then(
          (response) => open.finish() && resolve(response),
          (error) => open.finish() && reject(toRpcError(error)),
        )
      })
    })
  }

  stream<Request, Response>(
    method: Method<Request, Response, Exclude<MethodKind, 'unary'>>,
    options: CallOptions = {},
  ): MessageStream<Response, Init<Request>> {
    let route: Route
    try {
      this.#refuse(options)
      route = this.#find(method.path)
    } catch (error) {
      return failedStream(toRpcError(error))
    }
    const handler = route.streaming
    if (handler === undefined) return failedStream(unimplemented(method.path))
    const pair = createStreamPair(method.request, method.response)
    const open = new OpenCall(this.#clock, this.#open, options, (error) => pair.end(error))
    pair.onOver = () => open.over()
    queueMicrotask(() => {
      if (open.done) return
      try {
        handler(pair.server as never, open.context)
      } catch (error) {
        pair.server.fail(toRpcError(error))
      }
    })
    return pair.client
  }

  close(): void {
    this.#closed = true
    for (const open of [...this.#open]) open.stop(channelClosed(false))
  }

  #refuse(options: CallOptions): void {
    if (this.#closed) throw channelClosed(true)
    if (options.signal?.aborted) throw cancelled(true)
  }
}

/** A call under way: its deadline, its abort signal, and what its handler may know. */
class OpenCall {
  readonly #set: Set<OpenCall>
  readonly #options: CallOptions
  readonly #onStopped: (error: RpcError) => void
  readonly #handler = new AbortController()
  readonly #onAbort = () => this.stop(cancelled())
  #timer: Timer | undefined
  #done = false
  readonly context: CallContext

  constructor(
    clock: Clock,
    set: Set<OpenCall>,
    options: CallOptions,
    onStopped: (error: RpcError) => void,
  ) {
    this.#set = set
    this.#options = options
    this.#onStopped = onStopped
    this.context = {
      metadata: { ...options.metadata },
      peer: 'in-process',
      signal: this.#handler.signal,
    }
    set.add(this)
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (options.timeoutMs !== undefined)
      this.#timer = clock.after(options.timeoutMs, () => this.stop(deadlineExceeded()))
  }

  /** Is it over? */
  get done(): boolean {
    return this.#done
  }

  /** Ends the call from outside: the caller fails and the handler is told. */
  stop(error: RpcError): void {
    if (!this.finish()) return
    this.#handler.abort()
    this.#onStopped(error)
  }

  /** The stream ended, by whichever side. */
  over(): void {
    if (this.finish()) this.#handler.abort()
  }

  /** True for the first who ends it. */
  finish(): boolean {
    if (this.#done) return false
    this.#done = true
    this.#timer?.cancel()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#set.delete(this)
    return true
  }
}

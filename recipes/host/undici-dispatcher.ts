/**
 * HTTP clients of undici that find instances in a registry.
 *
 *     http://orders.conclave/orders/7     with fetch and request
 *     svc://orders                        as the origin of `dispatcher.request`, …
 *
 * A request to such an origin goes to an instance that the registry picks; every other one
 * goes where it says. How a request is sent, and when another instance is tried, is in
 * undici-request.ts. Failures count against the instance: refused and broken connections,
 * timeouts, and the statuses 502, 503 and 504.
 */

import { Agent, Dispatcher } from 'undici'
import type { Registry } from '../registry/registry.js'
import type { Service, ServiceOptions } from '../registry/service.js'
import { RegistryRequest, type RequestRules } from './undici-request.js'

/** How requests find their instances. */
export interface RegistryDispatcherOptions extends ServiceOptions {
  /** What sends the requests; it is closed with the dispatcher. Default a new `Agent`. */
  readonly agent?: Dispatcher
  /** Hosts that end so are services. Default `.conclave`. */
  readonly suffix?: string
  /** How many more instances a request that never left may be tried on. Default 2. */
  readonly retries?: number
  /** What the policy `consistent-hash` goes by. */
  readonly key?: (options: Dispatcher.DispatchOptions) => string | undefined
  /** Which statuses count against the instance. Default 502, 503 and 504. */
  readonly isFailure?: (status: number) => boolean
  /** How long a request waits for the instances to be known, in milliseconds. Default 10,000. */
  readonly readyTimeoutMs?: number
}

/** Instances that say they speak something else are not for us. */
const PROTOCOLS: readonly string[] = ['', 'http', 'https']
const SCHEME = 'svc://'
/** Services that one dispatcher may talk to. */
const SERVICES_MAX = 256

/**
 * A dispatcher for `fetch`, `request` and whatever else takes one. Close it before the registry.
 *
 * @throws {ConclaveError} `invalid-argument`: an option, when the first request needs it.
 * @example
 * import { request } from 'undici'
 * const dispatcher = registryDispatcher(new Registry(client, 'services'))
 * const { statusCode } = await request('http://orders.conclave/orders/7', { dispatcher })
 */
export function registryDispatcher(
  registry: Registry,
  options: RegistryDispatcherOptions = {},
): Dispatcher {
  return new RegistryDispatcher(registry, options)
}

class RegistryDispatcher extends Dispatcher {
  readonly #agent: Dispatcher
  readonly #registry: Registry
  readonly #options: RegistryDispatcherOptions
  readonly #services = new Map<string, Service>()
  readonly #composed: Dispatcher

  constructor(registry: Registry, options: RegistryDispatcherOptions) {
    super()
    this.#registry = registry
    this.#options = options
    this.#agent = options.agent ?? new Agent()
    // What is composed is given handlers of one shape, whatever the caller's is.
    this.#composed = this.#agent.compose((dispatch) => this.#route(dispatch))
    this.#agent.on('drain', (origin: URL) => this.emit('drain', origin))
    // Whoever composes this one calls these on a proxy.
    this.dispatch = this.dispatch.bind(this)
    this.close = this.close.bind(this)
    this.destroy = this.destroy.bind(this)
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    return this.#composed.dispatch(options, handler)
  }

  override close(...args: unknown[]): Promise<void> {
    this.#closeServices()
    return this.#agent.close(...(args as []))
  }

  override destroy(...args: unknown[]): Promise<void> {
    this.#closeServices()
    return this.#agent.destroy(...(args as []))
  }

  #route(dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch {
    const { retries = 2, isFailure = isGatewayFailure, readyTimeoutMs = 10_000 } = this.#options
    const { key = () => undefined } = this.#options
    const rules: RequestRules = { dispatch, retries, key, isFailure, readyTimeoutMs }
    return (options, handler) => {
      const name = this.#serviceIn(options.origin)
      if (name === undefined) return dispatch(options, handler)
      return new RegistryRequest(rules, this.#service(name), options, handler).start()
    }
  }

  #serviceIn(origin: string | URL | undefined): string | undefined {
    const text = String(origin ?? '')
    if (text.startsWith(SCHEME)) return text.slice(SCHEME.length).replace(/\/$/, '')
    const { suffix = '.conclave' } = this.#options
    const host = /^https?:\/\/([^/:]+)(:\d+)?\/?$/.exec(text)?.[1]
    return host?.endsWith(suffix) ? host.slice(0, -suffix.length) : undefined
  }

  #service(name: string): Service {
    let service = this.#services.get(name)
    if (service === undefined) {
      if (this.#services.size >= SERVICES_MAX)
        throw new Error(`A dispatcher talks to at most ${SERVICES_MAX} services.`)
      const { accepts = () => true } = this.#options
      service = this.#registry.service(name, {
        ...this.#options,
        accepts: (instance) => PROTOCOLS.includes(instance.protocol) && accepts(instance),
      })
      this.#services.set(name, service)
    }
    return service
  }

  #closeServices(): void {
    for (const service of this.#services.values()) service.close()
    this.#services.clear()
  }
}

function isGatewayFailure(status: number): boolean {
  return status >= 502 && status <= 504
}

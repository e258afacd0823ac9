/**
 * Clients of grpc-js that find instances in a registry: `conclave:///orders`.
 *
 * grpc-js knows resolvers by the scheme of the target, for the whole process. So the scheme
 * is registered once, and the authority of the target says which registry is meant:
 *
 *     conclave:///orders      the registry that was registered without an authority
 *     conclave://eu/orders    the one that was registered as `eu`
 *
 * All channels to one service share one view. Each change of who is pickable goes to the
 * channel; while the store cannot be reached the channel keeps the last list, and so it does
 * when the last instance is gone, and after the registry is closed. Calls that begin before
 * the list is known wait for it.
 *
 * The interface of resolvers is experimental in grpc-js and changed with 1.14: until 1.13
 * the listener was an object with two methods, since then it is a function. Both are served.
 */

import { type ChannelOptions, experimental, Metadata, status } from '@grpc/grpc-js'
import type { Registry } from '../registry/registry.js'
import type { Service, ServiceOptions } from '../registry/service.js'
import { endpointsFor, type GrpcEndpoint } from './grpc-endpoints.js'

export { type GrpcCheckOptions, grpcCheck } from './grpc-health.js'

/** How a registry serves channels. */
export interface ConclaveResolverOptions extends Omit<ServiceOptions, 'policy' | 'ejection'> {
  /** Which targets mean this registry: those with this authority. Default empty. */
  readonly authority?: string
}

/** A registry that serves channels. */
export interface ConclaveResolver extends Disposable {
  /** The target of a service, for the constructor of a grpc-js client. */
  target(service: string): string
  /** Ends it: its channels keep the list that they have. Idempotent. */
  close(): void
}

/** The part of a target that grpc-js hands over. */
interface Target {
  readonly authority?: string
  readonly path: string
}

/** The listener of grpc-js up to 1.13. */
interface ObjectListener {
  onSuccessfulResolution(
    endpoints: GrpcEndpoint[],
    serviceConfig: object | null,
    serviceConfigError: null,
    configSelector: null,
    attributes: object,
  ): void
  onError(error: GrpcStatus): void
}

/** The listener of grpc-js since 1.14. */
type FunctionListener = (
  endpoints: { ok: true; value: GrpcEndpoint[] } | { ok: false; error: GrpcStatus },
  attributes: Record<string, unknown>,
  serviceConfig: { ok: true; value: object } | null,
  note: string,
) => boolean

/** Whom a resolver tells. */
export type AnyListener = FunctionListener | ObjectListener

interface GrpcStatus {
  readonly code: number
  readonly details: string
  readonly metadata: Metadata
}

const SCHEME = 'conclave'
/** Instances that say they speak something else are not for us. */
const PROTOCOLS: readonly string[] = ['', 'grpc', 'grpcs']
const SERVICE_CONFIG = { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] }

/** The views of one registry, shared by the channels that need them. */
class Source {
  readonly registry: Registry
  readonly #options: ServiceOptions
  readonly #views = new Map<string, { readonly service: Service; users: number }>()

  constructor(registry: Registry, options: ServiceOptions) {
    this.registry = registry
    const { accepts = () => true } = options
    this.#options = {
      ...options,
      accepts: (instance) => PROTOCOLS.includes(instance.protocol) && accepts(instance),
    }
  }

  take(name: string): Service {
    let view = this.#views.get(name)
    if (view === undefined) {
      view = { service: this.registry.service(name, this.#options), users: 0 }
      this.#views.set(name, view)
    }
    view.users++
    return view.service
  }

  giveBack(name: string): void {
    const view = this.#views.get(name)
    if (view === undefined || --view.users > 0) return
    this.#views.delete(name)
    view.service.close()
  }

  close(): void {
    for (const { service } of this.#views.values()) service.close()
    this.#views.clear()
  }
}

const sources = new Map<string, Source>()
let isSchemeRegistered = false

/**
 * Lets grpc-js find services of a registry under the scheme `conclave`. Close it before the
 * registry.
 *
 * @throws {Error} there is one with this authority already, or it has a `/`.
 * @example
 * import { Client, credentials } from '@grpc/grpc-js'
 * const resolver = registerConclaveResolver(new Registry(client, 'services'))
 * const orders = new Client(resolver.target('orders'), credentials.createInsecure())
 */
export function registerConclaveResolver(
  registry: Registry,
  options: ConclaveResolverOptions = {},
): ConclaveResolver {
  const { authority = '', ...viewing } = options
  if (authority.includes('/')) throw new Error(`An authority has no '/': '${authority}'.`)
  if (sources.has(authority))
    throw new Error(`The authority '${authority}' of '${SCHEME}' serves another registry already.`)
  if (!isSchemeRegistered) {
    // The types are those of one version; we serve several.
    experimental.registerResolver(SCHEME, RegistryResolver as never)
    isSchemeRegistered = true
  }
  const source = new Source(registry, viewing)
  sources.set(authority, source)
  const close = () => {
    if (sources.get(authority) === source) sources.delete(authority)
    source.close()
  }
  return {
    target: (service) => `${SCHEME}://${authority}/${service}`,
    close,
    [Symbol.dispose]: close,
  }
}

/** @internal What grpc-js makes for each channel; exported for tests of older versions of it. */
export class RegistryResolver {
  readonly #target: Target
  readonly #listener: AnyListener
  /** The channel has settings of its own, which say how to balance. */
  readonly #hasOwnConfig: boolean
  #source: Source | undefined
  #service: Service | undefined
  #told: string | undefined
  #isDue = false

  constructor(target: Target, listener: AnyListener, channelOptions: ChannelOptions) {
    this.#target = target
    this.#listener = listener
    this.#hasOwnConfig = channelOptions['grpc.service_config'] !== undefined
  }

  /** The name that TLS certificates are checked for, unless the channel says another. */
  static getDefaultAuthority({ path }: Target): string {
    if (path.includes('/')) throw new Error(`A service is one segment, not '${path}'.`)
    return path
  }

  /** Begins to tell the channel. Changes come by themselves, so asking again changes nothing. */
  updateResolution(): void {
    if (this.#service !== undefined) return
    const authority = this.#target.authority ?? ''
    const source = sources.get(authority)
    if (source === undefined) {
      const details = `No registry serves '${SCHEME}://${authority}/': call registerConclaveResolver first.`
      queueMicrotask(() => this.#fail(details))
      return
    }
    try {
      this.#service = source.take(this.#target.path)
    } catch (error) {
      queueMicrotask(() => this.#fail(String(error)))
      return
    }
    this.#source = source
    const service = this.#service
    service.on('up', this.#changed).on('change', this.#changed).on('down', this.#changed)
    service.on('resumed', this.#changed)
    service.ready().then(this.#changed, (error) => {
      if (this.#service === service) this.#fail(String(error))
    })
  }

  /** The channel wants to hear nothing more, until it asks again. */
  destroy(): void {
    const service = this.#service
    if (service === undefined) return
    service.off('up', this.#changed).off('change', this.#changed).off('down', this.#changed)
    service.off('resumed', this.#changed)
    this.#service = undefined
    this.#told = undefined
    this.#source?.giveBack(this.#target.path)
  }

  /** Several changes of one turn are told at once. */
  readonly #changed = (): void => {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      if (this.#service?.isReady) this.#tell(endpointsFor(this.#service.pickable()))
    })
  }

  #tell(endpoints: GrpcEndpoint[]): void {
    const text = JSON.stringify(endpoints)
    if (text === this.#told) return
    this.#told = text
    // An empty list would let calls wait for ever; after an error a channel keeps what it has.
    if (endpoints.length === 0)
      this.#fail(`There are no instances of '${this.#target.path}' in the registry.`)
    else if (typeof this.#listener === 'function')
      this.#listener({ ok: true, value: endpoints }, {}, this.#config(), '')
    else
      this.#listener.onSuccessfulResolution(
        endpoints,
        this.#config()?.value ?? null,
        null,
        null,
        {},
      )
  }

  #fail(details: string): void {
    const error = { code: status.UNAVAILABLE, details, metadata: new Metadata() }
    if (typeof this.#listener === 'function')
      this.#listener({ ok: false, error }, {}, this.#config(), '')
    else this.#listener.onError(error)
  }

  #config(): { ok: true; value: object } | null {
    return this.#hasOwnConfig ? null : { ok: true, value: SERVICE_CONFIG }
  }
}

/**
 * The resolver that grpc-js makes for a channel: it tells the channel whom the registry has.
 *
 * The interface of resolvers is experimental in grpc-js and changed with 1.14: until 1.13
 * the listener was an object with two methods, since then it is a function. Both are served.
 */

import { type ChannelOptions, Metadata, status } from '@grpc/grpc-js'
import type { Registry } from '../registry/registry.js'
import type { Service, ServiceOptions } from '../registry/service.js'
import { endpointsFor, type GrpcEndpoint } from './grpc-endpoints.js'

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

/** The scheme of our targets. */
export const SCHEME = 'conclave'
/** Instances that say they speak something else are not for us. */
const PROTOCOLS: readonly string[] = ['', 'grpc', 'grpcs']
const SERVICE_CONFIG = { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] }

/** The views of one registry, shared by the channels that need them. */
export class Source {
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

/** The registries that serve channels, by authority. */
export const sources = new Map<string, Source>()

/** What grpc-js makes for each channel. */
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

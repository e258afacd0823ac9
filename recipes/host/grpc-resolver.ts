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
 */

import { experimental } from '@grpc/grpc-js'
import type { Registry } from '../registry/registry.js'
import type { ServiceOptions } from '../registry/service.js'
import { RegistryResolver, SCHEME, Source, sources } from './registry-resolver.js'

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

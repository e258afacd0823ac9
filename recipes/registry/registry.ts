/**
 * Service discovery: instances of services, and who looks for them.
 *
 * Promise: **an instance that is registered is found; one whose process dies is found no
 * more after its TTL; one that drains loses no request; and while the store cannot be
 * reached, everybody goes on with what was known last.**
 *
 *     <prefix>/<service>/<id> -> the instance, on the lease of its process
 *
 * The value is what etcd's `naming` package of Go writes, and more (instance-format.ts), so
 * `etcd:///<prefix>/<service>` in Go finds our instances, and we find those of Go.
 *
 * Registering is in registration.ts, looking in service.ts; both say what they cost.
 *
 * Lease lost: the instance is put back on a new one. Partition of an instance: it is gone
 * after the TTL, and back as soon as it can be; if so many were cut off that nobody would be
 * left, views keep them (known-instances.ts). Partition of a client: it keeps the last list.
 * Crash of a client: nobody notices.
 */

import { ConclaveError, type Keyspace } from '../../client/index.js'
import { checkName, checkSegment } from '../names.js'
import { pause } from '../pause.js'
import { SessionSource } from '../session-source.js'
import type { WaitOptions } from '../waiting.js'
import type { NewInstance } from './instance.js'
import { type DrainOptions, Registration } from './registration.js'
import { Service, type ServiceOptions } from './service.js'

/** How a {@link Registry} behaves. */
export interface RegistryOptions {
  /** Within how many seconds a dead process's instances are gone. Default 15. */
  readonly ttlSeconds?: number
}

const TTL_SECONDS = 15
/** A registration that fails is told when it is undone, but no later than this, in milliseconds. */
const WITHDRAW_MS = 1_000

/**
 * A registry of services under a prefix; see the head of the file. Making one costs nothing.
 *
 * @example
 * const registry = new Registry(client, 'services')
 * const registration = await registry.register({
 *   name: 'orders',
 *   address: '10.0.0.7',
 *   port: 8080,
 *   protocol: 'http',
 * })
 * const orders = registry.service('orders')
 * orders.on('up', ({ id, address }) => console.log(id, 'is at', address))
 * await orders.ready()
 * await orders.using(({ address, port }) => fetch(`http://${address}:${port}/orders/7`))
 * await registration.drain()
 * await registry.close()
 */
export class Registry implements AsyncDisposable {
  readonly client: Keyspace
  readonly prefix: string
  readonly #sessions: SessionSource
  readonly #registrations = new Map<string, Registration>()
  readonly #services = new Set<Service>()
  #closing: Promise<void> | undefined

  /**
   * @param prefix not empty, not ending in `/`. Everything under `<prefix>/` is the registry's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, prefix: string, options: RegistryOptions = {}) {
    checkName(prefix, 'The prefix of a registry')
    const { ttlSeconds = TTL_SECONDS } = options
    this.client = client
    this.prefix = prefix
    this.#sessions = new SessionSource(client, { ttlSeconds })
  }

  /**
   * Registers an instance, and keeps it registered until it is closed. Resolves when it is in
   * the store; without a time it waits for ever. When it fails, nothing stays behind, though
   * that may be seen to after it has failed, when the cluster can be reached.
   *
   * @throws {ConclaveError} `invalid-argument`; `already-exists`: this registry has registered
   *   the same service and id; `cancelled`, `deadline-exceeded`, `permission-denied`, `closed`.
   */
  async register(instance: NewInstance, options: WaitOptions = {}): Promise<Registration> {
    this.#checkOpen()
    const registration: Registration = new Registration(this.#sessions, this.prefix, instance, () =>
      this.#forget(registration),
    )
    const { key } = registration
    if (this.#registrations.has(key))
      throw new ConclaveError('already-exists', `${key} is registered by this registry already.`)
    this.#registrations.set(key, registration)
    try {
      await registration.start(options)
    } catch (error) {
      this.#forget(registration)
      // What failed first is what the caller wants to know, and soon.
      const undone = registration.close().catch(() => {})
      const over = new AbortController()
      await Promise.race([undone, pause(this.client, WITHDRAW_MS, over.signal)])
      over.abort()
      throw error
    }
    return registration
  }

  /**
   * A live view of the instances of a service. Each call makes one of its own: keep it.
   *
   * @throws {ConclaveError} `invalid-argument`, `closed`.
   */
  service(name: string, options: ServiceOptions = {}): Service {
    this.#checkOpen()
    checkSegment(name, 'The name of a service')
    const service: Service = new Service(
      this.client,
      `${this.prefix}/${name}/`,
      name,
      options,
      () => this.#services.delete(service),
    )
    this.#services.add(service)
    return service
  }

  /** What this registry has registered and not closed. */
  get registrations(): readonly Registration[] {
    return [...this.#registrations.values()]
  }

  /** Drains everything that this registry has registered, at once; then it closes itself. */
  async drain(options: DrainOptions = {}): Promise<void> {
    await Promise.allSettled(this.registrations.map((one) => one.drain(options)))
    await this.close()
  }

  /**
   * Takes everything that it has registered out of the store, and ends all views. Idempotent.
   *
   * @throws {ConclaveError} the server refused to end the lease, as with `permission-denied`.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    for (const service of this.#services) service.close()
    await Promise.allSettled(this.registrations.map((one) => one.close()))
    await this.#sessions.close()
  }

  #forget(registration: Registration): void {
    const { key } = registration
    if (this.#registrations.get(key) === registration) this.#registrations.delete(key)
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new ConclaveError('closed', 'The registry is closed; make a new one.')
  }
}

/**
 * A live view of the instances of one service, from which requests pick.
 *
 * Promise: **every pick is answered from memory, with the instances that the store had a
 * moment ago; while the store cannot be reached, with those that it had last.**
 *
 * 1. List the keys of the service, then watch from the next revision on (a cache of the
 *    client, exact by revision). What is no instance is told as `invalid` and passed over.
 * 2. After a compaction: list anew and tell what differs.
 * 3. When the cache ends, as when a permission is taken away, keep what is known and begin
 *    anew, with a growing pause, for ever.
 * 4. When too many vanish at once, keep them for a while: see known-instances.ts.
 * 5. Pick among those that want requests and do not fail: see balancer.ts, ejection.ts.
 *
 * | | round trips |
 * | --- | --- |
 * | becoming ready | 1 per page of the list, then one watch |
 * | `instances`, `pick` | 0 |
 * | a change | 1 event |
 */

import {
  type Cache,
  type CacheChange,
  ConclaveError,
  type Keyspace,
  type KeyValue,
  type Listener,
  type Timer,
  TypedEvents,
} from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { checkNotNegative, checkWhole } from '../numbers.js'
import { jittered } from '../pause.js'
import type { WaitOptions } from '../waiting.js'
import { Balancer, type BalancerOptions, type Picked, type PickOptions } from './balancer.js'
import type { Instance } from './instance.js'
import { readInstance } from './instance-format.js'
import { type InstanceEvent, KnownInstances } from './known-instances.js'

/** How a service is viewed. */
export interface ServiceOptions extends BalancerOptions {
  /** Which instances count, as those of a version or a protocol; the others are as if not there. Default all. */
  readonly accepts?: (instance: Instance) => boolean
  /**
   * When so few are `up` beside those that vanished without a word, the vanished are kept: a
   * share of both, 0 to 1. Default 0: when all have vanished. False for never.
   */
  readonly protectThreshold?: number | false
  /** How long they are kept, in milliseconds. Default 60,000. */
  readonly protectMs?: number
  /** More keys than this are refused, and told as `error`. Default 10,000. */
  readonly instancesMax?: number
}

/** What a {@link Service} tells. Listeners are called when all of it is in the view. */
export interface ServiceEvents {
  /** An instance is there; all of them at first. */
  readonly up: Instance
  /** Something about an instance is other than it was, as its status or weight. */
  readonly change: Instance
  /** An instance is there no more; as it was last. */
  readonly down: Instance
  /** A key under the service is no instance, and why; it is passed over. */
  readonly invalid: { readonly key: string; readonly error: Error }
  /** The store cannot be reached; the view stays as it is. */
  readonly disconnected: ConclaveError
  /** It can be reached again. */
  readonly resumed: undefined
  /** The store refuses to show the service; the view stays as it is and asks again, for ever. */
  readonly error: ConclaveError
}

const BACK_OFF_MS_MIN = 500
const BACK_OFF_MS_MAX = 30_000

/** What a key holds: an instance, why it is none, or undefined: one that does not count. */
type Entry = Instance | Error | undefined

/** A live view of a service, made by `Registry.service`; see the head of the file. */
export class Service implements AsyncDisposable {
  readonly client: Keyspace
  readonly name: string
  readonly #prefix: string
  readonly #keysMax: number
  readonly #accepts: (instance: Instance) => boolean
  readonly #known: KnownInstances
  readonly #balancer: Balancer
  readonly #events = new TypedEvents<ServiceEvents>({
    up: true,
    change: true,
    down: true,
    invalid: true,
    disconnected: true,
    resumed: true,
    error: true,
  })
  readonly #onClose: () => void
  #cache: Cache<Entry>
  #backOffMs = BACK_OFF_MS_MIN
  #isReady = false
  #isConnected = true
  #closed = false
  #restart: Timer | undefined
  #doubts: Timer | undefined

  /** @internal Use `Registry.service`. */
  constructor(
    client: Keyspace,
    prefix: string,
    name: string,
    options: ServiceOptions,
    onClose: () => void,
  ) {
    const { protectThreshold = 0, protectMs = 60_000, instancesMax = 10_000 } = options
    if (protectThreshold !== false && !(protectThreshold >= 0 && protectThreshold <= 1))
      throw invalidArgument(`protectThreshold is between 0 and 1, not ${protectThreshold}.`)
    checkNotNegative(protectMs, 'protectMs')
    checkWhole(instancesMax, 'instancesMax', 1)
    this.name = name
    this.client = client
    this.#prefix = prefix
    this.#keysMax = instancesMax
    this.#accepts = options.accepts ?? (() => true)
    this.#onClose = onClose
    const threshold = protectThreshold === false ? undefined : protectThreshold
    this.#known = new KnownInstances({ threshold, doubtMs: protectMs }, (event, instance) =>
      this.#told.push([event, instance]),
    )
    this.#balancer = new Balancer(client, `the service '${name}'`, options)
    this.#cache = this.#open()
  }

  /** Events that are not told yet: first everything is brought up to date. */
  readonly #told: [InstanceEvent, Instance][] = []

  /** Is the list known? It stays so, even when the store cannot be reached. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Is the view kept up to date at the moment? */
  get connected(): boolean {
    return this.#isReady && this.#isConnected
  }

  /** Are instances shown that the store has no more, because too many vanished at once? */
  get protecting(): boolean {
    return this.#known.protecting
  }

  /**
   * Resolves when the instances are known. When it fails, the view goes on asking.
   *
   * @throws {ConclaveError} `deadline-exceeded`, `cancelled`, `permission-denied`, `closed`, ….
   */
  async ready({ signal, timeoutMs }: WaitOptions = {}): Promise<void> {
    this.#checkOpen()
    if (this.#isReady) return
    await this.#cache.ready({ ...(signal && { signal }), ...(timeoutMs && { timeoutMs }) })
  }

  /** All instances of any status, in the order of their ids; none before {@link ready}. */
  instances(): Instance[] {
    return [...this.#known.shown.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Those among which {@link pick} chooses while none fails and nothing is excluded. */
  pickable(): Instance[] {
    return this.#balancer.pickable
  }

  /** The ids of those that are not picked, if others can be, because they fail or a check says so. */
  get ejected(): string[] {
    return this.#balancer.ejected
  }

  /**
   * One instance for one request.
   *
   * @throws {ConclaveError} `unavailable`: there is none; `failed-precondition`: the view is
   *   not ready; `invalid-argument`: the policy needs a key; `closed`.
   * @example
   * const orders = new Registry(client, 'services').service('orders')
   * await orders.ready()
   * const picked = orders.pick()
   * try {
   *   await fetch(`http://${picked.hostPort}/orders/7`)
   *   picked.done()
   * } catch (error) {
   *   picked.done(error)
   * }
   */
  pick(options: PickOptions = {}): Picked {
    this.#checkOpen()
    if (!this.#isReady)
      throw new ConclaveError(
        'failed-precondition',
        `The instances of '${this.name}' are not known yet; await ready() before the first pick.`,
      )
    return this.#balancer.pick(options)
  }

  /** Runs `work` on an instance, and lets its failure count against the instance. */
  async using<T>(
    work: (instance: Instance) => T | Promise<T>,
    options: PickOptions & WaitOptions = {},
  ): Promise<T> {
    await this.ready(options)
    const picked = this.pick(options)
    try {
      const result = await work(picked.instance)
      picked.done()
      return result
    } catch (error) {
      picked.done(error)
      throw error
    }
  }

  /** Says what a check found out about an instance; one that is ill is not picked if others can be. */
  report(id: string, healthy: boolean): void {
    this.#balancer.report(id, healthy)
  }

  on<K extends keyof ServiceEvents>(name: K, listener: Listener<ServiceEvents[K]>): this {
    this.#events.on(name, listener)
    return this
  }

  off<K extends keyof ServiceEvents>(name: K, listener: Listener<ServiceEvents[K]>): this {
    this.#events.off(name, listener)
    return this
  }

  /** Ends the view. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#restart?.cancel()
    this.#doubts?.cancel()
    this.#cache.close()
    this.#onClose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #open(): Cache<Entry> {
    const decode = (kv: KeyValue): Entry => this.#read(kv)
    const cache = this.client.cache<Entry>(this.#prefix, { decode, keysMax: this.#keysMax })
    return cache
      .on('synced', () => this.#listed(cache))
      .on('change', (change) => this.#changed(change))
      .on('disconnected', (error) => this.#broke(error))
      .on('resumed', () => this.#mended())
      .on('error', (error) => this.#failed(error))
  }

  #read(kv: KeyValue): Entry {
    try {
      const instance = readInstance(this.name, this.#idOf(kv.keyString), kv.text())
      return this.#accepts(instance) ? instance : undefined
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  #idOf(key: string): string {
    return key.slice(this.#prefix.length)
  }

  #listed(cache: Cache<Entry>): void {
    this.#backOffMs = BACK_OFF_MS_MIN
    this.#isReady = true
    const gone = new Set(this.#known.storedIds)
    for (const [key, entry] of cache.entries()) {
      gone.delete(this.#idOf(key))
      this.#take(key, entry)
    }
    for (const id of gone) this.#known.remove(id, this.client.clock.now())
    this.#mended()
    this.#settle()
  }

  #changed(change: CacheChange<Entry>): void {
    this.#take(change.keyString, change.after)
    this.#settle()
  }

  #take(key: string, entry: Entry): void {
    if (entry instanceof Error) this.#events.emit('invalid', { key, error: entry })
    if (entry === undefined || entry instanceof Error)
      this.#known.remove(this.#idOf(key), this.client.clock.now())
    else this.#known.put(entry)
  }

  /** Brings picks up to date, then tells. */
  #settle(): void {
    this.#armDoubts()
    const told = this.#told.splice(0)
    if (told.length === 0) return
    this.#balancer.update(this.#known.shown.values())
    for (const [event, instance] of told) this.#events.emit(event, instance)
  }

  /** While the store cannot be reached nobody knows better, so no doubt ends. */
  #armDoubts(): void {
    this.#doubts?.cancel()
    const { nextEndMs } = this.#known
    if (nextEndMs === undefined || !this.#isConnected || this.#closed) return
    const { clock } = this.client
    this.#doubts = clock.after(Math.max(0, nextEndMs - clock.now()), () => {
      this.#known.expire(clock.now())
      this.#settle()
    })
  }

  #broke(error: ConclaveError): void {
    if (!this.#isConnected) return
    this.#isConnected = false
    this.#doubts?.cancel()
    this.#events.emit('disconnected', error)
  }

  #mended(): void {
    if (this.#isConnected) return
    this.#isConnected = true
    this.#armDoubts()
    this.#events.emit('resumed', undefined)
  }

  #failed(error: ConclaveError): void {
    if (this.#closed) return
    this.#events.emit('error', error)
    if (error.code === 'closed') return
    this.#broke(error)
    const { clock } = this.client
    const restMs = jittered(this.client, this.#backOffMs)
    this.#backOffMs = Math.min(2 * this.#backOffMs, BACK_OFF_MS_MAX)
    this.#restart = clock.after(restMs, () => {
      if (this.client.closed) this.close()
      else this.#cache = this.#open()
    })
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new ConclaveError('closed', `The view of '${this.name}' is closed; make a new one.`)
  }
}

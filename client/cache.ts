/**
 * A copy of a range in this process, exact by revision.
 *
 * It is always what the range was at `revision`: all changes of a revision come in at once,
 * none is left out, and none comes twice. Reads are answered from memory and may be a little
 * old; `consistent` makes them wait until the copy is as new as the store was when they were
 * made, which costs one small read for all that ask in one turn. While no member answers,
 * the copy stays as it is.
 */

import { type Bytes, toCount, toText } from './bytes.js'
import { CacheCopy, type Difference } from './cache-copy.js'
import { CacheLevel, type LevelOwner } from './cache-level.js'
import {
  CacheChange,
  type CacheEvents,
  type CacheOptions,
  type CacheWait,
  type ConsistentRead,
  type PresentRead,
} from './cache-options.js'
import { CacheSync, type SyncOwner, type SyncTarget } from './cache-sync.js'
import { CacheWaiters } from './cache-waiters.js'
import type { Calls } from './calls.js'
import type { Connection } from './connection/connection.js'
import { abortedFor, ConclaveError, errorOf, invalidArgument } from './errors.js'
import type { Clock } from './host/clock.js'
import { inWords } from './in-words.js'
import { KeyBounds } from './key-bounds.js'
import type { KeyValue } from './key-value.js'
import type { Known } from './known-names.js'
import { CACHE_NAMES } from './option-names.js'
import { type Range, toRange, type WireRange } from './range.js'
import { checkOptions, checkSignal, checkWait } from './request-checks.js'
import { type Listener, TypedEvents } from './typed-events.js'
import type { WatchClient } from './watch.js'
import type { WatchBatch } from './watch-event.js'

export {
  CacheChange,
  type CacheEvents,
  type CacheOptions,
  type CacheWait,
  type ConsistentRead,
  type PresentRead,
} from './cache-options.js'

/** What a cache is made of. */
export interface CachePorts {
  readonly connection: Connection
  readonly calls: Calls
  readonly watch: WatchClient
}

const KEYS_MAX = 1_000_000

const CACHE_EVENTS: Known<keyof CacheEvents> = {
  change: true,
  synced: true,
  relisted: true,
  disconnected: true,
  resumed: true,
  error: true,
  end: true,
}

/**
 * A copy of a range; made by `Client.cache`.
 *
 * @typeParam T what it gives out for a key.
 */
export class Cache<T = KeyValue> implements AsyncDisposable {
  readonly #copy = new CacheCopy()
  readonly #events = new TypedEvents<CacheEvents<T>>(CACHE_EVENTS)
  readonly #waiters: CacheWaiters
  readonly #sync: CacheSync
  readonly #level: CacheLevel
  readonly #timeoutMs: number
  readonly #clock: Clock
  readonly #decode: (kv: KeyValue) => T
  /** What was decoded already; key-values themselves when nothing is. */
  readonly #decoded = new WeakMap<KeyValue, { readonly value: T }>()
  readonly #bounds: KeyBounds
  readonly #unhook: () => void
  #ended: ConclaveError | undefined

  /** @internal Use `Client.cache`. */
  constructor(ports: CachePorts, prefixOrRange: Bytes | Range, options: CacheOptions<T>) {
    const isPrefix = typeof prefixOrRange === 'string' || prefixOrRange instanceof Uint8Array
    const range = isPrefix ? { prefix: prefixOrRange } : prefixOrRange
    const wireRange = toRange(range)
    this.#bounds = new KeyBounds(wireRange)
    checkOptions(options, CACHE_NAMES.cache)
    const keysMax = toCount(options.keysMax ?? KEYS_MAX, 'keysMax')
    const { decode, requireLeader = true, signal } = options
    checkSignal(signal)
    this.#decode = decode === undefined ? (kv) => kv as T : (kv) => this.#decodeOnce(kv, decode)
    const { connection, calls, watch } = ports
    connection.assertOpen()
    this.#timeoutMs = connection.timeoutMs
    this.#clock = connection.clock
    this.#waiters = new CacheWaiters(connection.clock)
    this.#level = new CacheLevel(
      connection,
      calls,
      this.#waiters.waits,
      this.#levelOwner(wireRange),
    )
    const sleep = (ms: number, until: AbortSignal) => connection.sleep(ms, until)
    const limits = { range, wireRange, keysMax, requireLeader }
    this.#sync = new CacheSync({ calls, sleep, watch }, this.#syncOwner(limits))
    const onAbort = () => this.#end(abortedFor(signal?.reason), false)
    this.#unhook = () => signal?.removeEventListener('abort', onAbort)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#sync.run().catch((error) => this.#end(ConclaveError.from(error), true))
    if (signal?.aborted) onAbort()
  }

  /**
   * Resolves when all keys were read for the first time; rejects when the cache ends before.
   *
   * @throws {ConclaveError} `permission-denied`, `too-many-keys`, `closed`, `deadline-exceeded`
   *   when a time is given, ….
   */
  async ready(options: CacheWait = {}): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended
    checkWait(options)
    const timeoutMs = options.timeoutMs ?? Number.POSITIVE_INFINITY
    if (!this.#copy.isFilled) await this.#waiters.until(0, timeoutMs, options.signal)
  }

  /** The revision of which it is a copy; 0 before it is ready. */
  get revision(): number {
    return this.#copy.revision
  }

  /** How many keys it has. */
  get size(): number {
    this.#assertReadable()
    return this.#copy.size
  }

  /** Is it over? */
  get closed(): boolean {
    return this.#ended !== undefined
  }

  /**
   * What a key has; undefined when there is none. With `consistent`, as of the store's
   * revision at the time of the call or later.
   *
   * @throws {ConclaveError} `invalid-argument`: the key is not in the range;
   *   `failed-precondition`: the cache is not ready; why it ended; with `consistent` also
   *   `deadline-exceeded`, `unavailable`, `cancelled`. What `decode` throws.
   */
  get(key: Bytes, options?: PresentRead): T | undefined
  get(key: Bytes, options: ConsistentRead): Promise<T | undefined>
  get(key: Bytes, options?: PresentRead | ConsistentRead): T | undefined | Promise<T | undefined> {
    const text = this.#bounds.textOf(key)
    if (!isConsistent(options)) return this.#at(text)
    return this.#consistent(options, () => this.#at(text))
  }

  /** Is there such a key? */
  has(key: Bytes): boolean {
    const text = this.#bounds.textOf(key)
    this.#assertReadable()
    return this.#copy.get(text) !== undefined
  }

  /**
   * What the keys of a part of the range have, in the order of the keys; all of it without
   * one.
   *
   * @param range plain bytes are a prefix.
   */
  getAll(range?: Bytes | Range, options?: PresentRead): T[]
  getAll(range: Bytes | Range | undefined, options: ConsistentRead): Promise<T[]>
  getAll(range?: Bytes | Range, options?: PresentRead | ConsistentRead): T[] | Promise<T[]> {
    const part = this.#bounds.partOf(range)
    const read = () => this.#list(part).map((kv) => this.#decode(kv))
    return isConsistent(options) ? this.#consistent(options, read) : read()
  }

  /** Keys as UTF-8 and what they have, in the order of the keys, of the revision of the call. */
  entries(range?: Bytes | Range): IterableIterator<[key: string, value: T]> {
    const kvs = this.#list(this.#bounds.partOf(range))
    return pairs(kvs, this.#decode)
  }

  /**
   * Resolves when the cache is at least at this revision, such as that of a write whose
   * effect is to be seen.
   *
   * @returns the revision that it has reached.
   * @throws {ConclaveError} `deadline-exceeded`, `cancelled`, why the cache ended.
   */
  async waitFor(revision: number, options: CacheWait = {}): Promise<number> {
    toCount(revision, 'revision')
    checkWait(options)
    if (this.#ended !== undefined) throw this.#ended
    if (this.#copy.isFilled && this.#copy.revision >= revision) return this.#copy.revision
    const reached = this.#waiters.until(
      revision,
      options.timeoutMs ?? this.#timeoutMs,
      options.signal,
    )
    if (this.#copy.isFilled) this.#level.chase()
    await reached
    return this.#copy.revision
  }

  /**
   * Adds a listener. One that throws stops nothing: its error ends the process as an
   * uncaught exception of its own, unless the program catches those.
   *
   * @example
   * const cache = client.cache('services/')
   * cache.on('change', ({ type, keyString, after }) => console.log(type, keyString, after?.text()))
   * await cache.ready()
   * console.log(cache.size, 'keys at revision', cache.revision)
   */
  on<K extends keyof CacheEvents<T>>(name: K, listener: Listener<CacheEvents<T>[K]>): this {
    this.#events.on(name, listener)
    return this
  }

  /** Takes a listener out. */
  off<K extends keyof CacheEvents<T>>(name: K, listener: Listener<CacheEvents<T>[K]>): this {
    this.#events.off(name, listener)
    return this
  }

  /** Ends the cache: reads and waits fail with `closed`. Idempotent. */
  close(): void {
    this.#end(new ConclaveError('closed', 'The cache is closed; make another one.'), false)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #levelOwner(wireRange: WireRange): LevelOwner {
    return {
      copy: this.#copy,
      wireRange,
      isWaitedFor: () => this.#copy.isFilled && this.#waiters.isWaitedFor,
      requestProgress: () => this.#sync.requestProgress(),
      advance: (revision) => this.#advance(revision),
    }
  }

  #syncOwner(what: SyncTarget): SyncOwner {
    return {
      ...what,
      listed: (kvs, revision, compactRevision) => this.#listed(kvs, revision, compactRevision),
      told: (batch) => this.#told(batch, what.keysMax),
      disconnected: (error) => this.#events.emit('disconnected', error),
      resumed: () => {
        this.#level.forgetServer()
        this.#events.emit('resumed', undefined)
      },
    }
  }

  async #consistent<R>(options: ConsistentRead, read: () => R): Promise<R> {
    checkWait(options, CACHE_NAMES.read)
    const { timeoutMs = this.#timeoutMs, signal } = options
    if (this.#ended !== undefined) throw this.#ended
    const untilMs = this.#clock.now() + timeoutMs
    const revision = await this.#waiters.within(this.#level.storeRevision(), timeoutMs, signal)
    const leftMs = Math.max(1, untilMs - this.#clock.now())
    await this.waitFor(revision, { timeoutMs: leftMs, ...(signal && { signal }) })
    return read()
  }

  #listed(kvs: readonly KeyValue[], revision: number, compactRevision: number): void {
    if (this.#ended !== undefined) return
    const isFirst = !this.#copy.isFilled
    const differences = this.#copy.replace(kvs, revision)
    if (isFirst) this.#events.emit('synced', revision)
    else {
      this.#events.emit('relisted', { revision, compactRevision })
      this.#tell(differences, true)
    }
    this.#waiters.reached(revision)
    if (this.#waiters.isWaitedFor) this.#level.chase()
  }

  #told(batch: WatchBatch, keysMax: number): void {
    for (const differences of this.#copy.apply(batch)) {
      // A listener may have closed the cache.
      if (this.#ended !== undefined) return
      if (this.#copy.size > keysMax) {
        this.#end(errorOf('too-many-keys'), true)
        return
      }
      this.#tell(differences, false)
    }
    const isReport = batch.events.length === 0
    if (!isReport || this.#level.trustsProgress) this.#advance(batch.revision)
    if (isReport) this.#level.answered()
  }

  #tell(differences: readonly Difference[], synthetic: boolean): void {
    if (!this.#events.has('change')) return
    const at = { revision: this.#copy.revision, synthetic }
    for (const { before, after } of differences)
      this.#events.emit('change', new CacheChange(before, after, at, this.#decode))
  }

  #advance(revision: number): void {
    if (this.#ended !== undefined) return
    this.#copy.advance(revision)
    this.#waiters.reached(this.#copy.revision)
  }

  #end(error: ConclaveError, isFailure: boolean): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#unhook()
    this.#sync.close()
    this.#waiters.close(error)
    if (isFailure) this.#events.emit('error', error)
    this.#events.emit('end', undefined)
  }

  #at(text: string): T | undefined {
    this.#assertReadable()
    const kv = this.#copy.get(text)
    return kv === undefined ? undefined : this.#decode(kv)
  }

  #list({ from, to }: KeyBounds): KeyValue[] {
    this.#assertReadable()
    return this.#copy.list(from, to)
  }

  #assertReadable(): void {
    if (this.#ended !== undefined) throw this.#ended
    if (!this.#copy.isFilled)
      throw new ConclaveError(
        'failed-precondition',
        'The cache has not read its keys yet; await ready() before the first read.',
      )
  }

  #decodeOnce(kv: KeyValue, decode: (kv: KeyValue) => T): T {
    let there = this.#decoded.get(kv)
    if (there === undefined) {
      there = { value: decode(kv) }
      this.#decoded.set(kv, there)
    }
    return there.value
  }
}

/** Must the answer wait? @throws {ConclaveError} `invalid-argument`: that is not said. */
function isConsistent(
  options: PresentRead | ConsistentRead | undefined,
): options is ConsistentRead {
  if (options === undefined) return false
  checkOptions(options, CACHE_NAMES.read)
  const { consistent = false } = options
  if (typeof consistent === 'boolean') return consistent
  throw invalidArgument(`consistent is true or false, not ${inWords(consistent)}.`)
}

function* pairs<T>(
  kvs: readonly KeyValue[],
  decode: (kv: KeyValue) => T,
): IterableIterator<[string, T]> {
  for (const kv of kvs) yield [toText(kv.key), decode(kv)]
}

/**
 * The last good value of what a cache holds: what `Config` and `ConfigTree` are, and how they
 * are read.
 *
 * After each change of the cache the value is read anew. Good: it is the value from now on.
 * Bad: the last good one stays, and the error is told. While no member serves the cache the
 * value stays too, and says how old it may be.
 */

import {
  type Cache,
  type CacheWait,
  ConclaveError,
  type Keyspace,
  type Listener,
  TypedEvents,
} from '../client/index.js'

/** What a configuration tells. */
export interface ConfigEvents<T> {
  /** There is another good value; `revision` is that of the change. */
  readonly change: {
    readonly value: T
    readonly previous: T | undefined
    readonly revision: number
  }
  /** What is stored is no good, or was deleted though there is no default: the last good value stays. */
  readonly invalid: { readonly error: ConclaveError; readonly revision: number }
  /** No member serves it for now: the value stays, and grows old. */
  readonly stale: { readonly error: ConclaveError }
  /** A member serves it again; what was missed comes now. */
  readonly fresh: undefined
  /** It has ended, and was not closed: the value stays as it is. */
  readonly error: ConclaveError
}

/** A value that is good, and where it comes from. */
export interface Good<T> {
  readonly value: T
  /** Nothing is stored: it is the default. */
  readonly isDefault: boolean
}

/** See the head of the file. */
export abstract class LastGood<T> implements AsyncDisposable {
  readonly client: Keyspace
  readonly #events = new TypedEvents<ConfigEvents<T>>({
    change: true,
    invalid: true,
    stale: true,
    fresh: true,
    error: true,
  })
  readonly #cache: Cache
  readonly #read: () => Good<T>
  #good: Good<T> | undefined
  /** Why the value that is stored is not the good one. */
  #bad: ConclaveError | undefined
  /** The revision of the last good value, or of the last change that was none. */
  #revision = 0
  #isFilled = false
  #isClosed = false
  #staleSinceMs: number | undefined

  /**
   * @internal
   * @param read makes the value of what the cache holds. @throws {ConclaveError} it is no good.
   * @param fallback what holds until the cache is read.
   */
  constructor(client: Keyspace, cache: Cache, read: () => Good<T>, fallback: Good<T> | undefined) {
    this.client = client
    this.#cache = cache
    this.#read = read
    this.#good = fallback
    cache.on('synced', (revision) => this.#reread(revision))
    cache.on('change', ({ revision }) => this.#reread(revision))
    cache.on('disconnected', (error) => this.#outdated(error))
    cache.on('resumed', () => this.#upToDate())
    cache.on('error', (error) => {
      this.#outdated(error)
      this.#events.emit('error', error)
    })
  }

  /**
   * The newest good value. Do not change it.
   *
   * @throws {ConclaveError} there never was one: `failed-precondition` (nothing is stored, or
   *   it is not {@link ready}) or `invalid-value`; `closed`.
   */
  get(): T {
    this.#assertOpen()
    if (this.#good !== undefined) return this.#good.value
    throw this.#bad ?? new ConclaveError('failed-precondition', 'Await ready() before get().')
  }

  /** Is the value the default, for nothing is stored, or read yet? */
  get isDefault(): boolean {
    return this.#good?.isDefault ?? false
  }

  /** What is wrong with what is stored; undefined when the value is what is stored. */
  get invalid(): ConclaveError | undefined {
    return this.#bad
  }

  /** For how long nobody could have told us another value, in milliseconds; 0 when connected. */
  get staleForMs(): number {
    return this.#staleSinceMs === undefined ? 0 : this.client.clock.now() - this.#staleSinceMs
  }

  /**
   * Resolves when what is stored was read for the first time.
   *
   * @throws {ConclaveError} there is no good value, as {@link get}; `permission-denied`, ….
   */
  async ready(options: CacheWait = {}): Promise<void> {
    this.#assertOpen()
    await this.#cache.ready(options)
    if (this.#good === undefined) throw this.#bad
  }

  on<K extends keyof ConfigEvents<T>>(name: K, listener: Listener<ConfigEvents<T>[K]>): this {
    this.#events.on(name, listener)
    return this
  }

  off<K extends keyof ConfigEvents<T>>(name: K, listener: Listener<ConfigEvents<T>[K]>): this {
    this.#events.off(name, listener)
    return this
  }

  /** Waits until the value is of this revision or later. */
  protected async reached(revision: number): Promise<void> {
    await this.#cache.waitFor(revision)
  }

  /** Follows the store no more. Idempotent. */
  close(): void {
    this.#isClosed = true
    this.#cache.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #assertOpen(): void {
    if (this.#isClosed)
      throw new ConclaveError('closed', 'The configuration is closed; make a new one.')
  }

  /** A revision may change several keys; it is read once. */
  #reread(revision: number): void {
    if (this.#isFilled && revision === this.#revision) return
    this.#revision = revision
    const isFirst = !this.#isFilled
    this.#isFilled = true
    const previous = this.#good
    try {
      this.#good = this.#read()
      this.#bad = undefined
    } catch (error) {
      this.#bad = ConclaveError.from(error)
      this.#events.emit('invalid', { error: this.#bad, revision })
      return
    }
    const { value } = this.#good
    if (isFirst && previous === undefined) return
    if (isFirst && this.#good.isDefault) return
    this.#events.emit('change', { value, previous: previous?.value, revision })
  }

  #outdated(error: ConclaveError): void {
    if (this.#staleSinceMs !== undefined) return
    this.#staleSinceMs = this.client.clock.now()
    this.#events.emit('stale', { error })
  }

  #upToDate(): void {
    this.#staleSinceMs = undefined
    this.#events.emit('fresh', undefined)
  }
}

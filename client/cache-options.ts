/** How a cache is made, and what it tells. */

import type { ConclaveError } from './errors.js'
import type { KeyValue } from './key-value.js'

/** How to cache. */
export interface CacheOptions<T = KeyValue> {
  /**
   * Makes what the cache gives out, once for each key-value and when it is first asked for:
   * `(kv) => kv.json<Config>()`, `(kv) => kv.decode(codec)`. Default: the key-value itself.
   * What it throws, the reader gets.
   */
  readonly decode?: (kv: KeyValue) => T
  /** More keys end the cache with `too-many-keys`. Default 1,000,000. */
  readonly keysMax?: number
  /** Leave a member that has lost its leader, for one that has one. Default true. */
  readonly requireLeader?: boolean
  /** Aborting ends the cache with code `cancelled`, or `deadline-exceeded` for `AbortSignal.timeout()`. */
  readonly signal?: AbortSignal
}

/** How long to wait for a revision. */
export interface CacheWait {
  /** Aborting ends the waiting with code `cancelled`, or `deadline-exceeded` for `AbortSignal.timeout()`. */
  readonly signal?: AbortSignal
  /** Milliseconds until `deadline-exceeded`; default is that of the client. */
  readonly timeoutMs?: number
}

/** Read what is there. */
export interface PresentRead {
  readonly consistent?: false
}

/** How to read as consistently as from the store. */
export interface ConsistentRead extends CacheWait {
  readonly consistent: true
}

/**
 * A key that is not what it was.
 *
 * @example
 * const cache = client.cache('config/')
 * cache.on('change', (change: CacheChange<KeyValue>) => {
 *   console.log(change.type, change.revision, change.synthetic)
 * })
 */
export class CacheChange<T> {
  readonly type: 'put' | 'delete'
  readonly key: Uint8Array
  /** The revision of the change; of a synthetic one that of the list. */
  readonly revision: number
  /** Found by comparing lists after a compaction: of several changes only the last is told. */
  readonly synthetic: boolean
  readonly #before: KeyValue | undefined
  readonly #after: KeyValue | undefined
  readonly #decode: (kv: KeyValue) => T

  /** @internal */
  constructor(
    before: KeyValue | undefined,
    after: KeyValue | undefined,
    at: { readonly revision: number; readonly synthetic: boolean },
    decode: (kv: KeyValue) => T,
  ) {
    this.type = after === undefined ? 'delete' : 'put'
    this.key = (after ?? before)!.key
    this.revision = at.revision
    this.synthetic = at.synthetic
    this.#before = before
    this.#after = after
    this.#decode = decode
  }

  /** The key as UTF-8. */
  get keyString(): string {
    return Buffer.from(this.key).toString('utf8')
  }

  /** What it was; undefined when the key is new. */
  get before(): T | undefined {
    return this.#before === undefined ? undefined : this.#decode(this.#before)
  }

  /** What it is now; undefined when it was deleted. */
  get after(): T | undefined {
    return this.#after === undefined ? undefined : this.#decode(this.#after)
  }
}

/** What the listeners of a cache are given, by the name of what they listen for. */
export interface CacheEvents<T = KeyValue> {
  /** A key has changed. All changes of a revision are in the cache before the first is told. */
  readonly change: CacheChange<T>
  /** All keys were read for the first time, as of this revision. */
  readonly synced: number
  /**
   * What was missed had been compacted, and all keys were read anew, as of `revision`; the
   * changes that this brought follow, marked `synthetic`.
   */
  readonly relisted: { readonly revision: number; readonly compactRevision: number }
  /** No member serves the cache for now: it stays as it is, and another is looked for. */
  readonly disconnected: ConclaveError
  /** A member serves it again; what was missed comes now. */
  readonly resumed: undefined
  /** The cache is over, and was not closed by its owner: every read fails so from now on. */
  readonly error: ConclaveError
  /** The cache is over; the last event. */
  readonly end: undefined
}

/**
 * A typed configuration value under one key, that follows the store and never turns bad.
 *
 * Promise: **`get()` gives the newest good value that this process has seen, at once: one
 * that cannot be read or that the schema refuses never replaces it, an unreachable store
 * never takes it away, and no change is written over one that was not seen.**
 *
 * The key is kept in a cache: a list of one key, then a watch. Each change is decoded and
 * validated before it becomes the value (last-good.ts).
 *
 * `set` compares the last put with the one that is in the cache, so of two who change the
 * same value one gets `conflict`; `update` then reads again and tries again. What is written
 * is validated first, as everybody who reads it will.
 *
 * | | round trips |
 * | --- | --- |
 * | `ready` | 1, then one watch |
 * | `get` | 0 |
 * | `set` | 1, and the wait until this process sees it |
 * | `update` | 1, 2 more for each conflict |
 *
 * There is no lease. Partition: the value stays, `staleForMs` says for how long nobody could
 * tell another, and what was missed comes when it is over. Crash: nothing is left behind.
 */

import {
  type Cache,
  ConclaveError,
  json,
  type Keyspace,
  KeyValue,
  type RequestOptions,
  type ValueCodec,
} from '../client/index.js'
import { hasCode } from './errors.js'
import { guardedPut } from './guarded-put.js'
import { LastGood } from './last-good.js'
import { checkName } from './names.js'

/** How a {@link Config} reads and writes. */
export interface ConfigOptions<T> {
  /** How values are written and read; `json(schema)` validates. Default JSON, believed. */
  readonly codec?: ValueCodec<T>
  /** What holds while nothing is stored, and until it is read. */
  readonly default?: T
}

/** Tries of an update before it fails with `conflict`. */
const UPDATE_TRIES_MAX = 64

/**
 * A configuration value; see the head of the file. It reads from when it is made.
 *
 * @example
 * const limits = new Config(client, 'config/limits', { default: { perSecond: 100 } })
 * limits.on('change', ({ value }) => console.log('from now on', value.perSecond))
 * limits.on('invalid', ({ error }) => console.error('kept the old one:', error.message))
 * await limits.ready()
 * await limits.update((now) => ({ ...now, perSecond: now.perSecond * 2 }))
 * limits.close()
 */
export class Config<T> extends LastGood<T> {
  readonly key: string
  readonly #codec: ValueCodec<T>
  readonly #cache: Cache

  /**
   * @param key not empty, not ending in `/`.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, key: string, options: ConfigOptions<T> = {}) {
    checkName(key, 'The key of a configuration')
    const codec = options.codec ?? json<T>()
    const fallback = 'default' in options ? (options.default as T) : undefined
    const absent = fallback === undefined ? undefined : { value: fallback, isDefault: true }
    const cache = client.cache({ from: key, to: `${key}\0` })
    const read = () => {
      const kv = cache.get(key)
      if (kv !== undefined) return { value: kv.decode(codec), isDefault: false }
      if (absent !== undefined) return absent
      throw new ConclaveError('failed-precondition', `Nothing is stored at ${key}.`)
    }
    super(client, cache, read, absent)
    this.key = key
    this.#codec = codec
    this.#cache = cache
  }

  /**
   * Writes a value, if nobody wrote another since the one that this process has seen.
   * Resolves with its revision when `get()` gives it, or a newer one.
   *
   * @throws {ConclaveError} `conflict`; `invalid-value`: the schema refuses it, and nothing is
   *   sent; `failed-precondition`: it is not {@link ready}; as `kv.put()`.
   */
  async set(value: T, options: RequestOptions = {}): Promise<number> {
    return this.#put(value, this.#cache.get(this.key)?.modRevision ?? 0, options)
  }

  /**
   * Writes what `change` makes of the newest value, which is read anew after a conflict.
   *
   * @param change may be called several times.
   * @throws {ConclaveError} `conflict` after 64 tries; as {@link set}; what `change` throws.
   */
  async update(change: (now: T) => T | Promise<T>, options: RequestOptions = {}): Promise<number> {
    for (let tries = 1; ; tries++) {
      // The value and its revision are read in one turn: they belong together.
      const modRevision = this.#cache.get(this.key)?.modRevision ?? 0
      const value = await change(this.get())
      try {
        return await this.#put(value, modRevision, options)
      } catch (error) {
        const isConflict = hasCode(error, 'conflict')
        if (!isConflict || tries === UPDATE_TRIES_MAX) throw error
      }
      await this.#cache.get(this.key, { consistent: true })
    }
  }

  async #put(value: T, modRevision: number, options: RequestOptions): Promise<number> {
    const bytes = encodeChecked(this.#codec, value, this.key)
    const revision = await guardedPut(this.client, this.key, bytes, modRevision, options)
    await this.reached(revision)
    return revision
  }
}

/** The bytes of a value that everybody who reads it will accept. @throws {ConclaveError} `invalid-value`. */
export function encodeChecked<T>(codec: ValueCodec<T>, value: T, key: string): Uint8Array {
  const encoded = codec.encode(value)
  const bytes = typeof encoded === 'string' ? new TextEncoder().encode(encoded) : encoded
  const stored = { createRevision: 1, modRevision: 1, version: 1, lease: 0n }
  new KeyValue({ key: new TextEncoder().encode(key), value: bytes, ...stored }).decode(codec)
  return bytes
}

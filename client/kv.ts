/** The key-value service: get, put, delete, count, compact. */

import type { Bytes } from './bytes.js'
import { toCount, toKey } from './bytes.js'
import type { Calls } from './calls.js'
import type { RequestOptions } from './connection/connection.js'
import { invalidArgument } from './errors.js'
import { type KeyValue, keyValueOf } from './key-value.js'
import { type Range, toRange, toRangeOrPrefix } from './range.js'
import {
  type DeleteOptions,
  type DeleteResult,
  deleteResult,
  type PutOptions,
  type PutResult,
  putRequest,
  putResult,
  type RangeOptions,
  type RangeResult,
  type ReadOptions,
  rangeRequest,
  rangeResult,
} from './requests.js'
import { KV } from './wire/methods.js'

const NOTHING = new Uint8Array(0)

/**
 * The key-value service of a client.
 *
 * @example
 * await client.kv.put('config/color', 'green')
 * const kv = await client.kv.get('config/color')
 * console.log(kv?.text(), kv?.modRevision)
 * const { kvs } = await client.kv.getAll('config/')
 */
export class KvClient {
  readonly #calls: Calls

  constructor(calls: Calls) {
    this.#calls = calls
  }

  /**
   * One key, or null when there is none. Linearizable unless `serializable`.
   *
   * @throws {ConclaveError} `compacted`, `future-revision`, `unavailable`, ….
   */
  async get(key: Bytes, options: RequestOptions & ReadOptions = {}): Promise<KeyValue | null> {
    const request = rangeRequest({ key: toKey(key), rangeEnd: NOTHING }, options)
    const response = await this.#calls.call(KV.range, request, 'read', options)
    return keyValueOf(response.kvs[0])
  }

  /**
   * All keys of a range, in one answer: mind `limit` when there may be many.
   *
   * @param range a range; plain bytes are a prefix.
   */
  async getAll(
    range: Bytes | Range,
    options: RequestOptions & RangeOptions = {},
  ): Promise<RangeResult> {
    const request = rangeRequest(toRangeOrPrefix(range), options)
    return rangeResult(await this.#calls.call(KV.range, request, 'read', options))
  }

  /** How many keys a range has; plain bytes are a prefix. */
  async count(range: Bytes | Range, options: RequestOptions & ReadOptions = {}): Promise<number> {
    const request = rangeRequest(toRangeOrPrefix(range), { ...options, countOnly: true })
    return (await this.#calls.call(KV.range, request, 'read', options)).count
  }

  /**
   * Puts a key. Without `lease` the key lives on its own, also when it had a lease before.
   *
   * @throws {ConclaveError} `lease-not-found`, `outcome-unknown` when it may or may not
   *   have happened, `no-space`, `request-too-large`, ….
   */
  async put(
    key: Bytes,
    value: Bytes,
    options: RequestOptions & PutOptions = {},
  ): Promise<PutResult> {
    const request = putRequest(key, value, options)
    return putResult(await this.#calls.call(KV.put, request, 'write', options))
  }

  /** Deletes one key, or all keys of a range: plain bytes are one key. */
  async delete(
    keyOrRange: Bytes | Range,
    options: RequestOptions & DeleteOptions = {},
  ): Promise<DeleteResult> {
    const request = { ...toRange(keyOrRange), prevKv: options.prevKv ?? false }
    return deleteResult(await this.#calls.call(KV.deleteRange, request, 'write', options))
  }

  /**
   * Forgets what the store was before a revision; reads and watches from before it fail
   * with `compacted` from then on.
   *
   * @param options.physical answer only when the space has been freed.
   */
  async compact(
    revision: number,
    options: RequestOptions & { readonly physical?: boolean } = {},
  ): Promise<void> {
    if (toCount(revision, 'revision') === 0) throw invalidArgument('There is no revision 0.')
    const request = { revision, physical: options.physical ?? false }
    await this.#calls.call(KV.compact, request, 'write', options)
  }
}

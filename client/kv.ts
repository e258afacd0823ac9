/** The key-value service: get, put, delete, count, compact; large ranges; guarded writes. */

import { type Bytes, toCount, toKey } from './bytes.js'
import type { Calls, Streams } from './calls.js'
import type { RequestOptions } from './connection/connection.js'
import { invalidArgument } from './errors.js'
import {
  createKey,
  type GuardedOptions,
  type GuardedResult,
  replaceKey,
  type UpdateOptions,
  type UpdateResult,
  updateKey,
} from './guarded-writes.js'
import { type KeyValue, keyValueOf } from './key-value.js'
import type { Known } from './known-names.js'
import { KV_NAMES } from './option-names.js'
import { type Range, toRange, toRangeOrPrefix } from './range.js'
import { type PiecesOptions, RangeCursor } from './range-cursor.js'
import { RangeReader, readPages } from './range-pieces.js'
import { checkOptions, checkRequest, positiveMs, requestPart } from './request-checks.js'
import {
  type DeleteOptions,
  type DeleteResult,
  deleteRequest,
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
import { TypedKv } from './typed-kv.js'
import type { ValueCodec } from './value-codec.js'
import { KV } from './wire/methods.js'

const NOTHING = new Uint8Array(0)

/** Keys of a page when nothing else is said. */
const PAGE_SIZE = 1_000

/** How to read a range in pages. */
export interface PagesOptions extends PiecesOptions {
  /** Keys of a page, from 1 on; default 1000. The last page may have fewer. */
  readonly pageSize?: number
}

/**
 * The key-value service of a client.
 *
 * Arguments are checked before anything is sent: what is no key, value or range fails
 * with `invalid-argument`. Byte arrays must not be changed before the call is answered.
 *
 * @example
 * await client.kv.put('config/color', 'green')
 * const kv = await client.kv.get('config/color')
 * console.log(kv?.text(), kv?.modRevision)
 * const { kvs } = await client.kv.getAll('config/')
 */
export class KvClient {
  readonly #calls: Calls
  readonly #reader: RangeReader

  /** @internal Made by the client; without streams large ranges come in pages. */
  constructor(calls: Calls, streams?: Streams) {
    this.#calls = calls
    this.#reader = new RangeReader(calls, streams)
  }

  /**
   * One key, or null when there is none. Linearizable unless `serializable`.
   *
   * @throws {ConclaveError} `compacted`, `future-revision`, `unavailable`, ….
   */
  async get(key: Bytes, options: RequestOptions & ReadOptions = {}): Promise<KeyValue | null> {
    checkOptions(options, KV_NAMES.read)
    const request = rangeRequest({ key: toKey(key), rangeEnd: NOTHING }, options)
    const response = await this.#calls.call(KV.range, request, 'read', options)
    return keyValueOf(response.kvs[0])
  }

  /**
   * All keys of a range, in one answer: when there may be many, set a `limit`, or use
   * {@link pages} or {@link stream}.
   *
   * @param range a range; plain bytes are a prefix.
   */
  async getAll(
    range: Bytes | Range,
    options: RequestOptions & RangeOptions = {},
  ): Promise<RangeResult> {
    checkOptions(options, KV_NAMES.range)
    const request = rangeRequest(toRangeOrPrefix(range), options)
    return rangeResult(await this.#calls.call(KV.range, request, 'read', options))
  }

  /**
   * A range page by page, all of one revision: that of the first page, unless one is given.
   * Each page says the `count` of the whole range, and the `revision` of all pages; what
   * changes afterwards is told by a watch from the revision behind it.
   *
   * @param range plain bytes are a prefix.
   * @param options.timeoutMs time for one page.
   * @throws {ConclaveError} `compacted` when the revision is compacted while it is read;
   *   `invalid-argument` at once.
   * @example
   * for await (const { kvs } of client.kv.pages('log/', { pageSize: 100 }))
   *   console.log(kvs.length)
   */
  pages(
    range: Bytes | Range,
    options: RequestOptions & PagesOptions = {},
  ): AsyncGenerator<RangeResult, void, undefined> {
    checkPieces(options, KV_NAMES.pages)
    const { pageSize = PAGE_SIZE } = options
    if (toCount(pageSize, 'pageSize') === 0) throw invalidArgument('A page has one key at least.')
    const cursor = new RangeCursor(toRangeOrPrefix(range), options)
    return readPages(this.#calls, cursor, pageSize, requestPart(options))
  }

  /**
   * A range of any size key by key, all of one revision, at the pace of the reader. One
   * piece is held here at a time: about a megabyte, unless single values are large.
   * Leaving the loop ends it on the server, too.
   *
   * Uses `RangeStream` where the server has it (etcd from 3.7 on), pages otherwise.
   *
   * @param range plain bytes are a prefix.
   * @param options.timeoutMs time for the server to send the next piece.
   * @throws {ConclaveError} as {@link pages}.
   * @example
   * for await (const kv of client.kv.stream('log/')) console.log(kv.keyString)
   */
  stream(
    range: Bytes | Range,
    options: RequestOptions & PiecesOptions = {},
  ): AsyncGenerator<KeyValue, void, undefined> {
    checkPieces(options, KV_NAMES.range)
    return this.#reader.read(new RangeCursor(toRangeOrPrefix(range), options), requestPart(options))
  }

  /** How many keys a range has; plain bytes are a prefix. */
  async count(range: Bytes | Range, options: RequestOptions & ReadOptions = {}): Promise<number> {
    checkOptions(options, KV_NAMES.read)
    const { revision, serializable } = options
    const request = rangeRequest(toRangeOrPrefix(range), { countOnly: true })
    request.revision = toCount(revision, 'revision')
    request.serializable = serializable ?? false
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
    checkOptions(options, KV_NAMES.put)
    const request = putRequest(key, value, options)
    return putResult(await this.#calls.call(KV.put, request, 'write', options))
  }

  /** Deletes one key, or all keys of a range: plain bytes are one key. */
  async delete(
    keyOrRange: Bytes | Range,
    options: RequestOptions & DeleteOptions = {},
  ): Promise<DeleteResult> {
    checkOptions(options, KV_NAMES.delete)
    const request = deleteRequest(toRange(keyOrRange), options)
    return deleteResult(await this.#calls.call(KV.deleteRange, request, 'write', options))
  }

  /**
   * Puts a key if there is none; otherwise says what is there.
   *
   * @throws {ConclaveError} as {@link put}.
   * @example
   * const made = await client.kv.create('leader', 'me')
   * if (!made.succeeded) console.log(made.existing.text())
   */
  async create(
    key: Bytes,
    value: Bytes,
    options: RequestOptions & GuardedOptions = {},
  ): Promise<GuardedResult<KeyValue>> {
    checkOptions(options, KV_NAMES.guarded)
    return createKey(this.#calls, key, value, options)
  }

  /**
   * Puts a key if nobody has put or deleted it since a revision; otherwise says what is
   * there. The key keeps its lease unless one is given.
   *
   * @param modRevision of the key-value that was read.
   * @throws {ConclaveError} as {@link put}.
   */
  async replace(
    key: Bytes,
    value: Bytes,
    modRevision: number,
    options: RequestOptions & GuardedOptions = {},
  ): Promise<GuardedResult<KeyValue | null>> {
    checkOptions(options, KV_NAMES.guarded)
    return replaceKey(this.#calls, key, value, modRevision, options)
  }

  /**
   * Reads a key and puts what `change` makes of it; again with what is there then, when
   * another was faster. The key keeps its lease unless one is given.
   *
   * @param change gets the key-value, or null; gives the new value, or undefined for no
   *   change. May be called several times.
   * @param options.timeoutMs time for each request.
   * @throws {ConclaveError} `conflict` after too many tries, and as {@link put}.
   * @example
   * await client.kv.update('visits', (kv) => String(Number(kv?.text() ?? 0) + 1))
   */
  async update(
    key: Bytes,
    change: (current: KeyValue | null) => Bytes | undefined | Promise<Bytes | undefined>,
    options: RequestOptions & UpdateOptions = {},
  ): Promise<UpdateResult> {
    checkOptions(options, KV_NAMES.update)
    const read = () => this.get(key, requestPart(options))
    return updateKey(this.#calls, read, key, change, options)
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
    checkOptions(options, KV_NAMES.compact)
    const request = { revision, physical: options.physical ?? false }
    await this.#calls.call(KV.compact, request, 'write', options)
  }

  /**
   * The same keys with values of another type: see {@link json}, {@link text}.
   *
   * @example
   * const limits = client.kv.withCodec(json<{ perSecond: number }>())
   * await limits.put('limits/api', { perSecond: 100 })
   * console.log((await limits.get('limits/api'))?.value.perSecond)
   */
  withCodec<Out, In = Out>(codec: ValueCodec<Out, In>): TypedKv<Out, In> {
    return new TypedKv(this, codec)
  }
}

/** At once, and not when the iteration begins. @throws {ConclaveError} `invalid-argument`. */
function checkPieces(options: RequestOptions, known: Known<string>): void {
  checkOptions(options, known)
  checkRequest(options)
  if (options.timeoutMs !== undefined) positiveMs(options.timeoutMs, 'timeoutMs')
}

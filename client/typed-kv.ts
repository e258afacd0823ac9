/**
 * Keys whose values have a type: the key-value service, seen through a codec.
 *
 * Reads decode at once, so a value that is not what it should be fails the read with
 * `invalid-value`. What a write brings back (`prev`) is decoded when it is looked at: a
 * write that has happened is not reported as failed for what was there before.
 */

import type { Bytes } from './bytes.js'
import type { RequestOptions } from './connection/connection.js'
import { invalidArgument } from './errors.js'
import type {
  GuardedOptions,
  GuardedResult,
  UpdateOptions,
  UpdateResult,
} from './guarded-writes.js'
import { Iteration } from './iteration.js'
import type { KeyValue } from './key-value.js'
import type { KvClient, PagesOptions } from './kv.js'
import type { Range } from './range.js'
import type { PiecesOptions } from './range-cursor.js'
import { checkObject } from './request-checks.js'
import type {
  DeleteOptions,
  DeleteResult,
  PutOptions,
  PutResult,
  RangeOptions,
  RangeResult,
  ReadOptions,
} from './requests.js'
import { encodeValue, type ValueCodec } from './value-codec.js'

/**
 * A key-value whose value has a type.
 *
 * @example
 * const limits = client.kv.withCodec(json<{ perSecond: number }>())
 * const limit = await limits.get('limits/api')
 * if (limit !== null) console.log(limit.value.perSecond, limit.raw.modRevision)
 */
export class TypedKeyValue<T> {
  /** The same, as bytes. */
  readonly raw: KeyValue
  readonly #codec: ValueCodec<T, never>
  #decoded: { readonly value: T } | undefined

  /** @internal Made by {@link TypedKv}. */
  constructor(raw: KeyValue, codec: ValueCodec<T, never>) {
    this.raw = raw
    this.#codec = codec
  }

  /**
   * The value; decoded once.
   *
   * @throws {ConclaveError} `invalid-value`; only for the `prev` of a write, since reads
   *   have failed before.
   */
  get value(): T {
    this.#decoded ??= { value: this.raw.decode(this.#codec) }
    return this.#decoded.value
  }

  get key(): Uint8Array {
    return this.raw.key
  }

  /** The key as UTF-8. */
  get keyString(): string {
    return this.raw.keyString
  }

  /** Revision of the put that created the key. */
  get createRevision(): number {
    return this.raw.createRevision
  }

  /** Revision of the last put. */
  get modRevision(): number {
    return this.raw.modRevision
  }

  /** Number of puts since the key was created; 1 after creation. */
  get version(): number {
    return this.raw.version
  }

  /** The lease that the key lives with; 0n is none. */
  get lease(): bigint {
    return this.raw.lease
  }
}

/** What a range read brought. */
export type TypedRangeResult<T> = Omit<RangeResult, 'kvs'> & { readonly kvs: TypedKeyValue<T>[] }
/** What a put did. */
export type TypedPutResult<T> = Omit<PutResult, 'prev'> & { readonly prev: TypedKeyValue<T> | null }
/** What a delete did. */
export type TypedDeleteResult<T> = Omit<DeleteResult, 'prev'> & {
  readonly prev: TypedKeyValue<T>[]
}

/** How to read many typed values; without a value there is nothing to decode. */
type TypedRangeOptions = Omit<RangeOptions, 'keysOnly' | 'countOnly'>
type TypedPiecesOptions = Omit<PiecesOptions, 'keysOnly'>

/**
 * The key-value service for values of one type; made by `kv.withCodec`.
 *
 * @typeParam Out what reads give.
 * @typeParam In what writes take.
 */
export class TypedKv<Out, In = Out> {
  readonly #kv: KvClient
  readonly #codec: ValueCodec<Out, In>

  /** @internal Made by `kv.withCodec`. */
  constructor(kv: KvClient, codec: ValueCodec<Out, In>) {
    if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function')
      throw invalidArgument('A codec has the functions encode and decode; json() makes one.')
    this.#kv = kv
    this.#codec = codec
  }

  /** As `kv.get`. */
  async get(
    key: Bytes,
    options: RequestOptions & ReadOptions = {},
  ): Promise<TypedKeyValue<Out> | null> {
    const kv = await this.#kv.get(key, options)
    return kv === null ? null : this.#read(kv)
  }

  /** As `kv.getAll`. */
  async getAll(
    range: Bytes | Range,
    options: RequestOptions & TypedRangeOptions = {},
  ): Promise<TypedRangeResult<Out>> {
    refuseWithoutValues(options)
    return this.#page(await this.#kv.getAll(range, options))
  }

  /** As `kv.pages`. */
  pages(
    range: Bytes | Range,
    options: RequestOptions & Omit<PagesOptions, 'keysOnly'> = {},
  ): AsyncGenerator<TypedRangeResult<Out>, void, undefined> {
    refuseWithoutValues(options)
    return mapped(this.#kv.pages(range, options), (page) => this.#page(page))
  }

  /** As `kv.stream`. */
  stream(
    range: Bytes | Range,
    options: RequestOptions & TypedPiecesOptions = {},
  ): AsyncGenerator<TypedKeyValue<Out>, void, undefined> {
    refuseWithoutValues(options)
    return mapped(this.#kv.stream(range, options), (kv) => this.#read(kv))
  }

  /** As `kv.count`; plain bytes are a prefix. No value is read. */
  count(range: Bytes | Range, options: RequestOptions & ReadOptions = {}): Promise<number> {
    return this.#kv.count(range, options)
  }

  /** As `kv.put`. */
  async put(
    key: Bytes,
    value: In,
    options: RequestOptions & Omit<PutOptions, 'ignoreValue'> = {},
  ): Promise<TypedPutResult<Out>> {
    const result = await this.#kv.put(key, encodeValue(this.#codec, value), options)
    const { prev } = result
    return { ...result, prev: prev && this.#typed(prev) }
  }

  /** As `kv.delete`. */
  async delete(
    keyOrRange: Bytes | Range,
    options: RequestOptions & DeleteOptions = {},
  ): Promise<TypedDeleteResult<Out>> {
    const result = await this.#kv.delete(keyOrRange, options)
    return { ...result, prev: result.prev.map((kv) => this.#typed(kv)) }
  }

  /** As `kv.create`. */
  async create(
    key: Bytes,
    value: In,
    options: RequestOptions & GuardedOptions = {},
  ): Promise<GuardedResult<TypedKeyValue<Out>>> {
    const result = await this.#kv.create(key, encodeValue(this.#codec, value), options)
    return result.succeeded ? result : { ...result, existing: this.#read(result.existing) }
  }

  /** As `kv.replace`. */
  async replace(
    key: Bytes,
    value: In,
    modRevision: number,
    options: RequestOptions & GuardedOptions = {},
  ): Promise<GuardedResult<TypedKeyValue<Out> | null>> {
    const bytes = encodeValue(this.#codec, value)
    const result = await this.#kv.replace(key, bytes, modRevision, options)
    if (result.succeeded) return result
    return { ...result, existing: result.existing && this.#read(result.existing) }
  }

  /**
   * As `kv.update`; `change` gets the typed key-value.
   *
   * @example
   * const counters = client.kv.withCodec(json<{ n: number }>())
   * await counters.update('hits', (kv) => ({ n: (kv?.value.n ?? 0) + 1 }))
   */
  async update(
    key: Bytes,
    change: (current: TypedKeyValue<Out> | null) => In | undefined | Promise<In | undefined>,
    options: RequestOptions & UpdateOptions = {},
  ): Promise<UpdateResult<TypedKeyValue<Out>>> {
    const encoded = async (current: KeyValue | null) => {
      const value = await change(current && this.#read(current))
      return value === undefined ? undefined : encodeValue(this.#codec, value)
    }
    const result = await this.#kv.update(key, encoded, options)
    return { ...result, prev: result.prev && this.#typed(result.prev) }
  }

  #page(page: RangeResult): TypedRangeResult<Out> {
    return { ...page, kvs: page.kvs.map((kv) => this.#read(kv)) }
  }

  /** Decodes at once. */
  #read(kv: KeyValue): TypedKeyValue<Out> {
    const typed = this.#typed(kv)
    void typed.value
    return typed
  }

  #typed(kv: KeyValue): TypedKeyValue<Out> {
    return new TypedKeyValue(kv, this.#codec)
  }
}

function refuseWithoutValues(options: RangeOptions): void {
  checkObject(options)
  const { keysOnly, countOnly } = options
  if (keysOnly || countOnly) throw invalidArgument('Without values there is nothing to decode.')
}

function mapped<From, To>(
  from: AsyncGenerator<From, void, undefined>,
  map: (one: From) => To,
): AsyncGenerator<To, void, undefined> {
  return new Iteration({
    next: async () => {
      const { done, value } = await from.next()
      return done ? undefined : map(value as From)
    },
    leave: async () => {
      await from.return()
    },
  })
}

/** What the body of a transaction works with. */

import {
  type Bytes,
  ConclaveError,
  type KeyValue,
  type Lease,
  type Range,
  type ValueCodec,
} from '../../client/index.js'
import { keyRange } from './key-range.js'
import type { Reads } from './reads.js'
import type { Writes } from './writes.js'

/** One attempt at a transaction, behind all its typed views. */
export interface Attempt {
  readonly reads: Reads
  readonly writes: Writes
  readonly signal: AbortSignal
  /** @throws {ConclaveError} `failed-precondition`: it has ended. */
  readonly checkOpen: () => void
  /** @throws {ConclaveError} `too-many-operations`: no server would take it. */
  readonly checkSize: () => void
}

/** A key of a range and its value. */
export interface TransactionEntry<Out> {
  readonly key: Uint8Array
  /** The key as UTF-8. */
  readonly keyString: string
  readonly value: Out
}

/**
 * A transaction under way: reads see the store of one moment (see `Isolation`) and what it
 * wrote itself; writes are kept until the body has ended well.
 *
 * @typeParam Out what reading gives; @typeParam In what writing takes.
 * @example
 * await stm(client, async (tx) => {
 *   const visits = (await tx.get<number>('visits')) ?? 0
 *   tx.put('visits', visits + 1)
 * })
 */
export class Transaction<Out = unknown, In = Out> {
  readonly #attempt: Attempt
  readonly #codec: ValueCodec<Out, In>

  /** @internal Made by `stm`. */
  constructor(attempt: Attempt, codec: ValueCodec<Out, In>) {
    this.#attempt = attempt
    this.#codec = codec
  }

  /** Fires when the transaction is given up: its time is over, or its caller aborted it. */
  get signal(): AbortSignal {
    return this.#attempt.signal
  }

  /**
   * A value; undefined when there is none. The type is believed, unless the codec checks it.
   *
   * @throws {ConclaveError} `invalid-value`, `unavailable`, ….
   */
  async get<T extends Out = Out>(key: Bytes): Promise<T | undefined> {
    const { reads, writes } = this.#open()
    const written = writes.of(key)
    const kv = written === undefined ? await this.#sized(reads.key(key)) : written.kv
    return kv?.decode(this.#codec) as T | undefined
  }

  /**
   * All keys of a range in order; plain bytes are a prefix. Each key counts as a condition of
   * the commit, and the range as one more.
   *
   * @throws {ConclaveError} as {@link get}; `too-many-operations`.
   */
  async getAll<T extends Out = Out>(range: Bytes | Range): Promise<TransactionEntry<T>[]> {
    const { reads, writes } = this.#open()
    const kvs = writes.over(keyRange(range), await this.#sized(reads.range(range)))
    return kvs.map((kv) => this.#entry<T>(kv))
  }

  /** Revision of the last put of a key, as it was read, whatever was written since; 0 when there is none. */
  async rev(key: Bytes): Promise<number> {
    const kv = await this.#sized(this.#open().reads.key(key))
    return kv?.modRevision ?? 0
  }

  /**
   * Will put a key. Without `lease` it lives on its own, also when it had one.
   *
   * @throws {ConclaveError} `invalid-argument`, `too-many-operations`, at once.
   */
  put(key: Bytes, value: In, { lease = 0n }: { readonly lease?: Lease | bigint } = {}): void {
    const { writes, checkSize } = this.#open()
    writes.put(key, this.#codec.encode(value), lease)
    checkSize()
  }

  /** Will delete a key, if there is one. */
  delete(key: Bytes): void {
    const { writes, checkSize } = this.#open()
    writes.delete(key)
    checkSize()
  }

  /**
   * The same transaction with values of another type.
   *
   * @example
   * await stm(client, async (tx) => {
   *   const names = tx.withCodec(text)
   *   names.put('names/1', `${(await names.get('names/1')) ?? ''}!`)
   * })
   */
  withCodec<Other, OtherIn = Other>(
    codec: ValueCodec<Other, OtherIn>,
  ): Transaction<Other, OtherIn> {
    return new Transaction(this.#attempt, codec)
  }

  #open(): Attempt {
    this.#attempt.checkOpen()
    return this.#attempt
  }

  /** What was read, unless there is no point in it any more. */
  async #sized<T>(reading: Promise<T>): Promise<T> {
    const read = await reading
    this.#open().checkSize()
    return read
  }

  #entry<T>(kv: KeyValue): TransactionEntry<T> {
    const { key, keyString } = kv
    return { key, keyString, value: kv.decode(this.#codec) as unknown as T }
  }
}

/** Somebody kept a transaction beyond its body, or did not await all that it began. */
export function endedError(): ConclaveError {
  return new ConclaveError(
    'failed-precondition',
    'The transaction has ended: use it only inside its body, and await everything there.',
  )
}

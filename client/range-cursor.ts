/**
 * How far a range has been read that is read in pieces, all of one revision.
 *
 * The first piece fixes the revision: that of the store when it answered, unless one was
 * asked for. Each further piece is the rest of the range, behind the last key (or before
 * it, when the order is descending), at that revision. A compaction beyond it ends the
 * reading with `compacted`, since the rest can no longer be known.
 */

import type { Calls } from './calls.js'
import type { RequestOptions } from './connection/connection.js'
import { ConclaveError, invalidArgument } from './errors.js'
import { inWords } from './in-words.js'
import type { KeyValue } from './key-value.js'
import type { WireRange } from './range.js'
import { type RangeOptions, type RangeResult, rangeRequest, rangeResult } from './requests.js'
import type { Init } from './wire/codec.js'
import { type RangeRequest, SortOrder } from './wire/generated/rpc.js'
import { KV } from './wire/methods.js'

/** How to read a range in pieces; they come in the order of their keys. */
export type PiecesOptions = Omit<RangeOptions, 'sort' | 'countOnly'>

/** Reads a range in pieces. */
export class RangeCursor {
  /** The rest of the range, and how it was asked for. */
  readonly #rest: Init<RangeRequest>
  readonly #descending: boolean
  /** How many keys the caller still wants; infinite without a limit. */
  #wanted: number
  /** Is the revision fixed by an answer, and not by the caller? */
  #pinned = false
  #count: number | undefined
  #more = true

  /** @throws {ConclaveError} `invalid-argument`. */
  constructor(range: WireRange, options: PiecesOptions) {
    const { sort = 'key', countOnly } = options as RangeOptions
    if (sort !== 'key')
      throw invalidArgument(`In pieces a range is sorted by key, not ${inWords(sort)}.`)
    if (countOnly) throw invalidArgument('To count, use count().')
    this.#rest = rangeRequest(range, options)
    this.#descending = this.#rest.sortOrder === SortOrder.DESCEND
    this.#wanted = this.#rest.limit || Number.POSITIVE_INFINITY
  }

  /** Is there more to read? */
  get more(): boolean {
    return this.#more && this.#wanted > 0
  }

  /** Can RangeStream read it? etcd's knows no order but that of the keys, and no filter. */
  get isStreamable(): boolean {
    const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = this.#rest
    const filtered = minModRevision || maxModRevision || minCreateRevision || maxCreateRevision
    return !this.#descending && !filtered
  }

  /** The request for the rest of the range, at most so many keys of it. */
  request(keysMax: number): Init<RangeRequest> {
    const limit = Math.min(keysMax, this.#wanted)
    const request = { ...this.#rest }
    request.limit = limit === Number.POSITIVE_INFINITY ? 0 : limit
    return request
  }

  /** Reads the next page. `count` is that of the whole range, `revision` that of all pages. */
  async page(calls: Calls, keysMax: number, options: RequestOptions): Promise<RangeResult> {
    const response = await this.#read(calls, this.request(keysMax), options)
    const { kvs, more, count, header } = rangeResult(response)
    if (!this.#rest.revision) {
      this.#rest.revision = header.revision
      this.#pinned = true
    }
    this.#count ??= count
    this.take(kvs, more)
    return { kvs, more, count: this.#count, revision: this.#rest.revision ?? 0, header }
  }

  /** Goes on behind keys that were read; `more` when they were not the last. */
  take(kvs: readonly KeyValue[], more: boolean): void {
    this.#more = more
    this.#wanted -= kvs.length
    const last = kvs[kvs.length - 1]
    if (last === undefined) return
    if (this.#descending) this.#rest.rangeEnd = last.key
    else this.#rest.key = after(last.key)
  }

  /** What to say when a piece could not be read. */
  failure(error: unknown): unknown {
    if (!this.#pinned || !(error instanceof ConclaveError) || error.code !== 'compacted')
      return error
    const { etcd, compactRevision } = error
    return new ConclaveError(
      'compacted',
      `Revision ${this.#rest.revision}, at which the range is read, was compacted meanwhile; ` +
        'begin again, and read faster or compact later.',
      { cause: error, compactRevision, ...(etcd && { etcd }) },
    )
  }

  async #read(calls: Calls, request: Init<RangeRequest>, options: RequestOptions) {
    try {
      return await calls.call(KV.range, request, 'read', options)
    } catch (error) {
      // Another member than that of the first piece may not be as far yet.
      const isBehind = error instanceof ConclaveError && error.code === 'future-revision'
      if (!isBehind || !this.#pinned || !request.serializable) throw this.failure(error)
    }
    try {
      return await calls.call(KV.range, { ...request, serializable: false }, 'read', options)
    } catch (error) {
      throw this.failure(error)
    }
  }
}

/** The first key behind a key. */
function after(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}

/**
 * A RangeRequest with all its options, in etcd's order (behaviour 5.3):
 *
 * 1. Read the interval at the revision. The limit applies here only if nothing that
 *    follows needs to see everything, and then one key more is read, to know `more`.
 * 2. Filter by modification and creation revision; 0 is no filter.
 * 3. Sort. A target other than the key without an order sorts ascending, but only what
 *    step 1 has read: etcd's quirk, for the limit has already been applied.
 * 4. Cut at the limit; `more` says whether something was cut.
 *
 * `count` is what the interval holds, whatever the limit and the filters.
 */

import { NO_BYTES } from '../../client/wire/codec.js'
import { type RangeRequest, SortOrder, SortTarget } from '../../client/wire/generated/rpc.js'
import { type Interval, intervalOf, isPoint, point } from './interval.js'
import type { StoredKv } from './stored-kv.js'
import type { RangeQuery, RangeResult } from './version-reader.js'

/** What can be asked for ranges: the store, or a write transaction. */
export interface RangeReader {
  range(interval: Interval, query: RangeQuery): RangeResult
}

/** The answer to a request, without header. */
export interface RangeAnswer {
  readonly kvs: StoredKv[]
  /** The limit kept keys out of `kvs`. */
  readonly more: boolean
  readonly count: number
}

/**
 * Answers a request whose enums were checked at the door. Equal keys of a sort stay in
 * key order (etcd leaves their order open).
 *
 * @throws etcdErrors.compacted, etcdErrors.futureRev
 */
export function rangeRequest(reader: RangeReader, request: RangeRequest): RangeAnswer {
  const interval = intervalOf(request.key, request.rangeEnd)
  const { revision, keysOnly, limit } = request
  if (request.countOnly)
    return {
      kvs: [],
      more: false,
      count: reader.range(interval, { revision, countOnly: true }).count,
    }
  if (isPoint(interval) && !hasFilters(request)) {
    const { kvs, count } = reader.range(interval, { revision, keysOnly })
    return { kvs, more: false, count }
  }
  const early = limitsEarly(request)
  // What is filtered or cut later is better read without its value first.
  const lateValues =
    !early && !keysOnly && request.sortTarget !== SortTarget.VALUE && mayShrink(request)
  const { kvs: read, count } = reader.range(interval, {
    revision,
    keysOnly: lateValues || (keysOnly && request.sortTarget !== SortTarget.VALUE),
    ...(early && limit > 0 && { limit: limit + 1 }),
  })
  let kvs = sorted(hasFilters(request) ? read.filter((kv) => passes(kv, request)) : read, request)
  const more = limit > 0 && kvs.length > limit
  if (more) kvs = kvs.slice(0, limit)
  if (lateValues) kvs = kvs.map(({ key }) => reader.range(point(key), { revision }).kvs[0]!)
  else if (keysOnly) kvs = kvs.map((kv) => (kv.value.length > 0 ? { ...kv, value: NO_BYTES } : kv))
  return { kvs, more, count }
}

/** Keys in the first piece of a paged range, as in etcd's RangeStream. */
const FIRST_PAGE_KEYS = 10
/** A page has no more keys than this: one page is read in one turn. */
const PAGE_KEYS_MAX = 1000

/**
 * A range in pieces that can be sent one by one: RangeStream, and large ranges that
 * must not hold the event loop. The first piece fixes the revision. Ten keys at first,
 * then twice as many or half as many, so that a piece comes near `bytesMax`.
 *
 * For requests in key order without filters; others cannot be answered piecemeal.
 */
export class RangePages {
  /** What all pieces are read at. */
  readonly revision: number
  readonly #reader: RangeReader
  readonly #request: RangeRequest
  readonly #bytesMax: number
  readonly #count: number
  #rest: Interval
  /** Keys that may still be given. */
  #wanted: number
  #pageKeys = FIRST_PAGE_KEYS

  /** @throws etcdErrors.compacted, etcdErrors.futureRev */
  constructor(
    reader: RangeReader & { readonly revision: number },
    request: RangeRequest,
    bytesMax: number,
  ) {
    if (!isPageable(request)) throw new Error('A range with order or filters cannot be paged')
    this.#reader = reader
    this.#request = request
    this.#bytesMax = bytesMax
    this.#rest = intervalOf(request.key, request.rangeEnd)
    this.revision = request.revision > 0 ? request.revision : reader.revision
    this.#count = reader.range(this.#rest, { revision: this.revision, countOnly: true }).count
    this.#wanted = request.limit > 0 ? Math.min(request.limit, this.#count) : this.#count
    if (request.countOnly) this.#wanted = 0
  }

  /**
   * The next piece; `last` comes with the last one and sums up the whole.
   *
   * @throws etcdErrors.compacted the revision was compacted since the piece before.
   */
  next(): { kvs: StoredKv[]; last: { more: boolean; count: number } | undefined } {
    const { keysOnly, countOnly, limit } = this.#request
    const { revision } = this
    const page = Math.min(this.#pageKeys, this.#wanted)
    const kvs =
      page === 0
        ? []
        : this.#reader.range(this.#rest, { revision, limit: page, keysOnly, uncounted: true }).kvs
    this.#wanted -= kvs.length
    if (this.#wanted === 0) {
      const more = !countOnly && limit > 0 && this.#count > limit
      return { kvs, last: { more, count: this.#count } }
    }
    this.#rest = { from: `${kvs.at(-1)!.key}\0`, to: this.#rest.to }
    this.#adjust(kvs)
    return { kvs, last: undefined }
  }

  #adjust(kvs: readonly StoredKv[]): void {
    let bytes = 0
    for (const { key, value } of kvs) bytes += key.length + value.length
    if (bytes > this.#bytesMax) this.#pageKeys = Math.max(1, this.#pageKeys >> 1)
    else if (bytes * 2 <= this.#bytesMax)
      this.#pageKeys = Math.min(PAGE_KEYS_MAX, this.#pageKeys * 2)
  }
}

/** Whether {@link RangePages} can answer the request. */
export function isPageable(request: RangeRequest): boolean {
  return (
    request.sortTarget === SortTarget.KEY &&
    request.sortOrder !== SortOrder.DESCEND &&
    !hasFilters(request)
  )
}

/** Whether no later step needs to see more than the limit. Keys ascending is the order of reading. */
function limitsEarly(request: RangeRequest): boolean {
  if (hasFilters(request)) return false
  const { sortOrder, sortTarget } = request
  return (
    sortOrder === SortOrder.NONE ||
    (sortOrder === SortOrder.ASCEND && sortTarget === SortTarget.KEY)
  )
}

function mayShrink(request: RangeRequest): boolean {
  return request.limit > 0 || hasFilters(request)
}

function hasFilters(request: RangeRequest): boolean {
  return (
    request.maxModRevision !== 0 ||
    request.minModRevision !== 0 ||
    request.maxCreateRevision !== 0 ||
    request.minCreateRevision !== 0
  )
}

function passes(kv: StoredKv, request: RangeRequest): boolean {
  const { maxModRevision, minModRevision, maxCreateRevision, minCreateRevision } = request
  return (
    (maxModRevision === 0 || kv.modRevision <= maxModRevision) &&
    (minModRevision === 0 || kv.modRevision >= minModRevision) &&
    (maxCreateRevision === 0 || kv.createRevision <= maxCreateRevision) &&
    (minCreateRevision === 0 || kv.createRevision >= minCreateRevision)
  )
}

/** Sorted as asked; `kvs` come in key order. */
function sorted(kvs: StoredKv[], request: RangeRequest): StoredKv[] {
  const { sortOrder, sortTarget } = request
  const descending = sortOrder === SortOrder.DESCEND
  if (sortTarget === SortTarget.KEY) return descending ? kvs.reverse() : kvs
  const compare = comparisonBy(sortTarget)
  return kvs.sort(descending ? (a, b) => compare(b, a) : compare)
}

function comparisonBy(target: SortTarget): (a: StoredKv, b: StoredKv) => number {
  switch (target) {
    case SortTarget.VERSION:
      return (a, b) => a.version - b.version
    case SortTarget.CREATE:
      return (a, b) => a.createRevision - b.createRevision
    case SortTarget.MOD:
      return (a, b) => a.modRevision - b.modRevision
    case SortTarget.VALUE:
      return (a, b) => Buffer.compare(a.value, b.value)
    default:
      throw new Error(`Sort target ${target} passed the check at the door`)
  }
}

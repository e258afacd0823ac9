/**
 * Requests of the KV service from what a user says, and results from what the wire says.
 *
 * The same for a call of its own and for an operation inside a transaction. Everything
 * but the names of options is checked here, before anything is sent.
 */

import { type Bytes, toBytes, toCount, toKey, toLeaseId } from './bytes.js'
import { invalidArgument } from './errors.js'
import { inWords } from './in-words.js'
import { type KeyValue, keyValueOf, keyValuesOf } from './key-value.js'
import type { Lease } from './lease.js'
import type { WireRange } from './range.js'
import type { Init } from './wire/codec.js'
import {
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  type ResponseHeader,
  SortOrder,
  SortTarget,
} from './wire/generated/rpc.js'

/** Who answered, and when in the store's history. */
export interface Header {
  readonly clusterId: bigint
  readonly memberId: bigint
  readonly revision: number
  readonly raftTerm: number
}

/** How to read. */
export interface ReadOptions {
  /** Read the store as it was at this revision; as it is now when absent. */
  readonly revision?: number
  /** Answer from the asked member alone, at once, perhaps with an old state. Default false: linearizable. */
  readonly serializable?: boolean
}

/** How to read many keys. */
export interface RangeOptions extends ReadOptions {
  /** At most so many; 0 is no limit. */
  readonly limit?: number
  /** What to sort by; default is the key. */
  readonly sort?: 'key' | 'version' | 'createRevision' | 'modRevision' | 'value'
  /** Default ascending. */
  readonly order?: 'ascending' | 'descending'
  /** Leave out the values. */
  readonly keysOnly?: boolean
  /** Only count. */
  readonly countOnly?: boolean
  readonly minModRevision?: number
  readonly maxModRevision?: number
  readonly minCreateRevision?: number
  readonly maxCreateRevision?: number
}

/** How to put. */
export interface PutOptions {
  /** The lease that the key is to live with; without one it lives on its own. */
  readonly lease?: Lease | bigint
  /** Answer with the key-value before. */
  readonly prevKv?: boolean
  /** Keep the value of the existing key; the value given must be empty. */
  readonly ignoreValue?: boolean
  /** Keep the lease of the existing key. */
  readonly ignoreLease?: boolean
}

/** How to delete. */
export interface DeleteOptions {
  /** Answer with the key-values that were deleted. */
  readonly prevKv?: boolean
}

/** What a range read brought. */
export interface RangeResult {
  readonly kvs: KeyValue[]
  /** Keys in the range, whatever the limit. */
  readonly count: number
  /** There are more than the limit. */
  readonly more: boolean
  /** Revision of the store when it answered. */
  readonly revision: number
  readonly header: Header
}

/** What a put did. */
export interface PutResult {
  /** Revision of this put. */
  readonly revision: number
  /** The key-value before; null when it was new or not asked for. */
  readonly prev: KeyValue | null
  readonly header: Header
}

/** What a delete did. */
export interface DeleteResult {
  /** How many keys were deleted. */
  readonly deleted: number
  /** What they were; empty unless asked for. */
  readonly prev: KeyValue[]
  /** Revision of the store afterwards; of this delete when it deleted any. */
  readonly revision: number
  readonly header: Header
}

const SORT_TARGETS = {
  key: SortTarget.KEY,
  version: SortTarget.VERSION,
  createRevision: SortTarget.CREATE,
  modRevision: SortTarget.MOD,
  value: SortTarget.VALUE,
} as const
const SORT_ORDERS = { ascending: SortOrder.ASCEND, descending: SortOrder.DESCEND } as const

/** A range request. */
export function rangeRequest(range: WireRange, options: RangeOptions): Init<RangeRequest> {
  const { sort, order, keysOnly, countOnly, serializable } = options
  const sorted = sort !== undefined || order !== undefined
  return {
    // Named, not spread: V8 takes twelve microseconds for a spread that more properties follow.
    key: range.key,
    rangeEnd: range.rangeEnd,
    revision: toCount(options.revision, 'revision'),
    limit: toCount(options.limit, 'limit'),
    sortTarget: choice(SORT_TARGETS, sort ?? 'key', 'sort'),
    sortOrder: sorted ? choice(SORT_ORDERS, order ?? 'ascending', 'order') : SortOrder.NONE,
    serializable: serializable ?? false,
    keysOnly: keysOnly ?? false,
    countOnly: countOnly ?? false,
    minModRevision: toCount(options.minModRevision, 'minModRevision'),
    maxModRevision: toCount(options.maxModRevision, 'maxModRevision'),
    minCreateRevision: toCount(options.minCreateRevision, 'minCreateRevision'),
    maxCreateRevision: toCount(options.maxCreateRevision, 'maxCreateRevision'),
  }
}

/** A delete request. */
export function deleteRequest(range: WireRange, options: DeleteOptions): Init<DeleteRangeRequest> {
  return { key: range.key, rangeEnd: range.rangeEnd, prevKv: options.prevKv ?? false }
}

/** A put request. */
export function putRequest(key: Bytes, value: Bytes, options: PutOptions): Init<PutRequest> {
  const bytes = toBytes(value, 'value')
  const lease = toLeaseId(options.lease ?? 0n)
  if (options.ignoreValue && bytes.length > 0)
    throw invalidArgument('With ignoreValue the value must be empty.')
  if (options.ignoreLease && lease !== 0n)
    throw invalidArgument('With ignoreLease there must be no lease.')
  return {
    key: toKey(key),
    value: bytes,
    lease,
    prevKv: options.prevKv ?? false,
    ignoreValue: options.ignoreValue ?? false,
    ignoreLease: options.ignoreLease ?? false,
  }
}

/** The result of a range request. */
export function rangeResult(response: RangeResponse): RangeResult {
  const header = headerOf(response.header)
  const kvs = keyValuesOf(response.kvs)
  return { kvs, count: response.count, more: response.more, revision: header.revision, header }
}

/** The result of a put request. */
export function putResult(response: PutResponse): PutResult {
  const header = headerOf(response.header)
  return { revision: header.revision, prev: keyValueOf(response.prevKv), header }
}

/** The result of a delete request. */
export function deleteResult(response: DeleteRangeResponse): DeleteResult {
  const header = headerOf(response.header)
  const prev = keyValuesOf(response.prevKvs)
  return { deleted: response.deleted, prev, revision: header.revision, header }
}

/** A header; all zero when the server sent none. */
export function headerOf(header: ResponseHeader | undefined): Header {
  return header ?? NO_HEADER
}

const NO_HEADER: Header = { clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 }

function choice<T>(choices: Readonly<Record<string, T>>, name: string, what: string): T {
  if (Object.hasOwn(choices, name)) return choices[name]!
  throw invalidArgument(
    `${what} is one of ${Object.keys(choices).join(', ')}, not ${inWords(name)}.`,
  )
}

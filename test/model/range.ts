/** The range query: selecting, filtering, sorting and cutting, in etcd's order (v3.7.1 `txn/range.go`). */

import { NO_BYTES } from '../../client/wire/codec.js'
import {
  type RangeRequest,
  RangeResponse,
  SortOrder,
  SortTarget,
} from '../../client/wire/generated/rpc.js'
import type { Draft } from './draft.js'
import { type Kv, latin1, wireKv } from './history.js'

/** Answers a range request from a draft. Refuses compacted and future revisions. */
export function executeRange(draft: Draft, request: RangeRequest): RangeResponse {
  const state = draft.stateAt(request.revision)
  const all = state.select(latin1(request.key), latin1(request.rangeEnd))
  const header = { revision: draft.revision }
  if (request.countOnly) return RangeResponse.create({ header, count: all.length })

  const kvs = sort(filter(fetch(all, request), request), request)
  const more = request.limit > 0 && kvs.length > request.limit
  const page = more ? kvs.slice(0, request.limit) : kvs
  return {
    ...RangeResponse.create({ header, more, count: all.length }),
    kvs: page.map((kv) => wireKv(request.keysOnly ? { ...kv, value: NO_BYTES } : kv)),
  }
}

/** One more than the limit is read, unless the order or a filter needs to see everything. */
function fetch(all: readonly Kv[], request: RangeRequest): readonly Kv[] {
  const { sortOrder, limit } = request
  const filters =
    request.minModRevision ||
    request.maxModRevision ||
    request.minCreateRevision ||
    request.maxCreateRevision
  if (limit <= 0 || sortOrder !== SortOrder.NONE || filters) return all
  return all.slice(0, limit + 1)
}

function filter(kvs: readonly Kv[], request: RangeRequest): readonly Kv[] {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request
  return kvs
    .filter((kv) => maxModRevision === 0 || kv.modRevision <= maxModRevision)
    .filter((kv) => minModRevision === 0 || kv.modRevision >= minModRevision)
    .filter((kv) => maxCreateRevision === 0 || kv.createRevision <= maxCreateRevision)
    .filter((kv) => minCreateRevision === 0 || kv.createRevision >= minCreateRevision)
}

/**
 * Sorts, stably. etcd's own sort promises no order among equals; up to twelve keys
 * it happens to be stable too (Go sorts so few by insertion).
 */
function sort(kvs: readonly Kv[], request: RangeRequest): readonly Kv[] {
  const { sortTarget: target, sortOrder } = request
  const order =
    sortOrder === SortOrder.NONE && target !== SortTarget.KEY ? SortOrder.ASCEND : sortOrder
  if (order === SortOrder.NONE) return kvs
  const sign = order === SortOrder.ASCEND ? 1 : -1
  return kvs.slice().sort((a, b) => sign * compareBy(target, a, b))
}

function compareBy(target: SortTarget, a: Kv, b: Kv): number {
  switch (target) {
    case SortTarget.KEY:
      return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
    case SortTarget.VERSION:
      return a.version - b.version
    case SortTarget.CREATE:
      return a.createRevision - b.createRevision
    case SortTarget.MOD:
      return a.modRevision - b.modRevision
    case SortTarget.VALUE:
      return Buffer.compare(a.value, b.value)
  }
}

/** One revision in the making. */

import type { Interval } from './interval.js'
import type { RangeQuery, RangeResult } from './store.js'
import type { StoredKv, StoreEvent } from './stored-kv.js'

/** Synchronous; from Store.begin() to end() nothing else may touch the store. */
export declare class WriteTransaction {
  /** Of the state before; a change makes revision + 1. */
  readonly revision: number
  /** How many changes it made so far. */
  readonly changes: number
  /** Sees the transaction's own changes. */
  range(interval: Interval, query: RangeQuery): RangeResult
  get(key: string): StoredKv | undefined
  /** `prev.value` is read when asked for: ask in this turn. */
  put(key: string, value: Uint8Array, lease: bigint): { kv: StoredKv; prev: StoredKv | undefined }
  /** The versions before, in key order. Their `value` is read when asked for: ask in this turn. */
  deleteRange(interval: Interval): StoredKv[]
  /** Publishes to Store.onChange in the same turn; without a change the revision stays. */
  end(): { revision: number; events: StoreEvent[] }
}

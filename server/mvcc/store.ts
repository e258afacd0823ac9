/**
 * The multi-version store: every change is a new revision, old ones stay readable
 * until they are compacted.
 */

import type { Clock } from '../../client/host/clock.js'
import type { DatabaseReader } from '../host/database.js'
import type { Interval } from './interval.js'
import type { StoredKv, StoreEvent } from './stored-kv.js'
import type { WriteTransaction } from './write-transaction.js'

export type { StoredKv, StoreEvent } from './stored-kv.js'
export { toWire } from './stored-kv.js'

/** What the store asks of the backend; `storage/backend.ts` is one. */
export interface StoreBackend extends DatabaseReader {
  /** Seen by reads at once; all that is put in one turn is one atomic batch. */
  put(table: string, key: string, value: Uint8Array): void
  delete(table: string, key: string): void
}

/** What to read of an interval. */
export interface RangeQuery {
  /** The revision to read at; absent, 0 or negative is the newest. */
  readonly revision?: number
  /** At most so many; absent, 0 or negative is all. */
  readonly limit?: number
  /** Only `count`; `kvs` is empty. */
  readonly countOnly?: boolean
  /** Leave values out; everything else is there. */
  readonly keysOnly?: boolean
  /** Spare counting; `count` is then the number of `kvs`. */
  readonly uncounted?: boolean
}

/** What was read. */
export interface RangeResult {
  /** In key order. */
  readonly kvs: StoredKv[]
  /** All keys of the interval at that revision, whatever the limit. */
  readonly count: number
}

/** One revision, complete: published in the turn in which it came to be. */
export interface Change {
  readonly revision: number
  readonly events: readonly StoreEvent[]
}

/** How a store is made. */
export interface StoreOptions {
  /** Used only to give way between slices. */
  readonly clock: Clock
}

/** See the contract above each method. */
export declare class Store {
  static open(backend: StoreBackend, options: StoreOptions): Promise<Store>
  /** Starts at 1; stored, never inferred. */
  readonly revision: number
  /** -1 before the first compaction. */
  readonly compactRevision: number
  /** Live keys. */
  readonly keyCount: number
  /** @throws etcdErrors.compacted, etcdErrors.futureRev */
  range(interval: Interval, query: RangeQuery): RangeResult
  /** The newest version of a key. */
  get(key: string): StoredKv | undefined
  begin(): WriteTransaction
  /** @throws etcdErrors.compacted, etcdErrors.futureRev */
  compact(revision: number): void
  /** Resolves when every compaction scheduled so far has removed all that it will remove. */
  readonly compacting: Promise<void>
  hash(revision: number): Promise<{ hash: number; compactRevision: number; revision: number }>
  /** Live keys that are attached to a lease, in key order. */
  leaseKeys(): Iterable<{ key: string; lease: bigint }>
  /** Called in the turn of each change; the result unsubscribes. */
  onChange(listener: (change: Change) => void): () => void
  /**
   * Whole revisions from `from` (not below compactRevision) up to the newest, in
   * order, about `limit` events: the last revision is never split. `next` is the
   * revision to go on with; revision + 1 when all is read.
   *
   * @throws etcdErrors.compacted
   */
  history(from: number, limit: number): { changes: Change[]; next: number }
  /** Everything in memory anew from this backend, as after installing a snapshot. */
  reopen(backend: StoreBackend): Promise<void>
  /** Ends work in slices; nothing is lost, it goes on at the next open. */
  close(): void
}

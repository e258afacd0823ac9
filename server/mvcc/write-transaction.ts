/**
 * One revision in the making.
 *
 * Changes go to the index and the backend as they are made, and the transaction reads
 * them back; nothing is ever rolled back, so whoever uses it validates everything
 * first. It is synchronous: from `Store.begin()` to `end()` nobody else has the turn,
 * and a transaction found open later is a broken invariant.
 */

import type { Interval } from './interval.js'
import type { KeyEntry } from './key-index.js'
import { encodeRecord, KV_TABLE } from './kv-record.js'
import { revisionKey, tombstoneKey } from './revision.js'
import type { StoreBackend } from './store.js'
import {
  changeEvent,
  deletedKv,
  type PreviousVersion,
  type StoredKv,
  type StoreEvent,
} from './stored-kv.js'
import type { RangeQuery, RangeResult, VersionReader } from './version-reader.js'

/** What a transaction needs of its store. */
export interface TransactionScope {
  readonly backend: StoreBackend
  readonly reader: VersionReader
  /** The newest revision; the store moves it when the transaction has ended. */
  readonly revision: number
  readonly compactRevision: number
  /** For events. */
  readonly previous: PreviousVersion
}

/** See the head of this file. */
export class WriteTransaction {
  /** Of the state before; a change makes revision + 1. */
  readonly revision: number
  readonly #scope: TransactionScope
  readonly #ended: (revision: number, events: readonly StoreEvent[]) => void
  readonly #events: StoreEvent[] = []
  #open = true

  /** @param ended takes over the result. */
  constructor(
    scope: TransactionScope,
    ended: (revision: number, events: readonly StoreEvent[]) => void,
  ) {
    this.revision = scope.revision
    this.#scope = scope
    this.#ended = ended
  }

  /** How many changes it made so far. */
  get changes(): number {
    return this.#events.length
  }

  /**
   * Sees the transaction's own changes; they are at `revision` + 1.
   *
   * @throws etcdErrors.compacted, etcdErrors.futureRev
   */
  range(interval: Interval, query: RangeQuery): RangeResult {
    this.#assertOpen()
    const { reader, compactRevision } = this.#scope
    const revision = this.#events.length > 0 ? this.revision + 1 : this.revision
    return reader.range(interval, query, { revision, compactRevision })
  }

  /** The newest version of a key, own changes included. */
  get(key: string): StoredKv | undefined {
    this.#assertOpen()
    return this.#scope.reader.get(key)
  }

  /**
   * Makes a new version, whatever the old value. The key must not be empty.
   *
   * @returns `prev` with its `value` unread: ask for it in this turn.
   */
  put(key: string, value: Uint8Array, lease: bigint): { kv: StoredKv; prev: StoredKv | undefined } {
    this.#assertOpen()
    if (key === '') throw new Error('An empty key reached the store')
    const { backend, reader } = this.#scope
    const before = reader.index.get(key)
    const prev = before?.live ? reader.newestUnread(before) : undefined
    const main = this.revision + 1
    const sub = this.#events.length
    const entry = reader.index.put(before, key, main, sub, lease)
    const { createRevision, version } = entry
    const kv = { key, createRevision, modRevision: main, version, value, lease }
    backend.put(KV_TABLE, revisionKey(main, sub), encodeRecord(kv))
    this.#changed('put', kv)
    return { kv, prev }
  }

  /**
   * Deletes all keys of the interval, in key order.
   *
   * @returns the versions before, with `value` unread: ask for it in this turn.
   */
  deleteRange(interval: Interval): StoredKv[] {
    this.#assertOpen()
    const { backend, reader } = this.#scope
    const entries: KeyEntry[] = []
    reader.index.scan(interval, (entry) => {
      if (entry.live) entries.push(entry)
      return true
    })
    return entries.map((entry) => {
      const prev = reader.newestUnread(entry)
      const main = this.revision + 1
      const sub = this.#events.length
      const kv = deletedKv(entry.key, main)
      reader.index.delete(entry, main, sub)
      backend.put(KV_TABLE, tombstoneKey(main, sub), encodeRecord({ ...kv, modRevision: 0 }))
      this.#changed('delete', kv)
      return prev
    })
  }

  /**
   * Makes the revision the store's and publishes it, in this turn. Without a change
   * nothing happens and the revision is the one before.
   */
  end(): { revision: number; events: readonly StoreEvent[] } {
    this.#assertOpen()
    this.#open = false
    const revision = this.#events.length > 0 ? this.revision + 1 : this.revision
    this.#ended(revision, this.#events)
    return { revision, events: this.#events }
  }

  #changed(type: 'put' | 'delete', kv: StoredKv): void {
    this.#events.push(changeEvent(type, kv, this.#scope.previous))
  }

  #assertOpen(): void {
    if (!this.#open) throw new Error('This write transaction has ended')
  }
}

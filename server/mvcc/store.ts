/**
 * The multi-version store: every change is a new revision, and old ones stay readable
 * until they are compacted.
 *
 *   WriteTransaction   makes a revision: index and backend change together
 *   VersionReader      key -> index -> revision -> backend -> value
 *   Compaction         removes what no allowed read can see, in slices
 *   readHistory        what happened, in order, for watchers
 *   hashVersions       one number to compare members by
 *
 * The backend holds everything; the index over it is rebuilt at open. All numbers that
 * matter (revision, compact revisions) are stored with the data, never inferred.
 */

import type { Clock } from '../../client/host/clock.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { DatabaseReader } from '../host/database.js'
import { Compaction } from './compaction.js'
import { hashVersions } from './hash.js'
import { readHistory } from './history.js'
import type { Interval } from './interval.js'
import { KeyIndex } from './key-index.js'
import { decodeRecord } from './kv-record.js'
import { isTombstone, mainOf, subOf } from './revision.js'
import { Pauses, walkInSlices } from './slices.js'
import { readMark, writeMark } from './store-meta.js'
import type { StoredKv, StoreEvent } from './stored-kv.js'
import { ValueCache } from './value-cache.js'
import { type RangeQuery, type RangeResult, VersionReader } from './version-reader.js'
import { type TransactionScope, WriteTransaction } from './write-transaction.js'

export { type StoredKv, type StoreEvent, toWire } from './stored-kv.js'
export type { RangeQuery, RangeResult } from './version-reader.js'

/** What the store asks of the backend; `storage/backend.ts` is one. */
export interface StoreBackend extends DatabaseReader {
  /** Seen by reads at once; all that is put in one turn is one atomic batch. */
  put(table: string, key: string, value: Uint8Array): void
  delete(table: string, key: string): void
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
  /** Values kept in memory for reads, in bytes. Default 32 MiB; 0 keeps none. */
  readonly cacheBytesMax?: number
  /** Records that long walks handle in one slice. Default 1000, as in etcd's compaction. */
  readonly sliceRecords?: number | undefined
  /** Background work met a broken invariant: the member must end. */
  readonly onFatal?: ((reason: Error) => void) | undefined
}

/** The state over one backend. */
interface Loaded extends TransactionScope {
  readonly pauses: Pauses
  readonly compaction: Compaction
  revision: number
  compactRevision: number
}

const CACHE_BYTES_DEFAULT = 32 * 1024 * 1024

/** See the head of this file. */
export class Store {
  readonly #options: StoreOptions
  #state: Loaded
  #transaction: WriteTransaction | undefined
  #reopening = false
  /** The newest revision is written down later in this turn. */
  #grouping = false
  readonly #listeners = new Set<(change: Change) => void>()

  private constructor(options: StoreOptions, state: Loaded) {
    this.#options = options
    this.#state = state
  }

  /**
   * Reads all of the backend, in slices, and goes on with a compaction that was cut
   * short. Rejects when the backend contradicts itself.
   */
  static async open(backend: StoreBackend, options: StoreOptions): Promise<Store> {
    return new Store(options, await load(backend, options))
  }

  /** The newest revision. Starts at 1; stored, never inferred. */
  get revision(): number {
    return this.#state.revision
  }

  /** The oldest revision that can be read; -1 before the first compaction. */
  get compactRevision(): number {
    return this.#state.compactRevision
  }

  /** Live keys. */
  get keyCount(): number {
    return this.#state.reader.index.liveCount
  }

  /**
   * The keys of an interval, now or at a revision.
   *
   * @throws etcdErrors.compacted, etcdErrors.futureRev
   */
  range(interval: Interval, query: RangeQuery): RangeResult {
    this.#assertWhole()
    return this.#state.reader.range(interval, query, this.#state)
  }

  /** The newest version of a key. */
  get(key: string): StoredKv | undefined {
    this.#assertWhole()
    return this.#state.reader.get(key)
  }

  /** Opens the one write transaction, which must end in this turn. */
  begin(): WriteTransaction {
    if (this.#transaction) throw new Error('A write transaction was left open')
    if (this.#reopening) throw new Error('A write transaction came into a reopen')
    this.#transaction = new WriteTransaction(this.#state, this.#ended)
    return this.#transaction
  }

  /**
   * Runs transactions of one turn, each with a revision of its own; the newest one is
   * written down once, at the end.
   */
  group(run: () => void): void {
    if (this.#grouping) throw new Error('A group of transactions came into another')
    const { revision } = this
    this.#grouping = true
    try {
      run()
    } finally {
      this.#grouping = false
      if (this.revision > revision) this.#writeRevision()
    }
  }

  /**
   * Refuses reads below `revision` from now on. The removal begins in a later turn,
   * goes on in slices, and is taken up again after a restart.
   *
   * @throws etcdErrors.compacted it is not above the compact revision (behaviour 5.4).
   * @throws etcdErrors.futureRev it is above the newest.
   */
  compact(revision: number): void {
    if (this.#transaction) throw new Error('A compaction came into a write transaction')
    const state = this.#state
    if (revision <= state.compactRevision) throw etcdErrors.compacted.error()
    if (revision > state.revision) throw etcdErrors.futureRev.error()
    state.compactRevision = revision
    writeMark(state.backend, 'mvcc/compact/scheduled', revision)
    state.compaction.schedule(revision)
  }

  /** Resolves when all compactions scheduled so far have removed what they will, or the store is closed. */
  get compacting(): Promise<void> {
    return this.#state.compaction.done
  }

  /**
   * The HashKV of a revision; 0 is the newest (behaviour 5.11).
   *
   * @throws etcdErrors.compacted, etcdErrors.futureRev
   */
  async hash(
    revision: number,
  ): Promise<{ hash: number; compactRevision: number; revision: number }> {
    this.#assertWhole()
    const { backend, reader, pauses, compaction, compactRevision, revision: newest } = this.#state
    if (revision > 0 && revision < compactRevision) throw etcdErrors.compacted.error()
    if (revision > newest) throw etcdErrors.futureRev.error()
    const hashed = revision > 0 ? revision : newest
    const release = compaction.hold()
    try {
      const { index } = reader
      const what = { backend, index, pauses, revision: hashed, compactRevision }
      return { hash: await hashVersions(what), compactRevision, revision: hashed }
    } finally {
      release()
    }
  }

  /** Live keys that are attached to a lease, in key order, as of now. */
  leaseKeys(): { readonly key: string; readonly lease: bigint }[] {
    const attached: { key: string; lease: bigint }[] = []
    this.#state.reader.index.scan({ from: '', to: undefined }, ({ key, lease }) => {
      if (lease !== 0n) attached.push({ key, lease })
      return true
    })
    return attached
  }

  /**
   * What happened from revision `from` on: whole revisions, oldest first, ended after
   * the one with the `limit`th event (or after 4 MiB). `next` is the revision to go on
   * with, which is above the newest when all was read.
   *
   * @throws etcdErrors.compacted `from` is below the compact revision.
   */
  history(from: number, limit: number): { changes: Change[]; next: number } {
    this.#assertWhole()
    const { backend, revision, compactRevision, previous } = this.#state
    if (from < compactRevision) throw etcdErrors.compacted.error()
    if (from > revision) return { changes: [], next: from }
    return readHistory(backend, from, revision, limit, previous)
  }

  /** Calls `listener` in the turn of each change, after it; the result unsubscribes. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Everything in memory anew, from this backend: what a member does after it
   * installed a snapshot. Until then it answers from the state before; nothing may be
   * written. Listeners stay, and hear nothing of what the snapshot changed.
   */
  async reopen(backend: StoreBackend): Promise<void> {
    if (this.#transaction) throw new Error('A reopen came into a write transaction')
    this.close()
    this.#reopening = true
    this.#state = await load(backend, this.#options)
    this.#reopening = false
  }

  /** Ends work in slices; it goes on at the next open. */
  close(): void {
    this.#state.pauses.stop()
  }

  readonly #ended = (revision: number, events: readonly StoreEvent[]): void => {
    const state = this.#state
    this.#transaction = undefined
    if (events.length === 0) return
    state.revision = revision
    if (!this.#grouping) this.#writeRevision()
    const change = { revision, events }
    for (const listener of this.#listeners) listener(change)
  }

  #writeRevision(): void {
    writeMark(this.#state.backend, 'mvcc/revision', this.#state.revision)
  }

  /** Reading around an open transaction would show half of it. */
  #assertWhole(): void {
    if (this.#transaction?.changes)
      throw new Error('The store was read in the middle of a write transaction')
  }
}

async function load(backend: StoreBackend, options: StoreOptions): Promise<Loaded> {
  const pauses = new Pauses(options.clock, options.sliceRecords)
  const index = new KeyIndex()
  const revision = readMark(backend, 'mvcc/revision') ?? 1
  const compactRevision = readMark(backend, 'mvcc/compact/scheduled') ?? -1
  const finished = readMark(backend, 'mvcc/compact/finished') ?? -1
  if (finished > compactRevision || compactRevision > revision)
    throw new Error(
      `The backend is damaged: revision ${revision}, compact revision ${compactRevision}, removed to ${finished}`,
    )
  await walkInSlices({
    backend,
    from: '',
    to: undefined,
    sliceRecords: pauses.sliceRecords,
    visit(key, record) {
      const main = mainOf(key)
      if (main > revision)
        throw new Error(
          `The backend is damaged: revision ${main} is beyond the newest, ${revision}`,
        )
      index.restore(decodeRecord(record), main, subOf(key), isTombstone(key))
    },
    giveWay: () => pauses.turn(),
  })
  const cache = new ValueCache(options.cacheBytesMax ?? CACHE_BYTES_DEFAULT)
  const reader = new VersionReader(index, backend, cache)
  const { onFatal } = options
  const compaction = new Compaction({ backend, index, pauses, finished, onFatal })
  if (compactRevision > finished) compaction.schedule(compactRevision)
  const state: Loaded = {
    backend,
    reader,
    pauses,
    compaction,
    revision,
    compactRevision,
    previous: (key, at) => (at < state.compactRevision ? undefined : reader.at(key, at)),
  }
  return state
}

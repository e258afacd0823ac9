/**
 * Compaction: removes the versions that no allowed read can see any more.
 *
 * Below a compact revision C a key needs one version at most: its newest at C, and not
 * even that when it is a tombstone older than C. A tombstone exactly at C stays, for a
 * watcher may start at C and must see the delete (etcd #18089, #19179).
 *
 * 1. When C is scheduled, that is written down, and reads below C are refused at once.
 * 2. After the compaction before, at F, each key has one version up to F at most. So
 *    only a version from F on can make another one useless: the walk goes over the
 *    records from F (inclusive, for its tombstones) to C, not over the whole table.
 * 3. Per slice, for each key in it, the last record r seen makes all versions of the
 *    key before r useless; a tombstone r below C is useless itself. They leave the
 *    index and the backend in the same turn, hence in one atomic batch.
 * 4. With the last slice goes the note that C is finished. After a crash the walk is
 *    repeated from F: what is gone already is not found again.
 *
 * Compactions run one after another, each to its own C. While a hash is computed no
 * new one starts, for it would remove what the hash still has to read.
 */

import type { KeyIndex } from './key-index.js'
import { KV_TABLE, keyOfRecord } from './kv-record.js'
import { isTombstone, mainOf, type Revision, revisionKey, subOf, tombstoneKey } from './revision.js'
import { type Pauses, walkInSlices } from './slices.js'
import type { StoreBackend } from './store.js'
import { writeMark } from './store-meta.js'

/** How long a compaction rests between two slices, in milliseconds, as in etcd. */
export const COMPACTION_PAUSE_MS = 10

/** What {@link Compaction} works on. */
export interface CompactionOptions {
  readonly backend: StoreBackend
  readonly index: KeyIndex
  readonly pauses: Pauses
  /** Up to here everything is removed; -1 before the first compaction. */
  readonly finished: number
  /** A broken invariant; without it the rejection is nobody's, and ends the process. */
  readonly onFatal?: ((reason: Error) => void) | undefined
}

/** Removes in the background, one compaction after another. */
export class Compaction {
  readonly #options: CompactionOptions
  #finished: number
  #done: Promise<void> = Promise.resolve()
  /** Hashes being computed. */
  #held = 0
  #released: (() => void)[] = []

  constructor(options: CompactionOptions) {
    this.#options = options
    this.#finished = options.finished
  }

  /** Resolves when all that was scheduled is removed, or the store was closed. */
  get done(): Promise<void> {
    return this.#done
  }

  /** Up to here everything is removed. */
  get finished(): number {
    return this.#finished
  }

  /** Removes what reads from `target` on do not need; targets ascend. */
  schedule(target: number): void {
    this.#done = this.#done.then(() => this.#run(target))
    const { onFatal } = this.#options
    if (onFatal) this.#done.catch(onFatal)
  }

  /** No further compaction starts until the result is called. */
  hold(): () => void {
    this.#held++
    return () => {
      this.#held--
      if (this.#held > 0) return
      const released = this.#released
      this.#released = []
      for (const go of released) go()
    }
  }

  async #run(target: number): Promise<void> {
    const { backend, index, pauses } = this.#options
    // Not in the turn that scheduled it: that one belongs to the log entry.
    if (!(await pauses.turn())) return
    while (this.#held > 0) await new Promise<void>((resolve) => this.#released.push(resolve))
    if (pauses.stopped) return
    const newest = new Map<string, Revision & { readonly useless: boolean }>()
    await walkInSlices({
      backend,
      from: revisionKey(Math.max(this.#finished, 0), 0),
      to: revisionKey(target + 1, 0),
      sliceRecords: pauses.sliceRecords,
      visit(key, record) {
        const main = mainOf(key)
        const useless = isTombstone(key) && main < target
        newest.set(keyOfRecord(record), { main, sub: subOf(key), useless })
      },
      sliceEnd: (last) => {
        for (const [key, revision] of newest) {
          for (const { main, sub, tombstone } of index.forget(key, revision, revision.useless))
            backend.delete(KV_TABLE, tombstone ? tombstoneKey(main, sub) : revisionKey(main, sub))
        }
        newest.clear()
        if (!last) return
        this.#finished = target
        writeMark(backend, 'mvcc/compact/finished', target)
      },
      giveWay: () => pauses.wait(COMPACTION_PAUSE_MS),
    })
  }
}

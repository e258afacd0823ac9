/**
 * The key index: for every key, which revisions of it the backend holds.
 *
 * An entry carries its newest version as numbers of its own (which also answers
 * `keys_only` without a read), and the older ones that are not compacted yet in a
 * flat list. A tombstone ends a generation: it has version 0, and the next put starts
 * again with version 1. Values stay in the backend; memory is bounded by keys, not by
 * their content.
 *
 *   put a, put a, delete a, put a    at revisions 2, 3, 4, 5
 *   history:  2 0 | 3 0 | 4 ~0       newest: main 5, sub 0, createRevision 5, version 1
 *
 * The tree weighs live keys as 1 and deleted ones as 0, so that counting an interval
 * at the newest revision is O(log n).
 */

import { BTree, type Weighed } from './btree.js'
import type { Interval } from './interval.js'
import type { Revision } from './revision.js'
import type { StoredKv } from './stored-kv.js'

/** A key that was ever put and is not compacted away. Changed by {@link KeyIndex} only. */
export class KeyEntry implements Weighed, Revision {
  /** The newest version. */
  main = 0
  sub = 0
  /** 0 while the key is deleted. */
  createRevision = 0
  /** 0 while the key is deleted. */
  version = 0
  /** Of the newest version. */
  lease = 0n
  /**
   * Older versions, oldest first: pairs of main and sub, where a tombstone has `~sub`.
   * Invariant: ascending, and all before (main, sub).
   */
  history: number[] | undefined
  /** The newest version with its value, while the value cache keeps it. */
  cached: StoredKv | undefined

  constructor(readonly key: string) {}

  get live(): boolean {
    return this.version > 0
  }

  get weight(): number {
    return this.version > 0 ? 1 : 0
  }

  /** Makes the newest version the youngest of the older ones. */
  supersede(main: number, sub: number): void {
    if (main < this.main || (main === this.main && sub <= this.sub))
      throw new Error(`Revision ${main}.${sub} of a key came after ${this.main}.${this.sub}`)
    const tag = this.version > 0 ? this.sub : ~this.sub
    if (this.history) this.history.push(this.main, tag)
    else this.history = [this.main, tag]
    this.main = main
    this.sub = sub
    this.cached = undefined
  }

  /** The version that was the newest at that revision; undefined when the key was not there. */
  versionAt(revision: number): Revision | undefined {
    if (this.main <= revision) return this.version > 0 ? this : undefined
    const { history } = this
    if (!history) return undefined
    const index = lastAt(history, revision)
    if (index < 0) return undefined
    const tag = history[index + 1]!
    return tag < 0 ? undefined : { main: history[index]!, sub: tag }
  }
}

/** A version that the index has forgotten and the backend shall forget. */
export interface Forgotten extends Revision {
  readonly tombstone: boolean
}

/** See the head of this file. */
export class KeyIndex {
  readonly #tree = new BTree<KeyEntry>()

  /** Live keys. */
  get liveCount(): number {
    return this.#tree.weight
  }

  /** Keys, deleted ones included while their tombstone is not compacted. */
  get size(): number {
    return this.#tree.size
  }

  /** The entry of a key, live or deleted. */
  get(key: string): KeyEntry | undefined {
    return this.#tree.get(key)
  }

  /** Live keys of the interval, now. O(log n). */
  liveIn({ from, to }: Interval): number {
    return this.#tree.weightOf(from, to)
  }

  /** Shows entries in key order, deleted ones too, until `visit` returns false; see BTree.scan. */
  scan({ from, to }: Interval, visit: (entry: KeyEntry) => boolean): void {
    this.#tree.scan(from, to, visit)
  }

  /** Whether any key was live at that revision. */
  anyLiveAt(revision: number): boolean {
    let found = false
    this.#tree.scan('', undefined, (entry) => {
      found = entry.versionAt(revision) !== undefined
      return !found
    })
    return found
  }

  /**
   * A new version of a key: the next of its generation, or the first of a new one.
   *
   * @param entry what {@link get} says of the key.
   */
  put(
    entry: KeyEntry | undefined,
    key: string,
    main: number,
    sub: number,
    lease: bigint,
  ): KeyEntry {
    if (entry?.live) {
      entry.supersede(main, sub)
      entry.version++
      entry.lease = lease
      return entry
    }
    return this.#place(entry, key, main, sub, main, 1, lease)
  }

  /** A live key is deleted. */
  delete(entry: KeyEntry, main: number, sub: number): void {
    if (!entry.live) throw new Error('A deleted key was deleted again')
    entry.supersede(main, sub)
    entry.createRevision = 0
    entry.version = 0
    entry.lease = 0n
    this.#tree.weigh(entry.key, -1)
  }

  /** Takes in a version read from the backend; they come in order of revision. */
  restore(kv: StoredKv, main: number, sub: number, tombstone: boolean): void {
    const entry = this.#tree.get(kv.key)
    if (!tombstone) {
      const { key, createRevision, version, lease } = kv
      if (entry?.live) {
        entry.supersede(main, sub)
        entry.createRevision = createRevision
        entry.version = version
        entry.lease = lease
      } else this.#place(entry, key, main, sub, createRevision, version, lease)
    } else if (entry?.live) {
      this.delete(entry, main, sub)
    } else {
      // All that the tombstone ended is compacted.
      this.#place(entry, kv.key, main, sub, 0, 0, 0n)
    }
  }

  /**
   * Compaction: the version at `last` makes all before it useless; `inclusive`, it is
   * a tombstone and goes too. An entry without versions left goes as a whole.
   *
   * @returns what is to be deleted from the backend, oldest first.
   */
  forget(key: string, last: Revision, inclusive: boolean): Forgotten[] {
    const entry = this.#tree.get(key)
    if (!entry) throw new Error('A version of a key that the index does not know was compacted')
    const forgotten = forgetBefore(entry, last, inclusive)
    if (inclusive && entry.main === last.main && entry.sub === last.sub) {
      if (entry.live || entry.history) throw new Error('Only a tombstone may end a key')
      forgotten.push({ main: last.main, sub: last.sub, tombstone: true })
      this.#tree.remove(key)
    }
    return forgotten
  }

  /** Gives a key that is not live its newest version; `version` 0 is a tombstone. */
  #place(
    before: KeyEntry | undefined,
    key: string,
    main: number,
    sub: number,
    createRevision: number,
    version: number,
    lease: bigint,
  ): KeyEntry {
    const entry = before ?? new KeyEntry(key)
    if (before) entry.supersede(main, sub)
    entry.main = main
    entry.sub = sub
    entry.createRevision = createRevision
    entry.version = version
    entry.lease = lease
    if (!before) this.#tree.insert(entry)
    else if (version > 0) this.#tree.weigh(key, 1)
    return entry
  }
}

/** Cuts the older versions before `last` off an entry, and `last` itself if inclusive. */
function forgetBefore(entry: KeyEntry, last: Revision, inclusive: boolean): Forgotten[] {
  const { history } = entry
  const forgotten: Forgotten[] = []
  if (!history) return forgotten
  let end = 0
  for (; end < history.length; end += 2) {
    const main = history[end]!
    const tag = history[end + 1]!
    const sub = tag < 0 ? ~tag : tag
    const isLast = main === last.main && sub === last.sub
    if (isLast ? !inclusive : main > last.main || (main === last.main && sub > last.sub)) break
    forgotten.push({ main, sub, tombstone: tag < 0 })
  }
  if (end === history.length) entry.history = undefined
  else if (end > 0) history.splice(0, end)
  return forgotten
}

/** The index of the last pair whose main is not above `revision`; -2 when there is none. */
function lastAt(history: readonly number[], revision: number): number {
  let low = 0
  let high = history.length >> 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (history[middle * 2]! <= revision) low = middle + 1
    else high = middle
  }
  return low * 2 - 2
}

/**
 * The copy that a cache is: always what the range was at one revision.
 *
 * It is replaced by a list, or moved on by what a watch tells, a whole revision at a time.
 */

import { CacheEntries } from './cache-entries.js'
import { keyText } from './key-text.js'
import { KeyValue } from './key-value.js'
import type { WatchBatch, WatchEvent } from './watch-event.js'

/** What became of a key; one of the two is there. */
export interface Difference {
  readonly before: KeyValue | undefined
  readonly after: KeyValue | undefined
}

/** See the head of the file. */
export class CacheCopy {
  readonly #entries = new CacheEntries()
  #revision = 0
  #isFilled = false

  /** The revision of which it is a copy; 0 before the first list. */
  get revision(): number {
    return this.#revision
  }

  /** Was there a list? */
  get isFilled(): boolean {
    return this.#isFilled
  }

  get size(): number {
    return this.#entries.size
  }

  get(text: string): KeyValue | undefined {
    return this.#entries.get(text)
  }

  /** The key-values from one key on and before another, in order. The list is the caller's. */
  list(from: string, to: string | undefined): KeyValue[] {
    return this.#entries.list(from, to)
  }

  /** Becomes what a list says. */
  replace(kvs: readonly KeyValue[], revision: number): Difference[] {
    const differences: Difference[] = []
    const gone = new Set(this.#entries.keys())
    for (const kv of kvs) {
      const text = keyText(kv.key)
      gone.delete(text)
      if (this.#entries.get(text)?.modRevision === kv.modRevision) continue
      const after = owned(kv)
      differences.push({ before: this.#entries.set(text, after), after })
    }
    for (const text of gone)
      differences.push({ before: this.#entries.delete(text), after: undefined })
    this.#isFilled = true
    this.#revision = revision
    return differences
  }

  /** Moves on by whole revisions; what each has brought is told before the next comes in. */
  *apply({ events }: WatchBatch): IterableIterator<Difference[]> {
    for (let at = 0; at < events.length; ) {
      const { modRevision } = events[at]!.kv
      const differences: Difference[] = []
      for (; at < events.length && events[at]!.kv.modRevision === modRevision; at++) {
        const difference = this.#change(events[at]!)
        if (difference !== undefined) differences.push(difference)
      }
      this.#revision = modRevision
      yield differences
    }
  }

  /** Nothing has happened up to here. */
  advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision)
  }

  #change({ type, kv }: WatchEvent): Difference | undefined {
    const text = keyText(kv.key)
    if (type === 'put') {
      const after = owned(kv)
      return { before: this.#entries.set(text, after), after }
    }
    const before = this.#entries.delete(text)
    return before && { before, after: undefined }
  }
}

/** A copy that does not keep the message alive in which it came. */
function owned(kv: KeyValue): KeyValue {
  const { key, value, createRevision, modRevision, version, lease } = kv
  const bytes = Buffer.allocUnsafe(key.length + value.length)
  bytes.set(key)
  bytes.set(value, key.length)
  return new KeyValue({
    key: bytes.subarray(0, key.length),
    value: bytes.subarray(key.length),
    createRevision,
    modRevision,
    version,
    lease,
  })
}

/**
 * The keys that the reader of a watch knows, each with the revision of its last put.
 *
 * As little as tells, after a compaction, what a new list has to say: which keys are new
 * or were put again, which were deleted and made again, which are gone.
 */

import { keyBytes, keyText } from './key-text.js'
import type { Event, KeyValue } from './wire/generated/kv.js'
import { EventType } from './wire/generated/kv.js'

const NOTHING = new Uint8Array(0)

/** See the head of the file. */
export class KnownKeys {
  /** By key: the revision of its last put. */
  readonly #revisions = new Map<string, number>()

  get size(): number {
    return this.#revisions.size
  }

  /** Learns from a list. */
  list(kvs: readonly KeyValue[]): void {
    for (const { key, modRevision } of kvs) this.#revisions.set(keyText(key), modRevision)
  }

  /** Learns from a change that is told. */
  change({ type, kv }: Event): void {
    if (kv === undefined) return
    if (type === EventType.PUT) this.#revisions.set(keyText(kv.key), kv.modRevision)
    else this.#revisions.delete(keyText(kv.key))
  }

  forgetAll(): void {
    this.#revisions.clear()
  }

  /**
   * What a part of a new list says that was not known, and is from now on.
   *
   * @param seen collects the keys of the list.
   * @param everything tell what was known, too.
   */
  compare(kvs: readonly KeyValue[], seen: Set<string>, everything: boolean): Event[] {
    const events: Event[] = []
    for (const kv of kvs) {
      const text = keyText(kv.key)
      seen.add(text)
      const known = this.#revisions.get(text)
      if (known === kv.modRevision && !everything) continue
      // Deleted and made again: both are told.
      if (known !== undefined && known < kv.createRevision)
        events.push(deletion(text, kv.createRevision - 1))
      this.#revisions.set(text, kv.modRevision)
      events.push({ type: EventType.PUT, kv, prevKv: undefined })
    }
    return events
  }

  /** Deletes of the keys that a whole new list, of this revision, did not have. */
  missing(seen: ReadonlySet<string>, revision: number): Event[] {
    const events: Event[] = []
    for (const text of this.#revisions.keys()) {
      if (seen.has(text)) continue
      this.#revisions.delete(text)
      events.push(deletion(text, revision))
    }
    return events
  }
}

function deletion(text: string, modRevision: number): Event {
  const key = keyBytes(text)
  return {
    type: EventType.DELETE,
    kv: { key, value: NOTHING, createRevision: 0, modRevision, version: 0, lease: 0n },
    prevKv: undefined,
  }
}

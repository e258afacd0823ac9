/** Every event of a store, found by key and revision, and in the order of revisions. */

import type { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'

/** Made once for each list of events. */
const made = new WeakMap<readonly ModelEvent[], WatchIndex>()

/** See the head of the file. */
export class WatchIndex {
  readonly #events: readonly ModelEvent[]
  /** How many events are in here. */
  readonly #size: number
  readonly #byKey = new Map<string, ModelEvent[]>()

  private constructor(events: readonly ModelEvent[]) {
    this.#events = events
    this.#size = events.length
    for (const event of events) {
      const ofKey = this.#byKey.get(event.kv.key)
      if (ofKey === undefined) this.#byKey.set(event.kv.key, [event])
      else ofKey.push(event)
    }
  }

  /** The index of these events, which must be in order. The list may have grown since it was last asked for. */
  static of(events: readonly ModelEvent[]): WatchIndex {
    const known = made.get(events)
    if (known !== undefined && known.#size === events.length) return known
    const index = new WatchIndex(events)
    made.set(events, index)
    return index
  }

  /** The changes of a key at one revision: a transaction may change a key twice. */
  find(key: string, revision: number, type: EventType): readonly ModelEvent[] {
    const all = this.#byKey.get(key) ?? []
    const found: ModelEvent[] = []
    for (let i = firstFrom(all, revision); all[i]?.revision === revision; i++)
      if (all[i]!.type === type) found.push(all[i]!)
    return found
  }

  /** What happened from one revision to another, both included: to one key, or to all. */
  *between(from: number, to: number, key?: string): Iterable<ModelEvent> {
    const events = key === undefined ? this.#events : (this.#byKey.get(key) ?? [])
    for (let i = firstFrom(events, from); i < events.length; i++) {
      if (events[i]!.revision > to) return
      yield events[i]!
    }
  }
}

/** Place of the first event of at least this revision, in a list in order. */
export function firstFrom(events: readonly ModelEvent[], revision: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (events[middle]!.revision < revision) low = middle + 1
    else high = middle
  }
  return low
}

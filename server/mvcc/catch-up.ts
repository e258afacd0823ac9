/**
 * Reads history for the watchers that are behind, a slice a turn.
 *
 *   1. Whoever needs a compacted revision is canceled.
 *   2. The watcher that waited longest says where the slice begins; all whose next
 *      revision lies in the slice take part, so ten thousand watchers that resume
 *      from about the same place cost one reading.
 *   3. Each event goes to the participants that want it. Responses are closed at
 *      revision boundaries, when they grow large or the slice ends.
 *   4. A participant whose stream has no room remembers the first revision it could
 *      not take, and waits. One that read up to the newest revision becomes live, in
 *      this same turn, so nothing can happen in between. The others queue up again.
 */

import type { Clock } from '../../client/host/clock.js'
import type { Change, Store } from './store.js'
import { SharedEvent, type WatchEvent } from './watch-response.js'
import type { Watcher } from './watcher.js'
import { WatcherIndex } from './watcher-index.js'

/** Bounds of the work of one turn. */
export interface CatchUpLimits {
  /** Events read from history in one turn; the slice ends with the revision that reaches it. */
  readonly sliceEventsMax: number
  /** Events handed out in one turn; the slice ends with the revision that reaches it. */
  readonly sliceDeliveriesMax: number
  /** A response to one watcher is closed when its events reach so many bytes. */
  readonly responseBytes: number
}

/** What catching up needs to know of a store. */
export type HistorySource = Pick<Store, 'revision' | 'compactRevision' | 'history'>

/** How the hub connects. */
export interface CatchUpOptions {
  readonly clock: Clock
  readonly limits: CatchUpLimits
  /** The store to read; undefined while there is none. */
  readonly source: () => HistorySource | undefined
  /** This watcher was handed everything up to the newest revision and left the catch-up. */
  readonly level: (watcher: Watcher) => void
}

/** Events for one watcher that are not handed over yet, all of whole revisions. */
interface Batch {
  readonly events: WatchEvent[]
  readonly firstRevision: number
  bytes: number
}

/** One slice in the making. */
interface Slice {
  /** Fixed at its beginning: who comes back in the middle of it has missed the first half. */
  readonly participants: Set<Watcher>
  readonly batches: Map<Watcher, Batch>
}

/** See the head of the file. */
export class CatchUp {
  readonly #options: CatchUpOptions
  /** In the order of their turn; all in state behind. */
  readonly #behind = new Set<Watcher>()
  readonly #index = new WatcherIndex<Watcher>()
  #scheduled = false

  constructor(options: CatchUpOptions) {
    this.#options = options
  }

  /** How many watchers read history. */
  get size(): number {
    return this.#behind.size
  }

  /** Takes in a watcher that is owed everything from `next` on. */
  add(watcher: Watcher): void {
    watcher.state = 'behind'
    this.#behind.add(watcher)
    this.#index.add(watcher.interval, watcher)
    this.schedule()
  }

  /** Lets a watcher go, whatever becomes of it. */
  remove(watcher: Watcher): void {
    if (this.#behind.delete(watcher)) this.#index.delete(watcher.interval, watcher)
  }

  /** Sees to it that the next slice is read soon. */
  schedule(): void {
    if (this.#scheduled || this.#behind.size === 0) return
    this.#scheduled = true
    this.#options.clock.soon(() => {
      this.#scheduled = false
      this.#slice()
      if (this.#options.source() !== undefined) this.schedule()
    })
  }

  #slice(): void {
    const store = this.#options.source()
    if (store === undefined) return
    this.#cancelCompacted(store.compactRevision)
    const [first] = this.#behind
    if (first === undefined) return
    const from = first.next
    const { changes, next } = store.history(from, this.#options.limits.sliceEventsMax)
    const slice: Slice = { participants: new Set(), batches: new Map() }
    for (const watcher of this.#behind)
      if (watcher.next >= from && watcher.next < next) slice.participants.add(watcher)
    const end = this.#distribute(changes, next, slice)
    for (const watcher of slice.participants) {
      // A slice that was cut short may end before a participant begins.
      if (watcher.next > end || !this.#handOver(watcher, slice, end - 1)) continue
      this.#behind.delete(watcher)
      if (end <= store.revision) this.#behind.add(watcher)
      else {
        this.#index.delete(watcher.interval, watcher)
        this.#options.level(watcher)
      }
    }
  }

  #cancelCompacted(compactRevision: number): void {
    for (const watcher of [...this.#behind])
      if (watcher.next < compactRevision) watcher.stream.compacted(watcher, compactRevision)
  }

  /** Fills the batches, and hands over those that grow large. Returns the first revision not looked at. */
  #distribute(changes: readonly Change[], next: number, slice: Slice): number {
    const { sliceDeliveriesMax, responseBytes } = this.#options.limits
    let deliveries = 0
    for (const { revision, events } of changes) {
      const large = new Set<Watcher>()
      for (const source of events) {
        const found = this.#index.find(source.kv.key)
        const shared = found.length > 0 ? new SharedEvent(source) : undefined
        for (const watcher of found) {
          if (!slice.participants.has(watcher) || watcher.next > revision) continue
          const event = watcher.view(shared!)
          if (event === undefined) continue
          deliveries++
          if (append(slice, watcher, event, revision) >= responseBytes) large.add(watcher)
        }
      }
      for (const watcher of large) this.#handOver(watcher, slice, revision)
      if (deliveries >= sliceDeliveriesMax) return revision + 1
    }
    return next
  }

  /**
   * Hands a watcher its batch: everything that it is owed up to `revision`. False when
   * it takes no further part, because its stream had no room or broke.
   */
  #handOver(watcher: Watcher, slice: Slice, revision: number): boolean {
    const batch = slice.batches.get(watcher)
    slice.batches.delete(watcher)
    if (watcher.state !== 'behind') return false
    if (batch !== undefined && !watcher.stream.offer(watcher, batch.events, revision)) {
      watcher.next = batch.firstRevision
      slice.participants.delete(watcher)
      this.remove(watcher)
      watcher.state = 'waiting'
      watcher.stream.wait(watcher)
      return false
    }
    watcher.next = revision + 1
    // Taking the response may have broken the stream.
    return watcher.state === 'behind'
  }
}

/** Adds an event to a watcher's batch; returns the bytes of the batch. */
function append({ batches }: Slice, watcher: Watcher, event: WatchEvent, revision: number): number {
  let batch = batches.get(watcher)
  if (batch === undefined) {
    batch = { events: [], firstRevision: revision, bytes: 0 }
    batches.set(watcher, batch)
  }
  batch.events.push(event)
  batch.bytes += event.encoded.length
  return batch.bytes
}

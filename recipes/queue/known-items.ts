/**
 * What a consumer knows of a queue: which items are ready and in which order, which wait,
 * who has which, and who else consumes.
 *
 * It is told whole revisions, so it never shows half of a transaction. It is a little old;
 * every transaction compares what it was built on.
 *
 * **Waiting.** An item that is to wait says for how long, and until when by its writer's
 * wall clock. Who hears of it by the watch counts the time from then on, on the own
 * monotonic clock: no skew. Who finds it in a list does not know how much is over, and asks
 * the wall clock, but waits the whole time at most. An item whose claim ended with its
 * lease says nothing; whoever hears of that waits as the back-off demands.
 */

import type { Clock, KeyValue, WatchEvent } from '../../client/index.js'
import { Entry } from './entry.js'
import type { QueueKeys } from './keys.js'
import { byTurn, Sorted } from './order.js'
import { claimRecord, consumerRecord, itemRecord } from './records.js'

/** What a revision did to an item. */
interface Change {
  /** Its record was put. */
  put: boolean
  /** Its claim was deleted. */
  fell: boolean
}

/** Somebody who consumes. */
export interface KnownConsumer {
  readonly leaseId: bigint
  readonly slots: number
}

/** See the head of the file. */
export class KnownItems {
  readonly #clock: Clock
  readonly #keys: QueueKeys
  readonly #backoffMs: (attempts: number) => number
  readonly #entries = new Map<string, Entry>()
  readonly #ready = new Sorted<Entry>(byTurn)
  readonly #waiting = new Sorted<Entry>((a, b) => a.dueAtMs - b.dueAtMs || byTurn(a, b))
  /** By lease, in hex. */
  readonly #consumers = new Map<string, KnownConsumer>()
  /** By lease: how many items it has, and when it got the last. */
  readonly #workers = new Map<bigint, { held: number; lastRevision: number }>()

  /** Everything up to here is known. */
  revision = 0

  /** @param backoffMs how long an item waits whose claim ended with its lease. */
  constructor(clock: Clock, keys: QueueKeys, backoffMs: (attempts: number) => number) {
    this.#clock = clock
    this.#keys = keys
    this.#backoffMs = backoffMs
  }

  /** Items that may be claimed now, in their order. Look at {@link Entry.outdated}. */
  ready(): readonly Entry[] {
    const nowMs = this.#clock.now()
    for (let first = this.#waiting.items[0]; first !== undefined; ) {
      if (first.dueAtMs > nowMs) break
      this.#stand(first, 'ready')
      first = this.#waiting.items[0]
    }
    return this.#ready.items
  }

  /** When the next item becomes ready; undefined when none waits. */
  get nextDueMs(): number | undefined {
    return this.#waiting.items[0]?.dueAtMs
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  get consumers(): Iterable<KnownConsumer> {
    return this.#consumers.values()
  }

  /** How many items a lease has, and at which revision it got the last. */
  work(leaseId: bigint): { readonly held: number; readonly lastRevision: number } {
    return this.#workers.get(leaseId) ?? { held: 0, lastRevision: 0 }
  }

  /** The whole queue, as of one revision. */
  reset(kvs: readonly KeyValue[], revision: number): void {
    this.revision = revision
    this.#entries.clear()
    this.#ready.clear()
    this.#waiting.clear()
    this.#consumers.clear()
    this.#workers.clear()
    const touched = new Set<Entry>()
    for (const kv of kvs) {
      const entry = this.#tell(kv, true)
      if (entry !== undefined) touched.add(entry)
    }
    for (const entry of touched) this.#settle(entry, this.#leftMs(entry))
  }

  /** Some whole revisions, in order. Returns the items that they are about. */
  apply(events: readonly WatchEvent[]): ReadonlySet<Entry> {
    const all = new Set<Entry>()
    let changes = new Map<Entry, Change>()
    for (const [i, { type, kv }] of events.entries()) {
      const entry = this.#tell(kv, type === 'put')
      if (entry !== undefined) {
        const isItem = this.#keys.read(kv.keyString)?.kind === 'item'
        const change = changes.get(entry) ?? { put: false, fell: false }
        if (type === 'put') change.put ||= isItem
        else change.fell ||= !isItem
        changes.set(entry, change)
        all.add(entry)
      }
      if (events[i + 1]?.kv.modRevision === kv.modRevision) continue
      this.revision = kv.modRevision
      for (const [one, what] of changes) this.#settle(one, this.#delayMs(one, what))
      changes = new Map()
    }
    return all
  }

  /** We have claimed it: what the watch will tell, if it has not told it yet. */
  claimed(entry: Entry, leaseId: bigint, token: number): void {
    const { record, createRevision } = entry
    const isNews = this.#entries.get(entry.id) === entry && entry.claimRevision < token
    if (!isNews || record === undefined) return
    this.#unstand(entry)
    this.#count(entry.claim, -1)
    entry.tellItem({ ...record, attempts: record.attempts + 1 }, createRevision, token)
    entry.tellClaim({ leaseId, token, record: undefined }, token)
    this.#count(entry.claim, 1)
  }

  /** A claim that ended while nobody put the record with it ended with its lease. */
  #delayMs({ record }: Entry, { put, fell }: Change): number {
    if (put) return record?.delayMs ?? 0
    return fell && record !== undefined ? this.#backoffMs(record.attempts) : 0
  }

  #leftMs({ record }: Entry): number {
    const { delayMs = 0, dueMs = 0 } = record ?? {}
    return Math.max(0, Math.min(delayMs, dueMs - this.#clock.wall()))
  }

  /** Takes in one key; returns the item that it is about. */
  #tell(kv: KeyValue, isThere: boolean): Entry | undefined {
    const { modRevision: revision } = kv
    const key = this.#keys.read(kv.keyString)
    if (key === undefined) return undefined
    if (key.kind === 'consumer') {
      const record = isThere ? consumerRecord(kv) : undefined
      if (record === undefined) this.#left(key.id)
      else this.#consumers.set(key.id, { leaseId: kv.lease, slots: record.slots })
      return undefined
    }
    let entry = this.#entries.get(key.id)
    if (entry === undefined) {
      entry = new Entry(key.id)
      this.#entries.set(key.id, entry)
    }
    this.#unstand(entry)
    if (key.kind === 'item') {
      entry.tellItem(isThere ? itemRecord(kv) : undefined, kv.createRevision, revision)
      return entry
    }
    this.#count(entry.claim, -1)
    const token = kv.createRevision
    const claim = { leaseId: kv.lease, token, record: isThere ? claimRecord(kv) : undefined }
    entry.tellClaim(isThere ? claim : undefined, revision)
    this.#count(entry.claim, 1)
    return entry
  }

  #count(claim: Entry['claim'], by: 1 | -1): void {
    if (claim === undefined) return
    const work = this.#workers.get(claim.leaseId) ?? { held: 0, lastRevision: 0 }
    work.held += by
    work.lastRevision = Math.max(work.lastRevision, claim.token)
    this.#workers.set(claim.leaseId, work)
    if (work.held === 0) this.#forget(claim.leaseId)
  }

  #left(id: string): void {
    const gone = this.#consumers.get(id)
    this.#consumers.delete(id)
    if (gone !== undefined) this.#forget(gone.leaseId)
  }

  /** Leases are many in the course of time: only those are kept that have, or want, something. */
  #forget(leaseId: bigint): void {
    const isHere = this.#consumers.has(leaseId.toString(16))
    if (!isHere && this.work(leaseId).held === 0) this.#workers.delete(leaseId)
  }

  /** Puts it where it belongs now. */
  #settle(entry: Entry, delayMs: number): void {
    this.#unstand(entry)
    if (entry.claim !== undefined) return
    if (entry.record === undefined) {
      this.#entries.delete(entry.id)
      return
    }
    entry.dueAtMs = this.#clock.now() + delayMs
    this.#stand(entry, delayMs > 0 ? 'waiting' : 'ready')
  }

  #stand(entry: Entry, standing: 'ready' | 'waiting'): void {
    this.#unstand(entry)
    entry.standing = standing
    ;(standing === 'ready' ? this.#ready : this.#waiting).add(entry)
  }

  #unstand(entry: Entry): void {
    if (entry.standing === 'ready') this.#ready.delete(entry)
    else if (entry.standing === 'waiting') this.#waiting.delete(entry)
    entry.standing = 'none'
  }
}

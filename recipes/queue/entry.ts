/**
 * One item as a consumer knows it: from its two keys, the record and the claim.
 *
 * Both the watch and the answers to our own transactions tell of them, in either order. The
 * newest word counts: what is older than what is known is passed over.
 */

import type { ClaimRecord, ItemRecord } from './records.js'

/** Who has an item. */
export interface KnownClaim {
  readonly leaseId: bigint
  /** Create revision of the claim. */
  readonly token: number
  readonly record: ClaimRecord | undefined
}

/** See the head of the file. */
export class Entry {
  readonly id: string
  record: ItemRecord | undefined
  /** Of the record's key, so it is the item's place in the order of the log. */
  createRevision = 0
  /** Of the record's last change. */
  itemRevision = 0
  claim: KnownClaim | undefined
  /** Of the claim's last change. */
  claimRevision = 0
  /** Of the queue's own; 'none' is nowhere. */
  standing: 'ready' | 'waiting' | 'none' = 'none'
  /** When it may be claimed, on the monotonic clock. */
  dueAtMs = 0
  /** Whose turn it is to claim it, as far as we know, and since when on the monotonic clock. */
  #offer: { readonly leaseId: bigint | undefined; readonly sinceMs: number } | undefined
  /** It is not as we thought, as a claim of ours found; the news of it is on its way. */
  outdated = false

  constructor(id: string) {
    this.id = id
  }

  get priority(): number {
    return this.record?.priority ?? 0
  }

  get place(): number {
    return this.record?.place ?? 0
  }

  /** It is the turn of this lease, or of nobody; returns since when it has been. */
  offer(leaseId: bigint | undefined, nowMs: number): number {
    if (this.#offer?.leaseId !== leaseId || this.#offer === undefined)
      this.#offer = { leaseId, sinceMs: nowMs }
    return this.#offer.sinceMs
  }

  /** Its record was put, or deleted when there is none. Tells whether that is news. */
  tellItem(record: ItemRecord | undefined, createRevision: number, revision: number): boolean {
    if (revision <= this.itemRevision) return false
    this.record = record
    this.#offer = undefined
    this.createRevision = createRevision
    this.itemRevision = revision
    this.outdated = false
    return true
  }

  /** It was claimed, or the claim ended when there is none. Tells whether that is news. */
  tellClaim(claim: KnownClaim | undefined, revision: number): boolean {
    if (revision <= this.claimRevision) return false
    this.claim = claim
    this.claimRevision = revision
    this.outdated = false
    return true
  }
}

/**
 * What processes held by a recipe, and what they did while they held it: the material of
 * the lock judge.
 *
 * Places (`…At`) and times (`…Ms`) are those of the recorder that numbers the operations.
 * Of all that can be held the same is recorded; a leader is the holder, and so is who reads.
 */

/** A place in the recorder's numbering, and when that was in milliseconds. */
export interface Moment {
  readonly at: number
  readonly ms: number
}

/** How a holding ended, as its holder knows it. */
export type HoldEnd =
  /** Given back: `began` before the request, `moment` after the answer. */
  | { readonly kind: 'released'; readonly began: Moment; readonly moment: Moment }
  /** Its signal fired, or giving it back said so. `reason` is a `LossReason` of the recipes. */
  | { readonly kind: 'lost'; readonly reason: string; readonly moment: Moment }
  /** Giving it back failed: it may still be held. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly moment: Moment }

/** What can be held. */
export type HeldRecipe = 'mutex' | 'election' | 'rwlock' | 'semaphore'

/** One grant. */
export interface LockRecord {
  readonly process: string
  readonly recipe: HeldRecipe
  readonly name: string
  readonly leaseId: bigint
  readonly key: string
  /** Create revision of the key. */
  readonly fencingToken: number
  /** `acquire` or `campaign` was called. */
  readonly asked: Moment
  /** It returned. */
  readonly granted: Moment
  /** Undefined when it was held to the end of the run. */
  readonly end: HoldEnd | undefined
}

/**
 * A write to what a lock protects: a transaction that puts value and token if no greater
 * token was there. The register is the keys `<register>/token` (decimal, ten digits) and
 * `<register>/value`.
 */
export interface FencedWrite {
  readonly process: string
  readonly register: string
  /** Of the lock that was held when the write began. */
  readonly fencingToken: number
  /** Unique. */
  readonly value: string
  /** Id of the operation that this is; it has the times and the answer. */
  readonly operation: number
  /** Whether the register took it; undefined when that is unknown. */
  readonly accepted: boolean | undefined
}

/** A new value that a leader gave. */
export interface Proclamation {
  readonly process: string
  readonly name: string
  readonly fencingToken: number
  readonly value: string
  readonly began: Moment
  readonly ended: Moment
  readonly outcome: 'done' | 'lost' | 'unknown'
}

/** One word of an observer of an election. */
export interface Sighting {
  readonly moment: Moment
  /** Who leads; undefined when nobody does. */
  readonly leader:
    | { readonly key: string; readonly fencingToken: number; readonly value: string }
    | undefined
}

/** What one observer of an election was told, in order. */
export interface Observation {
  readonly process: string
  readonly name: string
  readonly began: Moment
  readonly sightings: readonly Sighting[]
}

/** Everything about locks of one run. */
export interface LockMaterial {
  readonly grants: readonly LockRecord[]
  readonly writes: readonly FencedWrite[]
  readonly proclamations: readonly Proclamation[]
  readonly observations: readonly Observation[]
}

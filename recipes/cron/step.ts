/** What a node may do to a lane: one step is one transaction. */

import type { LaneId } from './keys.js'
import type { IndexedJob } from './live-index.js'
import type { LaneState, MarkRecord, OpenRecord, PauseRecord, RunOutcome } from './records.js'
import type { Seen } from './seen.js'

/** A lane as it stood at one revision. */
export interface LaneView {
  readonly id: LaneId
  readonly job: IndexedJob
  readonly state: Seen<LaneState> | undefined
  readonly opens: readonly Seen<OpenRecord>[]
  /** By run. */
  readonly marks: ReadonlyMap<string, Seen<MarkRecord>>
  readonly pauses: readonly (Seen<PauseRecord> | undefined)[]
  /** Only ticks after it count while the lane has no counter. */
  readonly floorMs: number
  /** Nobody is left who may start anything in it. */
  readonly isAbandoned: boolean
}

/** A run that ends with a step. */
export interface Ending {
  readonly open: Seen<OpenRecord>
  /** Undefined: it never started, and leaves no trace. */
  readonly outcome?: RunOutcome
}

/**
 * One step.
 *
 * - `start`: a run begins; `open` is its record.
 * - `buffer`: a tick waits for the one under way; `open` is its record.
 * - `requeue`: a run whose runner was lost waits for its next start; `open` is its record.
 * - `skip`, `miss`: ticks do not run.
 * - `end`: runs end that nobody can go on with.
 * - `forget`: nothing is left in the lane, and nobody will want it.
 */
export interface Step {
  readonly kind: 'start' | 'buffer' | 'requeue' | 'skip' | 'miss' | 'end' | 'forget'
  /** The counter after it, but for who wrote it. */
  readonly state: Omit<LaneState, 'by'>
  readonly open?: OpenRecord
  /** The record that `open` takes the place of. */
  readonly replaces?: Seen<OpenRecord>
  readonly ends: readonly Ending[]
  /** Ticks that are missed with it. */
  readonly missed: number
  /** The tick that is skipped. */
  readonly skippedMs?: number
}

/** A step, or when to look again if nothing changes: milliseconds since 1970, perhaps `Infinity`. */
export type Verdict = Step | number

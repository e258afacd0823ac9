/** One life, from the founding of a cluster to the judges' word on it. */

import type { Overlap } from '../../check/lock-rules.js'
import type { Fed } from './fed.js'
import { LifeRun } from './life-run.js'
import type { Plan } from './plan.js'

/** What one life was like. */
export interface Life {
  readonly seed: number
  /** The first promise that was broken: a judge's rule, `liveness`, `banned global`, or `crash` for what nobody expected. */
  readonly violation?: { readonly rule: string; readonly message: string }
  /** The last lines of the event log. */
  readonly lastEvents: readonly string[]
  /** Hash over all lines of the event log, and how many they are: equal for equal plans. */
  readonly logHash: number
  readonly logLines: number
  readonly simulatedMs: number
  /** Operations that were judged. */
  readonly operations: number
  /** How often each kind did harm: calls that failed, messages that were lost; windows in which nothing was struck count for nothing. */
  readonly faults: Readonly<Record<string, number>>
  /** What the judges were fed with; kinds that are missing: nothing. */
  readonly material: Fed
  /** Holders of locks that believed at the same time that they hold: measured, promised by nobody. */
  readonly lockOverlap: Overlap
  /** Leases that the leader revoked because their time was over. */
  readonly leasesExpired: number
  readonly leaderChanges: number
  /** Committed changes of the configuration. */
  readonly membershipChanges: number
  /** The longest time between two acknowledged writes in the phase of faults, in simulated milliseconds. */
  readonly longestUnavailableMs: number
  /** Committed commands. */
  readonly commands: number
}

/** How a life is watched. */
export interface LiveOptions {
  /** Hears every line of the event log. */
  readonly onLine?: (line: string) => void
}

/** Runs one life. Never rejects: whatever goes wrong is the life's violation. */
export async function live(plan: Plan, options: LiveOptions = {}): Promise<Life> {
  return new LifeRun(plan, options).run()
}

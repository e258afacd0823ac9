/** What the command asks of a process that lives seeds, and what it hears back. */

import type { Life } from '../swarm/life.js'
import type { Plan } from '../swarm/plan.js'
import type { ScriptStretches } from './precise-coverage.js'

/** One life to be lived. */
export interface Job {
  /** The seed, or the plan that stands for one. */
  readonly life: { readonly seed: number } | { readonly plan: Plan }
  /** Where the event log goes: a file, or the standard output of the process. */
  readonly trace?: { readonly file: string } | 'stdout'
}

/** To the process: a life, or the end of the work. */
export type Order = { readonly job: Job } | { readonly end: true }

/** What a life cost. */
export interface Cost {
  readonly cpuMs: number
  /** Resident memory of the process when the life was over. */
  readonly memoryBytes: number
}

/** From the process: that it can begin, then a life's outcome, or, at the end of the work, what was covered. */
export type Answer =
  | { readonly ready: true }
  | { readonly life: Life; readonly cost: Cost }
  | { readonly coverage: readonly ScriptStretches[] }

/** How one life came out, whoever said so. */
export interface Outcome {
  readonly life: Life
  readonly cost: Cost
}

/** The life of a seed whose process did not live to tell: nothing is known but the end. */
export function lostLife(seed: number, rule: string, message: string): Life {
  return {
    seed,
    violation: { rule, message },
    lastEvents: [],
    logHash: 0,
    logLines: 0,
    simulatedMs: 0,
    operations: 0,
    faults: {},
    material: {},
    lockOverlap: { grants: 0, longestMs: 0 },
    leasesExpired: 0,
    leaderChanges: 0,
    membershipChanges: 0,
    longestUnavailableMs: 0,
    commands: 0,
  }
}

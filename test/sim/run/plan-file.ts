/** Plans in files: those that somebody wrote or printed, and those that are remembered. */

import { readFileSync } from 'node:fs'
import type { Plan } from '../swarm/plan.js'
import type { Job } from './job.js'
import { type Subject, UsageError } from './options.js'

/** A plan that failed once, and what came of it: `test/sim/seeds/<rule>-<seed>.json`. */
export interface RememberedPlan {
  readonly seed: number
  /** The rule that it broke. */
  readonly rule: string
  /** What the bug was, for the reader. */
  readonly story: string
  readonly plan: Plan
}

/** The life that a command line names. @throws UsageError when the file holds no plan. */
export function lifeOf(subject: Subject): Job['life'] {
  return 'seed' in subject ? subject : { plan: readPlan(subject.file) }
}

/** Reads a plan, by itself or remembered. @throws UsageError when there is none. */
export function readPlan(file: string): Plan {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`there is no plan in ${file}: ${(error as Error).message}`)
  }
  const plan = typeof value === 'object' && value !== null && 'plan' in value ? value.plan : value
  if (typeof plan === 'object' && plan !== null && 'seed' in plan && 'faults' in plan)
    return plan as Plan
  throw new UsageError(`${file} holds no plan: print one with npm run sim -- --seed 1 --print-plan`)
}

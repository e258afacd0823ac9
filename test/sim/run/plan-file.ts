/** Plans in files: those that somebody wrote or printed, and those that are remembered. */

import { readFileSync } from 'node:fs'
import { UsageError } from '../../command-line.js'
import { drawPlan, type Plan } from '../swarm/plan.js'
import type { Job } from './job.js'
import type { Subject } from './options.js'

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
  const again = 'print one with npm run sim -- --seed 1 --print-plan'
  if (!(isRecord(plan) && 'seed' in plan && 'faults' in plan))
    throw new UsageError(`${file} holds no plan: ${again}`)
  const wrong = [...lacking(plan, drawPlan(1))]
  if (wrong.length === 0) return plan as unknown as Plan
  const named = wrong.slice(0, NAMED_MAX).join(', ')
  const rest = wrong.length > NAMED_MAX ? ` and ${wrong.length - NAMED_MAX} more` : ''
  throw new UsageError(`the plan in ${file} lacks a value for ${named}${rest}: ${again}`)
}

/** Fields that a mistake lists. */
const NAMED_MAX = 8

/** Fields that may be null, an object, or have any part of their own fields. */
const FREE = /^(tuning|stutter|beyondPromise|faults\..+)$/

/** The fields of a drawn plan that this one lacks, or has with a value of another kind. */
function* lacking(
  plan: Readonly<Record<string, unknown>>,
  drawn: object,
  path = '',
): Generator<string> {
  for (const [field, example] of Object.entries(drawn)) {
    const name = path + field
    const value = plan[field]
    if (FREE.test(name)) {
      if (value === undefined) yield name
    } else if (typeof value !== typeof example) yield name
    else if (isRecord(example))
      if (isRecord(value)) yield* lacking(value, example, `${name}.`)
      else yield name
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

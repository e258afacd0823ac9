/**
 * Makes a failing plan smaller while it still breaks the same rule (after delta debugging,
 * Zeller and Hildebrandt 2002).
 *
 * One reduction after the other is tried until it finds nothing more, and all of them
 * again until a whole round finds nothing. Candidates are tried a few at a time; the
 * boldest that fails is taken, so the way does not depend on which answer came first.
 */

import type { Plan } from '../swarm/plan.js'
import type { Reduction } from './reductions.js'

/** What a shrink needs to know. */
export interface ShrinkOptions {
  readonly plan: Plan
  readonly reductions: readonly Reduction[]
  /** Whether this plan fails as the first one did. */
  fails(plan: Plan): Promise<boolean>
  /** Candidates at a time. */
  readonly width: number
  /** False when it has to come to an end. */
  mayGoOn(): boolean
  /** Hears of every smaller plan. */
  onSmaller?(plan: Plan, name: string): void
}

/** @returns the smallest plan that was found. */
export async function shrink(options: ShrinkOptions): Promise<Plan> {
  const tried = new Set<string>()
  let plan = options.plan
  for (let before: Plan | undefined; before !== plan && options.mayGoOn(); ) {
    before = plan
    for (const reduction of options.reductions) plan = await reduce(plan, reduction, tried, options)
  }
  return plan
}

/** Applies one reduction until it finds nothing more. */
async function reduce(
  plan: Plan,
  reduction: Reduction,
  tried: Set<string>,
  options: ShrinkOptions,
): Promise<Plan> {
  let smallest = plan
  for (let next: Plan | undefined = plan; next !== undefined; ) {
    next = await firstFailing(reduction.smaller(smallest), tried, options)
    if (next === undefined) break
    smallest = next
    options.onSmaller?.(smallest, reduction.name)
  }
  return smallest
}

/** The boldest candidate that fails; what was tried before is not tried again. */
async function firstFailing(
  candidates: readonly Plan[],
  tried: Set<string>,
  { fails, width, mayGoOn }: ShrinkOptions,
): Promise<Plan | undefined> {
  const untried = candidates.filter((plan) => !tried.has(JSON.stringify(plan)))
  for (let at = 0; at < untried.length && mayGoOn(); at += width) {
    const some = untried.slice(at, at + width)
    for (const plan of some) tried.add(JSON.stringify(plan))
    const failed = await Promise.all(some.map(fails))
    const first = failed.indexOf(true)
    if (first >= 0) return some[first]
  }
  return undefined
}

/**
 * Targets among which one is picked, and what policies need to know of all of them: worked out
 * once for many picks.
 */

import type { Target } from './target.js'

/** Those of a pool that have the same weight. */
export interface WeightGroup {
  /** Of each. */
  readonly weight: number
  /** In the order of their ids. */
  readonly targets: readonly Target[]
}

/** See the head of the file. It is as the targets were when it was made. */
export class Pool {
  /** In the order of their ids. */
  readonly targets: readonly Target[]
  #groups: readonly WeightGroup[] | undefined

  constructor(targets: readonly Target[]) {
    this.targets = targets
  }

  get size(): number {
    return this.targets.length
  }

  /** By weight, in the order of the first ids. Usually there is one, or there are few. */
  get groups(): readonly WeightGroup[] {
    this.#groups ??= grouped(this.targets)
    return this.#groups
  }
}

/** Whose id comes next after this one; behind the last one the first. There is at least one. */
export function after(targets: readonly Target[], id: string): Target {
  let [from, to] = [0, targets.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (targets[middle]!.instance.id > id) to = middle
    else from = middle + 1
  }
  return targets[from] ?? targets[0]!
}

function grouped(targets: readonly Target[]): WeightGroup[] {
  const byWeight = new Map<number, Target[]>()
  for (const target of targets) {
    const group = byWeight.get(target.weight)
    if (group === undefined) byWeight.set(target.weight, [target])
    else group.push(target)
  }
  return Array.from(byWeight, ([weight, group]) => ({ weight, targets: group }))
}

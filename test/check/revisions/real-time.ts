/**
 * What real time says about revisions.
 *
 * Whoever begins after somebody else ended must not stand before them. So for each
 * operation there is a floor, the highest revision that anybody was told before it began,
 * and a ceiling, the lowest revision that was made by a write which began after it ended.
 * Both are found by search in a sorted list, so all of them together cost O(n log n).
 */

import type { Violation } from '../operation.js'
import { showOperation } from '../show.js'
import type { Claim } from './claim.js'

/** A place in the numbering of beginnings and ends, and the extreme claim up to it, or from it on. */
interface Milestone {
  readonly at: number
  readonly claim: Claim
}

/** See the head of the file. */
export class RealTime {
  /** By end, with ever higher revisions. */
  readonly #told: Milestone[] = []
  /** By beginning, the last first, with ever lower revisions. */
  readonly #made: Milestone[] = []

  constructor(claims: readonly Claim[]) {
    const byEnd = claims.filter(({ response }) => response !== undefined)
    byEnd.sort((a, b) => a.operation.ended - b.operation.ended)
    for (const claim of byEnd) {
      if (claim.revision <= (this.#told.at(-1)?.claim.revision ?? 0)) continue
      this.#told.push({ at: claim.operation.ended, claim })
    }
    const byBeginning = claims.filter(({ changes }) => changes)
    byBeginning.sort((a, b) => b.operation.began - a.operation.began)
    for (const claim of byBeginning) {
      if (claim.revision >= (this.#made.at(-1)?.claim.revision ?? Number.POSITIVE_INFINITY))
        continue
      this.#made.push({ at: claim.operation.began, claim })
    }
  }

  /** Who was told the highest revision of all that ended before this place. */
  toldBefore(began: number): Claim | undefined {
    return this.#told[countPassing(this.#told, ({ at }) => at < began) - 1]?.claim
  }

  /** The highest revision that anybody was told before this place; 1, that of an empty store, if nobody. */
  floor(began: number): number {
    return this.toldBefore(began)?.revision ?? 1
  }

  /** The lowest revision of all changes that began after this place; infinite if there is none. */
  ceiling(ended: number): number {
    const later = this.#made[countPassing(this.#made, ({ at }) => at > ended) - 1]
    return later?.claim.revision ?? Number.POSITIVE_INFINITY
  }
}

/** A change stands after all that was told before it began, a read that wants the present not before it. */
export function judgeRealTime(claim: Claim, time: RealTime): Violation | undefined {
  const { operation, revision, changes, serializable } = claim
  const earlier = time.toldBefore(operation.began)
  if (earlier === undefined || revision > earlier.revision) return undefined
  if (!changes && (revision === earlier.revision || serializable)) return undefined
  const before = `which was over before it began: ${showOperation(earlier.operation)}`
  return {
    rule: changes ? 'realTime' : 'stale',
    message: `${showOperation(operation)}: revision ${revision} is not after ${earlier.revision}, ${before}`,
  }
}

/** How many items at the front pass; the list has all that pass before all that do not. */
export function countPassing<T>(list: readonly T[], passes: (item: T) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (passes(list[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}

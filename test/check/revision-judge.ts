/** Judges operations by the revisions in their answers, in one sweep. */

import type { Operation, Violation } from './operation.js'
import type { Truth } from './truth.js'

/**
 * Empty: every answer is what a strictly serializable store would have said.
 *
 * @param operations everything that anybody asked of the keys concerned, in any order;
 *   only expiring leases may change them besides.
 */
export function judgeRevisions(_operations: readonly Operation[], _truth: Truth): Violation[] {
  throw new Error('nothing is judged yet')
}

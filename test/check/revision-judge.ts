/**
 * Judges operations by the revisions in their answers.
 *
 * Every answer of etcd shows a revision, so the order in which operations took effect is
 * given and need not be searched for. What is left to check, each for itself:
 *
 *   1. *claimed once*: a revision is that of one change;
 *   2. *unclaimed* changes were made by somebody whose outcome is unknown, once, and never
 *      by somebody who was told that it did not happen (revisions/unclaimed.ts);
 *   3. *real time*: who begins after somebody ended stands after them (revisions/real-time.ts);
 *   4. *state*: in a sweep over the revisions each call is executed on the state that it
 *      claims to have found: the answer must come out field by field, and of a change
 *      exactly the events of its revision;
 *   5. *refusals* must be plausible (revisions/refusals.ts);
 *   6. *repeats* are counted in the log, where there is one (revisions/repeats.ts).
 *
 * The sort by revision is the dearest step, so n operations cost O(n log n).
 */

import type { Operation, Violation } from './operation.js'
import { type Claim, claimOf } from './revisions/claim.js'
import { Compactions } from './revisions/compactions.js'
import { judgeRealTime, RealTime } from './revisions/real-time.js'
import { type Grounds, judgeRefusal } from './revisions/refusals.js'
import { judgeRepeats } from './revisions/repeats.js'
import { Sweep } from './revisions/sweep.js'
import { findUnclaimed, Owners } from './revisions/unclaimed.js'
import { showOperation } from './show.js'
import { type Truth, TruthIndex } from './truth.js'

/** One broken promise breaks many: so many are told. */
const VIOLATIONS_MAX = 20

/**
 * Empty: every answer is what a strictly serializable store would have said.
 *
 * @param operations everything that anybody asked of the keys concerned, in any order;
 *   only expiring leases may change them besides. Values that are put should be unique.
 */
export function judgeRevisions(operations: readonly Operation[], truth: Truth): Violation[] {
  const index = new TruthIndex(truth)
  const owners = new Owners(operations)
  const answered = operations.flatMap((operation) => claimOf(operation) ?? [])
  const existing = answered.filter((claim) => exists(claim, truth))
  const found = findUnclaimed(existing, owners, index)
  const claims = [...existing, ...found.claims]
  const time = new RealTime(claims)
  const compactions = new Compactions(truth, operations)
  const violations = [
    ...answered.filter((claim) => !exists(claim, truth)).map((claim) => beyond(claim, truth)),
    ...claimedTwice(existing),
    ...found.violations,
    ...claims.flatMap((claim) => judgeRealTime(claim, time) ?? []),
    ...new Sweep(index, compactions).judge(claims),
    ...judgeRefusals(operations, { truth: index, time, compactions }),
    ...(truth.log === undefined ? [] : judgeRepeats(operations, owners, truth.log)),
  ]
  return violations.slice(0, VIOLATIONS_MAX)
}

function exists({ revision, changes }: Claim, truth: Truth): boolean {
  return revision >= (changes ? 2 : 1) && revision <= truth.revision
}

/** A log holds all that there was; a watch may have ended too early. */
function beyond({ operation, revision }: Claim, truth: Truth): Violation {
  const message = `${showOperation(operation)}: there is no revision ${revision}`
  if (truth.log !== undefined || revision <= truth.revision) return { rule: 'existence', message }
  return { rule: 'existence', message: `${message} in the watch`, undecided: true }
}

function claimedTwice(claims: readonly Claim[]): Violation[] {
  const claimants = new Map<number, Operation>()
  return claims.flatMap(({ changes, revision, operation }) => {
    const other = changes ? claimants.get(revision) : undefined
    if (changes) claimants.set(revision, operation)
    if (other === undefined) return []
    const both = `${showOperation(other)} and ${showOperation(operation)}`
    return { rule: 'claimedTwice', message: `both made revision ${revision}: ${both}` }
  })
}

function judgeRefusals(operations: readonly Operation[], grounds: Grounds): Violation[] {
  return operations.flatMap((operation) => {
    const { answer } = operation
    if (answer?.kind !== 'refused') return []
    const wrong = judgeRefusal(operation, answer.error, grounds)
    if (wrong === undefined) return []
    return { rule: 'refusal', message: `${showOperation(operation)}: ${wrong}` }
  })
}

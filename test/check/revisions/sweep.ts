/**
 * One sweep over the revisions: every call is executed on the state that it claims to have
 * found, and must come out as it was told.
 *
 * A change of revision r found the state after r - 1, everything else the state after the
 * revision in its answer. Leases are taken as given: who was answered had his lease.
 */

import type { Call, Calls } from '../../model/call.js'
import { Refusal } from '../../model/call.js'
import { Draft } from '../../model/draft.js'
import type { Change } from '../../model/history.js'
import type { ModelEvent } from '../../model/model.js'
import { runDeleteRange, runPut, runRange, runTxn } from '../../model/run.js'
import { allOf, LiveState } from '../../model/state.js'
import { isRead } from '../call-parts.js'
import { difference } from '../difference.js'
import type { Violation } from '../operation.js'
import { showOperation } from '../show.js'
import type { TruthIndex } from '../truth.js'
import type { Claim } from './claim.js'
import type { Compactions } from './compactions.js'

/** See the head of the file. */
export class Sweep {
  readonly #truth: TruthIndex
  readonly #compactions: Compactions
  /** The state after `#revision`. */
  readonly #state = new LiveState()
  #revision = 1

  constructor(truth: TruthIndex, compactions: Compactions) {
    this.#truth = truth
    this.#compactions = compactions
  }

  /** Judges all claims, in any order. Their revisions must exist. */
  judge(claims: readonly Claim[]): Violation[] {
    const sorted = [...claims].sort((a, b) => baseOf(a) - baseOf(b))
    return sorted.flatMap((claim) => {
      this.#advance(baseOf(claim))
      const wrong = this.#wrong(claim)
      if (wrong === undefined) return []
      return { rule: ruleOf(claim), message: `${showOperation(claim.operation)}: ${wrong}` }
    })
  }

  #advance(to: number): void {
    while (this.#revision < to)
      for (const event of this.#truth.eventsAt(++this.#revision)) this.#state.apply(event)
  }

  #wrong(claim: Claim): string | undefined {
    const { call } = claim.operation
    if (call.kind === 'compaction') return this.#compactions.judge(claim)
    if (call.kind === 'leaseGrant')
      return wrongGrant(call.request, claim.response as Calls['leaseGrant'][1])
    if (call.kind === 'leaseRevoke') return this.#wrongRevoke(call.request.ID)
    return this.#wrongExecution(call, claim)
  }

  #wrongExecution(call: Call, claim: Claim): string | undefined {
    const draft = new Draft({
      state: this.#state,
      revision: this.#revision,
      compactRevision: this.#compactions.seenBy(claim),
      past: (revision) => this.#truth.versions.at(revision),
    })
    try {
      const response = run(draft, call)
      const wrong = claim.response && difference(claim.response, response)
      const events = claim.changes ? this.#truth.eventsAt(claim.revision) : []
      return wrong ?? differentChanges(events, draft.changes)
    } catch (error) {
      if (error instanceof Refusal) return `it should be refused as ${error.error}`
      throw error
    } finally {
      draft.undo()
    }
  }

  #wrongRevoke(id: bigint): string | undefined {
    const left = allOf(this.#state).find(({ lease }) => lease === id)
    return left && `key ${JSON.stringify(left.key)} outlives its lease`
  }
}

/** The revision whose state the operation found. */
function baseOf({ changes, revision }: Claim): number {
  return changes ? revision - 1 : revision
}

function ruleOf({ operation, response, serializable }: Claim): string {
  const { call } = operation
  if (response === undefined) return 'unknown'
  if (call.kind === 'compaction') return 'compaction'
  if (call.kind === 'leaseGrant' || call.kind === 'leaseRevoke') return 'lease'
  if (!isRead(call)) return 'write'
  return serializable ? 'serializable' : 'read'
}

const EVERY_LEASE = { has: () => true }

function run(draft: Draft, call: Call): object {
  if (call.kind === 'range') return runRange(draft, call.request)
  if (call.kind === 'put') return runPut(draft, call.request, EVERY_LEASE)
  if (call.kind === 'deleteRange') return runDeleteRange(draft, call.request)
  if (call.kind === 'txn') return runTxn(draft, call.request, EVERY_LEASE, Number.POSITIVE_INFINITY)
  throw new Error(`a ${call.kind} does not work on keys`)
}

function differentChanges(
  events: readonly ModelEvent[],
  changes: readonly Change[],
): string | undefined {
  for (let i = 0; i < Math.max(events.length, changes.length); i++) {
    const got = change(events[i])
    const want = change(changes[i])
    const wrong = difference(got, want, `event ${i} of the revision`)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function change(change: Change | undefined): object | undefined {
  return change && { type: change.type, ...change.kv }
}

function wrongGrant(
  asked: Calls['leaseGrant'][0],
  granted: Calls['leaseGrant'][1],
): string | undefined {
  if (asked.ID !== 0n && granted.ID !== asked.ID) return `it got lease ${granted.ID}`
  return granted.TTL < asked.TTL ? `it got ${granted.TTL} s` : undefined
}

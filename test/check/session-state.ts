/**
 * Judges what members keep of sessions, live, at each batch that they apply.
 *
 * How far a session is applied, and which answers the client has not acknowledged, follows
 * from the numbers in the log alone (test/model/sessions.ts). A member must have exactly
 * that: an answer that it forgot is one that a client may still ask for, and one that it
 * keeps too long takes room for nothing. Equal mistakes on all members are seen, too.
 */

import { PipelineAnswer } from '../../client/wire/generated/pipeline.js'
import { SESSION_ANSWERS_MAX, SESSION_REFUSALS_MAX } from '../../server/limits.js'
import type { BatchResponse } from '../../server/state/applied.js'
import type { SessionView } from '../../server/state/sessions.js'
import type { Call, Outcome } from '../model/call.js'
import { ModelSessions } from '../model/sessions.js'
import type { Committed } from './committed.js'
import type { Violation } from './operation.js'

/** The sessions of a member, as far as they are looked at. */
export interface KeptSessions {
  get(id: bigint): SessionView | undefined
  answer(id: bigint, sequence: number): Uint8Array | undefined
}

/** What a member must keep of a session after an entry; undefined: there is no session. */
interface Owed {
  readonly id: bigint
  readonly applied: number
  readonly acknowledged: number
}

/** An answer stands one level above the response in it. */
const ANSWER_DEPTH = -1

/** See the head of the file. */
export class SessionStateJudge {
  readonly #sessions = new ModelSessions({
    answersMax: SESSION_ANSWERS_MAX,
    refusalsMax: SESSION_REFUSALS_MAX,
  })
  /** By index of a batch. */
  readonly #owed = new Map<number, Owed | undefined>()
  #violation: Violation | undefined
  #looks = 0

  /** The first broken rule. */
  get violation(): Violation | undefined {
    return this.#violation
  }

  /** How often a member was looked at. */
  get looks(): number {
    return this.#looks
  }

  /** What the log decided, in order, each index once. */
  learn({ index, command, result, overQuota }: Committed): void {
    if (command === undefined) return
    const { pipeline, leaseGrant, leaseRevoke } = command
    if (pipeline) {
      const answers = result?.ok ? (result.response as BatchResponse).answers : []
      // Calls that were refused unread are answered, too.
      const before = this.#sessions.living.get(pipeline.session)?.applied ?? 0
      this.#sessions.run(pipeline, (call, sequence) =>
        this.#done(call, answers[sequence - before - 1], index),
      )
      const session = this.#sessions.living.get(pipeline.session)
      this.#owed.set(index, session && { id: pipeline.session, ...session })
    } else if (leaseGrant && (result?.ok || overQuota)) this.#sessions.granted(leaseGrant.ID, index)
    else if (leaseRevoke && result?.ok) this.#sessions.ended(leaseRevoke.ID)
  }

  /** A member has applied the entry at this index, and nothing behind it. */
  applied(member: string, index: number, kept: KeptSessions): void {
    const owed = this.#owed.get(index)
    if (owed === undefined || this.#violation !== undefined) return
    this.#looks++
    const wrong = wrongIn(owed, kept)
    if (wrong === undefined) return
    const message = `${member} at entry ${index}, session ${owed.id}: ${wrong}`
    this.#violation = { rule: 'session state', message }
  }

  /** What a call did to leases is all that matters here. */
  #done(
    call: Call | undefined,
    answer: Uint8Array | undefined,
    index: number,
  ): Outcome | undefined {
    if (call === undefined || answer === undefined) return undefined
    const isDone = PipelineAnswer.decode(answer, undefined, ANSWER_DEPTH).error === undefined
    if (isDone && call.kind === 'leaseGrant') this.#sessions.granted(call.request.ID, index)
    if (isDone && call.kind === 'leaseRevoke') this.#sessions.ended(call.request.ID)
    return undefined
  }
}

function wrongIn({ id, applied, acknowledged }: Owed, kept: KeptSessions): string | undefined {
  const view = kept.get(id)
  if (view === undefined) return 'it is not there'
  if (view.applied !== applied) return `applied ${view.applied}, should be ${applied}`
  if (view.acknowledged !== acknowledged)
    return `acknowledged ${view.acknowledged}, should be ${acknowledged}`
  const count = applied - acknowledged
  if (view.answerCount !== count) return `keeps ${view.answerCount} answers, should be ${count}`
  if (count > SESSION_ANSWERS_MAX + SESSION_REFUSALS_MAX) return `keeps ${count} answers`
  for (const sequence of [acknowledged + 1, applied])
    if (count > 0 && kept.answer(id, sequence) === undefined)
      return `has forgotten answer ${sequence}`
  return undefined
}

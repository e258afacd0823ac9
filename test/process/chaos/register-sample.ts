/**
 * The beginning of every register's history, small enough for the general judge.
 *
 * A history that is linearizable is so up to any moment. So for each key the calls are taken
 * that began before some moment; what was not answered by then counts as unanswered.
 */

import { judgeLinearizable } from '../../check/linearizability/judge.js'
import { registerCalls } from '../../check/linearizability/register-calls.js'
import {
  type RegisterInput,
  type RegisterOutput,
  registerSpec,
} from '../../check/linearizability/register-spec.js'
import type { TimedCall } from '../../check/linearizability/spec.js'
import type { Operation, Violation } from '../../check/operation.js'

type RegisterCall = TimedCall<RegisterInput, RegisterOutput>

/** Keys that the registers have to themselves: no lease ends them. */
const PREFIX = 'r/'
/** Calls of one key. */
const CALLS_MAX = 120
const LIMITS = { stepsMax: 300_000 }

/** Judges the sample. What the judge cannot decide in time acquits: other judges saw it all. */
export function judgeRegisterSample(operations: readonly Operation[]): Violation[] {
  const byKey = new Map<string, RegisterCall[]>()
  for (const call of registerCalls(operations)) {
    const { key } = call.input
    if (key.startsWith(PREFIX)) byKey.set(key, [...(byKey.get(key) ?? []), call])
  }
  const sample = [...byKey.values()].flatMap((calls) => beginning(calls, CALLS_MAX))
  return judgeLinearizable(registerSpec, sample, LIMITS).filter(({ undecided }) => !undecided)
}

/** The calls that began before the one after `countMax` of them. */
export function beginning(calls: readonly RegisterCall[], countMax: number): RegisterCall[] {
  const inOrder = [...calls].sort((a, b) => a.began - b.began)
  const moment = inOrder[countMax]?.began ?? Number.POSITIVE_INFINITY
  return inOrder.slice(0, countMax).flatMap((call) => {
    if (call.ended < moment || call.output === undefined) return [call]
    return call.input.kind === 'read' ? [] : [{ ...call, output: undefined }]
  })
}

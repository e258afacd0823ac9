/**
 * The beginning of every register's history, small enough for the general judge.
 *
 * A history that is linearizable is so up to any moment. So for each key the calls are taken
 * that began before some moment; what was not answered by then counts as unanswered.
 */

import type { Operation, Violation } from '../operation.js'
import { judgeLinearizable } from './judge.js'
import { registerCalls } from './register-calls.js'
import { type RegisterInput, type RegisterOutput, registerSpec } from './register-spec.js'
import type { TimedCall } from './spec.js'

type RegisterCall = TimedCall<RegisterInput, RegisterOutput>

/** Keys that the registers have to themselves: no lease ends them. */
const PREFIX = 'r/'
/** Calls of one key. */
const CALLS_MAX = 120
/** A beginning of so many calls is always decided. */
const CALLS_MIN = 15
const LIMITS = { stepsMax: 300_000 }

/**
 * Judges the sample. Where many outcomes are unknown the search may be too long: then a
 * shorter beginning of that key is judged, and if even the shortest cannot be decided, that
 * is a violation.
 */
export function judgeRegisterSample(operations: readonly Operation[]): Violation[] {
  const byKey = new Map<string, RegisterCall[]>()
  for (const call of registerCalls(operations)) {
    const { key } = call.input
    if (key.startsWith(PREFIX)) byKey.set(key, [...(byKey.get(key) ?? []), call])
  }
  return [...byKey.values()].flatMap(judgeKey)
}

function judgeKey(calls: readonly RegisterCall[]): Violation[] {
  for (let count = CALLS_MAX; ; count = Math.floor(count / 2)) {
    const violations = judgeLinearizable(registerSpec, beginning(calls, count), LIMITS)
    const isUndecided = violations.some(({ undecided }) => undecided)
    if (!isUndecided || count <= CALLS_MIN) return violations
  }
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

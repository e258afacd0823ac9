/** The judge of cron: right stories pass, and each way to be wrong has its name. */

import { expect, test } from '@jest/globals'
import { type CronCall, type CronPromise, judgeCron } from './cron-rules.js'

/** The tick at a second, which took half a second. */
function call(second: number, change: Partial<CronCall> = {}): CronCall {
  const startMs = change.startMs ?? 1_000 * second
  return {
    job: 'beat',
    node: 'a',
    scheduledMs: 1_000 * second,
    attempt: 1,
    fencingToken: 10 * second,
    startMs,
    heldUntilMs: startMs + 500,
    ...change,
  }
}

const rules = (calls: readonly CronCall[], promise: CronPromise = {}) =>
  judgeCron(calls, promise).map(({ rule }) => rule)

const STORY = [1, 2, 3, 4].map((second) => call(second))

test('a right story passes, also of two jobs and two lanes at the same times', () => {
  const due = { fromMs: 500, toMs: 4_500 }
  expect(rules(STORY, { due, gapMs: 1_000 })).toEqual([])
  const others = STORY.map((one) => ({ ...one, fencingToken: one.fencingToken + 1 }))
  expect(rules([...STORY, ...others.map((one) => ({ ...one, job: 'other' }))])).toEqual([])
  expect(rules([...STORY, ...others.map((one) => ({ ...one, lane: '1' }))])).toEqual([])
})

test.each<[string, CronCall[], CronPromise]>([
  ['a tick twice', [...STORY, call(4, { node: 'b', fencingToken: 99, startMs: 9_000 })], {}],
  ['a token twice', [...STORY, call(5, { fencingToken: 40 })], {}],
  ['two at once', [call(1, { heldUntilMs: 2_100 }), call(2)], {}],
  ['two at once', [call(1, { heldUntilMs: 9_000 }), call(5)], {}],
  ['tokens out of order', [call(1), call(2, { fencingToken: 5 })], {}],
  ['a gap', [call(1), call(4)], { due: { fromMs: 500, toMs: 4_500 }, gapMs: 2_000 }],
  ['a gap', [call(1), call(2)], { due: { fromMs: 500, toMs: 9_000 }, gapMs: 2_000 }],
])('%s', (rule, calls, promise) => {
  expect(rules(calls, promise)).toEqual([rule])
})

test('a rerun is another attempt; the same attempt again is a tick twice', () => {
  const again = call(4, { attempt: 2, fencingToken: 99, startMs: 9_000 })
  expect(rules([...STORY, again], { reruns: true })).toEqual([])
  expect(rules([...STORY, again])).toEqual(['a tick twice'])
  const third = { ...again, fencingToken: 100, startMs: 10_000, heldUntilMs: 10_500 }
  expect(rules([...STORY, again, third], { reruns: true })).toEqual(['a tick twice'])
})

test('a call whose run was lost before it began overlaps with nobody', () => {
  expect(rules([call(1, { startMs: 2_100, heldUntilMs: 0 }), call(2)])).toEqual([])
})

test('runs that may overlap may', () => {
  expect(rules([call(1, { heldUntilMs: 2_100 }), call(2)], { overlaps: true })).toEqual([])
})

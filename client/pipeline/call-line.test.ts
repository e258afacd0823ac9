/** The line of calls keeps count of what is in it, whichever way calls come and go. */

import { expect, test } from '@jest/globals'
import { KV } from '../wire/methods.js'
import { kindOf } from './call-kinds.js'
import { CALLS_BYTES_MAX, CallLine } from './call-line.js'
import { PendingCall } from './pending-call.js'

const WINDOW = { callsMax: 10, bytesMax: 2 * CALLS_BYTES_MAX }

/** A call that counts for so many bytes, and has none. */
function call(sizeBytes: number, deadlineMs = 1_000): PendingCall {
  return new PendingCall({
    kind: kindOf(KV.range.path)!,
    bytes: { length: sizeBytes } as Uint8Array,
    isNumbered: false,
    intent: 'read',
    deadlineMs,
    options: {},
    resolve: () => {},
    reject: () => {},
    onGivenUp: () => {},
  })
}

const HALF = CALLS_BYTES_MAX / 2
const QUARTER = CALLS_BYTES_MAX / 4

/** A line that has one small call in it for ever. */
function line(): CallLine {
  const made = new CallLine()
  made.add(call(100, Number.POSITIVE_INFINITY))
  made.take(WINDOW, () => 0)
  return made
}

test('bytes that were answered count no more', () => {
  const calls = line()
  for (let i = 0; i < 10; i++) {
    expect(calls.add(call(QUARTER))).toBe(true)
    calls.take(WINDOW, () => 0)
    calls.answered()
  }
  expect(calls.add(call(HALF))).toBe(true)
  expect(calls.add(call(HALF))).toBe(false)
})

test('bytes that were given up count no more, and those that are sent again count once', () => {
  const calls = line()
  for (let i = 0; i < 10; i++) {
    expect(calls.add(call(HALF, i))).toBe(true)
    expect(calls.add(call(QUARTER, i))).toBe(true)
    calls.take(WINDOW, () => 0)
    calls.rewind()
    calls.expire(i, undefined)
  }
  expect(calls.length).toBe(1)
})

test('says when the next deadline is, and forgets those that are over', () => {
  const calls = line()
  for (const deadlineMs of [30, 10, 20]) calls.add(call(1, deadlineMs))
  expect(calls.expire(5, undefined)).toBe(10)
  expect(calls.expire(10, undefined)).toBe(20)
  expect(calls.waiting).toBe(2)
  expect(calls.expire(30, undefined)).toBe(Number.POSITIVE_INFINITY)
})

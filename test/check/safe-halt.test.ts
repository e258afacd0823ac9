/** The judge of safe halt convicts made-up answers, words taken back and stumbling. */

import { describe, expect, test } from '@jest/globals'
import { put, range } from '../model/requests.js'
import type { Operation } from './operation.js'
import { judgeSafeHalt, type SelfEnd, type Turn } from './safe-halt.js'

let next = 0

/** An operation whose places are its milliseconds. */
function answered(call: Operation['call'], beganMs: number, response: object): Operation {
  const answer = { kind: 'ok', response } as unknown as Operation['answer']
  const times = { began: beganMs, ended: beganMs + 5, beganMs, endedMs: beganMs + 5 }
  return { id: next++, process: 'p', call, ...times, answer }
}

const putAt = (ms: number, revision: number, value: string, memberId = 1n) =>
  answered({ kind: 'put', request: put('k', value) }, ms, { header: { revision, memberId } })

function readAt(ms: number, revision: number, modRevision: number, value: string, memberId = 1n) {
  const kvs = [{ key: Buffer.from('k'), value: Buffer.from(value), modRevision }]
  const request = range('k')
  return answered({ kind: 'range', request }, ms, { header: { revision, memberId }, kvs })
}

function judged(operations: Operation[], turns: Turn[] = [], ends: SelfEnd[] = []) {
  return judgeSafeHalt({ operations, turns, ends }).map(({ rule }) => rule)
}

const started = (atMs: number): Turn => ({ memberId: 1n, kind: 'started', atMs })
const installed = (atMs: number): Turn => ({ memberId: 1n, kind: 'installed', atMs })

describe('owed in any case', () => {
  test('right answers', () => {
    expect(judged([putAt(10, 2, 'a'), readAt(20, 2, 2, 'a'), readAt(30, 3, 2, 'a')])).toEqual([])
  })

  test('H1: a value that nobody put', () => {
    expect(judged([putAt(10, 2, 'a'), readAt(20, 2, 2, 'b')])).toEqual(['safe halt H1'])
  })

  test('H1: keys that nobody recorded are not judged', () => {
    expect(judged([readAt(20, 2, 2, 'b')])).toEqual([])
  })

  test('H2: a member whose revisions go back', () => {
    expect(judged([putAt(10, 9, 'a'), putAt(20, 8, 'b')])).toEqual(['safe halt H2'])
    expect(judged([putAt(10, 9, 'a'), putAt(20, 8, 'b')], [installed(17)])).toEqual([
      'safe halt H2',
    ])
  })

  test('H2: a member that shows one version with two values', () => {
    const told = [putAt(1, 2, 'a'), putAt(2, 2, 'b'), readAt(10, 9, 2, 'a'), readAt(20, 9, 2, 'b')]
    expect(judged(told)).toEqual(['safe halt H2'])
    expect(judged(told, [installed(17)])).toEqual([])
  })

  test('H3: an end without a reason, or by an error of the program', () => {
    const end = (reason: Error) => judged([], [], [{ member: 'm1', reason }])
    expect(end(new Error('the log is damaged at byte 7'))).toEqual([])
    expect(end(new Error(''))).toEqual(['safe halt H3'])
    expect(end(new TypeError('x is undefined'))).toEqual(['safe halt H3'])
  })
})

describe('not owed', () => {
  test('that another member, or another life, remembers', () => {
    expect(judged([putAt(10, 9, 'a'), putAt(20, 8, 'b', 2n)])).toEqual([])
    expect(judged([putAt(10, 9, 'a'), putAt(20, 8, 'b')], [started(17)])).toEqual([])
  })

  test('an order of answers that were under way at the same time, or around a start', () => {
    expect(judged([putAt(10, 9, 'a'), putAt(12, 8, 'b')])).toEqual([])
    expect(judged([putAt(10, 9, 'a'), putAt(20, 8, 'b')], [started(22)])).toEqual([])
  })
})

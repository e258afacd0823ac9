/** The judge of marks: right histories pass, and each way to be wrong has its name. */

import { expect, test } from '@jest/globals'
import { type AppliedMark, judgeMarks, type MarkedRead, type MarkedWrite } from './judge.js'

const client = 'c1'
const applied = (...marks: number[]): AppliedMark[] =>
  marks.map((mark, i) => ({ client, mark, revision: 10 + i }))
const acknowledged = (mark: number, revision: number, previous?: number): MarkedWrite => ({
  client,
  mark,
  outcome: { kind: 'acknowledged', revision, ...(previous !== undefined && { previous }) },
})
const failed = (mark: number, kind: 'refused' | 'unknown'): MarkedWrite => ({
  ...{ client, mark },
  outcome: { kind, code: 'some' },
})
const read = (after: number, answered: number, saw: number): MarkedRead => ({
  ...{ client, after, answered, saw },
})

function rules(
  writes: readonly MarkedWrite[],
  list: readonly AppliedMark[],
  { reads = [] as MarkedRead[], isOrdered = true } = {},
): string[] {
  return judgeMarks({ writes, reads, applied: list, isOrdered }).map(({ rule }) => rule)
}

test('what was answered stands once, what was refused not at all, what is unknown either way', () => {
  const writes = [acknowledged(1, 10, 0), failed(2, 'refused'), failed(3, 'unknown')]
  expect(rules(writes, applied(1))).toEqual([])
  expect(rules(writes, applied(1, 3), { reads: [read(1, 10, 10), read(3, 10, 11)] })).toEqual([])
})

test.each<[string, MarkedWrite[], AppliedMark[]]>([
  ['applied twice', [failed(1, 'unknown')], applied(1, 1)],
  ['acknowledged, not applied', [acknowledged(1, 10)], []],
  ['refused, and applied', [failed(1, 'refused')], applied(1)],
  ['another answer', [acknowledged(1, 11)], applied(1)],
  ['another answer', [failed(1, 'unknown'), acknowledged(2, 11, 0)], applied(1, 2)],
  ['out of order', [acknowledged(1, 11), acknowledged(2, 10)], applied(2, 1)],
  ['made by nobody', [], applied(1)],
  ['without an end', [{ client, mark: 1, outcome: undefined }], []],
])('%s', (rule, writes, list) => {
  expect(rules(writes, list)).toEqual([rule])
})

test('a read sees what was made before it, or without order what was answered before it', () => {
  const writes = [acknowledged(1, 10), acknowledged(2, 11)]
  const missed = 'a read misses a write'
  expect(rules(writes, applied(1, 2), { reads: [read(2, 0, 10)] })).toEqual([missed])
  const unordered = { isOrdered: false }
  expect(rules(writes, applied(1, 2), { reads: [read(2, 0, 10)], ...unordered })).toEqual([])
  expect(rules(writes, applied(1, 2), { reads: [read(2, 11, 10)], ...unordered })).toEqual([missed])
})

/** The sample for the general judge: a beginning of a history is a history of its own. */

import { expect, test } from '@jest/globals'
import { beginning } from './register-sample.js'

const write = (id: number, began: number, ended: number) => ({
  ...{ id, began, ended },
  input: { kind: 'write', key: 'r/1', value: `${id}` } as const,
  output: { revision: id } as never,
})
const read = (id: number, began: number, ended: number) => ({
  ...write(id, began, ended),
  input: { kind: 'read', key: 'r/1' } as const,
})

test('calls that were not over at its end are unanswered, and reads among them are left out', () => {
  const calls = [write(1, 0, 1), write(2, 2, 9), read(3, 3, 8), read(4, 4, 5), write(5, 6, 7)]
  expect(beginning(calls, 4)).toEqual([calls[0], { ...calls[1], output: undefined }, calls[3]])
})

test('a short history is taken whole', () => {
  const calls = [write(1, 0, 1), read(2, 2, 3)]
  expect(beginning(calls, 2)).toEqual(calls)
})

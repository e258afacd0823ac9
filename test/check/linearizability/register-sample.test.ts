/** The sample for the general judge: a beginning of a history is a history of its own. */

import { expect, test } from '@jest/globals'
import { PutRequest, RangeRequest, RangeResponse } from '../../../client/wire/generated/rpc.js'
import type { Call } from '../../model/call.js'
import type { Answer, Operation } from '../operation.js'
import { beginning, judgeRegisterSample } from './register-sample.js'

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

const key = Buffer.from('r/1')

function operation(id: number, call: Call, ended: number, answer: Answer): Operation {
  return { id, process: 'c', call, began: id, ended, beganMs: id, endedMs: ended, answer }
}

/** So many puts that nobody knows the outcome of, all under way at once, and a read. */
function unknownPuts(count: number, value: string): Operation[] {
  const puts = Array.from({ length: count }, (_, id) => {
    const request = PutRequest.create({ key, value: Buffer.from(`v${id}`) })
    const answer: Answer = { kind: 'unknown', reason: 'deadline' }
    return operation(id, { kind: 'put', request }, Number.POSITIVE_INFINITY, answer)
  })
  const kvs = [{ key, value: Buffer.from(value), modRevision: 9, createRevision: 2, version: 8 }]
  const response = RangeResponse.create({ header: { revision: 9 }, kvs: kvs as never, count: 1 })
  const request = RangeRequest.create({ key })
  const answer: Answer = { kind: 'ok', response }
  return [...puts, operation(count, { kind: 'range', request }, count + 1, answer)]
}

test('a read of what nobody wrote is convicted, however many outcomes are unknown', () => {
  expect(judgeRegisterSample(unknownPuts(5, 'v3'))).toEqual([])
  expect(judgeRegisterSample(unknownPuts(5, 'made up'))).toMatchObject([{ rule: 'linearizable' }])
})

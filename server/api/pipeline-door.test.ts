/** The door of a pipeline: which writes may touch any number of keys, and end their batch. */

import { describe, expect, test } from '@jest/globals'
import { encodeBytes, type Init } from '../../client/wire/codec.js'
import { PipelineCall } from '../../client/wire/generated/pipeline.js'
import { compare, del, op, put, txn } from '../../test/model/requests.js'
import { admitCall } from './pipeline-door.js'

const member = {
  space: { assertRoomFor: () => {} },
  minTtlSeconds: 1,
  config: { maxTxnOps: 128, maxRequestBytes: 1_000_000 },
} as unknown as Parameters<typeof admitCall>[0]

function isWide(call: Init<PipelineCall>): boolean {
  return admitCall(member, encodeBytes(PipelineCall, { sequence: 1, ...call })).isWide
}

const nested = (inner: ReturnType<typeof txn>) =>
  txn([], [{ ...op.put('', ''), requestPut: undefined, requestTxn: inner }])

describe('a write that may touch any number of keys', () => {
  test.each<[string, Init<PipelineCall>]>([
    ['a deletion of a range', { deleteRange: del('a', 'b') }],
    ['the end of a lease', { leaseRevoke: { ID: 5n } }],
    ['a transaction that reads a range', { txn: txn([], [op.put('a', ''), op.range('a', 'b')]) }],
    [
      'a comparison of a range',
      { txn: txn([compare('a', { rangeEnd: Buffer.from('b') })], [op.put('a', '')]) },
    ],
    ['one within another', { txn: nested(txn([], [op.put('a', ''), op.range('a', 'b')])) }],
  ])('is %s', (_, call) => expect(isWide(call)).toBe(true))

  test.each<[string, Init<PipelineCall>]>([
    ['a put', { put: put('a', '') }],
    ['a deletion of a key', { deleteRange: del('a') }],
    ['a transaction over keys', { txn: txn([compare('a', {})], [op.put('a', ''), op.range('b')]) }],
    ['a call that is refused', { put: put('', '') }],
  ])('is not %s', (_, call) => expect(isWide(call)).toBe(false))
})

/** Transactions beyond what the model's random walk is sure to meet: headers, refusals without a trace, reads without the log. */

import { describe, expect, test } from '@jest/globals'
import type { Init } from '../../client/wire/codec.js'
import { RequestOp, type TxnResponse } from '../../client/wire/generated/rpc.js'
import { compare, op, put, txn } from '../../test/model/requests.js'
import { MachineBed } from '../../test/state/machine-bed.js'
import { isReadOnly, isSerializable, readTxn } from './txn.js'

const nest = (...args: Parameters<typeof txn>) => RequestOp.create({ requestTxn: txn(...args) })

function run(bed: MachineBed, ...args: Parameters<typeof txn>): Init<TxnResponse> {
  return bed.ok<Init<TxnResponse>>({ txn: txn(...args) })
}

describe('headers', () => {
  test('inside, a read shows the revision it saw; the write after it the next one', async () => {
    const bed = await MachineBed.open()
    bed.ok({ put: put('a', '1') })
    const response = run(
      bed,
      [],
      [op.range('a'), op.del('x'), op.put('b', ''), op.range('b'), nest([], [op.range('b')])],
    )
    expect(response.header?.revision).toBe(3)
    const revisions = response.responses?.map((each) => {
      const inner =
        each.responseRange ?? each.responseDeleteRange ?? each.responsePut ?? each.responseTxn
      return inner?.header?.revision
    })
    expect(revisions).toEqual([2, 2, 3, 3, undefined])
    const nested = response.responses?.[4]?.responseTxn
    expect(nested?.header).toEqual({})
    expect(nested?.responses?.[0]?.responseRange?.header?.revision).toBe(3)
  })

  test('a transaction that changes nothing makes no revision', async () => {
    const bed = await MachineBed.open()
    expect(run(bed, [], [op.del('a'), op.range('a')]).header?.revision).toBe(1)
    expect(bed.machine.store.revision).toBe(1)
  })
})

describe('deciding', () => {
  test('a nested compare does not see what the outer transaction wrote', async () => {
    const bed = await MachineBed.open()
    const exists = compare('a', { result: 1, target: 0, version: 0 })
    const response = run(bed, [], [op.put('a', ''), nest([exists], [op.put('b', '')])])
    expect(response.responses?.[1]?.responseTxn?.succeeded).toBe(false)
  })

  test('a missing key equals 0 in everything but its value, which never compares true', async () => {
    const bed = await MachineBed.open()
    for (const target of [0, 1, 2, 4] as const)
      expect(run(bed, [compare('a', { target })], []).succeeded).toBe(true)
    for (const result of [0, 1, 2, 3] as const)
      expect(run(bed, [compare('a', { target: 3, result })], []).succeeded).toBe(false)
  })

  test('a compare over a range must hold for every key in it', async () => {
    const bed = await MachineBed.open()
    bed.ok({ put: put('a', 'x') })
    bed.ok({ put: put('b', 'y') })
    const value = Buffer.from('x')
    const overAll = { rangeEnd: Buffer.from('\0'), target: 3 as const, value }
    expect(run(bed, [compare('a', overAll)], []).succeeded).toBe(false)
    bed.ok({ put: put('b', 'x') })
    expect(run(bed, [compare('a', overAll)], []).succeeded).toBe(true)
  })
})

describe('refusing', () => {
  test('whatever is wrong, and however deep, nothing of the transaction happens', async () => {
    const bed = await MachineBed.open()
    bed.ok({ put: put('a', '1') })
    bed.ok({ put: put('a', '2') })
    bed.ok({ compaction: { revision: 3 } })
    const before = (await bed.machine.fingerprint()).replace(/^applied.*/, '')
    const wrong = [
      [op.put('x', '', { lease: 9n }), 'leaseNotFound'],
      [op.put('x', '', { ignoreValue: true }), 'keyNotFound'],
      [op.put('x', '', { ignoreLease: true }), 'keyNotFound'],
      [op.range('a', '', { revision: 4 }), 'futureRev'],
      [op.range('a', '', { revision: 2 }), 'compacted'],
      [op.range('a', '', { revision: -1 }), 'compacted'],
    ] as const
    for (const [bad, error] of wrong) {
      expect(bed.refused({ txn: txn([], [op.put('b', ''), op.del('a'), bad]) })).toBe(error)
      const deep = nest([], [op.put('c', ''), nest([], [bad])])
      expect(bed.refused({ txn: txn([], [op.put('b', ''), deep]) })).toBe(error)
    }
    expect((await bed.machine.fingerprint()).replace(/^applied.*/, '')).toBe(before)
  })

  test('what stands in the other branch is not checked', async () => {
    const bed = await MachineBed.open()
    expect(run(bed, [], [op.put('a', '')], [op.put('b', '', { lease: 9n })]).succeeded).toBe(true)
  })

  test('a put cannot keep what an open-ended deletion before it took away', async () => {
    const bed = await MachineBed.open()
    bed.ok({ put: put('b', 'v') })
    const keep = op.put('b', '', { ignoreValue: true })
    expect(bed.refused({ txn: txn([], [op.del('a', '\0'), keep]) })).toBe('keyNotFound')
    run(bed, [], [keep, op.del('a', '\0')])
    expect(bed.machine.store.keyCount).toBe(0)
  })
})

describe('reading without the log', () => {
  test('only ranges and no nesting make a transaction a read', () => {
    expect(isReadOnly(txn([], [op.range('a')], [op.range('b')]))).toBe(true)
    expect(isReadOnly(txn([], [op.range('a')], [op.del('b')]))).toBe(false)
    expect(isReadOnly(txn([], [nest([], [op.range('a')])]))).toBe(false)
    expect(isSerializable(txn([], [op.range('a', '', { serializable: true })]))).toBe(true)
    expect(isSerializable(txn([], [op.range('a')]))).toBe(false)
  })

  test('it gives the answer that the log would give', async () => {
    const bed = await MachineBed.open()
    bed.ok({ put: put('a', '1') })
    const request = txn([compare('a', { version: 1 })], [op.range('a'), op.range('a', 'z')])
    const read = readTxn(bed.machine.store, request)
    expect(read).toEqual(bed.ok({ txn: request }))
    const future = txn([], [op.range('a', '', { revision: 9 })])
    expect(() => readTxn(bed.machine.store, future)).toThrow('future revision')
  })
})

/** The door: etcd's refusals by code and text, the budget of nested transactions, duplicate keys and their oddities. */

import { describe, expect, test } from '@jest/globals'
import { LeaseGrantRequest, RequestOp } from '../../client/wire/generated/rpc.js'
import { compare, del, op, put, range, txn } from '../../test/model/requests.js'
import { checkDeleteRange, checkPut, checkRange, checkTxn, grantToPropose } from './check.js'

const DUPLICATE = 'duplicate key given in txn request'

describe('single requests', () => {
  test('a key is needed', () => {
    expect(() => checkPut(put('', ''))).toThrow('etcdserver: key is not provided')
    expect(() => checkRange(range(''))).toThrow('etcdserver: key is not provided')
    expect(() => checkDeleteRange(del(''))).toThrow('etcdserver: key is not provided')
  })

  test('sort orders and targets beyond the known ones are refused', () => {
    expect(() => checkRange(range('a', '', { sortOrder: 3 as 0 }))).toThrow('invalid sort option')
    expect(() => checkRange(range('a', '', { sortTarget: 5 as 0 }))).toThrow('invalid sort option')
    checkRange(range('a', '', { sortOrder: 2, sortTarget: 4 }))
  })

  test('what is to be ignored must not be given; both may be ignored', () => {
    expect(() => checkPut(put('a', 'v', { ignoreValue: true }))).toThrow('value is provided')
    expect(() => checkPut(put('a', '', { ignoreLease: true, lease: 1n }))).toThrow(
      'lease is provided',
    )
    checkPut(put('a', '', { ignoreValue: true, ignoreLease: true }))
  })

  test('a grant gets an id and the least TTL before it is proposed', () => {
    const propose = (ID: bigint, TTL: number) => {
      return grantToPropose(LeaseGrantRequest.create({ ID, TTL }), 2, () => 42n)
    }
    expect(propose(0n, -5)).toEqual({ ID: 42n, TTL: 2 })
    expect(propose(7n, 60)).toEqual({ ID: 7n, TTL: 60 })
    expect(() => propose(7n, 9_000_000_001)).toThrow('too large lease TTL')
  })
})

describe('transactions', () => {
  const puts = (count: number, prefix = 'k') =>
    Array.from({ length: count }, (_, i) => op.put(`${prefix}${i}`, ''))
  const nest = (...ops: RequestOp[]) => RequestOp.create({ requestTxn: txn([], ops) })

  test('a level may have 128 operations; the levels inside get what is left', () => {
    checkTxn(txn([], puts(128)))
    expect(() => checkTxn(txn([], puts(129)))).toThrow('too many operations')
    const compares = Array.from({ length: 129 }, () => compare('a', {}))
    expect(() => checkTxn(txn(compares, []))).toThrow('too many operations')
    checkTxn(txn([], [nest(...puts(127))]))
    expect(() => checkTxn(txn([], [nest(...puts(128))]))).toThrow('too many operations')
    checkTxn(txn([], [nest(...puts(127)), ...puts(0)], puts(1)))
  })

  test('an operation without a request is refused by its odd name, a compare needs a key', () => {
    expect(() => checkTxn(txn([], [RequestOp.create()]))).toThrow('etcdserver: key not found')
    expect(() => checkTxn(txn([compare('', {})], []))).toThrow('key is not provided')
    expect(() => checkTxn(txn([], [nest(op.put('', ''))]))).toThrow('key is not provided')
  })

  test('a put may not meet a put or a deletion of the same branch', () => {
    expect(() => checkTxn(txn([], [op.put('a', ''), op.put('a', '')]))).toThrow(DUPLICATE)
    expect(() => checkTxn(txn([], [op.put('b', ''), op.del('a', 'c')]))).toThrow(DUPLICATE)
    checkTxn(txn([], [op.put('c', ''), op.del('a', 'c')]))
    checkTxn(txn([], [op.del('a', 'c'), op.del('a', 'c')]))
    checkTxn(txn([], [op.put('a', '')], [op.put('a', '')]))
  })

  test('nested branches count, but the two branches of one transaction may share keys', () => {
    const both = RequestOp.create({ requestTxn: txn([], [op.put('a', '')], [op.put('a', '')]) })
    checkTxn(txn([], [both]))
    expect(() => checkTxn(txn([], [both, op.put('a', '')]))).toThrow(DUPLICATE)
    expect(() => checkTxn(txn([], [both, both]))).toThrow(DUPLICATE)
    expect(() => checkTxn(txn([], [op.del('a'), nest(op.put('a', ''))]))).toThrow(DUPLICATE)
  })

  test('the oddities of etcd: an open end passes, and siblings are seen in order', () => {
    checkTxn(txn([], [op.del('a', '\0'), op.put('b', '')]))
    expect(() => checkTxn(txn([], [nest(op.del('a')), nest(op.put('a', ''))]))).toThrow(DUPLICATE)
    checkTxn(txn([], [nest(op.put('a', '')), nest(op.del('a'))]))
  })

  test('deletions that overlap and touch hide no key between them', () => {
    const deletions = [op.del('c', 'e'), op.del('a', 'c'), op.del('g', 'i'), op.del('d', 'f')]
    for (const key of ['a', 'b', 'c', 'd', 'e', 'g', 'h'])
      expect(() => checkTxn(txn([], [...deletions, op.put(key, '')]))).toThrow(DUPLICATE)
    for (const key of ['0', 'f', 'i']) checkTxn(txn([], [...deletions, op.put(key, '')]))
  })
})

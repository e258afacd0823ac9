/** The rows of behaviour 5.1 to 5.6 that are easy to get wrong, as the model answers them. */

import { describe, expect, test } from '@jest/globals'
import {
  CompareResult,
  CompareTarget,
  SortOrder,
  SortTarget,
} from '../../client/wire/generated/rpc.js'
import type { Outcome } from './call.js'
import { latin1 } from './history.js'
import { Model } from './model.js'
import { compare, del, op, put, range, txn } from './requests.js'

const ALL = ['\0', '\0'] as const

function ok<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${outcome.error}`)
  return outcome.response
}

/** 'a=1@2 b=2@3': keys with value and mod revision. */
function show(kvs: readonly { key: Uint8Array; value: Uint8Array; modRevision: number }[]): string {
  return kvs.map((kv) => `${latin1(kv.key)}=${latin1(kv.value)}@${kv.modRevision}`).join(' ')
}

function modelWith(...keys: string[]): Model {
  const model = new Model()
  for (const key of keys) ok(model.put(put(key, key.toUpperCase())))
  return model
}

describe('revisions', () => {
  test('a fresh store is at 1 and the first write makes 2', () => {
    const model = new Model()
    expect(ok(model.range(range('a'))).header?.revision).toBe(1)
    expect(ok(model.put(put('a', '1'))).header?.revision).toBe(2)
  })

  test('a deletion starts a new life: create revision and version begin again', () => {
    const model = modelWith('a', 'a')
    ok(model.deleteRange(del('a')))
    ok(model.put(put('a', 'x')))
    const [kv] = ok(model.range(range('a'))).kvs
    expect(kv).toMatchObject({ createRevision: 5, modRevision: 5, version: 1 })
  })

  test('deleting nothing changes no revision and makes no event', () => {
    const model = modelWith('a')
    expect(ok(model.deleteRange(del('b', '\0')))).toMatchObject({
      deleted: 0,
      header: { revision: 2 },
    })
    expect(model.events(3, 9, ...ALL)).toEqual([])
  })

  test('one deletion of many keys is one revision, in key order', () => {
    const model = modelWith('b', 'a', 'c')
    ok(model.deleteRange(del('a', 'c')))
    const events = model.events(5, 5, ...ALL)
    expect(events.map((event) => event.kv.key)).toEqual(['a', 'b'])
    expect(events.map((event) => event.prev?.modRevision)).toEqual([3, 2])
  })
})

describe('range', () => {
  test('an inverted range is empty, and an end of \\0 means everything from the key on', () => {
    const model = modelWith('a', 'b', 'c')
    expect(ok(model.range(range('c', 'a'))).count).toBe(0)
    expect(show(ok(model.range(range('b', '\0'))).kvs)).toBe('b=B@3 c=C@4')
  })

  test('count knows neither limit nor filters; more looks at what is left after filtering', () => {
    const model = modelWith('a', 'b', 'c')
    const answer = ok(model.range(range('a', '\0', { minModRevision: 3, limit: 2 })))
    expect(answer).toMatchObject({ count: 3, more: false })
    expect(show(answer.kvs)).toBe('b=B@3 c=C@4')
  })

  test('a sort target without an order sorts what the limit left, one more than the limit', () => {
    const model = modelWith('c', 'b', 'a', 'd')
    const request = range('a', '\0', { sortTarget: SortTarget.MOD, limit: 1 })
    expect(show(ok(model.range(request)).kvs)).toBe('b=B@3')
    const sorted = { ...request, sortOrder: SortOrder.ASCEND }
    expect(show(ok(model.range(sorted)).kvs)).toBe('c=C@2')
  })

  test('the compacted revision itself is readable, the one before is not', () => {
    const model = modelWith('a', 'a', 'a')
    ok(model.compact({ revision: 3, physical: false }))
    expect(ok(model.range(range('a', '', { revision: 3 }))).header?.revision).toBe(4)
    expect(model.range(range('a', '', { revision: 2 }))).toEqual({ ok: false, error: 'compacted' })
    expect(model.range(range('a', '', { revision: 5 }))).toEqual({ ok: false, error: 'futureRev' })
    expect(ok(model.range(range('a', '', { revision: -7 }))).count).toBe(1)
  })

  test('keys only leaves everything but the value', () => {
    const model = new Model()
    ok(model.grant({ ID: 7n, TTL: 60 }))
    ok(model.put(put('a', 'x', { lease: 7n })))
    const [kv] = ok(model.range(range('a', '', { keysOnly: true }))).kvs
    expect(kv).toMatchObject({ lease: 7n, version: 1, value: new Uint8Array() })
  })
})

describe('txn', () => {
  test('nested compares see the state before the whole transaction', () => {
    const model = modelWith('a')
    const isB = compare('a', { target: CompareTarget.VALUE, value: new Uint8Array([66]) })
    const request = txn(
      [],
      [op.put('a', 'B'), op.txn([isB], [op.put('b', 'yes')], [op.put('b', 'no')])],
    )
    // The key a is put once on this path; b is put in an inner branch only.
    const answer = ok(model.txn(request))
    expect(answer.responses[1]?.responseTxn).toMatchObject({ succeeded: false })
    expect(answer.responses[1]?.responseTxn?.header).toMatchObject({ revision: 0 })
    expect(show(ok(model.range(range('b'))).kvs)).toBe('b=no@3')
  })

  test('reads see earlier writes of the same transaction and its revision', () => {
    const model = modelWith('a')
    const request = txn([], [op.range('a'), op.put('a', 'x'), op.range('a')])
    const [before, , after] = ok(model.txn(request)).responses
    expect(before?.responseRange?.header?.revision).toBe(2)
    expect(after?.responseRange?.header?.revision).toBe(3)
    expect(show(after?.responseRange?.kvs ?? [])).toBe('a=x@3')
  })

  test('a missing key has no value to compare, and zeros for the rest', () => {
    const model = new Model()
    const holds = (more: object) => ok(model.txn(txn([compare('a', more)], []))).succeeded
    expect(holds({ target: CompareTarget.VALUE, result: CompareResult.NOT_EQUAL })).toBe(false)
    expect(holds({ target: CompareTarget.MOD, modRevision: 0 })).toBe(true)
    expect(holds({ target: CompareTarget.MOD, version: 5 })).toBe(true)
    expect(holds({ target: CompareTarget.LEASE, lease: 1n, result: CompareResult.LESS })).toBe(true)
    expect(holds({ target: CompareTarget.MOD, result: 9 as CompareResult })).toBe(true)
  })

  test('a compare of a range must hold for every key', () => {
    const model = modelWith('a', 'b')
    const all = { target: CompareTarget.VERSION, version: 1, rangeEnd: new Uint8Array([0]) }
    expect(ok(model.txn(txn([compare('a', all)], []))).succeeded).toBe(true)
    ok(model.put(put('b', 'again')))
    expect(ok(model.txn(txn([compare('a', all)], []))).succeeded).toBe(false)
  })

  test('a refused operation anywhere on the path undoes all of it', () => {
    const model = modelWith('a')
    const refused = txn([], [op.put('a', 'x'), op.txn([], [op.put('b', 'x', { lease: 9n })])])
    expect(model.txn(refused)).toEqual({ ok: false, error: 'leaseNotFound' })
    expect(show(ok(model.range(range(...ALL))).kvs)).toBe('a=A@2')
    const notOnThePath = txn([compare('a', { version: 5 })], refused.success)
    expect(ok(model.txn(notOnThePath)).succeeded).toBe(false)
  })

  test('a key is changed once on a path, though then and else may both change it', () => {
    const model = modelWith('a')
    const duplicate = { ok: false, error: 'duplicateKey' }
    expect(model.txn(txn([], [op.put('a', '1'), op.put('a', '2')]))).toEqual(duplicate)
    expect(model.txn(txn([], [op.put('a', '1'), op.del('a', 'b')]))).toEqual(duplicate)
    expect(model.txn(txn([], [op.txn([], [op.put('a', '1')]), op.put('a', '2')]))).toEqual(
      duplicate,
    )
    const deleteThenPut = [op.txn([], [op.del('a')]), op.txn([], [op.put('a', '1')])]
    expect(model.txn(txn([], deleteThenPut))).toEqual(duplicate)
    expect(model.txn(txn([], [op.txn([], [op.put('a', '1')], [op.put('a', '2')])])).ok).toBe(true)
    expect(model.txn(txn([], deleteThenPut.reverse())).ok).toBe(true)
    expect(model.txn(txn([], [op.del('a'), op.del('a', '\0')])).ok).toBe(true)
  })

  test('an open-ended deletion may meet a put: the put comes after it and starts a new life', () => {
    const model = modelWith('a', 'b')
    ok(model.txn(txn([], [op.del('a', '\0'), op.put('b', 'new')])))
    const [kv] = ok(model.range(range('b'))).kvs
    expect(kv).toMatchObject({ createRevision: 4, version: 1 })
    const events = model.events(4, 4, 'b', '').map(({ type, prev }) => [type, prev?.modRevision])
    expect(events).toEqual([
      [1, 3],
      [0, undefined],
    ])
  })

  test('the budget of operations shrinks with each level', () => {
    const model = new Model({ txnOpsMax: 2 })
    expect(model.txn(txn([], [op.txn([], [op.range('a')])])).ok).toBe(true)
    const tooMany = { ok: false, error: 'tooManyOps' }
    expect(model.txn(txn([], [op.range('a'), op.range('a'), op.range('a')]))).toEqual(tooMany)
    expect(model.txn(txn([], [op.range('a'), op.txn([], [op.range('a')])]))).toEqual(tooMany)
  })

  test('negative revisions are the latest for a plain range and compacted in a transaction', () => {
    const model = modelWith('a')
    const read = (revision: number) => model.txn(txn([], [op.range('a', '', { revision })]))
    expect(read(-1).ok).toBe(true)
    expect(read(-2)).toEqual({ ok: false, error: 'compacted' })
    expect(read(3)).toEqual({ ok: false, error: 'futureRev' })
  })
})

describe('put', () => {
  test('ignoring value or lease needs the key and keeps what it had', () => {
    const model = new Model()
    const ignore = { ignoreValue: true, lease: 1n }
    expect(model.put(put('a', '', { ignoreLease: true }))).toEqual({
      ok: false,
      error: 'keyNotFound',
    })
    ok(model.grant({ ID: 1n, TTL: 60 }))
    ok(model.put(put('a', 'x')))
    ok(model.put(put('a', '', ignore)))
    ok(model.put(put('a', 'y', { ignoreLease: true })))
    expect(ok(model.range(range('a'))).kvs[0]).toMatchObject({ version: 3, lease: 1n })
    expect(show(ok(model.range(range('a'))).kvs)).toBe('a=y@4')
  })
})

describe('compact', () => {
  test('it moves forward only, up to the current revision, and 0 counts as forward at first', () => {
    const model = modelWith('a')
    const at = (revision: number) => model.compact({ revision, physical: false })
    expect(at(-1)).toEqual({ ok: false, error: 'compacted' })
    expect(ok(at(0)).header?.revision).toBe(2)
    expect(at(0)).toEqual({ ok: false, error: 'compacted' })
    expect(at(3)).toEqual({ ok: false, error: 'futureRev' })
    expect(at(2).ok).toBe(true)
  })
})

describe('lease', () => {
  test('revoking deletes its keys in one revision; a moved or detached key stays', () => {
    const model = new Model()
    ok(model.grant({ ID: 1n, TTL: 60 }))
    ok(model.grant({ ID: 2n, TTL: 60 }))
    for (const key of ['d', 'c', 'b', 'a']) ok(model.put(put(key, '', { lease: 1n })))
    ok(model.put(put('a', '')))
    ok(model.put(put('b', '', { lease: 2n })))
    expect(model.leaseKeys(1n)).toEqual(['c', 'd'])
    expect(ok(model.revoke({ ID: 1n })).header?.revision).toBe(8)
    expect(model.events(8, 8, ...ALL).map((event) => event.kv.key)).toEqual(['c', 'd'])
    expect(model.revoke({ ID: 1n })).toEqual({ ok: false, error: 'leaseNotFound' })
    expect(model.put(put('a', '', { lease: 1n }))).toEqual({ ok: false, error: 'leaseNotFound' })
  })

  test('a short lease is made longer, a far too long one and a known id are refused', () => {
    const model = new Model()
    expect(ok(model.grant({ ID: 1n, TTL: -5 })).TTL).toBe(2)
    expect(model.grant({ ID: 1n, TTL: 60 })).toEqual({ ok: false, error: 'leaseExist' })
    const tooLong = model.grant({ ID: 1n, TTL: 9_000_000_001 })
    expect(tooLong).toEqual({ ok: false, error: 'leaseTTLTooLarge' })
  })
})

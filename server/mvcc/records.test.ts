/** Keys and values of the backend are, byte for byte, what etcd writes. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { encodeBytes } from '../../client/wire/codec.js'
import { KeyValue } from '../../client/wire/generated/kv.js'
import { decodeRecord, encodeRecord, keyOfRecord, valueOfRecord } from './kv-record.js'
import { isTombstone, mainOf, revisionKey, subOf, tombstoneKey } from './revision.js'
import { type StoredKv, toWire } from './stored-kv.js'

const hex = (key: string) => Buffer.from(key, 'latin1').toString('hex')

describe('revision keys', () => {
  test('are big-endian main, underscore, big-endian sub, and t for a tombstone', () => {
    expect(hex(revisionKey(0x0102, 3))).toBe('00000000000001025f0000000000000003')
    expect(hex(tombstoneKey(0x0102, 3))).toBe('00000000000001025f000000000000000374')
    expect(hex(revisionKey(2 ** 53 - 1, 0))).toBe('001fffffffffffff5f0000000000000000')
  })

  test('come back as they were, and sort like the revisions', () => {
    const revision = fc.tuple(
      fc.oneof(fc.nat(300), fc.maxSafeNat()),
      fc.oneof(fc.nat(300), fc.nat({ max: 2 ** 31 - 1 })),
    )
    fc.assert(
      fc.property(revision, revision, ([main, sub], [main2, sub2]) => {
        const key = revisionKey(main, sub)
        expect([mainOf(key), subOf(key), isTombstone(key)]).toEqual([main, sub, false])
        expect(isTombstone(tombstoneKey(main, sub))).toBe(true)
        const before = main < main2 || (main === main2 && sub < sub2)
        expect(key < revisionKey(main2, sub2)).toBe(before)
        expect(tombstoneKey(main, sub) < revisionKey(main2, sub2)).toBe(before)
      }),
    )
  })
})

describe('records', () => {
  const bytes = fc.uint8Array({ maxLength: 200 })
  const anyKv: fc.Arbitrary<StoredKv> = fc.record({
    key: fc
      .oneof(bytes, fc.constant(new Uint8Array(300).fill(200)))
      .map((key) => Buffer.from(key).toString('latin1')),
    createRevision: fc.oneof(fc.nat(300), fc.maxSafeNat()),
    modRevision: fc.oneof(fc.nat(300), fc.maxSafeNat()),
    version: fc.oneof(fc.nat(300), fc.maxSafeNat()),
    value: bytes,
    lease: fc.oneof(fc.constant(0n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  })

  test('are what the generated codec writes', () => {
    fc.assert(
      fc.property(anyKv, (kv) => {
        const record = encodeRecord(kv)
        expect(hex(Buffer.from(record).toString('latin1'))).toBe(
          Buffer.from(encodeBytes(KeyValue, toWire(kv))).toString('hex'),
        )
        const back = decodeRecord(record)
        expect({ ...back, value: [...back.value] }).toEqual({ ...kv, value: [...kv.value] })
        expect([...valueOfRecord(record)]).toEqual([...kv.value])
        if (kv.key !== '') expect(keyOfRecord(record)).toBe(kv.key)
      }),
    )
  })
})

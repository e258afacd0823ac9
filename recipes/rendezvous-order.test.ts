/** Rendezvous hashing: published vectors, shares, and how little moves. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RendezvousOrder, rendezvous } from './index.js'
import { xxh64, xxh64OfPair } from './xxh64.js'

function hex({ high, low }: { readonly high: number; readonly low: number }): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}

/** Who owns each of so many keys. */
function owners(members: readonly (string | { id: string; weight: number })[], keys: number) {
  const order = new RendezvousOrder(members)
  return Array.from({ length: keys }, (_, i) => order.owners(`key/${i}`)[0])
}

const ids = fc.uniqueArray(
  fc.string({ minLength: 1, maxLength: 12 }).filter((id) => !id.includes('/')),
  { minLength: 1, maxLength: 12 },
)
const KEYS = 200

describe('XXH64', () => {
  test.each([
    ['', 'ef46db3751d8e999'],
    ['a', 'd24ec4f1a98c6e5b'],
    ['abc', '44bc2cf5ad770999'],
    ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
  ])('of %j is as published', (input, expected) => {
    expect(hex(xxh64(input))).toBe(expected)
  })

  test('is that of an implementation by the book, for every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(hex(xxh64(bytes))).toBe(byTheBook(bytes))
      }),
    )
  })

  test('of a pair is that of its 16 bytes', () => {
    const bytes = Buffer.alloc(16)
    bytes.writeBigUInt64LE(0xef46db3751d8e999n, 0)
    bytes.writeBigUInt64LE(0xd24ec4f1a98c6e5bn, 8)
    expect(xxh64OfPair(xxh64(''), xxh64('a'))).toEqual(xxh64(bytes))
  })
})

describe('rendezvous', () => {
  test('names the owners of the table in the documentation', () => {
    const members = ['a', 'b', { id: 'c', weight: 2 }]
    expect(rendezvous(members, 'customer/1', 3)).toEqual(['a', 'b', 'c'])
    expect(rendezvous(members, 'customer/2', 3)).toEqual(['a', 'c', 'b'])
    expect(rendezvous(members, 'customer/3', 3)).toEqual(['c', 'a', 'b'])
    expect(rendezvous(members, '', 3)).toEqual(['a', 'b', 'c'])
    expect(rendezvous(members, 'größe', 3)).toEqual(['b', 'a', 'c'])
  })

  test('does not ask in which order the members are named', () => {
    fc.assert(
      fc.property(ids, fc.string(), (members, key) => {
        const sorted = [...members].sort()
        expect(rendezvous(members, key, 3)).toEqual(rendezvous(sorted, key, 3))
      }),
    )
  })

  test('when a member goes, only its keys move; the others of a key keep their order', () => {
    fc.assert(
      fc.property(ids, fc.nat(), fc.string(), (members, which, key) => {
        const gone = members[which % members.length]!
        const left = members.filter((id) => id !== gone)
        const before = rendezvous(members, key, members.length)
        expect(rendezvous(left, key, members.length)).toEqual(before.filter((id) => id !== gone))
      }),
    )
  })

  test('a greater weight only brings keys to its member', () => {
    fc.assert(
      fc.property(
        ids,
        fc.nat(),
        fc.double({ min: 1.1, max: 50, noNaN: true }),
        (members, which, weight) => {
          const grown = members[which % members.length]!
          const before = owners(members, KEYS)
          const after = owners(
            members.map((id) => ({ id, weight: id === grown ? weight : 1 })),
            KEYS,
          )
          for (let i = 0; i < KEYS; i++) expect([before[i], grown]).toContain(after[i])
        },
      ),
      { numRuns: 30 },
    )
  })

  test('gives each its share, within five standard deviations', () => {
    const weights = { a: 1, b: 1, c: 2, d: 4, e: 0.5 }
    const keys = 20_000
    const members = Object.entries(weights).map(([id, weight]) => ({ id, weight }))
    const sum = members.reduce((total, { weight }) => total + weight, 0)
    const owned = owners(members, keys)
    for (const { id, weight } of members) {
      const share = weight / sum
      const bound = 5 * Math.sqrt(keys * share * (1 - share))
      const count = owned.filter((owner) => owner === id).length
      expect(Math.abs(count - keys * share)).toBeLessThan(bound)
    }
  })

  test('moves no more than its share to one that comes, within five standard deviations', () => {
    const members = Array.from({ length: 9 }, (_, i) => `m${i}`)
    const keys = 20_000
    const before = owners(members, keys)
    const after = owners([...members, 'new'], keys)
    const moved = after.filter((owner, i) => owner !== before[i])
    expect(new Set(moved)).toEqual(new Set(['new']))
    expect(moved.length).toBeLessThan(keys / 10 + 5 * Math.sqrt(keys * 0.1 * 0.9))
  })

  test('members with ids of one character, one apart, have fair shares too', () => {
    const counts = new Map<string | undefined, number>()
    for (const owner of owners(['1', '2', '3', '4'], 8_000))
      counts.set(owner, (counts.get(owner) ?? 0) + 1)
    for (const count of counts.values()) expect(Math.abs(count - 2_000)).toBeLessThan(200)
  })

  test('nobody owns anything where there is nobody', () => {
    expect(rendezvous([], 'key')).toEqual([])
    expect(rendezvous(['a'], 'key', 5)).toEqual(['a'])
  })

  test('refuses what makes no sense', () => {
    expect(() => rendezvous(['a', 'a'], 'key')).toThrow('twice')
    expect(() => rendezvous([''], 'key')).toThrow('must not be empty')
    expect(() => rendezvous(['a/b'], 'key')).toThrow("'/'")
    expect(() => rendezvous(['a'], 'key', 0)).toThrow('whole number')
    for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => rendezvous([{ id: 'a', weight }], 'key')).toThrow('weight')
  })
})

/** XXH64 with bigint, line by line after its specification. */
function byTheBook(bytes: Uint8Array): string {
  const p1: bigint = 0x9e3779b185ebca87n
  const p2: bigint = 0xc2b2ae3d27d4eb4fn
  const p3: bigint = 0x165667b19e3779f9n
  const p4: bigint = 0x85ebca77c2b2ae63n
  const p5: bigint = 0x27d4eb2f165667c5n
  const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
  const rotl = (value: bigint, bits: bigint) => u64((value << bits) | (value >> (64n - bits)))
  const round = (acc: bigint, input: bigint) => u64(rotl(u64(acc + input * p2), 31n) * p1)
  const buffer = Buffer.from(bytes)
  let at = 0
  let acc: bigint = p5
  if (buffer.length >= 32) {
    const lanes = [u64(p1 + p2), p2, 0n, u64(-p1)]
    for (; at + 32 <= buffer.length; at += 32)
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i]!, buffer.readBigUInt64LE(at + 8 * i))
    const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint]
    acc = u64(rotl(a, 1n) + rotl(b, 7n) + rotl(c, 12n) + rotl(d, 18n))
    for (const value of lanes) acc = u64((acc ^ round(0n, value)) * p1 + p4)
  }
  acc = u64(acc + BigInt(buffer.length))
  for (; at + 8 <= buffer.length; at += 8)
    acc = u64(rotl(acc ^ round(0n, buffer.readBigUInt64LE(at)), 27n) * p1 + p4)
  for (; at + 4 <= buffer.length; at += 4)
    acc = u64(rotl(acc ^ u64(BigInt(buffer.readUInt32LE(at)) * p1), 23n) * p2 + p3)
  for (; at < buffer.length; at++) acc = u64(rotl(acc ^ u64(BigInt(buffer[at]!) * p5), 11n) * p1)
  acc = u64((acc ^ (acc >> 33n)) * p2)
  acc = u64((acc ^ (acc >> 29n)) * p3)
  return (acc ^ (acc >> 32n)).toString(16).padStart(16, '0')
}

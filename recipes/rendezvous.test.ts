/** Rendezvous hashing: everybody says the same, shares follow weights, little moves. */

import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { nameHash } from './cron/name-hash.js'
import { drawFor } from './rendezvous.js'

const winner = (weights: ReadonlyMap<string, number>, key: string): string =>
  [...weights]
    .map(([id, weight]) => ({ id, drawn: drawFor(nameHash(id), nameHash(key), weight) }))
    .reduce((a, b) => (b.drawn > a.drawn ? b : a)).id

const keys = Array.from({ length: 4_000 }, (_, i) => `key-${i}`)
const members = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 8 })
  .map((ids) => new Map(ids.map((id) => [id, 1])))

test('shares follow weights', () => {
  const weights = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 5],
  ])
  const counts = new Map<string, number>()
  for (const key of keys) {
    const id = winner(weights, key)
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  for (const [id, weight] of weights)
    expect(Math.abs(counts.get(id)! / keys.length - weight / 8)).toBeLessThan(0.03)
})

test('who leaves gives away only its own keys, and who comes takes only for itself', () => {
  fc.assert(
    fc.property(members, (weights) => {
      const [gone] = weights.keys()
      const without = new Map([...weights].filter(([id]) => id !== gone))
      for (const key of keys.slice(0, 200)) {
        const before = winner(weights, key)
        if (before !== gone) expect(winner(without, key)).toBe(before)
      }
    }),
    { numRuns: 50 },
  )
})

test('a greater weight takes keys from others and gives none away', () => {
  fc.assert(
    fc.property(members, fc.double({ min: 1.1, max: 10, noNaN: true }), (weights, factor) => {
      const [risen] = weights.keys()
      const after = new Map(weights).set(risen!, factor)
      for (const key of keys.slice(0, 200)) {
        const then = winner(after, key)
        if (then !== winner(weights, key)) expect(then).toBe(risen)
      }
    }),
    { numRuns: 50 },
  )
})

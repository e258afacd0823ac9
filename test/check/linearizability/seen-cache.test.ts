/** The cache tells apart what has the same hash, and may forget. */

import { expect, test } from '@jest/globals'
import { PlacedCalls, SeenCache } from './seen-cache.js'

const same = (a: readonly string[], b: readonly string[]) => a.join() === b.join()

function placed(...calls: number[]): PlacedCalls {
  const set = new PlacedCalls(100)
  for (const call of calls) set.add(call)
  return set
}

test('the same calls with the same states are there, in whatever order they were placed', () => {
  const cache = new SeenCache<string>(same)
  expect(cache.add(placed(1, 40, 99), 7, ['a'])).toBe(true)
  expect(cache.add(placed(99, 1, 40), 7, ['a'])).toBe(false)
  const less = placed(1, 40, 99)
  less.delete(40)
  expect(cache.add(less, 7, ['a'])).toBe(true)
  less.add(40)
  expect(cache.add(less, 7, ['a'])).toBe(false)
})

test('other states or other calls with the same hash are not', () => {
  const cache = new SeenCache<string>(same)
  expect(cache.add(placed(1), 7, ['a'])).toBe(true)
  expect(cache.add(placed(1), 7, ['b'])).toBe(true)
  const collision = placed(1)
  collision.words[1] = 5
  expect(cache.add(collision, 7, ['a'])).toBe(true)
  expect(cache.add(placed(1), 7, ['b'])).toBe(false)
})

test('when it is full it starts anew', () => {
  const words = placed().words.length
  const cache = new SeenCache<string>(same, 2 * words)
  expect(cache.add(placed(1), 0, [])).toBe(true)
  expect(cache.add(placed(2), 0, [])).toBe(true)
  expect(cache.add(placed(3), 0, [])).toBe(true)
  expect(cache.add(placed(1), 0, [])).toBe(true)
  expect(cache.add(placed(3), 0, [])).toBe(false)
})

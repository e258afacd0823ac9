/** The cache tells apart what has the same hash, knows what is worse, and may forget. */

import { expect, test } from '@jest/globals'
import { PlacedCalls, type Position, SeenCache } from './seen-cache.js'

function cache(wordsMax?: number): SeenCache<string> {
  return new SeenCache((a, b) => a.join() === b.join(), wordsMax)
}

function placed(...calls: number[]): PlacedCalls {
  const set = new PlacedCalls(100)
  for (const call of calls) set.add(call)
  return set
}

function position(more: Partial<Position<string>>): Position<string> {
  return { ending: placed(), endless: placed(), states: ['a'], statesHash: 7, ...more }
}

test('the same calls with the same states are there, in whatever order they were placed', () => {
  const seen = cache()
  expect(seen.add(position({ ending: placed(1, 40, 99) }))).toBe(true)
  expect(seen.add(position({ ending: placed(99, 1, 40) }))).toBe(false)
  const less = placed(1, 40, 99)
  less.delete(40)
  expect(seen.add(position({ ending: less }))).toBe(true)
  less.add(40)
  expect(seen.add(position({ ending: less }))).toBe(false)
})

test('other states or other calls with the same hash are not', () => {
  const seen = cache()
  expect(seen.add(position({ ending: placed(1) }))).toBe(true)
  expect(seen.add(position({ ending: placed(1), states: ['b'] }))).toBe(true)
  const collision = placed(1)
  collision.words[1] = 5
  expect(seen.add(position({ ending: collision }))).toBe(true)
  expect(seen.add(position({ ending: placed(1), states: ['b'] }))).toBe(false)
})

test('with more calls that need not happen it is no better, with fewer or others it may be', () => {
  const seen = cache()
  expect(seen.add(position({ endless: placed(3, 50) }))).toBe(true)
  expect(seen.add(position({ endless: placed(3, 50, 70) }))).toBe(false)
  expect(seen.add(position({ endless: placed(3, 70) }))).toBe(true)
  expect(seen.add(position({ endless: placed(50) }))).toBe(true)
  expect(seen.add(position({ endless: placed(50), ending: placed(1) }))).toBe(true)
})

test('when it is full it starts anew', () => {
  const words = 2 * placed().words.length
  const seen = cache(2 * words)
  for (const call of [1, 2, 3, 1]) expect(seen.add(position({ ending: placed(call) }))).toBe(true)
  expect(seen.add(position({ ending: placed(3) }))).toBe(false)
})

/** The generator repeats itself for a seed and reaches every kind of answer. */

import { describe, expect, test } from '@jest/globals'
import type { CallKind } from './call.js'
import { generateCalls } from './generate.js'
import { Model } from './model.js'
import { SeededRandom } from './random.js'

describe('generateCalls', () => {
  test('the same seed makes the same calls, another seed others', () => {
    expect(generateCalls(7, 50)).toEqual(generateCalls(7, 50))
    expect(generateCalls(8, 50)).not.toEqual(generateCalls(7, 50))
  })

  test('every kind succeeds and every error that the model knows comes up', () => {
    const model = new Model()
    const succeeded = new Set<CallKind>()
    const errors = new Set<string>()
    for (const call of generateCalls(1, 4000)) {
      const outcome = model.execute(call)
      if (outcome.ok) succeeded.add(call.kind)
      else errors.add(outcome.error)
    }
    expect(succeeded.size).toBe(7)
    expect([...errors].sort()).toEqual(
      [
        'emptyKey',
        'keyNotFound',
        'valueProvided',
        'leaseProvided',
        'duplicateKey',
        'invalidSortOption',
        'compacted',
        'futureRev',
        'leaseNotFound',
        'leaseExist',
        'leaseTTLTooLarge',
      ].sort(),
    )
  })
})

describe('SeededRandom', () => {
  test('numbers are spread over the unit interval, also for close seeds', () => {
    for (const seed of [0, 1, 2, 2 ** 40]) {
      const random = new SeededRandom(seed)
      const tenths = new Array<number>(10).fill(0)
      for (let i = 0; i < 10_000; i++) tenths[Math.floor(random.next() * 10)]!++
      for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150)
    }
    const first = [0, 1, 2, 2 ** 40].map((seed) => new SeededRandom(seed).next())
    expect(new Set(first).size).toBe(4)
  })
})

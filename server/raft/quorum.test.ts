/** Majority arithmetic against a deliberately dumb twin. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  jointIndex,
  jointVote,
  majorityIndex,
  majorityOf,
  majorityVote,
  type VoteResult,
} from './quorum.js'

/** The dumb twin: tries every value and counts heads. */
function dumbIndex(reached: readonly number[]): number {
  if (reached.length === 0) return Number.POSITIVE_INFINITY
  let best = 0
  for (const candidate of reached) {
    const heads = reached.filter((value) => value >= candidate).length
    if (heads * 2 > reached.length && candidate > best) best = candidate
  }
  return best
}

/** The dumb twin: tries every way in which the open votes may still go. */
function dumbVote(sets: readonly (readonly (boolean | undefined)[])[]): VoteResult {
  const open = sets.flat().filter((vote) => vote === undefined).length
  const outcomes = new Set<boolean>()
  for (let choice = 0; choice < 2 ** open; choice++) {
    let bit = 0
    const cast = sets.map((set) => set.map((vote) => vote ?? ((choice >> bit++) & 1) === 1))
    outcomes.add(
      cast.every((set) => set.length === 0 || set.filter(Boolean).length * 2 > set.length),
    )
  }
  if (outcomes.size === 2) return 'pending'
  return outcomes.has(true) ? 'won' : 'lost'
}

const indexes = fc.array(fc.nat(12), { maxLength: 9 })
const votes = fc.array(fc.constantFrom(true, false, undefined), { maxLength: 5 })
const runs = { numRuns: 5_000 }

describe('a majority', () => {
  test('is more than half', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(majorityOf)).toEqual([1, 2, 2, 3, 3, 4, 4])
  })

  test('of nobody agrees with everything', () => {
    expect(majorityIndex([])).toBe(Number.POSITIVE_INFINITY)
    expect(majorityVote([])).toBe('won')
  })

  test('reaches what counting heads says', () => {
    fc.assert(
      fc.property(indexes, (reached) => {
        expect(majorityIndex([...reached])).toBe(dumbIndex(reached))
      }),
      runs,
    )
  })

  test('votes as it must, whatever the open votes will be', () => {
    fc.assert(
      fc.property(votes, (cast) => {
        expect(majorityVote(cast)).toBe(dumbVote([cast]))
      }),
      runs,
    )
  })
})

describe('two majorities', () => {
  test('reach what both have reached', () => {
    fc.assert(
      fc.property(indexes, indexes, (incoming, outgoing) => {
        const expected = Math.min(dumbIndex(incoming), dumbIndex(outgoing))
        expect(jointIndex([...incoming], [...outgoing])).toBe(expected)
      }),
      runs,
    )
  })

  test('elect only together', () => {
    fc.assert(
      fc.property(votes, votes, (incoming, outgoing) => {
        expect(jointVote(incoming, outgoing)).toBe(dumbVote([incoming, outgoing]))
      }),
      runs,
    )
  })
})

/** Right random histories are acquitted by the judges, and the same with one lie in it are convicted. */

import { describe, expect, test } from '@jest/globals'
import { SeededRandom } from '../model/random.js'
import { lies } from './lies.js'
import { randomStory } from './random-story.js'
import { judgeRevisions } from './revision-judge.js'

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1)

describe('revision judge', () => {
  test.each(SEEDS)('acquits what is right (seed %i)', (seed) => {
    const { operations, truth } = randomStory(seed, { operations: 300, unknown: 0.1 })
    expect(judgeRevisions(operations, truth)).toEqual([])
  })

  test.each(Object.keys(lies))('convicts: %s', (name) => {
    let lied = 0
    for (const seed of SEEDS) {
      const story = randomStory(seed, { operations: 120 })
      const { operations, truth } = story
      const random = new SeededRandom(seed)
      for (let tries = 0; tries < 400; tries++) {
        const operation = random.pick(operations)
        const honest = { ...operation }
        if (!lies[name]!(operation, story)) continue
        const violations = judgeRevisions(operations, truth)
        if (violations.length === 0) throw new Error(`seed ${seed}: operation ${operation.id}`)
        Object.assign(operation, honest)
        lied++
        break
      }
    }
    expect(lied).toBeGreaterThan(10)
  })
})

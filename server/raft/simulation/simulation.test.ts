/**
 * Many short lives of Raft clusters in a bad world; see world.ts.
 *
 * `RAFT_SEEDS=5000` runs more seeds, `RAFT_SEED=123` one, `RAFT_FIRST=40000` starts elsewhere.
 */

import { describe, expect, test } from '@jest/globals'
import { live } from './world.js'

const only = process.env['RAFT_SEED']
const count = Number(process.env['RAFT_SEEDS'] ?? 200)
const first = Number(only ?? process.env['RAFT_FIRST'] ?? 1)
const last = only === undefined ? first + count - 1 : first

/** Milliseconds that one seed may take on a slow and busy core. */
const SEED_MS_MAX = 2_000

describe('a Raft cluster in a bad world', () => {
  test(
    `keeps all promises and comes back (seeds ${first} to ${last})`,
    () => {
      let chosen = 0
      let answers = 0
      for (let seed = first; seed <= last; seed++) {
        const life = live(seed)
        chosen += life.chosen
        answers += life.answers
      }
      expect(chosen).toBeGreaterThan(last - first)
      expect(answers).toBeGreaterThan(last - first)
    },
    Math.max(60_000, (last - first + 1) * SEED_MS_MAX),
  )

  test('lives the same life again for the same seed', () => {
    for (let seed = first; seed < first + 5; seed++) expect(live(seed)).toEqual(live(seed))
  }, 60_000)
})

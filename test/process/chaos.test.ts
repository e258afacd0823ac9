/**
 * A short round of chaos on real processes: what `npm run chaos` does for as long as one
 * likes. Everything acknowledged must be true, whatever dies, stands still or is cut off.
 */

import { expect, test } from '@jest/globals'
import { runRound } from './chaos/chaos-round.js'

const SEED = 7
const SECONDS = 20

test('faults of processes and links break no promise', async () => {
  const { signal } = new AbortController()
  const report = await runRound({ seed: SEED, seconds: SECONDS, signal, stepsPerSecond: 40 })
  expect(report.violations).toEqual([])
  expect(report.outcomes['ok']).toBeGreaterThan(0)
  expect(Object.keys(report.faults).length).toBeGreaterThan(2)
}, 300_000)

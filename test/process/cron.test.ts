/**
 * Cron on real processes: three workers with jobs every second are killed with SIGKILL, stand
 * still with SIGSTOP, and have their clocks stepped, as a seed says. No tick runs twice, no
 * two runs of a job at once, and none is left out for longer than the declared window.
 *
 * The faults last 20 seconds here; `CRON_FLEET_SECONDS=120` makes it two minutes.
 */

import { expect, test } from '@jest/globals'
import { runFleet } from './cron/fleet.js'

const SEED = 5
const given = Number(process.env['CRON_FLEET_SECONDS'])

test('a fleet under faults runs every tick at most once, and goes on', async () => {
  const report = await runFleet({ seed: SEED, seconds: given || 20 })
  if (given > 0) console.log(report)
  expect(report.violations).toEqual([])
  expect(Object.keys(report.faults).length).toBe(3)
  for (const calls of Object.values(report.calls)) expect(calls).toBeGreaterThan(5)
}, 300_000)

/** Which tick starts, when starts are spread by jitter and when nobody was there in time. */

import { describe, expect, test } from '@jest/globals'
import { owedTick } from './catch-up.js'
import type { CronJob } from './job.js'
import { jobRecord } from './job.js'
import type { IndexedJob } from './live-index.js'
import { startOf, ticksOf } from './ticks.js'

const BEGIN_MS = Date.UTC(2026, 0, 1)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

function indexed(job: Omit<CronJob, 'name'>): IndexedJob {
  const value = jobRecord({ name: 'work', ...job }, BEGIN_MS)
  const seen = { key: 'work', createRevision: 1, modRevision: 1, lease: 0n }
  return { value, ticks: ticksOf(value), ...seen }
}

/** What a node that is always there starts and misses, up to a time. */
function watched(job: IndexedJob, untilMs: number) {
  const started: { tickMs: number; atMs: number }[] = []
  let [lastMs, missed] = [job.value.sinceMs, 0]
  for (let wallMs = lastMs; wallMs <= untilMs; ) {
    const owed = owedTick(job, lastMs, wallMs)
    if (typeof owed === 'number') {
      if (owed <= wallMs) throw new Error(`It would look again at once, for ever, at ${wallMs}.`)
      wallMs = owed
      continue
    }
    lastMs = owed.upToMs
    missed += owed.missed + (owed.tickMs === undefined ? 1 : 0)
    if (owed.tickMs !== undefined) started.push({ tickMs: owed.tickMs, atMs: wallMs })
  }
  return { started, missed }
}

describe('with jitter', () => {
  test.each([
    ['longer than the time of grace', '0 3 * * *', 600_000, 60 * DAY_MS, 60],
    ['as long as the interval', '* * * * *', 60_000, HOUR_MS, 60],
    ['longer than the interval', '* * * * *', 300_000, HOUR_MS, 60],
    ['much longer than the interval', '* * * * * *', HOUR_MS, 600_000, 600],
  ])('%s, every tick starts once, in order', (_what, schedule, jitterMs, forMs, count) => {
    const job = indexed({ schedule, jitterMs })
    const { started, missed } = watched(job, BEGIN_MS + forMs + Math.min(jitterMs, 600_000))
    const ticks = started.map(({ tickMs }) => tickMs).filter((ms) => ms <= BEGIN_MS + forMs)
    expect(missed).toBe(0)
    expect(ticks).toHaveLength(count)
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b))
    for (const { tickMs, atMs } of started) expect(atMs).toBe(startOf(job.value, job.ticks, tickMs))
  })

  test('starts are spread over the time that it gives, or that is there', () => {
    const late = (jitterMs: number) => {
      const job = indexed({ schedule: '*/10 * * * *', jitterMs })
      return watched(job, BEGIN_MS + DAY_MS).started.map(({ tickMs, atMs }) => atMs - tickMs)
    }
    expect(Math.max(...late(120_000))).toBeGreaterThan(90_000)
    expect(Math.max(...late(120_000))).toBeLessThanOrEqual(120_000)
    expect(Math.max(...late(HOUR_MS))).toBeGreaterThan(450_000)
    expect(Math.max(...late(HOUR_MS))).toBeLessThan(600_000)
  })
})

describe('a job that is due once', () => {
  const job = indexed({ runAtMs: BEGIN_MS + HOUR_MS })

  test('runs when somebody comes, however late', () => {
    const { sinceMs } = job.value
    const late = owedTick(job, sinceMs, BEGIN_MS + 30 * DAY_MS)
    expect(late).toMatchObject({ tickMs: BEGIN_MS + HOUR_MS, missed: 0 })
  })

  test('is missed where its owner would rather have it so', () => {
    const picky = indexed({ runAtMs: BEGIN_MS + HOUR_MS, catchUp: 'skip', graceMs: 1_000 })
    const late = owedTick(picky, BEGIN_MS, BEGIN_MS + HOUR_MS + 1_001)
    expect(late).toMatchObject({ tickMs: undefined, missed: 1 })
  })
})

/**
 * Which tick is due, when some may have been missed.
 *
 * Ticks after the counter and not after now are owed. Usually it is one, and it is on time.
 * More are owed, or one is late, when nobody could claim: nodes were down, a fail-over
 * took its time, a clock was put forward. The policy of the job then says which of them
 * still starts (see `CatchUp`); all before it are missed, for ever.
 */

import { DEFAULTS } from './job.js'
import type { IndexedJob } from './live-index.js'
import { startOf, type Ticks } from './ticks.js'

/** What is owed now. */
export interface Owed {
  /** The tick that starts; undefined when all that were owed are missed. */
  readonly tickMs: number | undefined
  /** None up to it is owed afterwards. */
  readonly upToMs: number
  readonly missed: number
}

/** Missed ticks that are counted for one decision, at most. */
const LOOKS_MAX = 1_000

/** What is owed, or else when the next tick starts (`Infinity`: never). */
export function owedTick(job: IndexedJob, fromMs: number, wallMs: number): Owed | number {
  const newest = newestDue(job, fromMs, wallMs)
  if (newest === undefined) {
    const next = job.ticks.next(fromMs)
    return next === undefined ? Number.POSITIVE_INFINITY : startOf(job.value, job.ticks, next)
  }
  const { catchUp = DEFAULTS.catchUp, catchUpMax } = job.value
  const oldestMs = wallMs - latenessMaxMs(job)
  // A tick is late when its start is, which the jitter has put off.
  const isInTime = startOf(job.value, job.ticks, newest) >= oldestMs
  let tickMs = isInTime ? newest : undefined
  if (isInTime && catchUp === 'all') {
    const afterMs = Math.max(fromMs, oldestMs - 1)
    tickMs = oldestOf(job.ticks, newest, afterMs, catchUpMax ?? DEFAULTS.catchUpMax)
  }
  const missed = countBetween(job.ticks, fromMs, tickMs ?? newest + 1)
  return { tickMs, upToMs: tickMs ?? newest, missed }
}

/** How late a tick may start. One that is the only one of its job is never too late by itself. */
function latenessMaxMs({ value }: IndexedJob): number {
  const { catchUp, graceMs = DEFAULTS.graceMs, windowMs = DEFAULTS.windowMs, runAtMs } = value
  if (catchUp === undefined && runAtMs !== undefined) return Number.POSITIVE_INFINITY
  return (catchUp ?? DEFAULTS.catchUp) === 'skip' ? graceMs : windowMs
}

/** The newest tick after the counter that may start, jitter counted. */
function newestDue(job: IndexedJob, fromMs: number, wallMs: number): number | undefined {
  const { value, ticks } = job
  let tickMs = ticks.previous(wallMs + 1)
  // One that has not started yet: the one before it has.
  if (tickMs !== undefined && startOf(value, ticks, tickMs) > wallMs)
    tickMs = ticks.previous(tickMs)
  return tickMs !== undefined && tickMs > fromMs ? tickMs : undefined
}

/** The oldest of the newest `count` ticks after `afterMs`. */
function oldestOf(ticks: Ticks, newest: number, afterMs: number, count: number): number {
  let oldest = newest
  for (let i = 1; i < count; i++) {
    const before = ticks.previous(oldest)
    if (before === undefined || before <= afterMs) break
    oldest = before
  }
  return oldest
}

function countBetween(ticks: Ticks, afterMs: number, beforeMs: number): number {
  let count = 0
  for (let tickMs = ticks.next(afterMs); count < LOOKS_MAX; tickMs = ticks.next(tickMs)) {
    if (tickMs === undefined || tickMs >= beforeMs) break
    count++
  }
  return count
}

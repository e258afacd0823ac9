/** The times at which a job is due, from its schedule or its one time, within its bounds. */

import type { JobRecord } from './job.js'
import { nameHash } from './name-hash.js'
import { parseSchedule } from './schedule.js'

/** Times in milliseconds since 1970. */
export interface Ticks {
  /** The first one after a time. */
  next(afterMs: number): number | undefined
  /** The last one before a time. */
  previous(beforeMs: number): number | undefined
}

const NEVER: Ticks = { next: () => undefined, previous: () => undefined }

/** @throws {ConclaveError} `invalid-argument`: the expression or the time zone is wrong. */
export function ticksOf(job: JobRecord): Ticks {
  const { startMs = Number.NEGATIVE_INFINITY, endMs = Number.POSITIVE_INFINITY } = job
  const ticks = unbounded(job)
  return {
    next(afterMs) {
      const tickMs = ticks.next(Math.max(afterMs, startMs - 1))
      return tickMs === undefined || tickMs >= endMs ? undefined : tickMs
    },
    previous(beforeMs) {
      const tickMs = ticks.previous(Math.min(beforeMs, endMs))
      return tickMs === undefined || tickMs < startMs ? undefined : tickMs
    },
  }
}

/**
 * When a tick starts: the same on every node, and before the next tick, so that ticks start in
 * their order.
 */
export function startOf({ name, jitterMs = 0 }: JobRecord, ticks: Ticks, tickMs: number): number {
  if (jitterMs === 0) return tickMs
  const roomMs = (ticks.next(tickMs) ?? Number.POSITIVE_INFINITY) - tickMs
  return tickMs + (nameHash(`${name} ${tickMs}`) % Math.min(jitterMs + 1, roomMs))
}

/** So many ticks after a time. */
export function upcoming(ticks: Ticks, afterMs: number, count: number): number[] {
  const found: number[] = []
  for (let tickMs = ticks.next(afterMs); tickMs !== undefined; tickMs = ticks.next(tickMs)) {
    if (found.length >= count) break
    found.push(tickMs)
  }
  return found
}

function unbounded({ name, schedule, timeZone, dst, runAtMs }: JobRecord): Ticks {
  if (runAtMs !== undefined)
    return {
      next: (afterMs) => (afterMs < runAtMs ? runAtMs : undefined),
      previous: (beforeMs) => (beforeMs > runAtMs ? runAtMs : undefined),
    }
  if (schedule === undefined) return NEVER
  return parseSchedule(schedule, {
    name,
    ...(timeZone !== undefined && { timeZone }),
    ...(dst !== undefined && { dst }),
  })
}

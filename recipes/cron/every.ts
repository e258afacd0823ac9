/**
 * Schedules without civil time: every so often, and once.
 *
 * `@every` runs at the multiples of its interval since 1970-01-01T00:00Z. So all processes
 * agree on the instants, whenever they were started, and no restart moves them.
 */

import { goDurationMs } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { instantMs } from './instant.js'

/** When something runs, in milliseconds since 1970-01-01T00:00Z. */
export interface Times {
  /** The first instant after that one. */
  next(afterMs: number): number | undefined
  /** The last instant before that one. */
  previous(beforeMs: number): number | undefined
}

/**
 * Every so often.
 *
 * @param text a duration as Go writes it: `90s`, `1h30m`, `1.5h`.
 * @throws {ConclaveError} `invalid-argument`: it is none, or no whole number of milliseconds.
 */
export function every(text: string): Times {
  const everyMs = goDurationMs(text)
  const wholeMs = Math.round(everyMs ?? 0)
  if (everyMs === undefined || Math.abs(everyMs - wholeMs) > 1e-6 || !(wholeMs >= 1))
    throw invalidArgument(
      `@every takes a duration of whole milliseconds, such as 90s, 1h30m or 250ms, not '${text}'.`,
    )
  return {
    next: (afterMs) => (Math.floor(afterMs / wholeMs) + 1) * wholeMs,
    previous: (beforeMs) => (Math.ceil(beforeMs / wholeMs) - 1) * wholeMs,
  }
}

/**
 * Once.
 *
 * @param text an instant as RFC 3339 writes it.
 * @throws {ConclaveError} `invalid-argument`: it is none.
 */
export function once(text: string): Times {
  const atMs = instantMs(text)
  if (atMs === undefined)
    throw invalidArgument(
      `@at takes an instant with its offset, such as 2026-03-29T02:30:00Z or 2026-03-29T02:30:00+01:00, not '${text}'.`,
    )
  return {
    next: (afterMs) => (afterMs < atMs ? atMs : undefined),
    previous: (beforeMs) => (beforeMs > atMs ? atMs : undefined),
  }
}

/** Never by itself: what is run by hand only. */
export const NEVER: Times = { next: () => undefined, previous: () => undefined }

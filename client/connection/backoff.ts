/** How long to leave alone what has failed: doubling, bounded, with jitter so that clients spread out. */

import type { Random } from '../host/random.js'

/** Longest pause after the first failure. */
export const BACKOFF_MS_MIN = 50
/** Longest pause at all. */
export const BACKOFF_MS_MAX = 2_000

/** Milliseconds to wait after `failures` failures in a row: between half and all of a doubling bound. */
export function backoffMs(failures: number, random: Random): number {
  const bound = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures - 1, 20))
  return bound * (0.5 + random.next() / 2)
}

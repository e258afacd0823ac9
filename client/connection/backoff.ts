/** How long to leave alone what has failed: doubling, bounded, with jitter so that clients spread out. */

import type { Random } from '../host/random.js'

/** Longest pause after the first failure. */
export const BACKOFF_MS_MIN = 50
/** Longest pause at all. */
export const BACKOFF_MS_MAX = 2_000

/** Bounds of a pause, in milliseconds. */
export interface BackoffBounds {
  /** Longest pause after the first failure. */
  readonly minMs: number
  /** Longest pause at all. */
  readonly maxMs: number
}

const STANDARD: BackoffBounds = { minMs: BACKOFF_MS_MIN, maxMs: BACKOFF_MS_MAX }

/** Milliseconds to wait after `failures` failures in a row: between half and all of a doubling bound. */
export function backoffMs(failures: number, random: Random, bounds = STANDARD): number {
  const bound = Math.min(bounds.maxMs, bounds.minMs * 2 ** Math.min(failures - 1, 20))
  return bound * (0.5 + random.next() / 2)
}

/** What the fleet and its workers say to each other, and the jobs that they know. */

import type { CronCall } from '../../check/cron-rules.js'

/** The jobs, each every second, and how long each takes in milliseconds. */
export const FLEET_JOBS = { quick: 0, half: 500, long: 2_300 } as const

/** What a worker tells. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'start'; readonly call: Omit<CronCall, 'heldUntilMs'> }
  /** The handler asked whether the run is its own, and was told so. */
  | {
      readonly kind: 'held'
      readonly job: string
      readonly fencingToken: number
      readonly atMs: number
    }

/** What a worker is told. */
export type ToWorker =
  /** Step the wall clock: so far ahead of the machine's (behind it, when below 0). */
  { readonly kind: 'step'; readonly aheadMs: number } | { readonly kind: 'stop' }

/**
 * Asking again while the cluster cannot answer.
 *
 * Only for requests that may be repeated whatever became of the first: reads, and
 * writes guarded so that the second does nothing when the first was done.
 */

import type { Keyspace } from '../client/index.js'
import { isTransient } from './errors.js'
import { jittered, pause } from './pause.js'

/** How long the first pause may be, and the longest of all, in milliseconds. */
export interface Pace {
  readonly firstMs: number
  readonly mostMs: number
}

const PACE: Pace = { firstMs: 50, mostMs: 1_000 }

/**
 * Runs `run` until it answers or fails for good.
 *
 * @param over asked after each failure: true gives up. It must become true some time.
 * @param signal ends a pause early, so that `over` is asked.
 * @param pace each pause may be twice as long as the last. Default 50 ms to 1 s.
 * @returns undefined when given up.
 */
export async function insist<T>(
  client: Keyspace,
  over: () => boolean,
  run: () => Promise<T>,
  signal?: AbortSignal,
  { firstMs, mostMs } = PACE,
): Promise<T | undefined> {
  for (let backOffMs = firstMs; ; backOffMs = Math.min(2 * backOffMs, mostMs)) {
    try {
      return await run()
    } catch (error) {
      if (over()) return undefined
      if (!isTransient(error)) throw error
    }
    await pause(client, jittered(client, backOffMs), signal)
    if (over()) return undefined
  }
}

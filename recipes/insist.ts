/**
 * Asking again while the cluster cannot answer.
 *
 * Only for requests that may be repeated whatever became of the first: reads, and
 * writes guarded so that the second does nothing when the first was done.
 */

import type { Keyspace } from '../client/index.js'
import { isTransient } from './errors.js'
import { jittered, pause } from './pause.js'

const BACK_OFF_MS_MIN = 50
const BACK_OFF_MS_MAX = 1_000

/**
 * Runs `run` until it answers or fails for good.
 *
 * @param over asked after each failure: true gives up. It must become true some time.
 * @param signal ends a pause early, so that `over` is asked.
 * @returns undefined when given up.
 */
export async function insist<T>(
  client: Keyspace,
  over: () => boolean,
  run: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  for (let backOffMs = BACK_OFF_MS_MIN; ; backOffMs = Math.min(2 * backOffMs, BACK_OFF_MS_MAX)) {
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

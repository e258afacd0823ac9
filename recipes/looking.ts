/** Looking at keys again and again until something is so: what all do who wait without a queue. */

import type { Watcher } from '../client/index.js'
import { hasCode, isTransient } from './errors.js'
import { insist } from './insist.js'
import type { Watched } from './line.js'
import { pause } from './pause.js'
import type { Waiting } from './waiting.js'

/** Pause before a watch that failed is tried again, in milliseconds. */
const RETRY_MS = 100

/**
 * Asks until there is an answer, or the wait is over. Only for requests that may be repeated.
 *
 * @throws why the wait is over; what is wrong for good.
 */
export async function ask<T>(waiting: Waiting, run: () => Promise<T>): Promise<T> {
  waiting.check()
  const over = () => waiting.over
  const answer = await insist(
    waiting.client,
    over,
    async () => ({ it: await run() }),
    waiting.signal,
  )
  if (answer === undefined) waiting.check()
  return answer!.it
}

/**
 * Waits until one of them may have changed after a revision: look again then.
 *
 * @throws why the wait is over; what is wrong for good.
 */
export async function nextChange(
  waiting: Waiting,
  watched: readonly Watched[],
  revision: number,
): Promise<void> {
  waiting.check()
  const { client, signal } = waiting
  const watchers: Watcher[] = []
  try {
    const changes = watched.map(async ({ keyOrRange, filters, matters = () => true }) => {
      const watcher = client.watch(keyOrRange, { startRevision: revision + 1, filters, signal })
      watchers.push(watcher)
      for await (const event of watcher) if (matters(event)) return
    })
    await Promise.race(changes)
  } catch (error) {
    waiting.check()
    if (hasCode(error, 'compacted')) return
    if (!isTransient(error)) throw error
    await pause(client, RETRY_MS, signal)
  } finally {
    for (const watcher of watchers) watcher.close()
  }
}

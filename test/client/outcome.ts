/** What tests of the client ask again and again: how a promise failed, what a watcher saw. */

import { ConclaveError, type WatchEvent, type Watcher } from '../../client/index.js'

/** The error with which something fails. @throws it succeeded, or failed with an error of another class. */
export async function failure(outcome: Promise<unknown> | (() => unknown)): Promise<ConclaveError> {
  try {
    await (typeof outcome === 'function' ? outcome() : outcome)
  } catch (error) {
    if (error instanceof ConclaveError) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** The next so many events of a watcher, which is closed then. Fewer when it ends. */
export async function take(watcher: Watcher, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = []
  for await (const event of watcher) if (events.push(event) === count) break
  return events
}

/** Pausing before something is tried again, as all recipes do. */

import type { Keyspace } from '../client/index.js'

/** Resolves after `ms`, or when the signal aborts. */
export function pause(client: Keyspace, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const finish = () => {
      timer.cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const timer = client.clock.after(ms, finish)
    signal?.addEventListener('abort', finish, { once: true })
  })
}

/** From half of it to all of it, drawn anew: what many begin together they do not end together. */
export function jittered(client: Keyspace, ms: number): number {
  return ms * (0.5 + client.random.next() / 2)
}

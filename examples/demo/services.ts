/** Service discovery in a few lines: a prefix, leases, and a watch. */

import type { Client } from 'conclave'

/** Keeps the set of registered workers as a watch tells it. */
export async function watchServices(
  through: Client,
): Promise<{ readonly up: ReadonlySet<string> }> {
  const up = new Set<string>()
  const watcher = through.watch({ prefix: 'services/worker/' })
  await watcher.created
  const follow = async (): Promise<void> => {
    for await (const { type, kv } of watcher) {
      const name = kv.keyString.slice('services/worker/'.length)
      if (type === 'put') up.add(name)
      else up.delete(name)
    }
  }
  follow().catch(() => {})
  return { up }
}

/** Watchers and leases of our client. */

import { type Client, connect } from '../../client/index.js'
import { inParts } from './driver.js'
import type { Heard, Watching } from './watching.js'

/** See the head of the file. */
export class ConclaveWatching implements Watching {
  readonly #clients: readonly Client[]

  constructor(endpoints: readonly string[], clients: number) {
    this.#clients = Array.from({ length: clients }, () => connect({ endpoints, timeoutMs: 20_000 }))
  }

  async watch(keys: readonly string[], onEvent: (value: Uint8Array) => void): Promise<void> {
    await inParts(keys.length, async (i) => {
      const watcher = this.#clients[i % this.#clients.length]!.watch(keys[i]!)
      await watcher.created
      void (async () => {
        for await (const { kv } of watcher) onEvent(kv.value)
      })().catch(() => {})
    })
  }

  async keepAlive(count: number, ttlSeconds: number, heard: Heard): Promise<void> {
    await inParts(count, async (i) => {
      const { lease } = this.#clients[i % this.#clients.length]!
      lease.keepAlive(await lease.grant(ttlSeconds), {
        onRenewed: heard.renewed,
        onLost: heard.lost,
      })
    })
  }
}

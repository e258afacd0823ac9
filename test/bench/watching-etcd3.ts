/** Watchers and leases of etcd3 (npm). */

import { Etcd3 } from 'etcd3'
import { inParts } from './driver.js'
import type { Heard, Watching } from './watching.js'

/** See the head of the file. */
export class Etcd3Watching implements Watching {
  readonly #clients: readonly Etcd3[]

  constructor(endpoints: readonly string[], clients: number) {
    this.#clients = Array.from({ length: clients }, () => new Etcd3({ hosts: [...endpoints] }))
  }

  async watch(keys: readonly string[], onEvent: (value: Uint8Array) => void): Promise<void> {
    await inParts(keys.length, async (i) => {
      const client = this.#clients[i % this.#clients.length]!
      const watcher = await client.watch().key(keys[i]!).create()
      watcher.on('put', ({ value }) => onEvent(value))
    })
  }

  async keepAlive(count: number, ttlSeconds: number, heard: Heard): Promise<void> {
    await inParts(count, async (i) => {
      const lease = this.#clients[i % this.#clients.length]!.lease(ttlSeconds)
      lease.on('keepaliveSucceeded', heard.renewed)
      lease.on('lost', heard.lost)
      await lease.grant()
    })
  }
}

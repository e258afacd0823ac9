/**
 * The live records of a group, followed.
 *
 * One cache of one range feeds the index, so the index is always what the store was at one
 * revision. While no member answers it stays as it is; when the cache ends (it was refused,
 * or grew too large) another is made after a pause.
 */

import type { Cache, Keyspace } from '../../client/index.js'
import { pause } from '../pause.js'
import type { CronKeys, KeyParts } from './keys.js'
import { LiveIndex } from './live-index.js'

/** Who hears of changes. */
export interface ViewListener {
  /** A key has changed; undefined: anything may have. */
  changed(parts: KeyParts | undefined): void
  failed(error: unknown): void
}

const RETRY_MS = 5_000

/** See the head of the file. */
export class LiveView {
  readonly index: LiveIndex
  readonly #client: Keyspace
  readonly #keys: CronKeys
  readonly #listener: ViewListener
  readonly #controller = new AbortController()
  #cache: Cache | undefined
  #isFilled = false

  constructor(client: Keyspace, keys: CronKeys, listener: ViewListener) {
    this.#client = client
    this.#keys = keys
    this.#listener = listener
    this.index = new LiveIndex(keys, (error) => listener.failed(error))
    this.#follow().catch((error) => listener.failed(error))
  }

  /** Of what the index shows; 0 while it shows nothing. */
  get revision(): number {
    return this.#isFilled ? (this.#cache?.revision ?? 0) : 0
  }

  /** Ends it. */
  close(): void {
    this.#controller.abort()
    this.#cache?.close()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#controller
    while (!signal.aborted && !this.#client.closed) {
      await this.#untilEnded()
      this.#isFilled = false
      await pause(this.#client, RETRY_MS, signal)
    }
  }

  #untilEnded(): Promise<void> {
    return new Promise((resolve) => {
      const cache = this.#client.cache(this.#keys.live)
      this.#cache = cache
      cache.on('synced', () => this.#fill(cache))
      cache.on('change', ({ keyString, after }) => {
        if (this.#isFilled) this.#change(keyString, after)
      })
      cache.on('error', (error) => this.#listener.failed(error))
      cache.on('end', () => resolve())
    })
  }

  #fill(cache: Cache): void {
    this.index.clear()
    for (const [, kv] of cache.entries()) this.index.put(kv)
    this.#isFilled = true
    this.#listener.changed(undefined)
  }

  #change(key: string, after: Parameters<LiveIndex['put']>[0] | undefined): void {
    const parts = after === undefined ? this.index.delete(key) : this.index.put(after)
    if (parts !== undefined) this.#listener.changed(parts)
  }
}

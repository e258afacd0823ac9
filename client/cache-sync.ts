/**
 * How a cache learns what is in the store: a list at revision r, then a watch from r + 1.
 *
 * The watch goes on behind the last revision after every break. When that was compacted
 * meanwhile, the list is made anew, and its owner finds out what has changed.
 */

import { type ConclaveError, errorOf } from './errors.js'
import type { KeyValue } from './key-value.js'
import type { Range, WireRange } from './range.js'
import type { WatchClient } from './watch.js'
import type { WatchBatch } from './watch-event.js'
import { type ListPorts, listPages } from './watch-list.js'
import type { Watcher } from './watcher.js'

/** What it is made of. */
export interface SyncPorts extends ListPorts {
  readonly watch: WatchClient
}

/** What is copied, and how. */
export interface SyncTarget {
  readonly range: Range
  /** The same as the wire says it. */
  readonly wireRange: WireRange
  /** More keys end it with `too-many-keys`. */
  readonly keysMax: number
  readonly requireLeader: boolean
}

/** Whom it tells. */
export interface SyncOwner extends SyncTarget {
  /** All there is, of one revision. @param compactRevision 0 the first time. */
  listed(kvs: readonly KeyValue[], revision: number, compactRevision: number): void
  /** What has changed since. */
  told(batch: WatchBatch): void
  disconnected(error: ConclaveError): void
  resumed(): void
}

/** Keeps an owner informed until it is closed. */
export class CacheSync {
  readonly #ports: SyncPorts
  readonly #owner: SyncOwner
  readonly #abort = new AbortController()
  #watcher: Watcher | undefined
  #disconnected = false

  constructor(ports: SyncPorts, owner: SyncOwner) {
    this.#ports = ports
    this.#owner = owner
  }

  /** Runs until it is closed, or until nothing helps. @throws {ConclaveError} why. */
  async run(): Promise<never> {
    for (let compactRevision = 0; ; ) {
      const { kvs, revision } = await this.#list()
      this.#owner.listed(kvs, revision, compactRevision)
      const failure = await this.#watch(revision + 1)
      if (failure.code !== 'compacted') throw failure
      compactRevision = failure.compactRevision
    }
  }

  requestProgress(): void {
    this.#watcher?.requestProgress()
  }

  close(): void {
    this.#abort.abort()
    this.#watcher?.close()
  }

  async #list(): Promise<{ kvs: KeyValue[]; revision: number }> {
    for (;;) {
      try {
        return await this.#listOnce()
      } catch (error) {
        // Compacted between two pages.
        if ((error as ConclaveError).code !== 'compacted') throw error
      }
    }
  }

  async #listOnce() {
    const { keysMax, wireRange } = this.#owner
    const { signal } = this.#abort
    const onRetry = (error: ConclaveError) => this.#broke(error)
    const kvs: KeyValue[] = []
    const options = { revision: 0, keysOnly: false, signal, onRetry }
    let revision = 0
    for await (const page of listPages(this.#ports, wireRange, options)) {
      if (page.count > keysMax) throw errorOf('too-many-keys')
      for (const kv of page.kvs) kvs.push(kv)
      revision = page.revision
    }
    this.#resumed()
    return { kvs, revision }
  }

  /** Watches until it fails. */
  #watch(startRevision: number): Promise<ConclaveError> {
    return new Promise((resolve) => {
      if (this.#abort.signal.aborted) return resolve(errorOf('cancelled'))
      const { range, requireLeader } = this.#owner
      const options = { startRevision, requireLeader, progressNotify: true, fragment: true }
      this.#watcher = this.#ports.watch
        .watch(range, options)
        .on('batch', (batch) => this.#owner.told(batch))
        .on('disconnected', (error) => this.#broke(error))
        .on('resumed', () => this.#resumed())
        .on('error', resolve)
    })
  }

  #broke(error: ConclaveError): void {
    if (this.#disconnected) return
    this.#disconnected = true
    this.#owner.disconnected(error)
  }

  #resumed(): void {
    if (!this.#disconnected) return
    this.#disconnected = false
    this.#owner.resumed()
  }
}

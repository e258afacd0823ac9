/**
 * Somebody who is told every change from the first on, past all faults of the network: what
 * he was told is the truth that everybody else is judged by.
 */

import { type Client, ConclaveError, connect, type WatchBatch } from '../../../client/index.js'
import { WatchCreateRequest } from '../../../client/wire/generated/rpc.js'
import { asWatchTrace, type ClientWatchRecord } from '../../check/client-watch.js'
import { type Truth, truthOfWatch } from '../../check/truth.js'

/** See the head of the file. */
export class Onlooker {
  /** When each revision was told, on the common time: not before it was committed. */
  readonly toldMs = new Map<number, number>()
  /** Ends when the client is closed. Rejects with what nobody expected. */
  readonly done: Promise<void>
  readonly #client: Client
  readonly #batches: WatchBatch[] = []
  readonly #watcher
  #createdRevision: number | undefined
  #error: ConclaveError | undefined
  #revision = 1

  constructor(endpoints: readonly string[], nowMs: () => number) {
    this.#client = connect({
      endpoints,
      pipeline: 'off',
      keepAliveIntervalMs: 1000,
      keepAliveTimeoutMs: 2000,
    })
    this.#watcher = this.#client.watch({ all: true }, { startRevision: 2 })
    this.#watcher.created.then(
      (revision) => {
        this.#createdRevision = revision
      },
      () => {},
    )
    this.done = this.#read(nowMs)
  }

  /** Everything up to here was told. */
  get revision(): number {
    return this.#revision
  }

  /** Why the watch ended, if it did. */
  get error(): ConclaveError | undefined {
    return this.#error
  }

  /** What happened, as it was told. @throws it does not begin with the store, or goes back. */
  truth(): Truth {
    const trace = asWatchTrace(this.record())
    return truthOfWatch(trace.responses.flatMap(({ events }) => events))
  }

  /** His own watch, to be judged like others. */
  record(): ClientWatchRecord {
    const all = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0), startRevision: 2 }
    return {
      process: 'onlooker',
      request: WatchCreateRequest.create(all),
      createdRevision: this.#createdRevision,
      batches: this.#batches,
      left: false,
      error: this.#error,
    }
  }

  askProgress(): void {
    this.#watcher.requestProgress()
  }

  close(): void {
    this.#watcher.close()
    this.#client.close()
  }

  async #read(nowMs: () => number): Promise<void> {
    try {
      for await (const batch of this.#watcher.batches()) {
        this.#batches.push(batch)
        this.#revision = Math.max(this.#revision, batch.revision)
        for (const { kv } of batch.events) this.toldMs.set(kv.modRevision, nowMs())
      }
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
      this.#error = error
    }
  }
}

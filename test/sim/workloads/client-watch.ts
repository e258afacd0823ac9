/** Watches of the real client, which outlive their connections; some readers are slow, some leave early. */

import {
  ConclaveError,
  type Range,
  type Watcher,
  type WatchOptions,
} from '../../../client/index.js'
import { FilterType, type WatchCreateRequest } from '../../../client/wire/generated/rpc.js'
import type { ClientWatchRecord } from '../../check/client-watch.js'
import type { SeededRandom } from '../../model/random.js'
import type { Follower } from './material.js'
import { drawWatch } from './watch-requests.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

/** A reader that leaves early reads so many batches. */
const EARLY_BATCHES_MAX = 30

/** A record that still grows. */
type Growing = { -readonly [Field in keyof ClientWatchRecord]: ClientWatchRecord[Field] }

/** One watch under way. */
class Reading implements Follower {
  readonly name: string
  readonly #record: Growing
  readonly #watcher: Watcher
  #told = 0

  constructor(worker: Worker, request: WatchCreateRequest) {
    this.name = `a client watch of ${worker.process}`
    this.#record = {
      process: worker.process,
      request,
      createdRevision: undefined,
      batches: [],
      left: false,
      error: undefined,
    }
    worker.material.clientWatches.push(this.#record)
    this.#watcher = worker.client.watch(rangeOf(request), optionsOf(request, worker.closing))
    this.#watcher.created.then(
      (revision) => {
        this.#record.createdRevision = revision
        if (request.startRevision === 0) this.#told = Math.max(this.#told, revision)
      },
      () => {},
    )
  }

  isLevel(revision: number): boolean {
    const { startRevision } = this.#record.request
    return startRevision > revision || this.#told >= revision
  }

  askProgress(): void {
    this.#watcher.requestProgress()
  }

  endFuture(revision: number): void {
    if (this.#record.request.startRevision <= revision) return
    this.#record.left = true
    this.#watcher.close()
  }

  /** @param leavesAfter batches after which the reader has enough. */
  async read(worker: Worker, random: SeededRandom, leavesAfter: number): Promise<void> {
    const batches = this.#record.batches as ClientWatchRecord['batches'][number][]
    try {
      for await (const batch of this.#watcher.batches()) {
        batches.push(batch)
        this.#told = Math.max(this.#told, batch.revision)
        this.#record.left = batches.length >= leavesAfter
        if (this.#record.left) return
        if (random.chance(0.1)) this.askProgress()
        const { slowReaderMs } = worker.plan
        if (slowReaderMs > 0) await worker.sleep(random.between(0, slowReaderMs))
      }
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
      if (worker.closing.aborted && error.code === 'cancelled') return
      worker.say(`client watch ended: ${error.code}`)
      this.#record.error = error
    }
  }
}

class ClientWatches implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  #open = 0

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
  }

  async step(): Promise<void> {
    const { known, plan } = this.#worker
    if (this.#open >= plan.watchersMax) return
    this.#worker.keepOpen(this.#read(drawWatch(this.#random, known, plan)))
  }

  async #read(request: WatchCreateRequest): Promise<void> {
    const leavesEarly = this.#random.chance(0.3)
    const leavesAfter = leavesEarly
      ? this.#random.between(1, EARLY_BATCHES_MAX)
      : Number.POSITIVE_INFINITY
    const reading = new Reading(this.#worker, request)
    this.#open++
    this.#worker.material.followers.add(reading)
    try {
      await reading.read(this.#worker, this.#random, leavesAfter)
    } finally {
      this.#open--
      this.#worker.material.followers.delete(reading)
    }
  }
}

/** The interval as users write it. */
function rangeOf({ key, rangeEnd }: WatchCreateRequest): Range | Uint8Array {
  if (rangeEnd.length === 0) return key
  const isOpen = rangeEnd.length === 1 && rangeEnd[0] === 0
  return isOpen ? { fromKey: key } : { from: key, to: rangeEnd }
}

function optionsOf(request: WatchCreateRequest, signal: AbortSignal): WatchOptions {
  const { startRevision, prevKv, progressNotify, fragment } = request
  const filters = request.filters.map((filter) =>
    filter === FilterType.NOPUT ? ('noPut' as const) : ('noDelete' as const),
  )
  return { startRevision, prevKv, progressNotify, fragment, filters, signal }
}

/** See the head of the file. */
export const clientWatch: WorkloadRow = {
  usualWeight: 4,
  make: (worker, random) => new ClientWatches(worker, random),
}

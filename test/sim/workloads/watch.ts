/**
 * Watches over raw streams: many watchers on one, cancelled, asked for progress, broken and
 * taken up again; each life of a watcher on a stream is recorded.
 */

import type { WatchCreateRequest } from '../../../client/wire/generated/rpc.js'
import type { SeededRandom } from '../../model/random.js'
import { range } from '../../model/requests.js'
import type { Follower } from './material.js'
import { drawWatch } from './watch-requests.js'
import { WatchConnection } from './watch-stream.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

const ACTS = { create: 50, cancel: 15, progress: 20, break: 10 }
/** Longest wait before a stream is opened again. */
const REOPEN_MS_MAX = 1_000

class Watches implements Workload, Follower {
  readonly name: string
  readonly #worker: Worker
  readonly #random: SeededRandom
  #connection: WatchConnection | undefined
  #isRunning = false
  /** What waits for the next stream. */
  #wanted: WatchCreateRequest[] = []

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
    this.name = `${worker.process}'s watchers`
    worker.material.followers.add(this)
  }

  async step(): Promise<void> {
    const { known, plan } = this.#worker
    const act = this.#random.weighted(ACTS)
    const connection = this.#connection
    if (act === 'create') this.#want(this.#numbered(drawWatch(this.#random, known, plan)))
    else if (act === 'cancel') connection?.cancelOne()
    else if (act === 'progress') connection?.askProgress()
    else connection?.break('the client gives it up')
  }

  isLevel(revision: number): boolean {
    const wanted = this.#wanted.every(({ startRevision }) => startRevision > revision)
    return wanted && (this.#connection?.isLevel(revision) ?? true)
  }

  askProgress(): void {
    this.#connection?.askProgress()
  }

  endFuture(revision: number): void {
    this.#connection?.endFuture(revision)
    this.#wanted = this.#wanted.filter(({ startRevision }) => startRevision <= revision)
  }

  #want(request: WatchCreateRequest): void {
    const count = (this.#connection?.size ?? 0) + this.#wanted.length
    if (count >= this.#worker.plan.watchersMax) return
    if (this.#connection !== undefined) {
      this.#connection.create(request)
      return
    }
    this.#wanted.push(request)
    if (this.#isRunning) return
    this.#isRunning = true
    const over = () => {
      this.#isRunning = false
    }
    this.#worker.keepOpen(this.#run().finally(over))
  }

  /** Some choose their number, and some of those one that is taken. */
  #numbered(request: WatchCreateRequest): WatchCreateRequest {
    return this.#random.chance(0.2) ? { ...request, watchId: this.#random.between(1, 4) } : request
  }

  /** Streams, one after the other, as long as anybody is wanted. */
  async #run(): Promise<void> {
    const { closing, material } = this.#worker
    while (this.#wanted.length > 0 && !closing.aborted) {
      // Asking something first leaves a member that is gone, which a stream alone does not.
      const request = range('r/', 'r0', { countOnly: true })
      await this.#worker.perform({ kind: 'range', request })
      if (closing.aborted) return
      const connection = new WatchConnection(this.#worker, this.#random)
      this.#connection = connection
      for (const each of this.#wanted.splice(0)) connection.create(each)
      const onClose = () => connection.break('the work is over')
      closing.addEventListener('abort', onClose, { once: true })
      await connection.over
      closing.removeEventListener('abort', onClose)
      this.#connection = undefined
      this.#wanted = connection.next
      material.watchTraces.push(...connection.traces)
      await this.#worker.sleep(this.#random.between(0, REOPEN_MS_MAX), closing)
    }
  }
}

/** See the head of the file. */
export const watch: WorkloadRow = {
  usualWeight: 6,
  make: (worker, random) => new Watches(worker, random),
}

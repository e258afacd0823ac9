/**
 * Queues: items are put in, some of them twice under one id; they are claimed, acked, given
 * back, or kept until their session is lost, and the dead are put back in.
 *
 * Some calls are given little time, so that outcomes stay unknown.
 */

import { ConclaveError } from '../../../client/index.js'
import {
  LostError,
  Queue,
  QueueFullError,
  type QueueItem,
  type WaitOptions,
} from '../../../recipes/index.js'
import type { DeliveryRecord, EnqueueRecord } from '../../check/queue-record.js'
import type { SeededRandom } from '../../model/random.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

/** Attempts of an item, of all who consume. */
export const QUEUE_ATTEMPTS_MAX = 3

/** Claims that one process waits for, or works on, at the same time. */
const CLAIMS_MAX = 3
const ITEMS_MAX = 4
const WAIT_MS_MAX = 10_000
const WORK_MS_MAX = 2_000
const DELAY_MS_MAX = 3_000
const BACK_OFF_MS = 300

class Queues implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  /** By name; made anew when one is closed. */
  readonly #queues = new Map<string, Queue<string>>()
  /** Ids that this process has used, to use them again. */
  readonly #ids: string[] = []
  readonly #enqueues: boolean
  #claims = 0

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
    this.#enqueues = random.chance(0.7)
    worker.keep(this.#closeAtTheEnd())
  }

  async step(): Promise<void> {
    const random = this.#random
    const name = `queue/${random.between(1, this.#worker.plan.locks)}`
    if (random.chance(0.02)) return this.#leave(name)
    if (random.chance(0.05)) return this.#resurrect(name)
    if (this.#enqueues && random.chance(0.6)) return this.#enqueue(name)
    if (this.#claims >= CLAIMS_MAX) return
    this.#claims++
    this.#worker.keep(this.#claim(name).finally(() => this.#claims--))
  }

  get #options(): WaitOptions {
    const timeoutMs = this.#random.between(10, WAIT_MS_MAX)
    return { signal: this.#worker.stopping, timeoutMs }
  }

  #queue(name: string): Queue<string> {
    const known = this.#queues.get(name)
    if (known !== undefined) return known
    const { client, plan, process } = this.#worker
    const queue = new Queue<string>(client, name, {
      ttlSeconds: plan.leaseTtlSecondsMax,
      owner: process,
      attemptsMax: QUEUE_ATTEMPTS_MAX,
      backoffMs: (attempts) => attempts * BACK_OFF_MS,
      // Longer than any life: an id that is used again is always a duplicate.
      dedupSeconds: 3_600,
    })
    this.#queues.set(name, queue)
    return queue
  }

  async #enqueue(name: string): Promise<void> {
    const random = this.#random
    const isAgain = this.#ids.length > 0 && random.chance(0.1)
    const id = isAgain
      ? random.pick(this.#ids)
      : `${name.replace('/', '-')}-${this.#worker.unique()}`
    if (!id.startsWith(name.replace('/', '-'))) return
    this.#ids.push(id)
    const delayMs = random.chance(0.2) ? random.between(1, DELAY_MS_MAX) : 0
    const item = { value: this.#worker.value(), id, delayMs, priority: random.between(0, 2) }
    const { process, material } = this.#worker
    const note = (outcome: EnqueueRecord['outcome']) => {
      material.queues.enqueues.push({ process, queue: name, id, outcome })
      this.#worker.say(`${name} enqueue ${id} ${outcome}`)
    }
    try {
      const [answer] = await this.#queue(name).enqueueMany([item], this.#options)
      note(answer!.duplicate ? 'duplicate' : 'done')
    } catch (error) {
      if (!isExpected(error)) throw error
      note(error instanceof ConclaveError && error.outcomeUnknown ? 'unknown' : 'failed')
    }
  }

  async #claim(name: string): Promise<void> {
    try {
      const max = this.#random.between(1, ITEMS_MAX)
      const items = await this.#queue(name).claim({ ...this.#options, max })
      await Promise.all(items.map((item) => this.#work(name, item)))
    } catch (error) {
      if (!isExpected(error)) throw error
    }
  }

  async #work(name: string, item: QueueItem<string>): Promise<void> {
    const { process, material } = this.#worker
    const { id, attempt, fencingToken: token } = item
    const record: DeliveryRecord = { process, queue: name, id, attempt, token, ack: undefined }
    material.queues.deliveries.push(record)
    this.#worker.say(`${name} has ${id}, attempt ${attempt}, token ${token}`)
    await this.#worker.sleep(this.#random.between(0, WORK_MS_MAX))
    const what = this.#random.weighted({ ack: 6, nack: 2, release: 1, keep: 1 })
    try {
      if (what === 'ack') {
        await item.ack()
        record.ack = 'done'
      } else if (what === 'nack') await item.nack()
      else if (what === 'release') await item.release()
    } catch (error) {
      if (!isExpected(error)) throw error
      if (error instanceof LostError && what === 'ack') record.ack = 'lost'
    }
  }

  /** The session of this process ends with all that it has. */
  async #leave(name: string): Promise<void> {
    const queue = this.#queues.get(name)
    this.#queues.delete(name)
    await queue?.close({ drainMs: 0 })
  }

  async #resurrect(name: string): Promise<void> {
    const { dead } = this.#queue(name)
    const { timeoutMs } = this.#worker
    try {
      const letters = await dead.list({ limit: 5, timeoutMs })
      if (letters.length > 0) await dead.requeue(this.#random.pick(letters).id, { timeoutMs })
    } catch (error) {
      if (!isExpected(error)) throw error
    }
  }

  async #closeAtTheEnd(): Promise<void> {
    const { stopping } = this.#worker
    await new Promise<void>((resolve) => {
      if (stopping.aborted) resolve()
      else stopping.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.all([...this.#queues.values()].map((queue) => queue.close({ drainMs: 0 })))
  }
}

/** What a cluster or a network does. */
function isExpected(error: unknown): boolean {
  return (
    error instanceof ConclaveError || error instanceof LostError || error instanceof QueueFullError
  )
}

/** See the head of the file. */
export const queue: WorkloadRow = {
  usualWeight: 4,
  make: (worker, random) => new Queues(worker, random),
}

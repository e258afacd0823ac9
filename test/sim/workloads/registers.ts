/**
 * Registers: keys that are read, put, compared and set, and deleted, one at a time.
 *
 * Only recorded operations change the keys below `r/`, and a transaction touches one of
 * them, so a history of these keys can be judged key by key.
 */

import { CompareTarget, type RangeResponse } from '../../../client/wire/generated/rpc.js'
import type { Call } from '../../model/call.js'
import type { SeededRandom } from '../../model/random.js'
import { bytesOf, compare, del, op, put, range, txn } from '../../model/requests.js'
import { revisionOf } from './known.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

/** The name of a register. */
export function registerKey(index: number): string {
  return `r/${String(index).padStart(2, '0')}`
}

/** What this process last saw of a register. */
interface Seen {
  readonly value: Uint8Array
  readonly modRevision: number
}

const ACTS = {
  read: 30,
  put: 25,
  swap: 20,
  stale: 8,
  past: 10,
  all: 3,
  streamed: 3,
  delete: 5,
}

class Registers implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  /** Only keys that were there when they were last seen. */
  readonly #seen = new Map<string, Seen>()

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
  }

  async step(): Promise<void> {
    const { known, plan } = this.#worker
    const key = registerKey(this.#random.between(0, plan.keys - 1))
    const act = this.#random.weighted(ACTS)
    if (act === 'read') await this.#read(key)
    else if (act === 'put') await this.#put(key)
    else if (act === 'swap') await this.#swap(key)
    else if (act === 'delete') await this.#delete(key)
    else if (act === 'stale') await this.#range(range(key, '', { serializable: true }))
    else if (act === 'streamed') await this.#stream()
    else if (act === 'all') await this.#range(range('r/', 'r0', this.#someView()))
    else await this.#range(range(key, '', { revision: known.someRevision(this.#random) }))
  }

  /** The present, a member's own view, or the past. */
  #someView() {
    const view = this.#random.pick(['now', 'stale', 'past'] as const)
    if (view === 'past') return { revision: this.#worker.known.someRevision(this.#random) }
    return { serializable: view === 'stale' }
  }

  async #range(request: ReturnType<typeof range>): Promise<void> {
    await this.#worker.perform({ kind: 'range', request })
  }

  /** All registers or the whole store, in pieces. */
  async #stream(): Promise<void> {
    const [from, to] = this.#random.pick([
      ['r/', 'r0'],
      ['\0', '\0'],
    ] as const)
    const limit = this.#random.chance(0.3) ? this.#random.between(1, 30) : 0
    const request = range(from, to, { ...this.#someView(), limit })
    await this.#worker.perform({ kind: 'range', request }, { streamed: true })
  }

  async #read(key: string): Promise<void> {
    const { answer } = await this.#worker.perform({ kind: 'range', request: range(key) })
    if (answer.kind === 'ok') this.#learn(key, answer.response as RangeResponse)
  }

  async #put(key: string): Promise<void> {
    const value = this.#worker.value()
    const prevKv = this.#random.chance(0.3)
    await this.#write(key, value, { kind: 'put', request: put(key, value, { prevKv }) })
  }

  /** Compare and set, on what was seen last: its revision, its value, or that it was not there. */
  async #swap(key: string): Promise<void> {
    const seen = this.#seen.get(key)
    const value = this.#worker.value()
    const byValue = seen !== undefined && this.#random.chance(0.5)
    const guard = byValue
      ? compare(key, { target: CompareTarget.VALUE, value: seen.value })
      : compare(key, { target: CompareTarget.MOD, modRevision: seen?.modRevision ?? 0 })
    const request = txn([guard], [op.put(key, value)], [op.range(key)])
    const answer = await this.#write(key, value, { kind: 'txn', request })
    if (answer?.kind !== 'ok' || !('succeeded' in answer.response)) return
    const { responseRange } = answer.response.responses[0] ?? {}
    if (responseRange !== undefined) this.#learn(key, responseRange)
  }

  async #delete(key: string): Promise<void> {
    const prevKv = this.#random.chance(0.3)
    this.#seen.delete(key)
    await this.#worker.perform({ kind: 'deleteRange', request: del(key, '', { prevKv }) })
  }

  async #write(key: string, value: string, call: Call) {
    const { answer } = await this.#worker.perform(call)
    if (answer.kind !== 'ok') this.#seen.delete(key)
    else this.#seen.set(key, { value: bytesOf(value), modRevision: revisionOf(answer) })
    return answer
  }

  #learn(key: string, { kvs }: RangeResponse): void {
    const [kv] = kvs
    if (kv === undefined) this.#seen.delete(key)
    else this.#seen.set(key, { value: kv.value, modRevision: kv.modRevision })
  }
}

/** See the head of the file. */
export const registers: WorkloadRow = {
  usualWeight: 30,
  make: (worker, random) => new Registers(worker, random),
}

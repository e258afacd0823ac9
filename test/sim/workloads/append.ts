/**
 * Lists that grow: read a list, then put it with one element more if nobody was faster.
 *
 * Every element is unique and never taken away, so a lost update, a write that was done
 * twice, or a read of a write that never was, shows in every later value. A list that is
 * full is left for the next generation of its name.
 */

import type { KeyValue } from '../../../client/wire/generated/kv.js'
import { CompareTarget, type RangeResponse } from '../../../client/wire/generated/rpc.js'
import type { SeededRandom } from '../../model/random.js'
import { compare, op, range, txn } from '../../model/requests.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

/** Elements of a full list. */
const ELEMENTS_MAX = 40
/** Registers for each list. */
const KEYS_PER_LIST = 4

class Lists implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  /** By list: the first generation that is not known to be full. */
  readonly #generations = new Map<number, number>()

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
  }

  async step(): Promise<void> {
    const list = this.#random.between(1, Math.ceil(this.#worker.plan.keys / KEYS_PER_LIST))
    const key = `l/${list}.${this.#generations.get(list) ?? 0}`
    const { answer } = await this.#worker.perform({ kind: 'range', request: range(key) })
    if (answer.kind !== 'ok') return
    const [kv] = (answer.response as RangeResponse).kvs
    if (elementsOf(kv).length >= ELEMENTS_MAX)
      this.#generations.set(list, (this.#generations.get(list) ?? 0) + 1)
    else await this.#append(key, kv)
  }

  async #append(key: string, kv: KeyValue | undefined): Promise<void> {
    const value = [...elementsOf(kv), this.#worker.unique()].join(',')
    const modRevision = kv?.modRevision ?? 0
    const guard = compare(key, { target: CompareTarget.MOD, modRevision })
    const request = txn([guard], [op.put(key, value)], [op.range(key)])
    await this.#worker.perform({ kind: 'txn', request })
  }
}

function elementsOf(kv: KeyValue | undefined): string[] {
  return kv === undefined ? [] : Buffer.from(kv.value).toString('latin1').split(',')
}

/** See the head of the file. */
export const append: WorkloadRow = {
  usualWeight: 20,
  make: (worker, random) => new Lists(worker, random),
}

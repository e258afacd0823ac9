/**
 * Recipes that swap on comparison: transfers between accounts, a counter, a sequence, worker ids.
 *
 * The accounts are few, so transfers collide; some levels of isolation would let money come
 * and go, so only those are used that promise not to. Some calls are given little time, so
 * that their outcomes stay unknown.
 */

import { ConclaveError } from '../../../client/index.js'
import {
  Counter,
  type Isolation,
  LostError,
  Sequence,
  stm,
  type Transaction,
  type WaitOptions,
  WorkerIds,
} from '../../../recipes/index.js'
import { BALANCE, BANK, COUNTER, type SwapOutcome } from '../../check/swap-record.js'
import type { SeededRandom } from '../../model/random.js'
import { Sessions } from './sessions.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

const ACCOUNTS_MAX = 5
const AMOUNT_MAX = 9
const WAIT_MS_MAX = 10_000
const HOLD_MS_MAX = 5_000
/** Worker ids that one process holds or waits for at the same time. */
const WORKERS_MAX = 2
const IDS_MAX = 3
const LEVELS: readonly Isolation[] = ['serializable-snapshot', 'serializable', 'repeatable-reads']

class Swaps implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  readonly #sessions: Sessions
  readonly #counter: Counter
  readonly #sequences: readonly Sequence[]
  readonly #accounts: number
  #workers = 0

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
    this.#sessions = new Sessions(worker, random)
    this.#counter = new Counter(worker.client, COUNTER)
    this.#sequences = [1, 10].map(
      (blockSize) => new Sequence(worker.client, 'swap/sequence', { blockSize }),
    )
    this.#accounts = Math.min(ACCOUNTS_MAX, Math.max(2, worker.plan.keys))
  }

  async step(): Promise<void> {
    const kind = this.#random.weighted({ transfer: 5, add: 3, number: 2, workerId: 1 })
    if (kind === 'transfer') return this.#transfer()
    if (kind === 'add') return this.#add()
    if (kind === 'number') return this.#number()
    if (this.#workers >= WORKERS_MAX) return
    this.#workers++
    this.#worker.keep(this.#workerId().finally(() => this.#workers--))
  }

  get #options(): WaitOptions {
    const timeoutMs = this.#random.between(10, WAIT_MS_MAX)
    return { signal: this.#worker.stopping, timeoutMs }
  }

  async #transfer(): Promise<void> {
    const random = this.#random
    const id = this.#worker.unique()
    const from = random.between(1, this.#accounts)
    const to = ((from + random.between(0, this.#accounts - 2)) % this.#accounts) + 1
    const amount = random.between(1, AMOUNT_MAX)
    const isolation = random.pick(LEVELS)
    const body = (tx: Transaction) => move(tx, id, [from, to], amount)
    const run = stm(this.#worker.client, body, { ...this.#options, isolation })
    const { outcome } = await settled(run)
    const record = { id, from: String(from), to: String(to), amount, outcome }
    this.#worker.material.swaps.transfers.push(record)
    this.#worker.say(`transfer ${id} ${from} -> ${to} of ${amount}: ${outcome}`)
  }

  async #add(): Promise<void> {
    const { process, recorder, material } = this.#worker
    const amount = this.#random.between(1, AMOUNT_MAX)
    const began = recorder.mark().at
    const { outcome, value } = await settled(this.#counter.add(amount, this.#options))
    const ended = recorder.mark().at
    const came = outcome === 'done' ? value! : outcome
    material.swaps.adds.push({ process, amount, began, ended, outcome: came })
    this.#worker.say(`counter + ${amount}: ${came}`)
  }

  async #number(): Promise<void> {
    const i = this.#random.between(0, 1)
    const count = this.#random.between(1, 3)
    const handle = `${this.#worker.process}.${i}`
    // Noted when it is given, so that the notes have the order in which it was given.
    const { value: first } = await settled(this.#sequences[i]!.next(count, this.#options))
    if (first === undefined) return
    this.#worker.material.swaps.numbers.push({ handle, first, count })
    this.#worker.say(`${handle} gave ${count} from ${first}`)
  }

  async #workerId(): Promise<void> {
    const session = await this.#sessions.get()
    if (session === undefined) return
    const quarantineMs = this.#random.chance(0.3) ? 1_000 : 0
    const ids = new WorkerIds(session, 'swap/ids', { max: IDS_MAX, quarantineMs })
    try {
      const id = await ids.acquire(this.#options)
      const { key, fencingToken } = id
      const { process, material } = this.#worker
      material.swaps.workerIds.push({ process, key, leaseId: id.leaseId, fencingToken })
      this.#worker.say(`id ${id.id} granted, token ${fencingToken}`)
      await this.#worker.sleep(this.#random.between(0, HOLD_MS_MAX))
      await id[Symbol.asyncDispose]()
    } catch (error) {
      if (!(error instanceof ConclaveError || error instanceof LostError)) throw error
    }
  }
}

async function move(
  tx: Transaction,
  id: string,
  accounts: readonly [number, number],
  amount: number,
): Promise<void> {
  const [from, to] = accounts.map((account) => `${BANK}/account/${account}`) as [string, string]
  const [a, b] = await Promise.all([tx.get<number>(from), tx.get<number>(to)])
  tx.put(from, (a ?? BALANCE) - amount)
  tx.put(to, (b ?? BALANCE) + amount)
  tx.put(`${BANK}/done/${id}`, amount)
}

/** How it came out. */
async function settled<T>(
  run: Promise<T>,
): Promise<{ readonly outcome: SwapOutcome; readonly value?: T }> {
  try {
    return { outcome: 'done', value: await run }
  } catch (error) {
    if (!(error instanceof ConclaveError)) throw error
    return { outcome: error.outcomeUnknown ? 'unknown' : 'failed' }
  }
}

/** See the head of the file. */
export const swaps: WorkloadRow = {
  usualWeight: 4,
  make: (worker, random) => new Swaps(worker, random),
}

/**
 * Histories of many clients at once, with a conflict in about 1, 10 and 50 of 100 attempts: the total of all
 * accounts is the same at every revision, and the calls have an order in which a plain object
 * in memory would have given the same answers.
 */

import { describe, expect, test } from '@jest/globals'
import { judgeLinearizable } from '../test/check/linearizability/judge.js'
import type { SequentialSpec, TimedCall } from '../test/check/linearizability/spec.js'
import { SeededRandom } from '../test/model/random.js'
import { type Fate, RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { stm, type Transaction } from './index.js'
import { pause } from './pause.js'

const CLIENTS = 5
const TRANSFERS = 12
const START = 100
/** Longest pause between the reads and the writes of a body, and between transfers, in milliseconds. */
const THINK_MS_MAX = 20
const FATES: readonly Fate[] = ['answerLost', 'arrivesLate']

interface Transfer {
  readonly from: number
  readonly to: number
  readonly amount: number
}
/** What both accounts held before. */
type Seen = readonly [number, number]

const bank: SequentialSpec<readonly number[], Transfer, Seen> = {
  init: () => [],
  step(state, { from, to, amount }, output) {
    const [a, b] = [state[from] ?? START, state[to] ?? START]
    if (output !== undefined && (output[0] !== a || output[1] !== b)) return []
    const next = [...state]
    next[from] = a - amount
    next[to] = b + amount
    return [next]
  },
  equals: (a, b) => a.length === b.length && a.every((x, i) => x === b[i]),
  hash: (state) => state.reduce((sum, x, i) => (sum * 31 + (x ?? START) * (i + 1)) | 0, 7),
}

const key = (account: number) => `acc/${String(account).padStart(3, '0')}`

class Bank {
  readonly calls: TimedCall<Transfer, Seen>[] = []
  conflicts = 0
  #clock = 0
  readonly #late: Promise<() => Promise<void>>[] = []

  constructor(
    readonly world: RecipeWorld,
    readonly random: SeededRandom,
    readonly accounts: number,
    readonly stormy: boolean,
  ) {}

  async work(worker: Worker): Promise<void> {
    for (let i = 0; i < TRANSFERS; i++) {
      const from = this.random.between(0, this.accounts - 1)
      const to = (from + this.random.between(1, this.accounts - 1)) % this.accounts
      const transfer = { from, to, amount: this.random.between(1, 9) }
      await pause(worker.client, this.random.between(0, THINK_MS_MAX))
      if (this.stormy && this.random.chance(0.3)) this.#doom(worker)
      const began = ++this.#clock
      const id = this.calls.length
      let output: Seen | undefined
      try {
        output = await stm(worker.client, (tx) => this.#move(worker, tx, transfer), {
          onConflict: () => this.conflicts++,
        })
      } catch (error) {
        if ((error as { outcomeUnknown?: boolean }).outcomeUnknown !== true) throw error
      }
      this.calls.push({ id, input: transfer, output, began, ended: ++this.#clock })
    }
  }

  /** Requests that are still on their way arrive. */
  async arrive(): Promise<void> {
    for (const { pardon } of this.world.workers) pardon()
    for (const sent of this.#late.splice(0)) {
      const go = await Promise.race([sent, Promise.resolve(undefined)])
      if (go !== undefined) await go().catch(() => {})
    }
  }

  async #move(worker: Worker, tx: Transaction, { from, to, amount }: Transfer): Promise<Seen> {
    const seen = await Promise.all([tx.get<number>(key(from)), tx.get<number>(key(to))])
    const [a, b] = [seen[0] ?? START, seen[1] ?? START]
    await pause(worker.client, this.random.between(0, THINK_MS_MAX))
    tx.put(key(from), a - amount)
    tx.put(key(to), b + amount)
    return [a, b]
  }

  #doom(worker: Worker): void {
    const sent = worker.doom('Txn', this.random.pick(FATES))
    this.#late.push(sent)
  }
}

/** The totals of all accounts at each revision. */
async function totals(world: RecipeWorld, accounts: number): Promise<Set<number>> {
  const { client } = world.workers[0]!
  const now = (await world.settle(client.kv.getAll('acc/'))).revision
  const found = new Set<number>()
  for (let revision = 2; revision <= now; revision++) {
    const { kvs } = await world.settle(client.kv.getAll('acc/', { revision }))
    const missing = (accounts - kvs.length) * START
    found.add(missing + kvs.reduce((sum, kv) => sum + kv.json<number>(), 0))
  }
  return found
}

describe('transfers between accounts', () => {
  for (const [accounts, stormy] of [
    [600, false],
    [60, false],
    [4, false],
    [60, true],
    [4, true],
  ] as const)
    test(`of ${accounts}${stormy ? ', while answers are lost' : ''}: none is lost, none is done twice`, async () => {
      const world = await RecipeWorld.start()
      try {
        const bankOf = new Bank(world, new SeededRandom(accounts), accounts, stormy)
        const workers = Array.from({ length: CLIENTS }, (_, i) => world.worker(`w${i}`))
        await world.settle(Promise.all(workers.map((worker) => bankOf.work(worker))))
        await world.settle(bankOf.arrive())
        expect(await totals(world, accounts)).toEqual(new Set([accounts * START]))
        expect(judgeLinearizable(bank, bankOf.calls)).toEqual([])
        expect(bankOf.calls).toHaveLength(CLIENTS * TRANSFERS)
        if (accounts === 4) expect(bankOf.conflicts).toBeGreaterThan(CLIENTS * TRANSFERS * 0.5)
      } finally {
        await world.stop()
      }
    })
})

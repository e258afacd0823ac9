/**
 * Leader selectors: work that runs while a process leads, ends, fails, or goes on too long.
 *
 * What they lead is noted as an election is, so the judge of locks says whether they did. That
 * no work runs twice at once in a process is seen here.
 */

import { LeaderSelector, type LeaderTerm, WorkStuckError } from '../../../recipes/index.js'
import type { SeededRandom } from '../../model/random.js'
import { writeFenced } from './fenced-register.js'
import { Holding } from './holding.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

const RUN_MS_MAX = 30_000
const TERM_MS_MAX = 3_000
const WRITES_MAX = 3
const STOP_TIMEOUT_MS = 500

class LeaderSelectors implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  #runs = false
  /** Works of this process that run right now. */
  #inside = 0

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
  }

  async step(): Promise<void> {
    if (this.#runs) return
    this.#runs = true
    const over = () => {
      this.#runs = false
    }
    this.#worker.keep(this.#run().finally(over))
  }

  /** A selector stands for a while, and is closed. */
  async #run(): Promise<void> {
    const { client, plan, process, recorder } = this.#worker
    const name = `select/${this.#random.between(1, plan.locks)}`
    const ttlSeconds = this.#random.between(plan.leaseTtlSecondsMin, plan.leaseTtlSecondsMax)
    const options = { ttlSeconds, owner: process, stopTimeoutMs: STOP_TIMEOUT_MS }
    const selector = new LeaderSelector(client, name, options)
    let asked = recorder.mark()
    let lost = new AbortController()
    selector.on('lost', (error) => lost.abort(error))
    const work = async (term: LeaderTerm) => {
      lost = new AbortController()
      const wish = { recipe: 'election' as const, name, leaseId: leaseOf(term), asked }
      const { fencingToken, key } = term
      const holding = new Holding(this.#worker, wish, { fencingToken, key, signal: lost.signal })
      if (++this.#inside > 1) this.#twice(name)
      try {
        await this.#lead(name, term)
      } finally {
        this.#inside--
        if (!lost.signal.aborted) await holding.release(async () => {})
        asked = recorder.mark()
      }
    }
    selector.start(work)
    await this.#worker.sleep(this.#random.between(1_000, RUN_MS_MAX))
    try {
      await selector.close()
    } catch (error) {
      if (!(error instanceof WorkStuckError)) throw error
      // Nothing else of this process may run beside it.
      while (this.#inside > 0)
        await this.#worker.sleep(STOP_TIMEOUT_MS, new AbortController().signal)
    }
  }

  /** Writes now and then; some works do not look at their signal, some fail. */
  async #lead(name: string, { signal, fencingToken }: LeaderTerm): Promise<void> {
    const looks = this.#random.chance(0.8)
    const writes = this.#random.between(0, WRITES_MAX)
    for (let i = 0; i < writes && !(looks && signal.aborted); i++) {
      await this.#worker.sleep(this.#random.between(0, TERM_MS_MAX / WRITES_MAX))
      await writeFenced(this.#worker, `guarded/${name}`, fencingToken)
    }
    if (this.#random.chance(0.2)) throw new Error('This work fails.')
  }

  #twice(name: string): void {
    const message = `two works of ${name} run in ${this.#worker.process}`
    this.#worker.material.violations.push({ rule: 'leader selector', message })
  }
}

/** The lease is the last part of the key. */
function leaseOf({ key }: LeaderTerm): bigint {
  return BigInt(`0x${key.slice(key.lastIndexOf('/') + 1)}`)
}

/** See the head of the file. */
export const leaderSelector: WorkloadRow = {
  usualWeight: 2,
  make: (worker, random) => new LeaderSelectors(worker, random),
}

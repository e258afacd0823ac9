/**
 * Mutexes: acquired, used to write to a register that refuses smaller tokens, released.
 *
 * Some holders do not look at their signal and write on after the loss, as a process does
 * that stood still: the register must refuse them once another has written. Now and then
 * an operator deletes somebody's key.
 */

import { ConclaveError } from '../../../client/index.js'
import { LostError, Mutex, type Session } from '../../../recipes/index.js'
import type { SeededRandom } from '../../model/random.js'
import { writeFenced } from './fenced-register.js'
import { Holding } from './holding.js'
import { deleteOfQueue } from './queue-operator.js'
import { Sessions } from './sessions.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

/** Those of one process that hold or wait at the same time. */
const CONTENDERS_MAX = 2
const WAIT_MS_MAX = 15_000
const HOLD_MS_MAX = 3_000
const WRITES_MAX = 3

class Mutexes implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  readonly #sessions: Sessions
  #contenders = 0

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
    this.#sessions = new Sessions(worker, random)
  }

  async step(): Promise<void> {
    if (this.#random.chance(0.05))
      return deleteOfQueue(this.#worker, this.#random, this.#someName())
    if (this.#contenders >= CONTENDERS_MAX) return
    this.#contenders++
    this.#worker.keep(this.#contend().finally(() => this.#contenders--))
  }

  #someName(): string {
    return `lock/${this.#random.between(1, this.#worker.plan.locks)}`
  }

  async #contend(): Promise<void> {
    const name = this.#someName()
    const session = await this.#sessions.get()
    if (session === undefined) return
    try {
      await this.#hold(session, name)
    } catch (error) {
      if (!(error instanceof ConclaveError || error instanceof LostError)) throw error
    }
  }

  async #hold(session: Session, name: string): Promise<void> {
    const { recorder, stopping: signal } = this.#worker
    const mutex = new Mutex(session, name)
    const asked = recorder.mark()
    const options = { signal, timeoutMs: this.#random.between(100, WAIT_MS_MAX) }
    const lock = this.#random.chance(0.2)
      ? await mutex.tryAcquire(options)
      : await mutex.acquire(options)
    if (lock === undefined) return
    const wish = { recipe: 'mutex' as const, name, leaseId: session.id, asked }
    const holding = new Holding(this.#worker, wish, lock)
    await this.#work(name, lock.fencingToken, lock.signal)
    // The crash of a holder: its lease ends by itself, or with the session.
    if (this.#random.chance(0.1)) session.orphan()
    else if (!lock.signal.aborted) await holding.release(() => lock.release())
  }

  /** Writes now and then, until the loss or, if it does not look, beyond it. */
  async #work(name: string, fencingToken: number, lost: AbortSignal): Promise<void> {
    const { stopping } = this.#worker
    const looks = this.#random.chance(0.8)
    const writes = this.#random.between(0, WRITES_MAX)
    for (let i = 0; i < writes && !stopping.aborted; i++) {
      await this.#worker.sleep(this.#random.between(0, HOLD_MS_MAX / WRITES_MAX))
      if (looks && lost.aborted) return
      await writeFenced(this.#worker, `guarded/${name}`, fencingToken)
    }
  }
}

/** See the head of the file. */
export const mutex: WorkloadRow = {
  usualWeight: 4,
  make: (worker, random) => new Mutexes(worker, random),
}

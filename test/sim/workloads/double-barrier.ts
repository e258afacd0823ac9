/** Double barriers: visitors who enter, stay a while and leave, give up, or die. */

import { ConclaveError } from '../../../client/index.js'
import { BarrierFullError, DoubleBarrier, LostError } from '../../../recipes/index.js'
import type { Visit } from '../../check/gathering-record.js'
import type { SeededRandom } from '../../model/random.js'
import { Sessions } from './sessions.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

/** Those of one process that visit at the same time, each with a session. */
const VISITORS = 2
const ENTER_MS_MAX = 15_000
const STAY_MS_MAX = 1_000
const LEAVE_MS_MAX = 20_000

/** A visit whose later fields are still to be filled in. */
type Pending = { -readonly [Field in keyof Visit]: Visit[Field] }

class DoubleBarriers implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  /** Of the visitors who are not on a visit. */
  readonly #idle: Sessions[]

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
    this.#idle = Array.from({ length: VISITORS }, () => new Sessions(worker, random))
  }

  async step(): Promise<void> {
    const sessions = this.#idle.pop()
    if (sessions === undefined) return
    const over = () => {
      this.#idle.push(sessions)
    }
    this.#worker.keep(this.#visit(sessions).finally(over))
  }

  async #visit(sessions: Sessions): Promise<void> {
    const { process, recorder, material, stopping: signal } = this.#worker
    const session = await sessions.get()
    if (session === undefined) return
    const number = this.#random.between(1, this.#worker.plan.locks)
    const name = `meet/${number}`
    const count = 2 + (number % 2)
    const barrier = new DoubleBarrier(session, name, count)
    const visit: Pending = {
      process,
      name,
      count,
      key: session.keyUnder(`${name}/waiters`),
      asked: recorder.mark(),
      entered: undefined,
      refused: undefined,
      left: undefined,
    }
    material.visits.push(visit)
    try {
      const round = await barrier.enter({ signal, timeoutMs: this.#upTo(ENTER_MS_MAX) })
      visit.entered = { moment: recorder.mark(), round }
      this.#worker.say(`${name} entered, round ${round}`)
      await this.#worker.sleep(this.#upTo(STAY_MS_MAX))
      // The crash of a participant: its lease ends by itself.
      if (this.#random.chance(0.1)) return session.orphan()
      await barrier.leave({ timeoutMs: this.#upTo(LEAVE_MS_MAX) })
      visit.left = recorder.mark()
      this.#worker.say(`${name} left, round ${round}`)
    } catch (error) {
      if (error instanceof BarrierFullError) visit.refused = recorder.mark()
      else if (!(error instanceof ConclaveError || error instanceof LostError)) throw error
    }
  }

  #upTo(ms: number): number {
    return this.#random.between(100, ms)
  }
}

/** See the head of the file. */
export const doubleBarrier: WorkloadRow = {
  usualWeight: 2,
  make: (worker, random) => new DoubleBarriers(worker, random),
}

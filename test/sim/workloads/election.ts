/** Elections: campaigns, proclamations, resignations and leaders that vanish, seen by observers. */

import { ConclaveError } from '../../../client/index.js'
import {
  Election,
  ElectionObserver,
  type Leadership,
  LostError,
  type Session,
} from '../../../recipes/index.js'
import type { Sighting } from '../../check/lock-record.js'
import type { SeededRandom } from '../../model/random.js'
import { writeFenced } from './fenced-register.js'
import { Holding } from './holding.js'
import { deleteOfQueue } from './queue-operator.js'
import { Sessions } from './sessions.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

const WAIT_MS_MAX = 20_000
const REIGN_MS_MAX = 2_000
const PROCLAMATIONS_MAX = 3
const OBSERVE_MS_MAX = 20_000
/** What an observer notes before it has enough. */
const SIGHTINGS_MAX = 200

class Elections implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  readonly #sessions: Sessions
  #stands = false
  #observes = false

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
    this.#sessions = new Sessions(worker, random)
  }

  async step(): Promise<void> {
    const name = `elect/${this.#random.between(1, this.#worker.plan.locks)}`
    if (this.#random.chance(0.03)) await deleteOfQueue(this.#worker, this.#random, name)
    else if (this.#random.chance(0.3)) this.#observe(name)
    else this.#stand(name)
  }

  #stand(name: string): void {
    if (this.#stands) return
    this.#stands = true
    const over = () => {
      this.#stands = false
    }
    this.#worker.keep(this.#campaign(name).finally(over))
  }

  async #campaign(name: string): Promise<void> {
    const session = await this.#sessions.get()
    if (session === undefined) return
    try {
      await this.#lead(session, name)
    } catch (error) {
      if (!(error instanceof ConclaveError || error instanceof LostError)) throw error
    }
  }

  async #lead(session: Session, name: string): Promise<void> {
    const { recorder, stopping: signal } = this.#worker
    const election = new Election(session, name)
    const asked = recorder.mark()
    const options = { signal, timeoutMs: this.#random.between(100, WAIT_MS_MAX) }
    const leadership = await election.campaign(this.#worker.unique(), options)
    const wish = { recipe: 'election' as const, name, leaseId: session.id, asked }
    const holding = new Holding(this.#worker, wish, leadership)
    await this.#reign(name, leadership)
    if (this.#random.chance(0.1)) session.orphan()
    else if (!leadership.signal.aborted) await holding.release(() => leadership.resign())
  }

  async #reign(name: string, leadership: Leadership): Promise<void> {
    const proclamations = this.#random.between(0, PROCLAMATIONS_MAX)
    for (let i = 0; i < proclamations && !leadership.signal.aborted; i++) {
      await this.#worker.sleep(this.#random.between(0, REIGN_MS_MAX / PROCLAMATIONS_MAX))
      if (this.#random.chance(0.3))
        await writeFenced(this.#worker, `guarded/${name}`, leadership.fencingToken)
      await this.#proclaim(name, leadership)
    }
  }

  async #proclaim(name: string, leadership: Leadership): Promise<void> {
    const { process, recorder, material } = this.#worker
    const { fencingToken } = leadership
    const value = this.#worker.unique()
    const began = recorder.mark()
    const outcome = await leadership.proclaim(value).then(
      () => 'done' as const,
      (error) => {
        if (error instanceof LostError) return 'lost' as const
        if (error instanceof ConclaveError) return 'unknown' as const
        throw error
      },
    )
    const ended = recorder.mark()
    const said = { process, name, fencingToken, value, began, ended, outcome }
    material.locks.proclamations.push(said)
  }

  #observe(name: string): void {
    if (this.#observes) return
    this.#observes = true
    const over = () => {
      this.#observes = false
    }
    this.#worker.keep(this.#look(name).finally(over))
  }

  async #look(name: string): Promise<void> {
    const { client, process, recorder, material, stopping } = this.#worker
    const sightings: Sighting[] = []
    material.locks.observations.push({ process, name, began: recorder.mark(), sightings })
    const enough = new AbortController()
    const stop = () => enough.abort()
    stopping.addEventListener('abort', stop, { once: true })
    const timer = client.clock.after(this.#random.between(1_000, OBSERVE_MS_MAX), stop)
    try {
      const observer = new ElectionObserver(client, name)
      for await (const candidate of observer.observe({ signal: enough.signal })) {
        const leader = candidate && {
          key: candidate.key,
          fencingToken: candidate.fencingToken,
          value: candidate.text(),
        }
        sightings.push({ moment: recorder.mark(), leader: leader ?? undefined })
        if (sightings.length >= SIGHTINGS_MAX) return
      }
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
    } finally {
      timer.cancel()
      stopping.removeEventListener('abort', stop)
    }
  }
}

/** See the head of the file. */
export const election: WorkloadRow = {
  usualWeight: 3,
  make: (worker, random) => new Elections(worker, random),
}

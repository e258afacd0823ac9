/** The session of a process's recipes: made when it is needed, made anew when it was lost. */

import { ConclaveError } from '../../../client/index.js'
import { Session } from '../../../recipes/index.js'
import type { SeededRandom } from '../../model/random.js'
import type { Worker } from './worker.js'

/** One session at a time. */
export class Sessions {
  readonly #worker: Worker
  readonly #random: SeededRandom
  #session: Promise<Session | undefined> | undefined

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
  }

  /** A session that lives; undefined when none can be made now. */
  async get(): Promise<Session | undefined> {
    const session = await this.#session
    if (session?.alive) return session
    this.#session ??= this.#create()
    const made = await this.#session
    if (made === undefined || !made.alive) this.#session = undefined
    return made?.alive ? made : undefined
  }

  async #create(): Promise<Session | undefined> {
    const { client, plan, stopping, timeoutMs, process } = this.#worker
    const ttlSeconds = this.#random.between(plan.leaseTtlSecondsMin, plan.leaseTtlSecondsMax)
    try {
      const options = { ttlSeconds, timeoutMs, owner: process, signal: stopping }
      const session = await Session.create(client, options)
      this.#worker.keep(this.#closeAtTheEnd(session))
      return session
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
      return undefined
    }
  }

  async #closeAtTheEnd(session: Session): Promise<void> {
    const { stopping } = this.#worker
    const stopped = new Promise<void>((resolve) => {
      if (stopping.aborted) resolve()
      else stopping.addEventListener('abort', () => resolve(), { once: true })
    })
    const lost = await Promise.race([stopped, session.done])
    this.#worker.say(`session over: ${lost?.reason ?? 'stopped'}`)
    await session.close()
  }
}

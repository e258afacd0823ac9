/** An id in hand: how it is lost, and what becomes of it when it is given back. */

import { setMaxListeners } from 'node:events'
import type { Compare } from '../client/index.js'
import { onAbort } from './abort.js'
import { exceptLost, NotHeldError } from './errors.js'
import type { Held } from './held.js'
import type { Session } from './session.js'

/** An id that is held; of `WorkerIds`. */
export class WorkerId implements AsyncDisposable {
  readonly id: number
  readonly session: Session
  /** Greater each time the same id is given out. */
  readonly fencingToken: number
  readonly key: string
  readonly #home: Session
  readonly #held: Held
  readonly #unhook: () => void
  readonly #lost = new AbortController()
  #released = false

  /** @internal */
  constructor(session: Session, home: Session, held: Held, id: number) {
    this.session = session
    this.id = id
    this.fencingToken = held.fencingToken
    this.key = held.key
    this.#home = home
    this.#held = held
    setMaxListeners(0, this.#lost.signal)
    onAbort(held.signal, () => this.#released || this.#lost.abort(held.signal.reason))
    this.#unhook =
      home === session
        ? () => {}
        : session.onLost((error) => {
            held.lose(error.reason, error)
            home.orphan()
          })
  }

  /** What the key hangs on. */
  get leaseId(): bigint {
    return this.#home.id
  }

  /** Fires when the id is lost, not when it is released; its reason is a {@link LostError}. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Whether it is held right now, asking the time too. */
  get held(): boolean {
    return !this.#released && this.session.alive && this.#held.state === 'held'
  }

  /** Conditions that make any transaction fail once the id is lost, and given out to another. */
  guard(): Compare[] {
    return this.#held.guard()
  }

  /**
   * Gives it back; with a quarantine it becomes free after that.
   *
   * @throws {LostError} it was lost before.
   * @throws {NotHeldError} this handle has released it before.
   */
  async release(): Promise<void> {
    if (this.#released) throw new NotHeldError(`The id ${this.id}`)
    this.#held.check()
    this.#released = true
    this.#unhook()
    if (this.#home === this.session) return this.#held.release()
    this.#home.orphan()
  }

  /** Releases it, unless it is released or lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.held) await this.release().catch(exceptLost)
  }
}

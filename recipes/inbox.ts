/**
 * Wishes of this process that are fulfilled together, in the order in which they came.
 *
 * One request to the cluster serves all that wait when it is sent, so a process that asks for
 * much does not compete with itself. Who waits no longer leaves, unless its wish is on its
 * way: then nobody can tell any more what will come of it.
 */

import { ConclaveError, type Keyspace } from '../client/index.js'
import { undecided } from './errors.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** A wish that waits. */
export interface Letter<Wish, Grant> {
  readonly wish: Wish
  /** It is on its way: when its wait ends, its outcome is unknown. */
  take(): void
  grant(grant: Grant): void
  refuse(error: unknown): void
}

/** So many wait at the most where nobody says otherwise. */
const SIZE_MAX = 100_000

/** See the head of the file. */
export class Inbox<Wish, Grant> {
  readonly #client: Keyspace
  readonly #what: string
  readonly #sizeMax: number
  /** In the order in which they came. */
  readonly #letters = new Set<Letter<Wish, Grant>>()

  /** @param what names what is waited for, as in "The counter a". */
  constructor(client: Keyspace, what: string, sizeMax = SIZE_MAX) {
    this.#client = client
    this.#what = what
    this.#sizeMax = sizeMax
  }

  /** How many wait. */
  get size(): number {
    return this.#letters.size
  }

  /** Who came first. */
  get first(): Letter<Wish, Grant> | undefined {
    return this.#letters.values().next().value
  }

  /** All that wait, in order. */
  letters(): Letter<Wish, Grant>[] {
    return [...this.#letters]
  }

  /** Refuses all that wait. */
  refuseAll(error: unknown): void {
    for (const letter of this.letters()) letter.refuse(error)
  }

  /**
   * Waits until the wish is granted.
   *
   * @throws {ConclaveError} `too-many-requests`: more than allowed wait already; `cancelled`,
   *   `deadline-exceeded`, `invalid-argument`; what it is refused with.
   */
  async put(wish: Wish, options: WaitOptions): Promise<Grant> {
    const waiting = new Waiting(this.#client, options, this.#what)
    try {
      waiting.check()
      if (this.size >= this.#sizeMax)
        throw new ConclaveError(
          'too-many-requests',
          `${this.#what} has ${this.#sizeMax} waiting in this process already; slow down.`,
        )
      return await this.#posted(wish, waiting.signal)
    } finally {
      waiting.close()
    }
  }

  #posted(wish: Wish, over: AbortSignal): Promise<Grant> {
    return new Promise((resolve, reject) => {
      let isTaken = false
      const onOver = () => letter.refuse(isTaken ? undecided(over.reason) : over.reason)
      const leave = () => {
        this.#letters.delete(letter)
        over.removeEventListener('abort', onOver)
      }
      const letter: Letter<Wish, Grant> = {
        wish,
        take: () => {
          isTaken = true
          this.#letters.delete(letter)
        },
        grant: (grant) => {
          leave()
          resolve(grant)
        },
        refuse: (error) => {
          leave()
          reject(error)
        },
      }
      this.#letters.add(letter)
      over.addEventListener('abort', onOver, { once: true })
    })
  }
}

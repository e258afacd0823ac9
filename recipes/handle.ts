/**
 * What a caller has in hand while it holds something: one share of a {@link Held}.
 *
 * A handle is released once, by whoever got it; those of others are not touched by that.
 */

import type { Compare } from '../client/index.js'
import { exceptLost, NotHeldError } from './errors.js'
import type { Held } from './held.js'

/** See the head of the file; locks and permits are handles. */
export class Handle implements AsyncDisposable {
  /** Grows with every grant. Send it along to what is protected. */
  readonly fencingToken: number
  /** The key that it is held by. */
  readonly key: string
  /** Who holds it. */
  readonly owner: string
  readonly #held: Held
  #released = false

  /** @internal */
  constructor(held: Held, owner: string) {
    this.#held = held
    this.owner = owner
    this.fencingToken = held.fencingToken
    this.key = held.key
  }

  /** Fires when it is lost, not when it is released; its reason is a {@link LostError}. */
  get signal(): AbortSignal {
    return this.#held.signal
  }

  /** Whether it is held right now, asking the time too. */
  get held(): boolean {
    return !this.#released && this.#held.state === 'held'
  }

  /** Whether it was released by this handle. */
  get released(): boolean {
    return this.#released
  }

  /**
   * Conditions that make any transaction fail once it is lost or released.
   *
   * @example
   * await client.txn().if(...lock.guard()).then(op.put('report', 'done')).commit()
   */
  guard(): Compare[] {
    return this.#held.guard()
  }

  /**
   * Gives it back. Asks until the server answers, or the session ends; so it takes at
   * most what the session has left.
   *
   * @throws {LostError} it was lost before.
   * @throws {NotHeldError} this handle has released it before.
   */
  async release(): Promise<void> {
    await this.giveUp().release()
  }

  /** Releases it, unless it is released or lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.held) await this.release().catch(exceptLost)
  }

  /**
   * What this handle held is another's from now on.
   *
   * @throws {NotHeldError}
   */
  protected giveUp(): Held {
    if (this.#released) throw new NotHeldError(`The lock with the key ${this.key}`)
    this.#released = true
    return this.#held
  }
}

/** What {@link useHandle} needs of a handle. */
interface Usable {
  readonly released: boolean
  release(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Holds something while `work` runs, whose failure is ours.
 *
 * @throws {LostError} it was lost before `work` ended, though `work` ended well.
 */
export async function useHandle<H extends Usable, T>(
  handle: H,
  work: (handle: H) => T | Promise<T>,
): Promise<T> {
  let result: T
  try {
    result = await work(handle)
  } catch (error) {
    // What failed first is what the caller wants to know.
    await handle[Symbol.asyncDispose]().catch(() => {})
    throw error
  }
  if (!handle.released) await handle.release()
  return result
}

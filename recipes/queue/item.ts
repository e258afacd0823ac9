/** An item that was claimed. */

import type { Compare, Op } from '../../client/index.js'
import { exceptLost } from '../errors.js'
import type { ClaimHold } from './claim-hold.js'
import { checkDelay, type RetryRule } from './retry-rule.js'

/** How to give an item back. */
export interface NackOptions {
  /** How long it is to wait, in milliseconds, from 0 to a week; default as the back-off says. */
  readonly delayMs?: number | undefined
  /** Why it failed: an error, or a text. It is kept with the item. */
  readonly reason?: unknown
}

/**
 * An item that is ours: nobody else has it until it is acked, given back or lost.
 *
 * @example
 * const [item] = await new Queue<string>(client, 'mails').claim()
 * try {
 *   console.log(item?.value)
 *   await item?.ack()
 * } catch (error) {
 *   await item?.nack({ reason: error })
 * }
 */
export class QueueItem<T> implements AsyncDisposable {
  readonly value: T
  readonly id: string
  readonly priority: number
  /** 1 for the first; crashes of workers count. */
  readonly attempt: number
  /** Grows with every claim of the item, and of others. Send it along to what the work changes. */
  readonly fencingToken: number
  readonly #hold: ClaimHold
  readonly #rule: RetryRule

  /** @internal */
  constructor(hold: ClaimHold, value: T, rule: RetryRule) {
    this.value = value
    this.id = hold.id
    this.priority = hold.record.priority
    this.attempt = hold.record.attempts
    this.fencingToken = hold.token
    this.#hold = hold
    this.#rule = rule
  }

  /**
   * Fires when the item is lost, with a `LostError`: its lease is about to end, and then
   * another gets it. Not when it is acked or given back.
   */
  get signal(): AbortSignal {
    return this.#hold.signal
  }

  /** Whether it is ours right now, asking the time too. */
  get held(): boolean {
    return this.#hold.state === 'held'
  }

  /** Conditions that make any transaction fail once the item is not ours any more. */
  guard(): Compare[] {
    return this.#hold.guard()
  }

  /**
   * It is done, and leaves the queue. Asks until the server answers, or the session ends.
   *
   * @param options.also done in the same transaction: so a result that is kept in the same
   *   cluster is there exactly once. At most 100.
   * @throws {LostError} it was lost, so another gets it, or has it. Nothing of `also` was done,
   *   unless the session ended before anybody answered.
   * @throws {NotHeldError} it was acked or given back before.
   */
  ack({ also = [] }: { readonly also?: readonly Op[] } = {}): Promise<void> {
    return this.#hold.ack(also)
  }

  /**
   * The attempt failed: it is given back to be tried again later, or is dead if it was the last.
   *
   * @returns whether it is dead.
   * @throws {ConclaveError} `invalid-argument`; and as {@link ack}.
   */
  async nack({ delayMs, reason = 'It was given back.' }: NackOptions = {}): Promise<boolean> {
    if (delayMs !== undefined) checkDelay(delayMs)
    return this.#rule.fail(this.#hold, reason, delayMs)
  }

  /** Gives it back as if it had not been claimed: others get it at once, the attempt does not count. As {@link ack}. */
  async release(): Promise<void> {
    const { record } = this.#hold
    await this.#hold.giveBack({ ...record, attempts: record.attempts - 1 })
  }

  /** Gives it back as failed, unless it is settled or lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.held) await this.nack().catch(exceptLost)
  }
}

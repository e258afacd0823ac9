/** What becomes of an item whose attempt failed: again, after a while, or to the dead. */

import type { Keyspace } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { checkWhole } from '../numbers.js'
import { jittered } from '../pause.js'
import type { ClaimHold } from './claim-hold.js'
import { reasonOf } from './records.js'

/** Longest delay of an item, in milliseconds: a week. Timers have an end, and so has the use of a queue. */
export const DELAY_MS_MAX = 7 * 24 * 60 * 60 * 1_000

const ATTEMPTS_MAX = 5
const BACK_OFF_MS_MIN = 1_000
const BACK_OFF_MS_MAX = 60_000

/** When to try an item again. */
export interface RetryOptions {
  /** Attempts of an item, crashes of its worker among them; then it is dead. From 1 on; default 5. */
  readonly attemptsMax?: number | undefined
  /**
   * How long an item waits after so many attempts, in milliseconds. Default 1 s, doubling up
   * to a minute, of which a random part of up to a half is taken off.
   */
  readonly backoffMs?: ((attempts: number) => number) | undefined
}

/** See the head of the file. */
export class RetryRule {
  readonly attemptsMax: number
  readonly #client: Keyspace
  readonly #backoffMs: ((attempts: number) => number) | undefined

  /** @throws {ConclaveError} `invalid-argument`. */
  constructor(client: Keyspace, { attemptsMax = ATTEMPTS_MAX, backoffMs }: RetryOptions) {
    checkWhole(attemptsMax, 'attemptsMax', 1)
    if (backoffMs !== undefined && typeof backoffMs !== 'function')
      throw invalidArgument('backoffMs is a function of the attempts so far.')
    this.#client = client
    this.attemptsMax = attemptsMax
    this.#backoffMs = backoffMs
  }

  /** How long an item waits after so many attempts, in milliseconds. */
  delayMs(attempts: number): number {
    if (this.#backoffMs !== undefined) {
      const delayMs = this.#backoffMs(attempts)
      return Number.isFinite(delayMs) ? Math.min(Math.max(0, delayMs), DELAY_MS_MAX) : 0
    }
    const fullMs = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_MIN * 2 ** (attempts - 1))
    return jittered(this.#client, fullMs)
  }

  /** An attempt has failed. Tells whether the item is dead. */
  async fail(hold: ClaimHold, reason: unknown, delayMs?: number): Promise<boolean> {
    const { attempts } = hold.record
    const error = reasonOf(reason)
    if (attempts >= this.attemptsMax) {
      await hold.bury(error)
      return true
    }
    const waitMs = Math.ceil(delayMs ?? this.delayMs(attempts))
    await hold.giveBack({ ...hold.record, error, ...delayFor(this.#client, waitMs) })
    return false
  }
}

/** What a record says that is to wait; nothing when it is not. */
export function delayFor(client: Keyspace, delayMs: number) {
  return delayMs === 0 ? {} : { delayMs, dueMs: client.clock.wall() + delayMs }
}

/** @throws {ConclaveError} `invalid-argument`. */
export function checkDelay(delayMs: number): void {
  if (!(delayMs >= 0 && delayMs <= DELAY_MS_MAX))
    throw invalidArgument(`delayMs is from 0 to ${DELAY_MS_MAX} (a week), not ${delayMs}.`)
}

/**
 * Calls of which only so many are under way at a time; the others wait their turn.
 *
 * For work that thousands begin in one moment: after a compaction every watch that lists anew
 * wants a list.
 */

import type { Calls, CarriedOptions } from './calls.js'
import type { Intent } from './errors.js'
import type { Init } from './wire/codec.js'
import type { Method } from './wire/method.js'

/** See the head of the file. Time limits of calls begin with their turn. */
export class LimitedCalls implements Calls {
  readonly #calls: Calls
  #free: number
  /** Who waits, in order; a Set, for its first is taken and the rest stays where it is. */
  readonly #waiting = new Set<() => void>()

  constructor(calls: Calls, openMax: number) {
    this.#calls = calls
    this.#free = openMax
  }

  async call<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    intent: Intent,
    options?: CarriedOptions,
  ): Promise<Response> {
    await this.#turn()
    try {
      return await this.#calls.call(method, request, intent, options)
    } finally {
      this.#leave()
    }
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  /** Hands the place to the next one. */
  #leave(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}

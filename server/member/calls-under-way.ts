/**
 * The calls that this member is answering, so that a stop can wait for them: unary ones
 * each for itself, those of a pipeline as one while any of them waits.
 *
 * Who serves has closed its doors before it drains, but what was on the way still
 * comes in; so the calls count as gone only when none was there for a moment.
 */

import type { Clock } from '../../client/host/clock.js'

/** How long nobody must have called, in milliseconds. */
const QUIET_MS = 10

/** See the head of the file. */
export class CallsUnderWay {
  #count = 0

  /** Answers a call, counting it meanwhile. */
  async run<T>(answer: () => T | Promise<T>): Promise<T> {
    this.begun()
    try {
      return await answer()
    } finally {
      this.ended()
    }
  }

  /** A call is under way until {@link ended}. */
  begun(): void {
    this.#count++
  }

  /** A call that had begun is answered, or given up. */
  ended(): void {
    this.#count--
  }

  /** Resolves when no call has been under way for a moment, or after the grace. */
  async drained(clock: Clock, graceMs: number): Promise<void> {
    const untilMs = clock.now() + graceMs
    for (let quiet = this.#count === 0; clock.now() < untilMs; ) {
      await new Promise<void>((resolve) => clock.after(QUIET_MS, resolve))
      if (quiet && this.#count === 0) return
      quiet = this.#count === 0
    }
  }
}

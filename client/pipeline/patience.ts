/**
 * How long a stream may be silent while it owes something.
 *
 * Each time in a row it is given twice as long, up to a bound, since a cluster without a
 * leader answers nowhere; an answer makes us impatient again. A welcome does not: on a slow
 * link it may come in time again and again, and a large call never.
 */

import type { Clock } from '../host/clock.js'

/** A stream that owes answers may be silent so long. */
export const SILENCE_MS_MIN = 2_000
/** As {@link SILENCE_MS_MIN}, when the streams before it were silent, too: longer than an election takes. */
export const SILENCE_MS_MAX = 8_000

/** See the head of the file. */
export class Patience {
  readonly #clock: Clock
  #silenceMs = SILENCE_MS_MIN
  #heardAtMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** When it is at its end, on the clock's monotonic time. */
  get endsAtMs(): number {
    return this.#heardAtMs + this.#silenceMs
  }

  /** The stream begins to owe something, or something was heard of it. */
  begin(): void {
    this.#heardAtMs = this.#clock.now()
  }

  /** An answer came. */
  answered(): void {
    this.#silenceMs = SILENCE_MS_MIN
  }

  /** It was at its end. */
  lost(): void {
    this.#silenceMs = Math.min(2 * this.#silenceMs, SILENCE_MS_MAX)
  }
}

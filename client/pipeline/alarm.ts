/** One timer for many due times: it rings at the earliest, and whoever hears it asks again. */

import type { Clock, Timer } from '../host/clock.js'

/** See the head of the file. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #timer: Timer | undefined
  #dueMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings then at the latest, once, on the clock's monotonic time; infinity asks for nothing. */
  at(dueMs: number): void {
    if (dueMs >= this.#dueMs) return
    this.#timer?.cancel()
    this.#dueMs = dueMs
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.now()), () => {
      this.#dueMs = Number.POSITIVE_INFINITY
      this.#ring()
    })
  }

  /** Does not ring. */
  cancel(): void {
    this.#timer?.cancel()
    this.#dueMs = Number.POSITIVE_INFINITY
  }
}

/** The real clock: performance.now, Date, and the timers of Node. */

import type { Clock, Timer } from './clock.js'

/** setTimeout takes 32-bit delays; longer waits are made of several. */
const TIMEOUT_MS_MAX = 2_147_483_647

/** A timer that never fires early: libuv counts whole milliseconds and may be a fraction ahead. */
class NodeTimer implements Timer {
  readonly #dueMs: number
  readonly #run: () => void
  #handle: NodeJS.Timeout | undefined

  constructor(ms: number, run: () => void) {
    this.#dueMs = performance.now() + ms
    this.#run = run
    this.#arm(ms)
  }

  cancel(): void {
    clearTimeout(this.#handle)
    this.#handle = undefined
  }

  #arm(ms: number): void {
    const delayMs = Math.min(Math.ceil(ms), TIMEOUT_MS_MAX)
    this.#handle = setTimeout(() => this.#fire(), delayMs)
  }

  #fire(): void {
    const leftMs = this.#dueMs - performance.now()
    if (leftMs > 0) this.#arm(leftMs)
    else this.#run()
  }
}

/** The clock of this process. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, run) => new NodeTimer(Math.max(0, ms), run),
  soon: (run) => {
    setImmediate(run)
  },
}

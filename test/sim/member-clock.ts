/** One member's life on a shared virtual clock: when the member dies, its timers die with it. */

import type { Clock, Timer } from '../../client/host/clock.js'

/** Forwards to a clock until the life is over. */
export class MemberClock implements Clock {
  readonly #clock: Clock
  #over = false
  /** While the member stands still its timers wait; they run when it goes on. */
  #paused: (() => void)[] | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  wall(): number {
    return this.#clock.wall()
  }

  after(ms: number, run: () => void): Timer {
    return this.#clock.after(ms, () => this.#run(run))
  }

  soon(run: () => void): void {
    this.#clock.soon(() => this.#run(run))
  }

  /** Nothing runs any more. */
  end(): void {
    this.#over = true
    this.#paused = undefined
  }

  /** The process stands still, as after SIGSTOP. */
  pause(): void {
    this.#paused ??= []
  }

  /** It goes on: what fell due meanwhile runs now, in order. */
  resume(): void {
    const due = this.#paused ?? []
    this.#paused = undefined
    for (const run of due) this.#run(run)
  }

  #run(run: () => void): void {
    if (this.#over) return
    if (this.#paused !== undefined) this.#paused.push(run)
    else run()
  }
}

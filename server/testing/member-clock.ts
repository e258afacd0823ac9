/**
 * One process's life on a clock that many share: its timers stand still with it, and die
 * with it.
 *
 * The clock below may be the real one or a virtual one. What falls due while the process
 * stands still waits, and runs in order when it goes on; so does whatever else is given to
 * {@link MemberClock.run}, which is how the network keeps its messages back meanwhile.
 */

import type { Clock, Timer } from '../../client/host/clock.js'

/** Whether a process runs: what reaches it from outside asks here. */
export interface Life {
  /** It stands still, as after SIGSTOP. */
  readonly isPaused: boolean
  /** Runs `work` now; when the process goes on, if it stands still; never, if it is dead. */
  run(work: () => void): void
}

/** See the head of the file. */
export class MemberClock implements Clock, Life {
  readonly #clock: Clock
  /** Timers of the clock below that are still to fire. Invariant: empty after the end. */
  readonly #timers = new Set<Timer>()
  #over = false
  #wallAheadMs = 0
  /** While the member stands still its timers wait; they run when it goes on. */
  #paused: (() => void)[] | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isPaused(): boolean {
    return this.#paused !== undefined
  }

  now(): number {
    return this.#clock.now()
  }

  wall(): number {
    return this.#clock.wall() + this.#wallAheadMs
  }

  /** Steps the wall clock of this process alone, as an administrator or NTP would. */
  stepWall(ms: number): void {
    this.#wallAheadMs += ms
  }

  after(ms: number, run: () => void): Timer {
    if (this.#over) return { cancel: () => {} }
    let cancelled = false
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(timer)
      this.run(() => {
        // It may be cancelled after it fell due, by something that ran before it.
        if (!cancelled) run()
      })
    })
    this.#timers.add(timer)
    return {
      cancel: () => {
        cancelled = true
        timer.cancel()
        this.#timers.delete(timer)
      },
    }
  }

  soon(run: () => void): void {
    if (!this.#over) this.#clock.soon(() => this.run(run))
  }

  run(work: () => void): void {
    if (this.#over) return
    if (this.#paused !== undefined) this.#paused.push(work)
    else work()
  }

  /** Nothing runs any more, and no timer is left behind. */
  end(): void {
    this.#over = true
    this.#paused = undefined
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  /** The process stands still, as after SIGSTOP. */
  pause(): void {
    if (!this.#over) this.#paused ??= []
  }

  /** It goes on: what fell due meanwhile runs now, in order. */
  resume(): void {
    const due = this.#paused ?? []
    this.#paused = undefined
    for (const work of due) this.run(work)
  }
}

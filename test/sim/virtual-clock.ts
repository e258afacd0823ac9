/**
 * A clock that moves only when a test says so.
 *
 * Timers wait in a list ordered by due time, then by age; `advance` walks to each due
 * time, sets `now` to it and runs the timer there, so a timer that arms another one
 * inside the span sees it run too. Work given to `soon` is a queue: it is run before
 * time moves, after every timer, and otherwise by the next turn of the real event
 * loop, so that `await backend.commit()` ends without anybody moving the time. A
 * simulator that must own even that passes `turns: 'manual'` and calls {@link VirtualClock.turn}.
 *
 * Two runs with the same calls have the same order of everything.
 */

import type { Clock, Timer } from '../../client/host/clock.js'

/** How a {@link VirtualClock} starts. */
export interface VirtualClockOptions {
  /** First value of `now()`, milliseconds. Default 0. */
  readonly nowMs?: number
  /** First value of `wall()`, milliseconds since 1970. Default 1_700_000_000_000. */
  readonly wallMs?: number
  /** Who runs `soon` work while time stands still: the real event loop (default), or only `turn()`. */
  readonly turns?: 'auto' | 'manual'
}

interface Waiting extends Timer {
  readonly dueMs: number
  readonly run: () => void
}

/** Most timers and turns that one `advance` may run before it is taken for an endless loop. */
const RUNS_MAX = 10_000_000

/** Implements {@link Clock} under the control of a test. */
export class VirtualClock implements Clock {
  /** By due time, then by order of creation. */
  #timers: Waiting[] = []
  #soon: (() => void)[] = []
  #turnArmed = false
  #stopped = false
  #nowMs: number
  #wallOffsetMs: number
  readonly #manualTurns: boolean

  constructor(options: VirtualClockOptions = {}) {
    this.#nowMs = options.nowMs ?? 0
    this.#wallOffsetMs = (options.wallMs ?? 1_700_000_000_000) - this.#nowMs
    this.#manualTurns = options.turns === 'manual'
  }

  now(): number {
    return this.#nowMs
  }

  wall(): number {
    return this.#nowMs + this.#wallOffsetMs
  }

  after(ms: number, run: () => void): Timer {
    const dueMs = this.#nowMs + Math.max(0, ms)
    const timer: Waiting = { dueMs, run, cancel: () => this.#remove(timer) }
    if (!this.#stopped) this.#timers.splice(this.#firstAfter(dueMs), 0, timer)
    return timer
  }

  soon(run: () => void): void {
    if (this.#stopped) return
    this.#soon.push(run)
    if (this.#manualTurns || this.#turnArmed) return
    this.#turnArmed = true
    setImmediate(() => {
      this.#turnArmed = false
      this.turn()
    })
  }

  /** Steps the wall clock alone, as an administrator or NTP would. */
  stepWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  /** Runs the work given to `soon` up to now; what that work adds waits for the next turn. */
  turn(): void {
    const work = this.#soon
    this.#soon = []
    for (const run of work) {
      if (this.#stopped) return
      run()
    }
  }

  /** The process that owned this clock died: what waits never runs, nor what is added later. */
  stop(): void {
    this.#stopped = true
    this.#timers = []
    this.#soon = []
  }

  /** When the next timer is due, or undefined when none waits. */
  get nextDueMs(): number | undefined {
    return this.#timers[0]?.dueMs
  }

  /** How many timers wait. */
  get timerCount(): number {
    return this.#timers.length
  }

  /** Moves the time, running everything that falls due on the way, in order. Promise jobs run after it. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    this.#drain()
    for (let runs = 0; this.#step(endMs); runs++)
      if (runs > RUNS_MAX) throw new Error('the virtual clock runs timers without end')
    this.#nowMs = endMs
    this.#drain()
  }

  /**
   * As {@link advance}, and lets promise jobs and a turn of the real event loop run
   * around each timer: for code whose timers lead to awaits and new timers.
   */
  async run(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await this.#settle()
    for (let runs = 0; this.#step(endMs); runs++) {
      if (runs > RUNS_MAX) throw new Error('the virtual clock runs timers without end')
      await this.#settle()
    }
    this.#nowMs = endMs
    await this.#settle()
  }

  /** Runs the next timer when it is due by `endMs`. */
  #step(endMs: number): boolean {
    const next = this.#timers[0]
    if (next === undefined || next.dueMs > endMs) return false
    this.#timers.shift()
    this.#nowMs = Math.max(this.#nowMs, next.dueMs)
    next.run()
    this.#drain()
    return true
  }

  #drain(): void {
    for (let runs = 0; this.#soon.length > 0; runs++) {
      if (runs > RUNS_MAX) throw new Error('the virtual clock runs turns without end')
      this.turn()
    }
  }

  async #settle(): Promise<void> {
    do {
      this.#drain()
      await new Promise<void>((resolve) => setImmediate(resolve))
    } while (this.#soon.length > 0)
  }

  #remove(timer: Waiting): void {
    const at = this.#timers.indexOf(timer)
    if (at >= 0) this.#timers.splice(at, 1)
  }

  /** Where a timer due at `dueMs` goes: behind all that are due no later. */
  #firstAfter(dueMs: number): number {
    let low = 0
    let high = this.#timers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#timers[middle]!.dueMs <= dueMs) low = middle + 1
      else high = middle
    }
    return low
  }
}

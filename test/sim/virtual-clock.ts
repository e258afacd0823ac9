/**
 * A clock that moves only when a test says so.
 *
 * Timers wait in a heap ordered by due time, then by age; `advance` walks to each due
 * time, sets `now` to it and runs the timer there, so a timer that arms another one
 * inside the span sees it run too. Work given to `soon` is a queue: it is run before
 * time moves, after every timer, and otherwise by the next turn of the real event
 * loop, so that `await backend.commit()` ends without anybody moving the time. A
 * simulator that must own even that passes `turns: 'manual'`: then `run` needs no turn of
 * the real event loop between timers, and runs promise jobs by itself, which is many times
 * as fast.
 *
 * Two runs with the same calls have the same order of everything.
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import { TimerHeap } from './timer-heap.js'

/** How a {@link VirtualClock} starts. */
export interface VirtualClockOptions {
  /** First value of `now()`, milliseconds. Default 0. */
  readonly nowMs?: number
  /** First value of `wall()`, milliseconds since 1970. Default 1_700_000_000_000. */
  readonly wallMs?: number
  /** Who runs `soon` work while time stands still: the real event loop (default), or only `turn()`. */
  readonly turns?: 'auto' | 'manual'
}

/** Most timers and turns that one `advance` may run before it is taken for an endless loop. */
const RUNS_MAX = 10_000_000

/** Timers that one turn of the real event loop runs at most, when turns are manual. */
const RUNS_PER_TURN = 10_000

/** The real one, also where a simulator bans it from everybody else. */
const nextTurn = setImmediate

/** Runs all promise jobs now, from outside of any; undefined where Node has no such thing. */
const runJobs = (process as { _tickCallback?: () => void })._tickCallback

/** Implements {@link Clock} under the control of a test. */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap()
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
    if (this.#stopped) return { cancel: () => {} }
    return this.#timers.add(this.#nowMs + Math.max(0, ms), run)
  }

  soon(run: () => void): void {
    if (this.#stopped) return
    this.#soon.push(run)
    if (this.#manualTurns || this.#turnArmed) return
    this.#turnArmed = true
    nextTurn(() => {
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
    this.#timers.clear()
    this.#soon = []
  }

  /** When the next timer is due, or undefined when none waits. */
  get nextDueMs(): number | undefined {
    return this.#timers.peek()?.dueMs
  }

  /** How many timers wait. */
  get timerCount(): number {
    return this.#timers.size
  }

  /** Moves the time, running everything that falls due on the way, in order. Promise jobs run after it. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    this.#drain()
    for (let runs = 0; this.#step(endMs); runs++) {
      if (runs > RUNS_MAX) throw new Error('the virtual clock runs timers without end')
      this.#drain()
    }
    this.#nowMs = endMs
    this.#drain()
  }

  /**
   * As {@link advance}, and lets promise jobs and a turn of the real event loop run
   * around each timer: for code whose timers lead to awaits and new timers.
   */
  async run(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    if (this.#manualTurns && runJobs !== undefined) await this.#runInTurns(endMs, runJobs)
    else {
      await this.#settle()
      for (let runs = 0; this.#step(endMs); runs++) {
        if (runs > RUNS_MAX) throw new Error('the virtual clock runs timers without end')
        await this.#settle()
      }
      this.#nowMs = endMs
      await this.#settle()
    }
  }

  /** As {@link run}: many timers in each turn of the real event loop, with promise jobs run in between. */
  #runInTurns(endMs: number, jobs: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          this.#settleNow(jobs)
          for (let runs = 0; this.#step(endMs); runs++) {
            this.#settleNow(jobs)
            if (runs < RUNS_PER_TURN) continue
            nextTurn(turn)
            return
          }
          this.#nowMs = endMs
          this.#settleNow(jobs)
          resolve()
        } catch (error) {
          reject(error)
        }
      }
      nextTurn(turn)
    })
  }

  /** Runs the next timer when it is due by `endMs`. */
  #step(endMs: number): boolean {
    const next = this.#timers.take(endMs)
    if (next === undefined) return false
    this.#nowMs = Math.max(this.#nowMs, next.dueMs)
    next.run()
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
      await new Promise<void>((resolve) => nextTurn(resolve))
    } while (this.#soon.length > 0)
  }

  #settleNow(jobs: () => void): void {
    jobs()
    for (let runs = 0; this.#soon.length > 0; runs++) {
      if (runs > RUNS_MAX) throw new Error('the virtual clock runs turns without end')
      this.turn()
      jobs()
    }
  }
}

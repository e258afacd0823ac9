/**
 * The clock of one process, and its life: what it believes of time, and whether it runs.
 *
 *     local time = base + (true time - true base) * rate      the base moves when the rate changes
 *     now()      = local time, or a little ahead of it after a stutter; never back
 *     wall()     = local time + offset, which may be stepped
 *
 * A timer is due in local time, so it is late on a slow clock and early on a fast one, and
 * waits while the clock is frozen. A process that stands still (SIGSTOP) has a clock that
 * goes on; its timers, and whatever reaches it from outside through {@link SimClock.run},
 * wait and come in order when it goes on. Nothing reaches one that is over.
 *
 * `stutter` is work that takes time: some calls of now() find that milliseconds have passed
 * since the call before, although true time stands. True time catches up later, so the
 * clock does not drift by it.
 */

import type { Clock, Timer } from '../../../client/host/clock.js'
import type { Life } from '../../../server/testing/member-clock.js'
import type { SeededRandom } from '../../model/random.js'
import type { VirtualClock } from '../virtual-clock.js'

/** How often a clock stutters, and how far. */
export interface Stutter {
  /** Probability for each call of `now()`. */
  readonly chance: number
  /** Furthest that it may be ahead, in milliseconds. */
  readonly aheadMsMax: number
}

/** What a {@link SimClock} needs. */
export interface SimClockOptions {
  /** True time. */
  readonly trueClock: VirtualClock
  readonly random: SeededRandom
  /** Code of the process threw where nobody catches: the process dies of it. */
  readonly onCrash: (error: unknown) => void
}

/** A timer of a process. */
class LocalTimer implements Timer {
  below: Timer | undefined

  constructor(
    readonly dueMs: number,
    readonly run: () => void,
    readonly owner: Set<LocalTimer>,
  ) {}

  cancel(): void {
    this.below?.cancel()
    this.below = undefined
    this.owner.delete(this)
  }
}

/** See the head of the file. */
export class SimClock implements Clock, Life {
  readonly #options: SimClockOptions
  /** Timers that have not run, in order of creation. Invariant: empty after the end. */
  readonly #timers = new Set<LocalTimer>()
  #baseMs: number
  #trueBaseMs: number
  #rate = 1
  #frozen = false
  #wallOffsetMs: number
  /** What `now()` said last. */
  #saidMs: number
  #stutter: Stutter | undefined
  /** What waits for a process that stands still. */
  #waiting: (() => void)[] | undefined
  #over = false

  constructor(options: SimClockOptions) {
    const { trueClock } = options
    this.#options = options
    this.#baseMs = trueClock.now()
    this.#trueBaseMs = this.#baseMs
    this.#saidMs = this.#baseMs
    this.#wallOffsetMs = trueClock.wall() - this.#baseMs
  }

  /** A clock for the next process of the same machine: it goes as this one does. */
  successor(options: SimClockOptions): SimClock {
    const next = new SimClock(options)
    next.#baseMs = this.#local()
    next.#saidMs = this.#saidMs
    next.#rate = this.#rate
    next.#frozen = this.#frozen
    next.#wallOffsetMs = this.#wallOffsetMs
    next.#stutter = this.#stutter
    return next
  }

  now(): number {
    const local = this.#local()
    if (local > this.#saidMs) this.#saidMs = local
    const stutter = this.#stutter
    if (stutter !== undefined && this.#options.random.chance(stutter.chance)) {
      const ahead = local + this.#options.random.next() * stutter.aheadMsMax
      if (ahead > this.#saidMs) this.#saidMs = ahead
    }
    return this.#saidMs
  }

  wall(): number {
    return this.#local() + this.#wallOffsetMs
  }

  after(ms: number, run: () => void): Timer {
    const local = this.#local()
    if (local > this.#saidMs) this.#saidMs = local
    const timer = new LocalTimer(this.#saidMs + Math.max(0, ms), run, this.#timers)
    if (this.#over) return timer
    this.#timers.add(timer)
    this.#arm(timer)
    return timer
  }

  soon(run: () => void): void {
    if (!this.#over) this.#options.trueClock.soon(() => this.run(run))
  }

  run(work: () => void): void {
    if (this.#over) return
    if (this.#waiting !== undefined) {
      this.#waiting.push(work)
      return
    }
    try {
      work()
    } catch (error) {
      this.#options.onCrash(error)
    }
  }

  /** Local milliseconds per true millisecond, above 0. Default 1. */
  get rate(): number {
    return this.#rate
  }

  set rate(rate: number) {
    if (!(rate > 0)) throw new RangeError(`a clock cannot run at a rate of ${rate}`)
    this.#rebase()
    this.#rate = rate
    this.#armAll()
  }

  /** Local time stands still while the process goes on. */
  get isFrozen(): boolean {
    return this.#frozen
  }

  freeze(): void {
    this.#rebase()
    this.#frozen = true
    this.#armAll()
  }

  thaw(): void {
    this.#rebase()
    this.#frozen = false
    this.#armAll()
  }

  /** Steps the wall clock, forward or back. */
  stepWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  /** See the head of the file. Default: none. */
  get stutter(): Stutter | undefined {
    return this.#stutter
  }

  set stutter(stutter: Stutter | undefined) {
    this.#stutter = stutter
  }

  get isPaused(): boolean {
    return this.#waiting !== undefined
  }

  /** The process stands still. */
  pause(): void {
    if (!this.#over) this.#waiting ??= []
  }

  /** It goes on: what came meanwhile runs in a turn of its own each, in order. */
  resume(): void {
    const due = this.#waiting
    this.#waiting = undefined
    for (const work of due ?? []) this.soon(work)
  }

  /** The process is dead. */
  get isOver(): boolean {
    return this.#over
  }

  /** The process dies: nothing of it runs any more, and no timer is left behind. */
  end(): void {
    this.#over = true
    this.#waiting = undefined
    for (const timer of this.#timers) timer.below?.cancel()
    this.#timers.clear()
  }

  #local(): number {
    if (this.#frozen) return this.#baseMs
    return this.#baseMs + (this.#options.trueClock.now() - this.#trueBaseMs) * this.#rate
  }

  #rebase(): void {
    this.#baseMs = this.#local()
    this.#trueBaseMs = this.#options.trueClock.now()
  }

  #arm(timer: LocalTimer): void {
    if (this.#frozen && timer.dueMs > this.#local()) return
    const trueMs = (timer.dueMs - this.#local()) / this.#rate
    timer.below = this.#options.trueClock.after(trueMs, () => this.#due(timer))
  }

  #armAll(): void {
    for (const timer of this.#timers) {
      timer.below?.cancel()
      timer.below = undefined
      this.#arm(timer)
    }
  }

  #due(timer: LocalTimer): void {
    timer.below = undefined
    // Rounding must not show a timer a time before its own.
    if (timer.dueMs > this.#saidMs) this.#saidMs = timer.dueMs
    this.run(() => {
      // It may be cancelled after it fell due, by something that ran before it; and it falls due
      // again when the rate changes while its process stands still.
      if (this.#timers.delete(timer)) timer.run()
    })
  }
}

/** The port to time: the only way to know it or to wait. */

/** Something that will run later unless cancelled. */
export interface Timer {
  /** Safe to call at any time, also after it ran. */
  cancel(): void
}

/** Time as one process sees it. The simulator has its own, with drift, steps and freezes. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start; never goes back. */
  now(): number
  /** Milliseconds since 1970; may jump. Only for certificates, cron, log lines and id seeds. */
  wall(): number
  /** Runs `run` once, not before `ms` milliseconds have passed. Keeps the process alive. */
  after(ms: number, run: () => void): Timer
  /**
   * Runs `run` at the end of this turn of the event loop, after the I/O that is
   * already waiting: the place where work of a turn is gathered into one batch.
   */
  soon(run: () => void): void
}

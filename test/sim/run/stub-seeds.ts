/** The seeds of the stub process that do not end well. */

/** What each of them does; all others pass. */
export const STUB_SEEDS = {
  /** Ends the process. */
  dies: 13,
  /** Never answers. */
  hangs: 14,
  /** Runs out of memory. */
  eats: 15,
  /** Throws. */
  throws: 16,
  /** Breaks the rule `stale-read`. */
  breaks: 17,
  /** Is different in each life; a multiple of ten, so that it is lived twice. */
  differs: 20,
} as const

/** Environment variable of a stub process: one more seed breaks `stale-read`, as with a bug put back. */
export const STUB_BUG_SEED = 'STUB_BUG_SEED'

/** What a handler is given. */

import type { Compare } from '../../client/index.js'

/** A run, as its handler sees it. */
export interface RunContext {
  readonly job: string
  /** The lane of a job that runs on several nodes; empty for one that runs on one. */
  readonly lane: string
  /** The node that runs it. */
  readonly node: string
  /** The tick, in milliseconds since 1970; not when it really starts. */
  readonly scheduledMs: number
  /** From 1 on; counts retries and runs whose runner was lost. */
  readonly attempt: number
  /** Greater for every later start of the job in this lane. Send it along to what the job changes. */
  readonly fencingToken: number
  /** The data of the job, or of the trigger. */
  readonly data: unknown
  /** Fires when the run is to end: it is lost, took too long, is cancelled, or its node stops. */
  readonly signal: AbortSignal
  /** Whether the run is ours right now, asking the time too. */
  readonly held: boolean
  /** Conditions that make any transaction fail once the run is not ours any more. */
  guard(): Compare[]
  /** Tells others how far it has come: JSON, at most 4096 characters; written once a second at most. */
  progress(value: unknown): void
  /** Adds a line to the log of the run, of which the first and the last 4096 characters are kept. */
  log(line: string): void
}

/** Does the work of a job; its failure is that of the run. */
export type JobHandler = (context: RunContext) => unknown

/** What a cron tells of what its own node does and sees. */

import type { TypedEvents } from '../../client/index.js'
import type { LaneId } from './keys.js'
import type { RunRecord } from './records.js'
import type { Step } from './step.js'

/** A run that has started here. */
export interface StartedRun {
  readonly job: string
  readonly lane: string
  readonly run: string
  readonly scheduledMs: number
  readonly attempt: number
  readonly fencingToken: number
}

/** What listeners are given, by the name of what they listen for. */
export interface CronEvents {
  /** A run has started here. */
  readonly started: StartedRun
  /** A run has ended here, and is not tried again. `lost`: its end could not be noted from here. */
  readonly finished: RunRecord
  /** A run has failed here, and is tried again, by whoever comes first. */
  readonly retried: { readonly record: RunRecord; readonly retryAtMs: number }
  /** This node left out a tick because a run was under way. */
  readonly skipped: { readonly job: string; readonly lane: string; readonly scheduledMs: number }
  /** This node found ticks, up to a time, that nobody started in time. */
  readonly missed: {
    readonly job: string
    readonly lane: string
    readonly count: number
    readonly upToMs: number
  }
  /** This node found runs whose runner is lost: noted as lost, or to be started again. */
  readonly recovered: {
    readonly job: string
    readonly lane: string
    readonly run: string
    readonly rerun: boolean
  }
  /** The node takes part, with a session of its own; or its session is lost. */
  readonly member: { readonly registered: boolean }
  /** The wall clock of this node was put forward (positive) or back by so much. */
  readonly clockStepped: { readonly byMs: number }
  /** Something failed that is tried again, or a record cannot be read. */
  readonly error: unknown
}

/** Tells what a step did, but for the start of a run. */
export function tellStep(
  events: TypedEvents<CronEvents>,
  { job, lane }: LaneId,
  { kind, missed, skippedMs, open, ends, state }: Step,
): void {
  const upToMs = open?.scheduledMs ?? state.lastMs
  if (missed > 0) events.emit('missed', { job, lane, count: missed, upToMs })
  if (skippedMs !== undefined) events.emit('skipped', { job, lane, scheduledMs: skippedMs })
  if (kind === 'requeue') events.emit('recovered', { job, lane, run: open!.run, rerun: true })
  for (const { open: ended, outcome } of ends) {
    const { run } = ended.value
    if (outcome === 'lost') events.emit('recovered', { job, lane, run, rerun: false })
  }
}

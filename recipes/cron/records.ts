/** What the keys of a group hold, as JSON. Times are milliseconds since 1970. */

import { json } from '../../client/index.js'
import type { OverlapPolicy } from './job.js'
import type { LaneId } from './keys.js'

/** Text that tells nodes apart, such as `{ role: 'web', zone: 'a' }`. */
export type NodeTags = Readonly<Record<string, string>>

/** A node that takes part. */
export interface MemberRecord {
  readonly node: string
  readonly tags: NodeTags
  /** Names that it has handlers for, in order. */
  readonly handlers: readonly string[]
  /** When it began to take part. */
  readonly sinceMs: number
}

/** The counter of a lane. */
export interface LaneState {
  /** The newest tick that was claimed, skipped or missed: none up to it starts any more. */
  readonly lastMs: number
  /** Ticks that were started or buffered. */
  readonly ticks: number
  /** Ticks that were skipped because a run was under way. */
  readonly skipped: number
  /** Ticks that nobody could start in time; counted up to a thousand for each time. */
  readonly missed: number
  /** Tells who wrote it: by it an answer that was lost is made good. */
  readonly by: string
}

/** Why there is a run. */
export type RunCause = 'tick' | 'trigger' | 'backfill' | 'chain'

/** A run that is owed or under way. */
export interface OpenRecord extends LaneId {
  readonly run: string
  readonly scheduledMs: number
  readonly cause: RunCause
  readonly overlap: OverlapPolicy
  readonly phase: 'waiting' | 'running'
  /** Not to be started before. */
  readonly dueMs: number
  /** Counts the starts from 1; of one that waits, which it will be. */
  readonly attempt: number
  /** How often its runner was lost. */
  readonly losses: number
  /** Given to the handler instead of the job's. */
  readonly data?: unknown
  /** Who runs it. */
  readonly node?: string
  readonly startedMs?: number
  /** Why the attempt before failed. */
  readonly error?: string
}

/** The mark of a run under way. */
export interface MarkRecord {
  readonly node: string
  readonly startedMs: number
  /** As {@link LaneState.by}. */
  readonly by: string
  /** What the handler told last by `progress`. */
  readonly progress?: unknown
}

/** Whether a job, or the group, is paused. */
export interface PauseRecord {
  readonly paused: boolean
  readonly note: string
  /** Who paused or resumed it. */
  readonly by: string
  /** When. Ticks up to a resumption are not made up for. */
  readonly atMs: number
}

/**
 * How a run ended.
 *
 * - `success`, `failure`: the handler returned, or threw (after its last retry).
 * - `timeout`: it took longer than `timeoutMs`.
 * - `cancelled`: a later run took its place, and it ended when it was told.
 * - `terminated`: a later run took its place at once.
 * - `aborted`: its node was stopped, and it ended when it was told.
 * - `lost`: its runner's lease ended; nobody knows how far it came.
 */
export type RunOutcome =
  | 'success'
  | 'failure'
  | 'timeout'
  | 'cancelled'
  | 'terminated'
  | 'aborted'
  | 'lost'

/** A run that has ended. */
export interface RunRecord extends LaneId {
  readonly run: string
  readonly scheduledMs: number
  readonly startedMs: number
  readonly endedMs: number
  readonly node: string
  readonly cause: RunCause
  readonly attempt: number
  /** Of the last attempt. */
  readonly fencingToken: number
  readonly outcome: RunOutcome
  /** What was thrown; of a run that did not succeed. */
  readonly error?: string
  /** The first and the last of what the handler logged. */
  readonly log?: string
  readonly progress?: unknown
}

/** The codecs. */
export const memberCodec = json<MemberRecord>()
export const stateCodec = json<LaneState>()
export const openCodec = json<OpenRecord>()
export const markCodec = json<MarkRecord>()
export const pauseCodec = json<PauseRecord>()
export const runCodec = json<RunRecord>()

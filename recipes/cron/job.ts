/** What a job is: what users write, what is stored, and what is refused before it is sent. */

import { json } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { checkSegment } from '../names.js'
import { checkWhole } from '../numbers.js'
import type { NodeTags } from './records.js'
import type { DstRule } from './schedule.js'
import { ticksOf } from './ticks.js'

/**
 * What becomes of a run that is due while one of the same job is under way.
 *
 * - `skip`: it is left out.
 * - `bufferOne`: it starts after that one; of several, the first.
 * - `bufferAll`: they start one after the other, a hundred at most.
 * - `cancelOther`: that one's signal aborts, and when it has ended this one starts.
 * - `terminateOther`: that one loses its claim at once, and this one starts.
 * - `allow`: both run, a hundred at most.
 */
export type OverlapPolicy =
  | 'skip'
  | 'bufferOne'
  | 'bufferAll'
  | 'cancelOther'
  | 'terminateOther'
  | 'allow'

/**
 * What becomes of ticks that nobody started in time.
 *
 * - `skip`: only the newest counts, and only if it is at most `graceMs` late, jitter not counted.
 * - `one`: the newest one within `windowMs` is made up for.
 * - `all`: those within `windowMs`, at most `catchUpMax`, oldest first, one at a time.
 */
export type CatchUp = 'skip' | 'one' | 'all'

/** How a run that fails is tried again. */
export interface RetryPolicy {
  /** Attempts in all, from 1 on. */
  readonly attempts: number
  /** Pause before the second attempt, in milliseconds; doubled for each further one. Default 1000. */
  readonly minMs?: number
  /** Longest pause. Default 60,000. */
  readonly maxMs?: number
}

/** After which runs of which job a job runs. */
export interface JobAfter {
  readonly job: string
  /** Default `success`. `failure` is everything else, `end` is both. */
  readonly on?: 'success' | 'failure' | 'end'
}

/** A job. It runs at the ticks of its `schedule`, once at `runAtMs`, after another job, or when triggered. */
export interface CronJob {
  /** Without `/` and `@`. */
  readonly name: string
  /** A cron expression; see `parseSchedule`. */
  readonly schedule?: string
  /** IANA time zone of the schedule. Default UTC. */
  readonly timeZone?: string
  /** What the schedule does when clocks are put forward or back. */
  readonly dst?: DstRule
  /** Once, at this time in milliseconds since 1970. */
  readonly runAtMs?: number
  /**
   * Once, in so many milliseconds from when the job is first put. Put again it stays as it is, also
   * when it has run: remove it before.
   */
  readonly runInMs?: number
  readonly after?: JobAfter
  /** Whose handler runs it. Default the name of the job. */
  readonly handler?: string
  /** Given to the handler; JSON. */
  readonly data?: unknown
  /** On how many nodes each tick runs. Default 1. With `all`, on each that may. */
  readonly nodes?: number | 'all'
  /** Only nodes that have all these tags. */
  readonly tags?: NodeTags
  /** Default `skip`. */
  readonly overlap?: OverlapPolicy
  /** Default `skip`; a job with `runAtMs` or `runInMs` runs however late it is. */
  readonly catchUp?: CatchUp
  /** See {@link CatchUp}. Default 60,000. */
  readonly graceMs?: number
  /** See {@link CatchUp}. Default a day. */
  readonly windowMs?: number
  /** See {@link CatchUp}. Default 100. */
  readonly catchUpMax?: number
  /**
   * What becomes of a run whose runner is lost: `markLost` (default) notes it, so a tick
   * starts at most once; `rerun` starts it again elsewhere, so a tick starts at least once.
   */
  readonly recover?: 'markLost' | 'rerun'
  /** Default one attempt. */
  readonly retry?: RetryPolicy
  /** Longest time of a run, in milliseconds; then its signal aborts. Default none. */
  readonly timeoutMs?: number
  /**
   * Spreads ticks: each starts up to so many milliseconds late, always the same for a tick, and
   * before the next one. Default 0.
   */
  readonly jitterMs?: number
  /** No ticks before, in milliseconds since 1970. */
  readonly startMs?: number
  /** No ticks from then on. */
  readonly endMs?: number
  /** Ticks in all. Default no limit. */
  readonly runsMax?: number
  /** Pauses the job after a run that did not succeed. Default false. */
  readonly pauseOnFailure?: boolean
  /** Runs kept in the history. Default 100; 0 keeps none. */
  readonly historyMax?: number
  /** How long they are kept, in milliseconds. Default 7 days. */
  readonly historyAgeMs?: number
}

/** A job as it is stored. */
export interface JobRecord extends Omit<CronJob, 'runInMs'> {
  /** Only ticks after it count: when the job was put, or its times were changed. */
  readonly sinceMs: number
}

/** How jobs are stored. */
export const jobCodec = json<JobRecord>()

const DAY_MS = 86_400_000

/** A job with nothing left open. */
export const DEFAULTS = {
  nodes: 1,
  overlap: 'skip',
  catchUp: 'skip',
  graceMs: 60_000,
  windowMs: DAY_MS,
  catchUpMax: 100,
  recover: 'markLost',
  jitterMs: 0,
  historyMax: 100,
  historyAgeMs: 7 * DAY_MS,
} as const satisfies Partial<CronJob>

const RETRY_MIN_MS = 1_000
const RETRY_MAX_MS = 60_000
const NODES_MAX = 1_000
const ATTEMPTS_MAX = 1_000
const CATCH_UP_MAX = 1_000

const OVERLAPS: Readonly<Record<OverlapPolicy, true>> = {
  skip: true,
  bufferOne: true,
  bufferAll: true,
  cancelOther: true,
  terminateOther: true,
  allow: true,
}

/**
 * What is stored for a job.
 *
 * @param before what is stored now.
 * @throws {ConclaveError} `invalid-argument`.
 */
export function jobRecord(job: CronJob, wallMs: number, before?: JobRecord): JobRecord {
  checkJob(job)
  const { runInMs, ...rest } = job
  const runAtMs = runInMs === undefined ? job.runAtMs : (before?.runAtMs ?? wallMs + runInMs)
  const record = { ...rest, ...(runAtMs !== undefined && { runAtMs }) }
  const isSame = before !== undefined && timesOf(before) === timesOf(record)
  if (isSame) return { ...record, sinceMs: before.sinceMs }
  // One that is overdue when it is put is due.
  return { ...record, sinceMs: Math.min(wallMs, runAtMs === undefined ? wallMs : runAtMs - 1) }
}

/** @throws {ConclaveError} `invalid-argument`: there is no such policy. */
export function checkOverlap(overlap: OverlapPolicy | undefined): void {
  if (overlap === undefined || Object.hasOwn(OVERLAPS, overlap)) return
  throw invalidArgument(`overlap is one of ${Object.keys(OVERLAPS).join(', ')}, not ${overlap}.`)
}

/** @throws {ConclaveError} `invalid-argument`: it cannot be the name of a job. */
export function checkJobName(name: string, what = "A job's name"): void {
  checkSegment(name, what)
  if (name.includes('@')) throw invalidArgument(`${what} must not contain '@': '${name}'.`)
}

/** The pause before an attempt, without jitter. */
export function backOffMs({ minMs, maxMs }: RetryPolicy, attempt: number): number {
  const doubled = (minMs ?? RETRY_MIN_MS) * 2 ** Math.min(attempt - 2, 30)
  return Math.min(doubled, maxMs ?? RETRY_MAX_MS)
}

/** What decides when a job ticks, to be compared. */
function timesOf(job: Omit<CronJob, 'runInMs'>): string {
  return JSON.stringify([job.schedule, job.timeZone, job.dst, job.runAtMs])
}

function checkJob(job: CronJob): void {
  if (typeof job !== 'object' || job === null) throw invalidArgument('A job is an object.')
  checkJobName(job.name)
  if (job.handler !== undefined) checkSegment(job.handler, "A handler's name")
  const times = [job.schedule, job.runAtMs, job.runInMs].filter((one) => one !== undefined)
  if (times.length > 1)
    throw invalidArgument(`The job '${job.name}' has one of schedule, runAtMs and runInMs.`)
  checkNumbers(job)
  checkOverlap(job.overlap)
  oneOf(job.catchUp, ['skip', 'one', 'all'], 'catchUp')
  oneOf(job.recover, ['markLost', 'rerun'], 'recover')
  if (job.nodes !== 'all') whole(job.nodes, 'nodes', 1, NODES_MAX)
  checkAfter(job)
  // It throws when the expression or the time zone is wrong.
  ticksOf({ ...job, sinceMs: 0 })
}

function checkNumbers(job: CronJob): void {
  const { retry, startMs, endMs } = job
  whole(job.runAtMs, 'runAtMs', 0)
  whole(job.runInMs, 'runInMs', 0)
  whole(job.graceMs, 'graceMs', 0)
  whole(job.windowMs, 'windowMs', 1)
  whole(job.catchUpMax, 'catchUpMax', 1, CATCH_UP_MAX)
  whole(job.timeoutMs, 'timeoutMs', 1)
  whole(job.jitterMs, 'jitterMs', 0)
  whole(startMs, 'startMs', 0)
  whole(endMs, 'endMs', 0)
  if (startMs !== undefined && endMs !== undefined && endMs <= startMs)
    throw invalidArgument('endMs is later than startMs.')
  whole(job.runsMax, 'runsMax', 1)
  whole(job.historyMax, 'historyMax', 0)
  whole(job.historyAgeMs, 'historyAgeMs', 0)
  if (retry === undefined) return
  whole(retry.attempts, 'retry.attempts', 1, ATTEMPTS_MAX)
  whole(retry.minMs, 'retry.minMs', 0)
  whole(retry.maxMs, 'retry.maxMs', 0)
}

function checkAfter({ name, after }: CronJob): void {
  if (after === undefined) return
  checkJobName(after.job, 'The job to run after')
  oneOf(after.on, ['success', 'failure', 'end'], 'after.on')
  if (after.job === name) throw invalidArgument(`The job '${name}' cannot run after itself.`)
}

function oneOf(value: string | undefined, allowed: readonly string[], what: string): void {
  if (value !== undefined && !allowed.includes(value))
    throw invalidArgument(`${what} is one of ${allowed.join(', ')}, not ${value}.`)
}

function whole(value: number | undefined, what: string, min: number, max?: number): void {
  if (value !== undefined) checkWhole(value, what, min, max)
}

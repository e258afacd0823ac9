/**
 * Runs that somebody asks for: one now, or the ticks of a time that is over.
 *
 * Each is a record that waits, as a buffered tick does; a node that works in the lane starts
 * it. It is made on the condition that the job is there and the record is not.
 */

import {
  ConclaveError,
  compare,
  type Keyspace,
  op,
  type RequestOptions,
  randomId,
} from '../../client/index.js'
import { invalidArgument, isInDoubt } from '../errors.js'
import { pause } from '../pause.js'
import { checkOverlap, DEFAULTS, type OverlapPolicy } from './job.js'
import { type CronKeys, type LaneId, runName } from './keys.js'
import type { IndexedJob, LiveIndex } from './live-index.js'
import { Placement } from './placement.js'
import type { OpenRecord, RunCause } from './records.js'

/** How to trigger a run. */
export interface TriggerOptions extends RequestOptions {
  /** What to do when one is under way. Default that of the job. */
  readonly overlap?: OverlapPolicy
  /** Given to the handler instead of the job's; JSON. */
  readonly data?: unknown
}

/** Ticks that one backfill makes up for, at most. */
const BACKFILL_MAX = 1_000
/** Records written in one transaction. */
const WRITES_MAX = 50
const TRIES_MAX = 5
/** Pause before a write in doubt is repeated, in milliseconds; longer each time. */
const RETRY_MS = 100

/**
 * Asks for a run now. In doubt (a lost answer) it asks again for the same run, not for another.
 *
 * @returns the name of the run.
 * @throws {ConclaveError} `not-found`: no such job; `failed-precondition`: it is to run on
 *   all members, and there is none.
 */
export async function triggerRun(
  client: Keyspace,
  keys: CronKeys,
  index: LiveIndex,
  name: string,
  { overlap, data, ...options }: TriggerOptions,
): Promise<string> {
  checkOverlap(overlap)
  const job = jobNamed(index, name)
  const nowMs = client.clock.wall()
  const run = `${runName(nowMs)}-${randomId(client.random).toString(16)}`
  const records = lanesOf(index, job).map((lane) => {
    const record = waiting(job, lane, { run, scheduledMs: nowMs, dueMs: nowMs, cause: 'trigger' })
    const own = { ...(overlap && { overlap }), ...(data !== undefined && { data }) }
    return { ...record, ...own }
  })
  await writeAll(client, keys, job, records, options)
  return run
}

/**
 * Asks for the ticks after `fromMs` up to `toMs`, whatever became of them.
 *
 * @returns how many.
 */
export async function backfillRuns(
  client: Keyspace,
  keys: CronKeys,
  index: LiveIndex,
  name: string,
  times: { readonly fromMs: number; readonly toMs: number },
  { overlap = 'bufferAll', data, ...options }: TriggerOptions,
): Promise<number> {
  checkOverlap(overlap)
  const { fromMs, toMs } = times
  if (!(Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs < toMs))
    throw invalidArgument('A backfill runs from a time to a later one.')
  const job = jobNamed(index, name)
  const nowMs = client.clock.wall()
  const suffix = randomId(client.random).toString(16)
  const records: OpenRecord[] = []
  let count = 0
  for (let tickMs = job.ticks.next(fromMs); tickMs !== undefined; tickMs = job.ticks.next(tickMs)) {
    if (tickMs > toMs) break
    if (++count > BACKFILL_MAX)
      throw invalidArgument(`A backfill has at most ${BACKFILL_MAX} ticks; divide it.`)
    const run = `${runName(tickMs)}-${suffix}`
    const what = { run, scheduledMs: tickMs, dueMs: nowMs, cause: 'backfill' } as const
    const own = { overlap, ...(data !== undefined && { data }) }
    for (const lane of lanesOf(index, job)) records.push({ ...waiting(job, lane, what), ...own })
  }
  await writeAll(client, keys, job, records, options)
  return count
}

function jobNamed(index: LiveIndex, name: string): IndexedJob {
  const job = index.jobs.get(name)
  if (job === undefined) throw new ConclaveError('not-found', `There is no job '${name}'.`)
  return job
}

function lanesOf(index: LiveIndex, job: IndexedJob): readonly LaneId[] {
  const lanes = new Placement(index).lanesOf(job.value.name)
  if (lanes.length > 0) return lanes
  throw new ConclaveError('failed-precondition', `No member may run '${job.value.name}'.`)
}

function waiting(
  job: IndexedJob,
  { job: name, lane }: LaneId,
  what: {
    readonly run: string
    readonly scheduledMs: number
    readonly dueMs: number
    readonly cause: RunCause
  },
): OpenRecord {
  const overlap = job.value.overlap ?? DEFAULTS.overlap
  return { job: name, lane, ...what, overlap, phase: 'waiting', attempt: 1, losses: 0 }
}

/**
 * Writes what waits. In doubt it is written again, on the condition that no run of that name
 * waits, runs or has run: then it was written by the first.
 */
async function writeAll(
  client: Keyspace,
  keys: CronKeys,
  job: IndexedJob,
  records: readonly OpenRecord[],
  options: RequestOptions,
): Promise<void> {
  for (let i = 0; i < records.length; i += WRITES_MAX)
    await writePart(client, keys, job, records.slice(i, i + WRITES_MAX), options)
}

async function writePart(
  client: Keyspace,
  keys: CronKeys,
  job: IndexedJob,
  records: readonly OpenRecord[],
  options: RequestOptions,
): Promise<void> {
  const unknown = records.flatMap((one) => [
    compare(keys.open(one, one.run)).missing(),
    compare(keys.history(one, one.run)).missing(),
  ])
  for (let tries = 1; ; tries++) {
    try {
      const { succeeded } = await client
        .txn()
        .if(compare(job.key).exists(), ...unknown)
        .then(...records.map((one) => op.put(keys.open(one, one.run), JSON.stringify(one))))
        .commit(options)
      if (succeeded || tries > 1) return
      throw new ConclaveError('not-found', `The job '${job.value.name}' was removed meanwhile.`)
    } catch (error) {
      if (!isInDoubt(error) || tries === TRIES_MAX || options.signal?.aborted === true) throw error
    }
    await pause(client, RETRY_MS * tries, options.signal)
  }
}

/** The jobs of a group as they are stored: putting, removing and listing them. No session is needed. */

import {
  type Compare,
  ConclaveError,
  compare,
  type Keyspace,
  type KeyValue,
  type Op,
  op,
  type RequestOptions,
} from '../../client/index.js'
import { isInDoubt } from '../errors.js'
import { checkWhole } from '../numbers.js'
import { pause } from '../pause.js'
import { checkChain } from './chain.js'
import { type CronJob, checkJobName, type JobRecord, jobCodec, jobRecord } from './job.js'
import type { CronKeys } from './keys.js'
import { LiveIndex } from './live-index.js'
import { Placement } from './placement.js'
import type { LaneState, MarkRecord, PauseRecord } from './records.js'
import { upcoming } from './ticks.js'

/** A run under way. */
export interface RunningRun extends Omit<MarkRecord, 'by'> {
  readonly run: string
  readonly lane: string
  readonly scheduledMs: number
  readonly attempt: number
  readonly fencingToken: number
}

/** A job and what becomes of it. */
export interface JobInfo {
  readonly job: JobRecord
  /** Its own pause, or that of the group. */
  readonly paused: PauseRecord | undefined
  /** The next tick, in milliseconds since 1970; undefined when there is none, or it is paused. */
  readonly nextMs: number | undefined
  /** The nodes that work on it, best first. */
  readonly nodes: readonly string[]
  /** The counters of its lanes, by lane (empty for a job that runs on one node). */
  readonly counters: Readonly<Record<string, Omit<LaneState, 'by'>>>
  readonly running: readonly RunningRun[]
  /** Runs that wait: buffered, to be tried again, triggered. */
  readonly waiting: number
}

const TRIES_MAX = 10
const RETRY_MS = 100
const KEYS_MAX = 100_000

/** See the head of the file. */
export class Catalogue {
  readonly #client: Keyspace
  readonly #keys: CronKeys

  constructor(client: Keyspace, keys: CronKeys) {
    this.#client = client
    this.#keys = keys
  }

  /** All that is live, as of now. */
  async read(options: RequestOptions = {}): Promise<LiveIndex> {
    const index = new LiveIndex(this.#keys)
    // Callers hand on what they were given, which may be more.
    const { signal, timeoutMs, metadata, requireLeader } = options
    const request = { signal, timeoutMs, metadata, requireLeader, limit: KEYS_MAX }
    const { kvs, more } = await this.#client.kv.getAll(this.#keys.live, request)
    if (more) throw new ConclaveError('too-many-keys', `The group has more than ${KEYS_MAX} keys.`)
    for (const kv of kvs) index.put(kv)
    return index
  }

  /**
   * Stores a job; writes nothing when it is stored as it is already.
   *
   * @param onlyNew leaves one that is there as it is.
   * @returns whether it was written.
   */
  async put(job: CronJob, onlyNew: boolean, options: RequestOptions): Promise<boolean> {
    const nowMs = this.#client.clock.wall()
    const first = jobRecord(job, nowMs)
    if (job.after !== undefined) checkChain(first, await this.read(options))
    const key = this.#keys.job(job.name)
    let written: string | undefined
    for (let tries = 1; ; tries++) {
      try {
        const kv: KeyValue | null = await this.#client.kv.get(key, options)
        // A put in doubt was done after all.
        if (kv !== null && kv.text() === written) return true
        if (kv !== null && onlyNew) return false
        const before = kv?.decode(jobCodec)
        const record = before === undefined ? first : jobRecord(job, nowMs, before)
        const text = JSON.stringify(record)
        if (kv?.text() === text) return false
        written = text
        const { succeeded } = await this.#client
          .txn()
          .if(compare(key).modRevision('=', kv?.modRevision ?? 0))
          .then(op.put(key, text))
          .commit(options)
        if (succeeded) return true
        written = undefined
      } catch (error) {
        if (!isInDoubt(error) || tries >= TRIES_MAX) throw error
        await pause(this.#client, RETRY_MS, options.signal)
      }
      if (tries >= TRIES_MAX) throw new ConclaveError('conflict', `Others keep putting ${key}.`)
    }
  }

  /**
   * Removes a job with all that hangs on it but the runs under way: those end as they end,
   * and leave no history.
   *
   * @returns whether it was there.
   */
  async remove(name: string, options: RequestOptions): Promise<boolean> {
    checkJobName(name)
    const keys = this.#keys
    const of = (key: string) => [op.delete(key), op.delete({ prefix: `${key}@` })]
    const lane = { job: name, lane: '' }
    // All marks stay: their leases, and the ends of their runs, take them along.
    const opens = keys.open(lane, '')
    const ops: Op[] = [
      op.delete(keys.job(name)),
      op.delete(keys.pause(name)),
      ...of(keys.state(lane)),
      op.delete({ prefix: opens }),
      op.delete({ prefix: `${opens.slice(0, -1)}@` }),
      op.delete({ prefix: keys.historyOf(name) }),
    ]
    const there: Compare = compare(keys.job(name)).exists()
    for (let tries = 1; ; tries++) {
      try {
        const { succeeded } = await this.#client
          .txn()
          .if(there)
          .then(...ops)
          .commit(options)
        return succeeded || tries > 1
      } catch (error) {
        if (!isInDoubt(error) || tries >= TRIES_MAX) throw error
        await pause(this.#client, RETRY_MS, options.signal)
      }
    }
  }

  /** Every job and what becomes of it, by name. */
  async list(options: RequestOptions): Promise<JobInfo[]> {
    const index = await this.read(options)
    const placement = new Placement(index)
    const nowMs = this.#client.clock.wall()
    const names = [...index.jobs.keys()].sort()
    return names.map((name) => infoOf(index, placement, name, nowMs))
  }

  /** The next ticks of a job, paused or not. */
  async next(name: string, count: number, options: RequestOptions): Promise<number[]> {
    checkWhole(count, 'The number of ticks', 1, 10_000)
    const index = await this.read(options)
    const job = index.jobs.get(name)
    if (job === undefined) throw new ConclaveError('not-found', `There is no job '${name}'.`)
    const lastMs = index.lanes.get(name)?.state?.value.lastMs ?? job.value.sinceMs
    return upcoming(job.ticks, Math.max(lastMs, this.#client.clock.wall()), count)
  }
}

function infoOf(index: LiveIndex, placement: Placement, name: string, nowMs: number): JobInfo {
  const job = index.jobs.get(name)!
  const lanes = [...index.lanes.values()].filter(({ id }) => id.job === name)
  const paused = index.pausesOf(name).find((pause) => pause?.value.paused)?.value
  const counters: Record<string, Omit<LaneState, 'by'>> = {}
  const running: RunningRun[] = []
  let lastMs = nowMs
  let waiting = 0
  for (const { id, state, marks, opens } of lanes) {
    if (state !== undefined) {
      const { by: _by, ...counter } = state.value
      counters[id.lane] = counter
      lastMs = Math.max(lastMs, counter.lastMs)
    }
    for (const { value } of opens.values()) if (value.phase === 'waiting') waiting++
    for (const [run, { value, createRevision: fencingToken }] of marks) {
      const { by: _by, ...mark } = value
      const { scheduledMs = 0, attempt = 1 } = opens.get(run)?.value ?? {}
      running.push({ ...mark, run, lane: id.lane, scheduledMs, attempt, fencingToken })
    }
  }
  const { runsMax = Number.POSITIVE_INFINITY } = job.value
  const isOver = Object.values(counters).some(({ ticks }) => ticks >= runsMax)
  const nextMs = paused === undefined && !isOver ? job.ticks.next(lastMs) : undefined
  const nodes = placement.eligibleFor(name)
  return { job: job.value, paused, nextMs, nodes, counters, running, waiting }
}

/**
 * Distributed cron: jobs that are stored in the cluster, and run at their times by whichever
 * of its nodes is there.
 *
 * Promise: **a tick of a job is claimed at most once, whatever the nodes believe of each
 * other; with `recover: 'markLost'` it starts at most once, with `'rerun'` at least once.**
 *
 * 1. Every node registers itself under a lease, then follows the group: members, jobs,
 *    counters, runs (live-view.ts).
 * 2. Each works out alike which of them works on which job (placement.ts), and what is due
 *    (decide.ts).
 * 3. What is due is claimed by one transaction, which moves the job's counter (claim.ts).
 *    Whoever moves it runs the handler, with a fencing token and a signal (run.ts).
 * 4. The end of the run is one more transaction (end-run.ts). If it never comes, because the
 *    runner is lost, its lease ends, and another node finds the record without its mark.
 *
 * | | round trips |
 * | --- | --- |
 * | a tick | 1 to claim it, 1 to note its end |
 * | waiting for a tick | none; a watch of the group is open anyway |
 * | a node that joins | 1 for its lease, 1 to register, 1 to list the group |
 *
 * Lease lost, partition: the signals of the node's runs fire before their leases end on the
 * server; others stand in. Crash: ticks go on after `standInMs`; what was under way is found
 * when the lease ends. Clock put back: ticks up to the last one claimed do not come again.
 * Clock put forward: ticks in between are missed ones, for `catchUp`.
 */

import {
  ConclaveError,
  type Keyspace,
  type Listener,
  type RequestOptions,
  TypedEvents,
} from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { checkSegment } from '../names.js'
import { checkNotNegative, checkWhole } from '../numbers.js'
import { checkOptions, randomOwner, TTL_SECONDS } from '../session-options.js'
import { Catalogue, type JobInfo } from './catalogue.js'
import type { CronEvents } from './events.js'
import { readHistory } from './history.js'
import { type CronJob, checkJobName } from './job.js'
import { CronKeys } from './keys.js'
import { backfillRuns, type TriggerOptions, triggerRun } from './manual.js'
import { type PauseOptions, writePause } from './pauses.js'
import type { NodeTags, RunRecord } from './records.js'
import type { JobHandler } from './run-context.js'
import { Worker } from './worker.js'

/** How a {@link Cron} takes part. */
export interface CronOptions {
  /** The name of this node, not that of another that lives. Default a random one. */
  readonly node?: string
  /** What it is, for jobs that ask for it. */
  readonly tags?: NodeTags
  /** How long the cluster waits for a node that is silent, in whole seconds. Default 10. */
  readonly ttlSeconds?: number
  /** How long what is due may be left undone before the next node does it. Default 2000. */
  readonly standInMs?: number
  /** Where the keys of all groups are. Default `cron`. */
  readonly prefix?: string
}

/** How to stop. */
export interface StopOptions {
  /** Time for runs to end by themselves, in milliseconds; then their signals fire. Default 10,000. */
  readonly drainMs?: number
}

const STAND_IN_MS = 2_000
const DRAIN_MS = 10_000
const HISTORY_LIMIT = 20
const HANDLERS_MAX = 10_000

const EVENTS = {
  started: true,
  finished: true,
  retried: true,
  skipped: true,
  missed: true,
  recovered: true,
  member: true,
  clockStepped: true,
  error: true,
} as const

/**
 * A node of a group that runs jobs; see the head of the file. One that is not started only
 * looks after jobs.
 *
 * @example
 * const cron = new Cron(client, 'billing', { node: 'worker-1' })
 * cron.handle('invoices', async ({ signal, fencingToken }) => {
 *   await writeReport({ token: fencingToken, signal })
 * })
 * await cron.put({ name: 'invoices', schedule: '0 6 * * mon-fri', timeZone: 'Europe/Berlin' })
 * await cron.start()
 */
export class Cron implements AsyncDisposable {
  readonly client: Keyspace
  readonly group: string
  readonly node: string
  readonly #options: CronOptions
  readonly #keys: CronKeys
  readonly #catalogue: Catalogue
  readonly #handlers = new Map<string, JobHandler>()
  readonly #events = new TypedEvents<CronEvents>(EVENTS)
  #worker: Worker | undefined
  #stopping: Promise<void> | undefined

  /**
   * @param group nodes of one group share its jobs.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, group: string, options: CronOptions = {}) {
    const { node, prefix = 'cron', ttlSeconds = TTL_SECONDS, standInMs = STAND_IN_MS } = options
    this.#keys = new CronKeys(prefix, group)
    if (node !== undefined) checkSegment(node, "A node's name")
    checkOptions({}, ttlSeconds)
    checkNotNegative(standInMs, 'standInMs')
    this.client = client
    this.group = group
    this.node = node ?? randomOwner(client)
    this.#options = options
    this.#catalogue = new Catalogue(client, this.#keys)
  }

  /**
   * Says what runs the jobs of this name (or those with this `handler`). Jobs go only to
   * nodes that have their handler.
   *
   * @throws {ConclaveError} `invalid-argument`; `already-exists`.
   */
  handle(name: string, handler: JobHandler): this {
    checkSegment(name, "A handler's name")
    if (typeof handler !== 'function') throw invalidArgument('A handler is a function.')
    if (this.#handlers.has(name))
      throw new ConclaveError('already-exists', `There is a handler for '${name}' already.`)
    if (this.#handlers.size >= HANDLERS_MAX)
      throw invalidArgument(`A node has at most ${HANDLERS_MAX} handlers.`)
    this.#handlers.set(name, handler)
    this.#worker?.handlersChanged().catch((error) => this.#events.emit('error', error))
    return this
  }

  /** Whether it has a handler of this name. */
  handles(name: string): boolean {
    return this.#handlers.has(name)
  }

  /**
   * Stores a job if there is none of its name.
   *
   * @returns false when there is one; it stays as it is.
   * @throws {ConclaveError} `invalid-argument`, `unavailable`, ….
   */
  add(job: CronJob, options: RequestOptions = {}): Promise<boolean> {
    return this.#catalogue.put(job, true, options)
  }

  /**
   * Stores a job, in place of the one of its name. Its counter stays; when its times change,
   * only ticks from now on count. All nodes may put the same job when they start.
   *
   * @returns false when it was stored like this already.
   * @throws {ConclaveError} `invalid-argument`, `conflict`, `unavailable`, ….
   */
  put(job: CronJob, options: RequestOptions = {}): Promise<boolean> {
    return this.#catalogue.put(job, false, options)
  }

  /** Removes a job and its history. Runs under way end as they end. False: there was none. */
  remove(name: string, options: RequestOptions = {}): Promise<boolean> {
    return this.#catalogue.remove(name, options)
  }

  /**
   * Lets no tick start any more, of a job or of all. Once it returns, none does. Runs under
   * way go on; triggers and backfills still start.
   *
   * @param note why, for people.
   * @returns false when there is no such job.
   */
  pause(note: string, options: PauseOptions = {}): Promise<boolean> {
    return this.#writePause(true, note, options)
  }

  /** Lets ticks start again. Those of the pause are not made up for; see {@link backfill}. */
  resume(note = '', options: PauseOptions = {}): Promise<boolean> {
    return this.#writePause(false, note, options)
  }

  /**
   * Starts a run now, by whichever node works on the job, paused or not.
   *
   * @returns the name of the run, as in the history.
   * @throws {ConclaveError} `not-found`, `failed-precondition`, `outcome-unknown`, ….
   */
  async trigger(name: string, options: TriggerOptions = {}): Promise<string> {
    checkJobName(name)
    const index = await this.#catalogue.read(options)
    return triggerRun(this.client, this.#keys, index, name, options)
  }

  /**
   * Runs the ticks after one time up to another (milliseconds since 1970), whatever became
   * of them; one after the other unless `overlap` says otherwise. At most 1000.
   *
   * @returns how many.
   */
  async backfill(
    name: string,
    fromMs: number,
    toMs: number,
    options: TriggerOptions = {},
  ): Promise<number> {
    checkJobName(name)
    const index = await this.#catalogue.read(options)
    return backfillRuns(this.client, this.#keys, index, name, { fromMs, toMs }, options)
  }

  /** All jobs, by name, and what becomes of them. */
  jobs(options: RequestOptions = {}): Promise<JobInfo[]> {
    return this.#catalogue.list(options)
  }

  /** The next ticks of a job, in milliseconds since 1970. @throws {ConclaveError} `not-found`. */
  next(name: string, count = 1, options: RequestOptions = {}): Promise<number[]> {
    return this.#catalogue.next(name, count, options)
  }

  /** The runs of a job that have ended, newest first. Default 20 of them. */
  async history(
    name: string,
    { limit = HISTORY_LIMIT, ...options }: RequestOptions & { readonly limit?: number } = {},
  ): Promise<RunRecord[]> {
    checkJobName(name)
    checkWhole(limit, 'limit', 1)
    return readHistory(this.client, this.#keys, name, { limit, ...options })
  }

  /**
   * Takes part: from now on this node runs what falls to it, and heals by itself for ever.
   * Resolves when it is registered and sees the group; a cluster that does not answer is
   * waited for. Idempotent.
   *
   * @throws {ConclaveError} `closed`: it was stopped.
   */
  async start(): Promise<void> {
    if (this.#stopping !== undefined)
      throw new ConclaveError('closed', 'This cron was stopped; make a new one.')
    const { tags = {}, ttlSeconds = TTL_SECONDS, standInMs = STAND_IN_MS } = this.#options
    this.#worker ??= new Worker(this.client, this.#keys, {
      ...{ node: this.node, tags, ttlSeconds, standInMs },
      ...{ handlers: this.#handlers, events: this.#events },
    })
    await this.#worker.started()
  }

  /**
   * Takes part no more: claims nothing, waits for its runs, then fires their signals, and
   * ends its lease. Others take over its jobs at once. Idempotent.
   */
  stop({ drainMs = DRAIN_MS }: StopOptions = {}): Promise<void> {
    checkNotNegative(drainMs, 'drainMs')
    this.#stopping ??= this.#worker?.stop(drainMs) ?? Promise.resolve()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** Adds a listener; see {@link CronEvents}. */
  on<K extends keyof CronEvents>(name: K, listener: Listener<CronEvents[K]>): this {
    this.#events.on(name, listener)
    return this
  }

  /** Takes a listener out. */
  off<K extends keyof CronEvents>(name: K, listener: Listener<CronEvents[K]>): this {
    this.#events.off(name, listener)
    return this
  }

  #writePause(paused: boolean, note: string, options: PauseOptions): Promise<boolean> {
    if (options.job !== undefined) checkJobName(options.job)
    return writePause(this.client, this.#keys, { paused, note }, options)
  }
}

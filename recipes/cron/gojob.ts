/**
 * The four calls of gojob, on {@link Cron}.
 *
 * As there, jobs are objects that every node makes for itself, and each runs on one node of
 * the group at a time. Other than there:
 *
 * | gojob | here |
 * | --- | --- |
 * | a node is seen 15 s after it starts, and missed 25 to 35 s after it dies | registered before its first tick; others stand in within seconds |
 * | two nodes may run the same tick | each tick is claimed once |
 * | what is stopped or deleted comes back within 10 s | stays so |
 * | a run may overlap with the one before | is left out |
 * | one group in a process | as many as one likes |
 */

import { ConclaveError, type Keyspace } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { Cron, type CronOptions } from './cron.js'
import { checkJobName } from './job.js'
import type { RunContext } from './run-context.js'
import { parseSchedule } from './schedule.js'

/** A job of gojob. */
export interface GoJobTask {
  getName(): string
  /** Does the work; what it throws is the failure of the run. */
  run(context: RunContext): unknown
  /** Is called when a run of it is to end early, and when the job is stopped or deleted here. */
  stop(): void
}

/** Every minute, as gojob has it. */
const EVERY_MINUTE = '0 */1 * * * ?'

/** Jobs of a group, on this node; made by {@link newGoJob}. */
export class GoJob {
  readonly #client: Keyspace
  readonly #group: string
  readonly #options: CronOptions
  readonly #tasks = new Map<string, { readonly spec: string; readonly task: GoJobTask }>()
  #cron: Cron | undefined
  /** Set while it takes part, or is about to. */
  #starting: Promise<void> | undefined

  /** @internal Use {@link newGoJob}. */
  constructor(client: Keyspace, group: string, options: CronOptions) {
    this.#client = client
    this.#group = group
    this.#options = options
    // What is wrong with the names is told at once.
    this.#newCron()
  }

  /**
   * Adds a job; it runs from {@link startAll} on, or at once when that was called. When it
   * fails, the job is not added.
   *
   * @param spec six fields, the first of which are seconds; empty: every minute.
   * @throws {ConclaveError} at once `invalid-argument`, `already-exists`; later those of a put.
   */
  addJob(spec: string, task: GoJobTask): Promise<void> {
    const name = task.getName()
    checkJobName(name)
    const schedule = spec.trim() === '' ? EVERY_MINUTE : spec
    parseSchedule(schedule, { name })
    if (this.#tasks.has(name))
      throw new ConclaveError('already-exists', `There is a job '${name}' already.`)
    this.#tasks.set(name, { spec: schedule, task })
    return this.#cron === undefined ? Promise.resolve() : this.#putNew(this.#cron, name)
  }

  /** Takes part: runs what falls to this node. Idempotent; when it fails, call it again. */
  startAll(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  /** Takes part no more; the other nodes of the group go on. `startAll` begins again. */
  async stopAll(): Promise<void> {
    const cron = this.#cron
    if (cron === undefined) return
    this.#cron = undefined
    this.#starting = undefined
    const stopping = cron.stop()
    for (const { task } of this.#tasks.values()) task.stop()
    await stopping
  }

  /** Deletes a job, for all nodes of the group. It stays deleted until somebody adds it again. */
  async deleteByName(name: string): Promise<void> {
    const known = this.#tasks.get(name)
    this.#tasks.delete(name)
    await (this.#cron ?? this.#newCron()).remove(name)
    known?.task.stop()
  }

  /** Whether this node has added a job of this name, and not deleted it. */
  isExist(name: string): boolean {
    return this.#tasks.has(name)
  }

  #newCron(): Cron {
    return new Cron(this.#client, this.#group, this.#options)
  }

  async #start(): Promise<void> {
    const cron = this.#newCron()
    this.#cron = cron
    try {
      for (const name of this.#tasks.keys()) await this.#put(cron, name)
      if (this.#cron === cron) await cron.start()
    } catch (error) {
      if (this.#cron === cron) {
        this.#cron = undefined
        this.#starting = undefined
        await cron.stop().catch(() => {})
      }
      throw error
    }
  }

  async #putNew(cron: Cron, name: string): Promise<void> {
    const added = this.#tasks.get(name)
    try {
      await this.#put(cron, name)
    } catch (error) {
      if (this.#tasks.get(name) === added) this.#tasks.delete(name)
      throw error
    }
  }

  async #put(cron: Cron, name: string): Promise<void> {
    const { spec } = this.#tasks.get(name)!
    if (!cron.handles(name)) cron.handle(name, (context) => this.#run(name, context))
    await cron.put({ name, schedule: spec })
  }

  async #run(name: string, context: RunContext): Promise<void> {
    // The one that was added last, if it was deleted and added again.
    const task = this.#tasks.get(name)?.task
    if (task === undefined) throw invalidArgument(`The job '${name}' was deleted here.`)
    const onAbort = () => task.stop()
    context.signal.addEventListener('abort', onAbort, { once: true })
    try {
      await task.run(context)
    } finally {
      context.signal.removeEventListener('abort', onAbort)
    }
  }
}

/**
 * A node of a group of jobs.
 *
 * @param node its name, not that of another that lives.
 * @throws {ConclaveError} `invalid-argument`.
 *
 * @example
 * const jobs = newGoJob(client, 'test', 'node1')
 * await jobs.addJob('*\/5 * * * * ?', {
 *   getName: () => 'testjob',
 *   run: () => console.log('test job running'),
 *   stop: () => console.log('test job stop'),
 * })
 * await jobs.startAll()
 */
export function newGoJob(
  client: Keyspace,
  group: string,
  node: string,
  options: Omit<CronOptions, 'node'> = {},
): GoJob {
  return new GoJob(client, group, { ...options, node })
}

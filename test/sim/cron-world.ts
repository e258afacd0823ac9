/** What tests of cron share: nodes in one world, and a diary of what their handlers did. */

import type { CronEvents } from '../../recipes/cron/events.js'
import { Cron, type CronJob, type CronOptions, type RunContext } from '../../recipes/index.js'
import { RecipeWorld, type Worker } from './recipe-world.js'

/** A process with a cron. */
export interface CronNode {
  readonly worker: Worker
  readonly cron: Cron
  /** The events of the cron, in order, by name. */
  readonly told: { readonly name: keyof CronEvents; readonly event: unknown }[]
}

/** A call of a handler, on the clock that all share. */
export interface Called {
  readonly job: string
  readonly node: string
  readonly lane: string
  readonly scheduledMs: number
  readonly attempt: number
  readonly fencingToken: number
  readonly startMs: number
  endMs: number | undefined
  /** The run, as long as the handler has not ended. */
  readonly context: RunContext
}

const NAMES: readonly (keyof CronEvents)[] = [
  'started',
  'finished',
  'retried',
  'skipped',
  'missed',
  'recovered',
  'member',
  'clockStepped',
  'error',
]

/** See the head of the file. */
export class CronWorld extends RecipeWorld {
  readonly calls: Called[] = []

  /** A node that runs the jobs named here, each for so long (0: no time at all). */
  node(
    name: string,
    jobs: Readonly<Record<string, number>> = {},
    options: CronOptions = {},
  ): CronNode {
    const worker = this.worker(name)
    const cron = new Cron(worker.client, 'g', { node: name, ttlSeconds: 5, ...options })
    const told: CronNode['told'] = []
    for (const kind of NAMES) cron.on(kind, (event) => told.push({ name: kind, event }))
    for (const [job, ms] of Object.entries(jobs))
      cron.handle(job, (context) =>
        this.record(worker, context, () => this.sleep(worker, ms, context.signal)),
      )
    return { worker, cron, told }
  }

  /** A node that has started. */
  async started(
    name: string,
    jobs: Readonly<Record<string, number>> = {},
    options: CronOptions = {},
  ): Promise<CronNode> {
    const node = this.node(name, jobs, options)
    await this.settle(node.cron.start())
    return node
  }

  /** Notes a call, and does the work of it. */
  async record(worker: Worker, context: RunContext, work: () => unknown): Promise<void> {
    const { job, lane, scheduledMs, attempt, fencingToken } = context
    const startMs = this.now
    const call: Called = {
      ...{ job, lane, scheduledMs, attempt, fencingToken, startMs, context },
      node: worker.name,
      endMs: undefined,
    }
    this.calls.push(call)
    try {
      await work()
    } finally {
      call.endMs = this.now
    }
  }

  /** Some time in a process, or until the signal. */
  sleep(worker: Worker, ms: number, signal?: AbortSignal): Promise<void> {
    if (ms === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = worker.clock.after(ms, resolve)
      signal?.addEventListener('abort', () => {
        timer.cancel()
        resolve()
      })
    })
  }

  put(node: CronNode, job: CronJob): Promise<boolean> {
    return this.settle(node.cron.put(job))
  }

  /** The ticks that handlers of a job were called for, in seconds after the first. */
  ticks(job: string): number[] {
    return this.calls
      .filter((call) => call.job === job)
      .map(({ scheduledMs }) => scheduledMs / 1_000)
  }

  /** Wall time now. */
  get wallMs(): number {
    return this.members.clock.wall()
  }
}

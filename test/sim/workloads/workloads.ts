/**
 * The clients of a simulated world at work: processes, each with a real client, that do
 * what a plan says and note what they hear.
 *
 * The end has two stages. After `stop()` nothing new is begun: locks are given back, leases
 * let go, and `settled` tells when all is answered. The watches go on, so that somebody
 * can wait until every one of them was told everything; `close()` ends them and the clients.
 */

import { setMaxListeners } from 'node:events'
import type { Client, ConnectOptions } from '../../../client/index.js'
import type { Operation, Violation } from '../../check/operation.js'
import { Recorder } from '../../check/recorder.js'
import type { SeededRandom } from '../../model/random.js'
import { put } from '../../model/requests.js'
import { drive } from './drive.js'
import { Known } from './known.js'
import { Material } from './material.js'
import { operationLine } from './operation-line.js'
import { Rider } from './rider.js'
import { WORKLOAD_NAMES, type WorkloadName } from './table.js'
import type { WorkPlan } from './work-plan.js'
import { Worker } from './worker.js'

/** What workloads need of a world. */
export interface WorkWorld {
  /** True time. */
  readonly clock: { now(): number }
  readonly log: { say(subject: string, what: string): void }
  /** A source of chance of its own for everything that has a name. */
  fork(name: string): SeededRandom
  /** A process that is a client. */
  process(name: string): WorkProcess
}

/** A process that is a client. */
export interface WorkProcess {
  connect(options: Pick<ConnectOptions, 'pipeline' | 'sessionTtlSeconds'>): Client
  /** Ends it at once; absent where a process cannot be ended. */
  readonly kill?: () => void
}

/** Written so that watchers are told something. */
const MARKER = 'x/marker'
/** Least time between two questions of one watcher about its progress, in milliseconds. */
const ASK_MS = 500

/** Sets all clients to work. */
export function startWorkloads(world: WorkWorld, plan: WorkPlan): Workloads {
  return new Workloads(world, plan)
}

/** See the head of the file. */
export class Workloads {
  readonly material = new Material()
  /** Resolves when, after `stop()`, everything but the watches is over. Never rejects. */
  readonly settled: Promise<void>
  /** How often each workload was asked for a step. */
  readonly steps: Readonly<Record<WorkloadName, number>>
  /** Where everybody notes; somebody else who asks for something of the same keys notes it here too. */
  readonly recorder: Recorder
  readonly #known = new Known()
  /** When watchers were last made to ask how far they are. */
  #askedMs = Number.NEGATIVE_INFINITY
  readonly #stopping = new AbortController()
  readonly #closing = new AbortController()
  readonly #workers: readonly Worker[]
  /** Processes whose calls ride on the pipeline. */
  readonly riding = new Set<string>()

  constructor(world: WorkWorld, plan: WorkPlan) {
    this.recorder = new Recorder(
      () => world.clock.now(),
      (operation) => world.log.say(operation.process, operationLine(operation)),
    )
    setMaxListeners(0, this.#stopping.signal, this.#closing.signal)
    this.#workers = Array.from({ length: plan.clients }, (_, i) =>
      this.#worker(world, plan, `c${i + 1}`),
    )
    const steps = {} as Record<WorkloadName, number>
    for (const name of WORKLOAD_NAMES) steps[name] = 0
    this.steps = steps
    const working = this.#workers.map((worker) => drive(worker, world, steps))
    this.settled = Promise.all(working).then(() => {})
  }

  /** All operations so far. */
  get operations(): readonly Operation[] {
    return this.recorder.operations
  }

  /** The newest revision that anybody was told. */
  get revision(): number {
    return this.#known.revision
  }

  /** What was wrong without any judge. */
  get violations(): readonly Violation[] {
    return this.material.violations
  }

  /**
   * The watchers that were not told everything up to this revision. Call it again and again
   * after `settled`: watchers of the future are ended, the others ask how far they are.
   *
   * A stream is told nothing as long as one of its watchers begins behind the newest
   * revision, as everyone does who was taken up again after a break. So something is
   * written, too.
   */
  behind(revision: number): string[] {
    for (const follower of this.material.followers) follower.endFuture(revision)
    const behind = [...this.material.followers].filter((one) => !one.isLevel(revision))
    const { nowMs } = this.recorder
    if (behind.length > 0 && nowMs >= this.#askedMs + ASK_MS) {
      this.#askedMs = nowMs
      for (const follower of behind) follower.askProgress()
      this.#workers[0]!.keepOpen(this.#writeMarker())
    }
    return behind.map(({ name }) => name)
  }

  /** No more is begun. Idempotent. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Ends the watches and the clients too. */
  async close(): Promise<void> {
    this.stop()
    this.#closing.abort()
    for (const { client } of this.#workers) client.close()
    await Promise.all(this.#workers.map((worker) => worker.atRest()))
  }

  async #writeMarker(): Promise<void> {
    const [worker] = this.#workers
    const request = put(MARKER, worker!.unique())
    await worker!.perform({ kind: 'put', request })
  }

  #worker(world: WorkWorld, plan: WorkPlan, process: string): Worker {
    const random = world.fork(`work/${process}/limits`)
    const timeoutMs = random.between(plan.timeoutMsMin, plan.timeoutMsMax)
    const pipeline = random.chance(plan.pipelineShare) ? 'auto' : 'off'
    const { sessionTtlSeconds } = plan
    if (pipeline === 'auto') this.riding.add(process)
    return new Worker({
      process,
      client: world.process(process).connect({ pipeline, sessionTtlSeconds }),
      plan,
      timeoutMs,
      recorder: this.recorder,
      material: this.material,
      known: this.#known,
      stopping: this.#stopping.signal,
      closing: this.#closing.signal,
      say: (what) => world.log.say(process, what),
      ride: (name) => this.riding.add(name),
      rider: (number) => this.#rider(world, plan, `${process}.${number}`),
    })
  }

  #rider(world: WorkWorld, { sessionTtlSeconds }: WorkPlan, name: string): Rider {
    const process = world.process(name)
    const client = process.connect({ pipeline: 'auto', sessionTtlSeconds })
    this.riding.add(name)
    return new Rider(name, client, () => (process.kill ? process.kill() : client.close()))
  }
}

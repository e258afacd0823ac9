/**
 * One process that works on the simulated cluster: a real client, a time limit for its
 * requests, names for its values, and where it notes what it heard.
 *
 * A workload of a process is asked for one step after the other; a step ends when what it
 * asked for is answered. What lives longer is given to {@link Worker.keep}, such as a lock
 * that is held, or to {@link Worker.keepOpen}, such as a watch, so that its end is awaited.
 */

import type { Client } from '../../../client/index.js'
import { pause } from '../../../recipes/pause.js'
import type { Answer, Operation } from '../../check/operation.js'
import type { Asker, PerformOptions, Recorder } from '../../check/recorder.js'
import type { Call } from '../../model/call.js'
import type { SeededRandom } from '../../model/random.js'
import type { Known } from './known.js'
import type { Material } from './material.js'
import type { Rider } from './rider.js'
import type { WorkPlan } from './work-plan.js'

/** Something that a process does again and again. */
export interface Workload {
  /** Does one thing more. Never rejects for what a cluster or a network does. */
  step(): Promise<void>
}

/** A row of the table of workloads. */
export interface WorkloadRow {
  /** How often it is drawn, relative to the others, before a plan changes that. */
  readonly usualWeight: number
  /** @param random its own source of chance. */
  make(worker: Worker, random: SeededRandom): Workload
}

/** What a {@link Worker} is made of. */
export interface WorkerParts {
  readonly process: string
  readonly client: Client
  readonly plan: WorkPlan
  /** Time for one request, in milliseconds. */
  readonly timeoutMs: number
  readonly recorder: Recorder
  readonly material: Material
  readonly known: Known
  /** Fires when no more is to be written: locks are released, leases let go. */
  readonly stopping: AbortSignal
  /** Fires when watches are to end, too. */
  readonly closing: AbortSignal
  /** Takes a line for the event log. */
  readonly say: (what: string) => void
  /** A client on the pipeline, in a process of its own; the number is new among those of this process. */
  readonly rider: (number: number) => Rider
  /** A process of this name writes in sessions, though it is no client. */
  readonly ride: (process: string) => void
}

/** See the head of the file. */
export class Worker implements Asker {
  readonly process: string
  readonly client: Client
  readonly plan: WorkPlan
  readonly timeoutMs: number
  readonly recorder: Recorder
  readonly material: Material
  readonly known: Known
  readonly stopping: AbortSignal
  readonly closing: AbortSignal
  readonly say: (what: string) => void
  readonly ride: (process: string) => void
  readonly #rider: (number: number) => Rider
  readonly #kept = new Set<Promise<void>>()
  readonly #open = new Set<Promise<void>>()
  #values = 0

  constructor(parts: WorkerParts) {
    this.process = parts.process
    this.client = parts.client
    this.plan = parts.plan
    this.timeoutMs = parts.timeoutMs
    this.recorder = parts.recorder
    this.material = parts.material
    this.known = parts.known
    this.stopping = parts.stopping
    this.closing = parts.closing
    this.say = parts.say
    this.#rider = parts.rider
    this.ride = parts.ride
  }

  /** A name that no other value of the run has: `<process>#<n>`. */
  unique(): string {
    return `${this.process}#${++this.#values}`
  }

  /** A unique value of the plan's size. */
  value(): string {
    return this.unique().padEnd(this.plan.valueBytes, '.')
  }

  /** Asks through the recorder, and lets everybody know what came of it. */
  async perform(
    call: Call,
    more: { readonly streamed?: boolean } = {},
  ): Promise<Operation & { readonly answer: Answer }> {
    return this.performAs(this, call, more)
  }

  /** As {@link perform}, through another client. The call is made at once. */
  async performAs(
    asker: Asker,
    call: Call,
    more: PerformOptions = {},
  ): Promise<Operation & { readonly answer: Answer }> {
    const options = { timeoutMs: this.timeoutMs, ...more }
    const operation = await this.recorder.perform(asker, call, options)
    this.known.heard(operation)
    return operation
  }

  /** Another client, closed at the end unless it is gone before. */
  rider(number: number): Rider {
    const rider = this.#rider(number)
    const close = () => rider.close()
    if (this.closing.aborted) close()
    else this.closing.addEventListener('abort', close, { once: true })
    this.keepOpen(rider.gone.then(() => this.closing.removeEventListener('abort', close)))
    return rider
  }

  /** A signal that fires so many milliseconds from now, on the process's clock. */
  abortedAfter(ms: number): AbortSignal {
    const controller = new AbortController()
    this.client.clock.after(ms, () => controller.abort())
    return controller.signal
  }

  /** Resolves after `ms` on the process's clock, or when the signal fires; default: when all stops. */
  sleep(ms: number, signal: AbortSignal = this.stopping): Promise<void> {
    return pause(this.client, ms, signal)
  }

  /** Something goes on after the step that began it, and ends soon after `stopping`. */
  keep(work: Promise<void>): void {
    this.#hold(this.#kept, work)
  }

  /** Something goes on until `closing`. */
  keepOpen(work: Promise<void>): void {
    this.#hold(this.#open, work)
  }

  /** Resolves when nothing that was kept goes on. */
  async settled(): Promise<void> {
    while (this.#kept.size > 0) await Promise.all(this.#kept)
  }

  /** Resolves when nothing at all goes on. */
  async atRest(): Promise<void> {
    while (this.#kept.size + this.#open.size > 0) await Promise.all([...this.#kept, ...this.#open])
  }

  /** What no workload expects is an error of its own, or of the client: the run has failed. */
  #hold(group: Set<Promise<void>>, work: Promise<void>): void {
    const held = work
      .catch((error: unknown) => {
        const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
        this.material.violations.push({ rule: 'unexpected', message })
      })
      .finally(() => group.delete(held))
    group.add(held)
  }
}

/**
 * One run: calls the handler, tells it when it is to end, and notes how it ended.
 *
 *     claimed -> handler runs -> it ended, or a reason to stop came and it ended after it
 *             -> one transaction: mark and record go, history and what follows come
 *
 * A handler that does not heed its signal is not waited for longer than {@link STOP_MS}: its
 * run ends all the same, so that it blocks nobody. It may still be at work then; the fencing
 * token is what protects against that.
 *
 * When the run is lost (the session was, or somebody took the mark away), nothing is noted
 * from here: whoever finds the record without its mark does.
 */

import { setMaxListeners } from 'node:events'
import { type Compare, ConclaveError, compare, type Timer } from '../../client/index.js'
import { type LossReason, LostError } from '../errors.js'
import type { Session } from '../session.js'
import type { Claimant } from './claim.js'
import { endRun, type RunEnd } from './end-run.js'
import type { JobRecord } from './job.js'
import { laneName } from './keys.js'
import type { OpenRecord, RunOutcome } from './records.js'
import type { JobHandler, RunContext } from './run-context.js'
import { RunLog } from './run-log.js'
import { RunProgress } from './run-progress.js'

/** Time to end after the signal, in milliseconds. */
export const STOP_MS = 5_000

/** Characters of an error that are kept. */
const ERROR_MAX = 1_000

/** Why a run is told to end. */
type StopReason = Extract<RunOutcome, 'timeout' | 'cancelled' | 'aborted' | 'lost'>

/** What a run is made of. */
export interface RunParts {
  readonly session: Session
  readonly job: JobRecord
  readonly open: OpenRecord
  readonly fencingToken: number
  readonly handler: JobHandler
  /** Hears what goes wrong while the end is noted, and is tried again. */
  readonly onError: (error: unknown) => void
}

/** See the head of the file. */
export class Run {
  readonly open: OpenRecord
  readonly fencingToken: number
  readonly session: Session
  readonly startedMs: number
  /** How it ended; never rejects. */
  readonly done: Promise<RunEnd>
  readonly #claimant: Claimant
  readonly #parts: RunParts
  readonly #controller = new AbortController()
  readonly #log = new RunLog()
  readonly #progress: RunProgress
  readonly #timers: Timer[] = []
  #stopped: StopReason | undefined
  /** The handler has ended, or is not waited for any more. */
  #isEnding = false
  #giveUp: () => void = () => {}

  /** Begins at once. */
  constructor(claimant: Claimant, parts: RunParts) {
    const { session, open, fencingToken } = parts
    this.#claimant = claimant
    this.#parts = parts
    this.open = open
    this.session = session
    this.fencingToken = fencingToken
    this.startedMs = session.client.clock.wall()
    setMaxListeners(0, this.#controller.signal)
    const key = claimant.keys.mark(open, open.run)
    const mark = { node: claimant.node, startedMs: this.startedMs, by: '' }
    this.#progress = new RunProgress(session.client, key, mark, this.#guard())
    this.done = this.#run()
  }

  /** Whether it runs in a lane. */
  isIn(lane: string): boolean {
    return laneName(this.open) === lane
  }

  /** The handler has ended; what is left is to note it. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Tells the handler to end. The first reason counts, but for a loss, which always does. */
  stop(reason: StopReason, error: Error): void {
    if (this.#isEnding || (this.#stopped !== undefined && reason !== 'lost')) return
    const isFirst = this.#stopped === undefined
    this.#stopped = reason
    if (!isFirst) return
    this.#controller.abort(error)
    this.#after(STOP_MS, () => this.#giveUp())
  }

  /** The mark is not there any more, or the session is lost. */
  lose(reason: LossReason, cause?: unknown): void {
    this.stop('lost', new LostError(`The run ${this.#name}`, reason, cause))
  }

  async #run(): Promise<RunEnd> {
    const { session, job } = this.#parts
    const unhook = session.onLost((error) => this.lose(error.reason, error))
    if (job.timeoutMs !== undefined) this.#after(job.timeoutMs, () => this.#timedOut())
    const givenUp = new Promise<undefined>((resolve) => {
      this.#giveUp = () => resolve(undefined)
    })
    const failure = await Promise.race([this.#call(), givenUp])
    this.#isEnding = true
    unhook()
    this.#progress.close()
    for (const timer of this.#timers) timer.cancel()
    const outcome = this.#stopped ?? (failure === undefined ? 'success' : 'failure')
    const error = outcome === 'success' ? undefined : failure
    return endRun(this.#claimant, this.#parts, {
      outcome: this.#isLost ? 'lost' : outcome,
      startedMs: this.startedMs,
      ...(error !== undefined && { error }),
      ...(this.#log.text !== undefined && { log: this.#log.text }),
      ...(this.#progress.value !== undefined && { progress: this.#progress.value }),
    })
  }

  /** What the handler failed with, in words; undefined when it did not. */
  async #call(): Promise<string | undefined> {
    try {
      await this.#parts.handler(this.#context())
      return undefined
    } catch (error) {
      return textOf(error).slice(0, ERROR_MAX)
    }
  }

  #context(): RunContext {
    const { open, job, fencingToken } = this.#parts
    const run = this
    return {
      job: open.job,
      lane: open.lane,
      node: this.#claimant.node,
      scheduledMs: open.scheduledMs,
      attempt: open.attempt,
      fencingToken,
      data: open.data ?? job.data,
      signal: this.#controller.signal,
      get held() {
        return !run.#isLost && !run.#isEnding
      },
      guard: () => this.#guard(),
      progress: (value) => this.#progress.set(value),
      log: (line) => this.#log.add(line),
    }
  }

  get #isLost(): boolean {
    return !this.session.alive || this.#stopped === 'lost'
  }

  get #name(): string {
    return `${laneName(this.open)}/${this.open.run}`
  }

  #guard(): Compare[] {
    const key = this.#claimant.keys.mark(this.open, this.open.run)
    return [compare(key).createRevision('=', this.fencingToken)]
  }

  #timedOut(): void {
    const text = `The run ${this.#name} took longer than ${this.#parts.job.timeoutMs} ms.`
    this.stop('timeout', new ConclaveError('deadline-exceeded', text))
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(this.session.client.clock.after(ms, run))
  }
}

/** What was thrown, in words. It may be anything. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } catch {
    return 'Something was thrown that cannot be put into words.'
  }
}

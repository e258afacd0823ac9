/** The runs that are under way on a node: begins them, tells them what has become of them, hears their end. */

import { ConclaveError, type Keyspace, type TypedEvents } from '../../client/index.js'
import type { Session } from '../session.js'
import type { Claimant } from './claim.js'
import type { RunEnd } from './end-run.js'
import type { CronEvents } from './events.js'
import { pruneHistory } from './history.js'
import { laneName } from './keys.js'
import type { OpenRecord } from './records.js'
import { Run } from './run.js'
import type { JobHandler } from './run-context.js'
import type { LaneView, Step } from './step.js'

/** How a desk is set up. */
export interface RunDeskOptions {
  readonly handlers: ReadonlyMap<string, JobHandler>
  readonly events: TypedEvents<CronEvents>
  /** A run has ended, and its end was written at this revision (0: it was not). */
  readonly onEnd: (run: Run, revision: number) => void
}

/** Ends of a job's runs, noted by one node, between two looks at the length of its history. */
const PRUNE_EVERY = 8

/** See the head of the file. */
export class RunDesk {
  readonly #client: Keyspace
  readonly #options: RunDeskOptions
  /** By fencing token. */
  readonly #runs = new Map<number, Run>()
  /** How many of each job this node has noted as ended. */
  readonly #ends = new Map<string, number>()

  constructor(client: Keyspace, options: RunDeskOptions) {
    this.#client = client
    this.#options = options
  }

  /** What is under way. */
  get runs(): readonly Run[] {
    return [...this.#runs.values()]
  }

  /** Is the end of a run in this lane being written? */
  isEndingIn(lane: string): boolean {
    return this.runs.some((run) => run.isEnding && run.isIn(lane))
  }

  /** Begins a run that was claimed. Without a handler it was not ours to claim, and is left alone. */
  begin(claimant: Claimant, session: Session, open: OpenRecord, fencingToken: number): void {
    const { events, handlers } = this.#options
    const job = claimant.index.jobs.get(open.job)?.value
    const handler = handlers.get(job?.handler ?? open.job)
    if (job === undefined || handler === undefined) return
    const { lane, run, scheduledMs, attempt } = open
    events.emit('started', { job: open.job, lane, run, scheduledMs, attempt, fencingToken })
    const onError = (error: unknown) => events.emit('error', error)
    const begun = new Run(claimant, { session, job, open, fencingToken, handler, onError })
    this.#runs.set(fencingToken, begun)
    void begun.done.then((end) => this.#noteEnd(claimant, begun, end))
  }

  /** Tells the runs of a lane what has become of them, and takes up strays (see claim.ts). */
  tend(claimant: Claimant, session: Session, view: LaneView, wallMs: number): void {
    const name = laneName(view.id)
    const cancels = view.opens.filter(
      ({ value }) =>
        value.phase === 'waiting' && value.overlap === 'cancelOther' && value.dueMs <= wallMs,
    )
    for (const run of this.runs.filter((one) => one.isIn(name) && !one.isEnding)) {
      const { open, fencingToken } = run
      if (view.marks.get(open.run)?.createRevision !== fencingToken) run.lose('deleted')
      else if (cancels.some(({ modRevision }) => modRevision > fencingToken))
        run.stop('cancelled', replaced(open))
    }
    for (const [run, { lease, createRevision }] of view.marks) {
      if (lease !== session.id || this.#runs.has(createRevision)) continue
      const open = view.opens.find(({ value }) => value.run === run)
      if (open !== undefined) this.begin(claimant, session, open.value, createRevision)
    }
  }

  /** Tells all runs to end. */
  stop(): void {
    const error = new ConclaveError('cancelled', 'The node is being stopped.')
    for (const run of this.#runs.values()) run.stop('aborted', error)
  }

  #noteEnd({ keys, index }: Claimant, run: Run, { record, retryAtMs, revision }: RunEnd): void {
    const { events, onEnd } = this.#options
    this.#runs.delete(run.fencingToken)
    if (retryAtMs === undefined) events.emit('finished', record)
    else events.emit('retried', { record, retryAtMs })
    onEnd(run, revision)
    this.#prune({ keys, index }, record.job)
  }

  /** A step of this node has ended runs that have no runner: they are in the history too. */
  noteStep(claimant: Claimant, { ends }: Step): void {
    for (const { open, outcome } of ends)
      if (outcome !== undefined) this.#prune(claimant, open.value.job)
  }

  /** Looks at the length of a history, now and then. */
  #prune({ keys, index }: Pick<Claimant, 'keys' | 'index'>, name: string): void {
    const count = this.#ends.get(name) ?? 0
    this.#ends.set(name, count + 1)
    const job = index.jobs.get(name)?.value
    // What a failure leaves undone is done the next time.
    if (job !== undefined && count % PRUNE_EVERY === 0)
      pruneHistory(this.#client, keys, job).catch(() => {})
  }
}

function replaced({ job, run }: OpenRecord): ConclaveError {
  return new ConclaveError('cancelled', `A later run of '${job}' takes the place of ${run}.`)
}

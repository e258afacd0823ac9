/**
 * One time of leading, as the work of a leader selector sees it, and how it ends.
 *
 * 1. The work begins. Its term ends when the leadership is lost or the selector is to stop;
 *    `term.signal` tells, and the work is to come to its end.
 * 2. A work that goes on `stopTimeoutMs` after its signal is stuck. Is the selector to stop, it
 *    waits no longer: whoever called it gives the leadership up and fails. Is the leadership
 *    lost, that is told, and the wait goes on: the work never runs twice at once in a process.
 * 3. What the work throws only because its signal fired is no failure.
 */

import { setMaxListeners } from 'node:events'
import { type Compare, ConclaveError, type Keyspace } from '../client/index.js'
import { fired, onAbort } from './abort.js'
import type { ElectionValue, Leadership } from './election.js'
import type { LostError } from './errors.js'
import { pause } from './pause.js'

/** What is done while leading. It may take as long as it leads; it is to end when its signal fires. */
export type LeaderWork = (term: LeaderTerm) => unknown

/** One time of leading; a work is given one each time that it runs. */
export class LeaderTerm {
  /** Fires when the leadership is lost (its reason is a {@link LostError}), or the selector stops (`cancelled`). */
  readonly signal: AbortSignal
  /** Grows from leader to leader. Send it along to what the leader directs. */
  readonly fencingToken: number
  readonly key: string
  readonly #leadership: Leadership
  readonly #controller = new AbortController()
  readonly #unhooks: readonly (() => void)[]

  /** @internal @param stopping fires when the selector stops. */
  constructor(leadership: Leadership, stopping: AbortSignal) {
    this.signal = this.#controller.signal
    setMaxListeners(0, this.signal)
    this.fencingToken = leadership.fencingToken
    this.key = leadership.key
    this.#leadership = leadership
    this.#unhooks = [leadership.signal, stopping].map((signal) =>
      onAbort(signal, () => this.#controller.abort(signal.reason)),
    )
  }

  /** Whether we lead right now, asking the time too. */
  get leads(): boolean {
    return this.#leadership.leads
  }

  /** Why the leadership was lost, if it was. */
  get lost(): LostError | undefined {
    return this.#leadership.signal.aborted ? this.#leadership.signal.reason : undefined
  }

  /** Conditions that make any transaction fail once the leadership is lost or given up. */
  guard(): Compare[] {
    return this.#leadership.guard()
  }

  /** Says something new without another election; see `Leadership.proclaim`. */
  proclaim(value: ElectionValue): Promise<void> {
    return this.#leadership.proclaim(value)
  }

  /** @internal Nobody needs its signal any more. */
  end(): void {
    for (const unhook of this.#unhooks) unhook()
  }
}

/** How long a work may go on after its signal, and whom to tell that it does. */
export interface Patience {
  readonly client: Keyspace
  readonly stopTimeoutMs: number
  /** Fires when the selector stops. */
  readonly stopping: AbortSignal
  /** Hears that the work goes on after the leadership was lost. */
  readonly tell: (error: WorkStuckError) => void
}

/** The work of a leader goes on though its signal fired long ago. */
export class WorkStuckError extends ConclaveError {
  constructor(stopTimeoutMs: number) {
    const text = `The work of the leader goes on ${stopTimeoutMs} ms after its signal fired.`
    super('deadline-exceeded', text)
  }
}

/**
 * Runs the work in its term; resolves when it has ended.
 *
 * @throws what the work throws.
 * @throws {WorkStuckError} the selector stops, and the work does not.
 */
export async function runTerm(
  term: LeaderTerm,
  work: LeaderWork,
  patience: Patience,
): Promise<void> {
  const running = begin(term, work)
  try {
    await Promise.race([running.ended, fired(term.signal)])
    if (!running.over) await atMost(patience, running.ended)
    if (!running.over && !patience.stopping.aborted) {
      patience.tell(new WorkStuckError(patience.stopTimeoutMs))
      await Promise.race([running.ended, fired(patience.stopping)])
      if (!running.over) await atMost(patience, running.ended)
    }
    if (!running.over) throw new WorkStuckError(patience.stopTimeoutMs)
    await running.ended
  } catch (error) {
    if (!isEcho(error, term.signal)) throw error
  } finally {
    // A work that is stuck may fail when nobody listens any more.
    running.ended.catch(() => {})
  }
}

interface Running {
  /** Settles as the work does. */
  readonly ended: Promise<void>
  over: boolean
}

function begin(term: LeaderTerm, work: LeaderWork): Running {
  const run = async () => {
    try {
      await work(term)
    } finally {
      running.over = true
    }
  }
  const running: Running = { ended: Promise.resolve().then(run), over: false }
  return running
}

/** Waits for the end of the work, as long as there is patience. */
async function atMost({ client, stopTimeoutMs }: Patience, ended: Promise<void>): Promise<void> {
  const controller = new AbortController()
  try {
    await Promise.race([ended, pause(client, stopTimeoutMs, controller.signal)])
  } finally {
    controller.abort()
  }
}

/** Did this happen because the signal fired? */
function isEcho(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted || error instanceof WorkStuckError) return false
  const { cause, name } = Object(error) as { cause?: unknown; name?: unknown }
  return error === signal.reason || cause === signal.reason || name === 'AbortError'
}

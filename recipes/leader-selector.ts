/**
 * A leader selector: runs some work in one process of many, and in the next one when that
 * goes.
 *
 * Promise: **the work runs only in a process that was elected, with a token greater than
 * every one before, never twice at once in a process, and again and again until the selector
 * is closed, whatever becomes of sessions, of the work, or of the cluster meanwhile.** As with
 * every lock, a work that does not stop when its signal fires may run beside that of the
 * next leader: fence what it does.
 *
 * It stands for an {@link Election} over and over:
 *
 * 1. **Session**: the one that lives, or a new one, asked for until there is one.
 * 2. **Stand** and wait. Is the session lost meanwhile, back to 1; so nobody waits with a
 *    lease that has ended.
 * 3. **Lead**: the work runs in a term (see leader-term.ts), if we still lead then and were
 *    not told to stop.
 * 4. **Give up**: when the work has ended, resign. Should that fail, end the session: the key
 *    of one who does nothing must not stand before others.
 * 5. **Rest**, then back to 1: a pause that differs from process to process, doubled each time
 *    that the work fails, so that a leader that crashes at once neither spins nor keeps
 *    those from leading who may do better.
 *
 * | | round trips |
 * | --- | --- |
 * | becoming the leader | 1 for the session, then as `campaign` of an election |
 * | the work ends | 1 to resign, then as `campaign` again |
 * | `close` | 1, which ends the session |
 *
 * Lease lost: `term.signal` fires, the work ends, and it stands again with a new session.
 * Partition: the same, at the session's deadline. Crash: the next one leads when the lease
 * ends, at most a TTL later.
 */

import { ConclaveError, type Keyspace, type RequestOptions, TypedEvents } from '../client/index.js'
import { onAbort } from './abort.js'
import { Election, type ElectionValue, type Leadership } from './election.js'
import { exceptLost, invalidArgument, LostError } from './errors.js'
import { LeaderTerm, type LeaderWork, runTerm, WorkStuckError } from './leader-term.js'
import { type Candidate, ElectionObserver } from './observer.js'
import { jittered, pause } from './pause.js'
import type { Session } from './session.js'
import type { SessionOptions } from './session-options.js'
import { SessionSource } from './session-source.js'

/** How a {@link LeaderSelector} behaves; its sessions are made with the same options. */
export interface LeaderSelectorOptions extends SessionOptions {
  /** What we say of ourselves when we stand. Default the owner of the session. */
  readonly value?: ElectionValue
  /** Whether to stand again after a term. Default true; false runs the work once. */
  readonly autoRequeue?: boolean
  /** How long the work may go on after its signal, in milliseconds. Default 5,000. */
  readonly stopTimeoutMs?: number
  /** Rest between two terms, in milliseconds, times a random part from a half to one. Default 100. */
  readonly backoffMinMs?: number
  /** Longest rest, after terms that failed one after the other. Default 10,000. */
  readonly backoffMaxMs?: number
}

/** What the listeners of a {@link LeaderSelector} are given. */
export interface LeaderSelectorEvents {
  /** We lead, and the work begins. */
  readonly elected: LeaderTerm
  /** The leadership was lost; the signal of the work has fired. Not told when the work just ended. */
  readonly lost: LostError
  /** The work failed or is stuck, or standing failed; unless it was closed, it goes on. */
  readonly error: unknown
}

const STOP_TIMEOUT_MS = 5_000
const BACK_OFF_MS_MIN = 100
const BACK_OFF_MS_MAX = 10_000

/**
 * Work that runs in one process of many; see the head of the file. Making one costs nothing.
 *
 * @example
 * const selector = new LeaderSelector(client, 'scheduler', { ttlSeconds: 5 })
 * selector.on('error', (error) => console.error(error))
 * selector.start(async (term) => {
 *   await schedule({ signal: term.signal, token: term.fencingToken })
 * })
 * await selector.close()
 */
export class LeaderSelector implements AsyncDisposable {
  readonly name: string
  readonly #client: Keyspace
  readonly #observer: ElectionObserver
  readonly #options: LeaderSelectorOptions
  readonly #stopTimeoutMs: number
  readonly #backoffMinMs: number
  readonly #backoffMaxMs: number
  readonly #events = new TypedEvents<LeaderSelectorEvents>({
    elected: true,
    lost: true,
    error: true,
  })
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  #term: LeaderTerm | undefined
  #stuck: WorkStuckError | undefined

  /**
   * @param name of the election: not empty, not ending in `/`.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, name: string, options: LeaderSelectorOptions = {}) {
    this.#observer = new ElectionObserver(client, name)
    // Refuses what no session can be made with.
    new SessionSource(client, options)
    this.#client = client
    this.name = name
    this.#options = options
    this.#stopTimeoutMs = positive(options.stopTimeoutMs ?? STOP_TIMEOUT_MS, 'stopTimeoutMs')
    this.#backoffMinMs = positive(options.backoffMinMs ?? BACK_OFF_MS_MIN, 'backoffMinMs')
    const backoffMaxMs = options.backoffMaxMs ?? Math.max(BACK_OFF_MS_MAX, this.#backoffMinMs)
    this.#backoffMaxMs = positive(backoffMaxMs, 'backoffMaxMs')
    if (this.#backoffMaxMs < this.#backoffMinMs)
      throw invalidArgument('backoffMaxMs must not be less than backoffMinMs.')
  }

  /** Adds a listener. Nobody needs to listen: an `error` without listeners ends nothing. */
  on<K extends keyof LeaderSelectorEvents>(
    name: K,
    listener: (event: LeaderSelectorEvents[K]) => void,
  ): this {
    this.#events.on(name, listener)
    return this
  }

  /** Takes a listener out. */
  off<K extends keyof LeaderSelectorEvents>(
    name: K,
    listener: (event: LeaderSelectorEvents[K]) => void,
  ): this {
    this.#events.off(name, listener)
    return this
  }

  /** Whether we lead right now, asking the time too. */
  get leads(): boolean {
    return this.#term?.leads ?? false
  }

  /** Who leads; null when nobody does. */
  leader(options: RequestOptions = {}): Promise<Candidate | null> {
    return this.#observer.leader(options)
  }

  /** Who leads and who waits, in order. */
  participants(options: RequestOptions = {}): Promise<Candidate[]> {
    return this.#observer.participants(options)
  }

  /**
   * Stands, and runs the work whenever we lead. What goes wrong is told as `error`.
   *
   * @throws {ConclaveError} `failed-precondition`: it runs; `closed`.
   */
  start(work: LeaderWork): void {
    this.#begin(work).catch((error) => this.#events.emit('error', error))
  }

  /**
   * Stands, and runs the work whenever we lead; resolves when the signal has fired, or
   * {@link close} was called, and the work has ended. With `autoRequeue: false`, after the
   * first term.
   *
   * @throws what the work throws, with `autoRequeue: false`; else that is told as `error`.
   * @throws {LostError} with `autoRequeue: false`: the leadership was lost before the work ended.
   * @throws {WorkStuckError} the work went on for `stopTimeoutMs` after its signal. The
   *   leadership is given up all the same, and the selector is closed.
   * @throws {ConclaveError} `failed-precondition`: it runs; `closed`, also when the client was closed under it.
   */
  async run(
    work: LeaderWork,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    await this.#begin(work, signal)
  }

  /**
   * Stops: the signal of the work fires, and when it has ended, or `stopTimeoutMs` later, the
   * session ends, and the next one leads. Idempotent. A work that awaits it waits for itself,
   * so long.
   *
   * @throws {WorkStuckError} the work goes on. It does not lead any more.
   */
  async close(): Promise<void> {
    this.#closing.abort(stopped())
    await this.#running?.catch(() => {})
    if (this.#stuck !== undefined) throw this.#stuck
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #begin(work: LeaderWork, signal?: AbortSignal): Promise<void> {
    if (this.#closing.signal.aborted)
      throw new ConclaveError(
        'closed',
        `The leader selector '${this.name}' is closed; make a new one.`,
      )
    if (this.#running !== undefined)
      throw new ConclaveError('failed-precondition', `'${this.name}' runs already.`)
    const stop = new AbortController()
    const onStop = () => stop.abort(stopped())
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])]
    const unhooks = signals.map((one) => onAbort(one, onStop))
    this.#running = this.#run(work, stop.signal).finally(() => {
      this.#running = undefined
      for (const unhook of unhooks) unhook()
    })
    return this.#running
  }

  async #run(work: LeaderWork, stopping: AbortSignal): Promise<void> {
    const source = new SessionSource(this.#client, this.#options)
    try {
      await this.#stand(source, work, stopping)
    } catch (error) {
      if (!(error instanceof WorkStuckError)) throw error
      this.#stuck = error
      this.#closing.abort(error)
      throw error
    } finally {
      await source.close()
    }
  }

  /** Steps 1 to 5. */
  async #stand(source: SessionSource, work: LeaderWork, stopping: AbortSignal): Promise<void> {
    const { autoRequeue = true } = this.#options
    let failures = 0
    while (!stopping.aborted) {
      try {
        const session = await source.get({ signal: stopping })
        const leadership = await this.#campaign(session, stopping)
        if (leadership !== undefined) {
          const lost = await this.#lead(session, leadership, work, stopping)
          if (!autoRequeue && lost !== undefined) throw lost
          if (!autoRequeue) return
          failures = 0
        }
      } catch (error) {
        if (stopping.aborted && (Object(error) as Error).cause === stopping.reason) return
        if (error instanceof WorkStuckError || this.#client.closed || !autoRequeue) throw error
        this.#events.emit('error', error)
        failures++
      }
      await this.#rest(failures, stopping)
    }
  }

  /** Step 2; undefined when it was in vain, and the next session may do better. */
  async #campaign(session: Session, stopping: AbortSignal): Promise<Leadership | undefined> {
    try {
      const value = this.#options.value ?? session.owner
      const leadership = await new Election(session, this.name).campaign(value, {
        signal: stopping,
      })
      return leadership.leads && !stopping.aborted ? leadership : undefined
    } catch (error) {
      if (error instanceof LostError) return undefined
      await session.close().catch(() => {})
      throw error
    }
  }

  /** Steps 3 and 4; why the leadership was lost, if it was. */
  async #lead(
    session: Session,
    leadership: Leadership,
    work: LeaderWork,
    stopping: AbortSignal,
  ): Promise<LostError | undefined> {
    const term = new LeaderTerm(leadership, stopping)
    const tellLoss = () => this.#events.emit('lost', leadership.signal.reason)
    leadership.signal.addEventListener('abort', tellLoss, { once: true })
    this.#term = term
    try {
      this.#events.emit('elected', term)
      await runTerm(term, work, {
        client: this.#client,
        stopTimeoutMs: this.#stopTimeoutMs,
        stopping,
        tell: (error) => this.#events.emit('error', error),
      })
      return term.lost
    } finally {
      leadership.signal.removeEventListener('abort', tellLoss)
      term.end()
      await this.#giveUp(session, leadership, stopping)
    }
  }

  async #giveUp(session: Session, leadership: Leadership, stopping: AbortSignal): Promise<void> {
    // The end of the session frees the key, too.
    if (stopping.aborted || !leadership.leads) return
    try {
      await leadership.resign().catch(exceptLost)
    } catch (error) {
      this.#events.emit('error', error)
      await session.close().catch(() => {})
    }
  }

  /** Step 5. */
  async #rest(failures: number, stopping: AbortSignal): Promise<void> {
    const backOffMs = Math.min(this.#backoffMaxMs, this.#backoffMinMs * 2 ** failures)
    await pause(this.#client, jittered(this.#client, backOffMs), stopping)
  }
}

function stopped(): ConclaveError {
  return new ConclaveError('cancelled', 'The leader selector stops.')
}

function positive(ms: number, what: string): number {
  if (!(ms > 0) || ms === Number.POSITIVE_INFINITY)
    throw invalidArgument(`${what} is a finite number greater than 0, not ${ms}.`)
  return ms
}

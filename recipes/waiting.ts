/** How long somebody waits: a signal, a time and a session (or a client), whichever ends first. */

import { setMaxListeners } from 'node:events'
import { ConclaveError, type Keyspace, type Timer } from '../client/index.js'
import { checkPositive } from './numbers.js'
import type { Session } from './session.js'

/** What every waiting call takes. */
export interface WaitOptions {
  /** Aborting ends the wait with code `cancelled`; a signal of `AbortSignal.timeout()` as `timeoutMs` does. */
  readonly signal?: AbortSignal | undefined
  /** Longest time to wait, in milliseconds; it ends with `deadline-exceeded`. Default: as long as the session lives, or the client. */
  readonly timeoutMs?: number | undefined
}

/** One wait. Close it when it is over. */
export class Waiting {
  readonly #controller = new AbortController()
  readonly #closers: (() => void)[] = []
  readonly #on: Session | Keyspace
  #closed = false

  /**
   * @param on what the wait needs: it ends when the session is lost, or the client is closed.
   * @param what names what is waited for, as in "The lock a".
   */
  constructor(on: Session | Keyspace, { signal, timeoutMs }: WaitOptions, what: string) {
    this.#on = on
    if (timeoutMs !== undefined) checkPositive(timeoutMs, 'timeoutMs')
    this.#checkAlive()
    const onAbort = () => this.#end(aborted(signal?.reason, what))
    letManyListen(signal)
    if (signal?.aborted) onAbort()
    else this.#listen(signal, timeoutMs, onAbort, what)
  }

  #listen(
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    onAbort: () => void,
    what: string,
  ): void {
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#closers.push(() => signal?.removeEventListener('abort', onAbort))
    if ('onLost' in this.#on) this.#closers.push(this.#on.onLost((error) => this.#end(error)))
    if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) return
    const timer: Timer = this.client.clock.after(timeoutMs, () =>
      this.#end(
        new ConclaveError('deadline-exceeded', `${what} was not granted within ${timeoutMs} ms.`),
      ),
    )
    this.#closers.push(() => timer.cancel())
  }

  /** Aborts when the wait is over; the reason is the error to fail with. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get over(): boolean {
    return this.signal.aborted
  }

  get client(): Keyspace {
    return 'onLost' in this.#on ? this.#on.client : this.#on
  }

  /** @throws why the wait is over, or that the session is lost or the client closed. */
  check(): void {
    this.signal.throwIfAborted()
    this.#checkAlive()
  }

  /** Rejects with the reason, `ms` after the wait is over; never settles before. */
  overdue(ms: number): Promise<never> {
    return new Promise((_resolve, reject) => {
      const onOver = () => {
        if (this.#closed) return
        const { reason } = this.signal
        const timer = this.client.clock.after(ms, () => reject(reason))
        this.#closers.push(() => timer.cancel())
      }
      if (this.over) onOver()
      else this.signal.addEventListener('abort', onOver, { once: true })
    })
  }

  /** Nobody waits any more. Idempotent. */
  close(): void {
    this.#closed = true
    for (const close of this.#closers.splice(0)) close()
  }

  #checkAlive(): void {
    if ('onLost' in this.#on) this.#on.check()
    else if (this.#on.closed)
      throw new ConclaveError('closed', 'The client is closed; make a new one.')
  }

  #end(error: Error): void {
    this.#controller.abort(error)
  }
}

/** Any number may wait with one signal: Node warns of a leak when there are more than ten. */
function letManyListen(signal: AbortSignal | undefined): void {
  if (signal instanceof EventTarget) setMaxListeners(0, signal)
}

/** Why a signal ended the wait: its time is over, or somebody wants it so. */
function aborted(cause: unknown, what: string): ConclaveError {
  if ((Object(cause) as { name?: unknown }).name === 'TimeoutError')
    return new ConclaveError('deadline-exceeded', `${what} was not granted in time.`, { cause })
  const inner = what.charAt(0).toLowerCase() + what.slice(1)
  return new ConclaveError('cancelled', `The wait for ${inner} was aborted.`, { cause })
}

/** A wait that is over rejects when what it began is undone, but no later than this, in milliseconds. */
const WITHDRAW_MS = 1_000

/**
 * Runs something for as long as somebody waits for it, and rejects soon after the wait is
 * over although its end goes on.
 *
 * @param what names what is waited for, as in "The lock a".
 * @throws why the wait is over, when it is, whatever `run` fails with.
 */
export async function waitingFor<T>(
  session: Session,
  options: WaitOptions,
  what: string,
  run: (waiting: Waiting) => Promise<T>,
): Promise<T> {
  const waiting = new Waiting(session, options, what)
  try {
    return await Promise.race([run(waiting), waiting.overdue(WITHDRAW_MS)])
  } catch (error) {
    throw waiting.over ? waiting.signal.reason : error
  } finally {
    waiting.close()
  }
}

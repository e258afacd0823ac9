/** Everything that waits in a client, so that one `close` ends all of it. */

import { abortedFor, type ConclaveError, errorOf } from '../errors.js'
import type { Clock } from '../host/clock.js'

/** Something that ends with the connection. */
export interface Closable {
  close(error: ConclaveError): void
}

/** The waits of a client. */
export class Waits {
  readonly #clock: Clock
  readonly #open = new Set<Closable>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves after `ms`; rejects when the signal aborts or the client closes. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#wait<void>(ms, signal, (resolve) => resolve())
  }

  /**
   * As `work`, but not longer than `ms`; rejects, too, when the signal aborts or the client
   * closes. The work itself goes on.
   *
   * @param late the error when the time is over; `deadline-exceeded` when absent.
   */
  within<T>(
    work: Promise<T>,
    ms: number,
    signal?: AbortSignal,
    late: () => Error = () => errorOf('deadline-exceeded'),
  ): Promise<T> {
    return this.#wait<T>(ms, signal, (_resolve, reject) => reject(late()), work)
  }

  /** Registers what `close` must end; returns how to take it back. */
  own(closable: Closable): () => void {
    this.#open.add(closable)
    return () => this.#open.delete(closable)
  }

  /** Ends all that waits. */
  close(error: ConclaveError): void {
    for (const closable of [...this.#open]) closable.close(error)
  }

  #wait<T>(
    ms: number,
    signal: AbortSignal | undefined,
    over: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
    work?: Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        work?.catch(() => {})
        return reject(abortedFor(signal.reason))
      }
      const settle = (act: () => void) => {
        timer.cancel()
        disown()
        signal?.removeEventListener('abort', onAbort)
        act()
      }
      const onAbort = () => settle(() => reject(abortedFor(signal?.reason)))
      const disown = this.own({ close: (error) => settle(() => reject(error)) })
      const timer = this.#clock.after(ms, () => settle(() => over(resolve, reject)))
      signal?.addEventListener('abort', onAbort, { once: true })
      work?.then(
        (value) => settle(() => resolve(value)),
        (error) => settle(() => reject(error)),
      )
    })
  }
}

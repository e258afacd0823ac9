/** Those who wait for the same thing, each with a signal and a time of its own. */

import { ConclaveError, type Keyspace } from '../client/index.js'
import { invalidArgument } from './errors.js'
import type { WaitOptions } from './waiting.js'

/** See the head of the file. No session is needed, unlike for a `Waiting`. */
export class Waiters {
  readonly #client: Keyspace
  readonly #what: string
  readonly #all = new Set<(error?: unknown) => void>()

  /** @param what is waited for, as in "The key a". */
  constructor(client: Keyspace, what: string) {
    this.#client = client
    this.#what = what
  }

  /**
   * Waits until {@link resolve} or {@link reject}.
   *
   * @param why tells what stands in the way, for the `cause` of a wait that took too long.
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`, `invalid-argument`; what it is rejected with.
   */
  wait({ signal, timeoutMs }: WaitOptions, why: () => unknown = () => undefined): Promise<void> {
    if (timeoutMs !== undefined && !(timeoutMs > 0))
      throw invalidArgument(`timeoutMs is a positive number of milliseconds, not ${timeoutMs}.`)
    const cancelled = () =>
      new ConclaveError('cancelled', `The wait for ${this.#what} was aborted.`, {
        cause: signal?.reason,
      })
    if (signal?.aborted) return Promise.reject(cancelled())
    return new Promise((resolve, reject) => {
      const finish = (error?: unknown) => {
        this.#all.delete(finish)
        timer?.cancel()
        signal?.removeEventListener('abort', onAbort)
        if (error === undefined) resolve()
        else reject(error)
      }
      const onAbort = () => finish(cancelled())
      const isTimed = timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY
      const onLate = () => {
        const text = `${this.#what} took longer than ${timeoutMs} ms.`
        finish(new ConclaveError('deadline-exceeded', text, { cause: why() }))
      }
      const timer = isTimed ? this.#client.clock.after(timeoutMs, onLate) : undefined
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#all.add(finish)
    })
  }

  /** What was waited for is so. */
  resolve(): void {
    for (const finish of [...this.#all]) finish()
  }

  /** It will not be so. */
  reject(error: unknown): void {
    for (const finish of [...this.#all]) finish(error)
  }
}

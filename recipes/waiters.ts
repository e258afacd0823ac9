/** Those who wait for the same thing, which becomes so for all of them at once. */

import { ConclaveError, type Keyspace } from '../client/index.js'
import { hasCode } from './errors.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** See the head of the file. */
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
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`, `closed`, `invalid-argument`; what it is rejected with.
   */
  async wait(options: WaitOptions, why: () => unknown = () => undefined): Promise<void> {
    const waiting = new Waiting(this.#client, options, this.#what)
    try {
      waiting.check()
      await this.#told(waiting.signal)
    } catch (error) {
      throw error === waiting.signal.reason ? withCause(error, why()) : error
    } finally {
      waiting.close()
    }
  }

  /** What was waited for is so. */
  resolve(): void {
    for (const finish of [...this.#all]) finish()
  }

  /** It will not be so. */
  reject(error: unknown): void {
    for (const finish of [...this.#all]) finish(error)
  }

  #told(over: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error?: unknown) => {
        this.#all.delete(finish)
        over.removeEventListener('abort', onOver)
        if (error === undefined) resolve()
        else reject(error)
      }
      const onOver = () => finish(over.reason)
      over.addEventListener('abort', onOver, { once: true })
      this.#all.add(finish)
    })
  }
}

/** What stood in the way says more of a wait that took too long than its timer does. */
function withCause(error: unknown, cause: unknown): unknown {
  const isLate = hasCode(error, 'deadline-exceeded')
  if (!isLate || cause === undefined) return error
  return new ConclaveError(error.code, error.message, { cause })
}

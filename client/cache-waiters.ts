/** Who waits for a cache to reach a revision. */

import { Waits } from './connection/waits.js'
import type { ConclaveError } from './errors.js'
import type { Clock } from './host/clock.js'

interface Waiter {
  readonly revision: number
  readonly resolve: () => void
  readonly reject: (error: ConclaveError) => void
}

/** Waiters by the revision that they want. All of them end with the cache. */
export class CacheWaiters {
  /** Everything that waits with a limit. */
  readonly waits: Waits
  readonly #waiters = new Set<Waiter>()
  /** No waiter wants less. */
  #lowest = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.waits = new Waits(clock)
  }

  get isWaitedFor(): boolean {
    return this.#waiters.size > 0
  }

  /** Resolves when the revision is reached; 0 is that of the first list. */
  async until(revision: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    let waiter: Waiter | undefined
    const reached = new Promise<void>((resolve, reject) => {
      waiter = { revision, resolve, reject }
      this.#waiters.add(waiter)
    })
    this.#lowest = Math.min(this.#lowest, revision)
    try {
      await this.within(reached, timeoutMs, signal)
    } finally {
      this.#waiters.delete(waiter!)
    }
  }

  /** As `work`, within limits; without any it is just the work. */
  within<T>(work: Promise<T>, timeoutMs: number, signal: AbortSignal | undefined): Promise<T> {
    if (timeoutMs === Number.POSITIVE_INFINITY && signal === undefined) return work
    return this.waits.within(work, Math.min(timeoutMs, TIMEOUT_MS_MAX), signal)
  }

  /** The cache has come so far. */
  reached(revision: number): void {
    if (revision < this.#lowest) return
    this.#lowest = Number.POSITIVE_INFINITY
    for (const waiter of [...this.#waiters]) {
      if (waiter.revision > revision) this.#lowest = Math.min(this.#lowest, waiter.revision)
      else {
        this.#waiters.delete(waiter)
        waiter.resolve()
      }
    }
  }

  /** The cache is over. */
  close(error: ConclaveError): void {
    for (const { reject } of this.#waiters) reject(error)
    this.#waiters.clear()
    this.waits.close(error)
  }
}

/** Timers take 32-bit delays. */
const TIMEOUT_MS_MAX = 2_147_483_647

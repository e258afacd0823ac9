/** One writer, many watchers: the next put follows when the last watcher has seen the last one. */

import type { Tally, Workload } from './closed-loop.js'

/** A put that not all watchers see within this time is a failure. */
const PATIENCE_MS = 20_000

/** See the head of the file. */
export class FanOut implements Workload {
  /** The one that writes. */
  readonly callers = 1
  readonly #watchers: number
  readonly #put: () => Promise<unknown>
  #waiting = 0
  #onEvent: () => void = () => {}

  /** @param put changes the key that is watched. */
  constructor(watchers: number, put: () => Promise<unknown>) {
    this.#watchers = watchers
    this.#put = put
  }

  /** A watcher got an event. */
  seen(): void {
    this.#onEvent()
  }

  async turn(_caller: number, tally: Tally): Promise<void> {
    this.#waiting = this.#watchers
    const startedMs = performance.now()
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.#waiting} watchers saw nothing`)),
        PATIENCE_MS,
      )
      this.#onEvent = () => {
        tally.record(performance.now() - startedMs)
        if (--this.#waiting > 0) return
        clearTimeout(timer)
        resolve()
      }
      this.#put().catch((error: unknown) => {
        clearTimeout(timer)
        reject(error)
      })
    })
  }
}

/** Rests between one trouble and the next, longer while they follow quickly on each other. */

import type { Keyspace } from '../client/index.js'
import { jittered, pause } from './pause.js'

const REST_MS_MIN = 100
const REST_MS_MAX = 5_000
/** Trouble after so long is new trouble, in milliseconds. */
const CALM_MS = 10_000

/** See the head of the file. Rests differ from process to process. */
export class BackOff {
  readonly #client: Keyspace
  readonly #signal: AbortSignal
  #restMs = 0
  #endedAtMs = Number.NEGATIVE_INFINITY

  /** @param signal ends rests early. */
  constructor(client: Keyspace, signal: AbortSignal) {
    this.#client = client
    this.#signal = signal
  }

  /** @param firstMs the longest rest after new trouble; 0 is none. */
  async rest(firstMs: number): Promise<void> {
    const { clock } = this.#client
    const isNew = clock.now() - this.#endedAtMs > CALM_MS
    const longerMs = Math.min(Math.max(REST_MS_MIN, 2 * this.#restMs), REST_MS_MAX)
    this.#restMs = isNew ? firstMs : longerMs
    if (this.#restMs > 0)
      await pause(this.#client, jittered(this.#client, this.#restMs), this.#signal)
    this.#endedAtMs = clock.now()
  }
}

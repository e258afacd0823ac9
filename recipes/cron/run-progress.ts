/** Writes how far a run has come into its mark, once a second at most; the last value wins. */

import { type Compare, type Keyspace, op, type Timer } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import type { MarkRecord } from './records.js'

const INTERVAL_MS = 1_000
const LENGTH_MAX = 4_096

/** See the head of the file. */
export class RunProgress {
  value: unknown
  readonly #client: Keyspace
  readonly #key: string
  readonly #mark: MarkRecord
  readonly #guard: Compare[]
  #timer: Timer | undefined
  #isNew = false
  #closed = false

  /** @param guard makes a write that comes too late do nothing. */
  constructor(client: Keyspace, key: string, mark: MarkRecord, guard: Compare[]) {
    this.#client = client
    this.#key = key
    this.#mark = mark
    this.#guard = guard
  }

  /** @throws {ConclaveError} `invalid-argument`: JSON has no way to write it, or it is too long. */
  set(value: unknown): void {
    const text: string | undefined = JSON.stringify(value)
    if (text === undefined || text.length > LENGTH_MAX)
      throw invalidArgument(`Progress is JSON of at most ${LENGTH_MAX} characters.`)
    if (this.#closed) return
    this.value = value
    this.#isNew = true
    if (this.#timer === undefined) this.#write()
  }

  /** Nothing is written any more. */
  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #write(): void {
    if (this.#closed || !this.#isNew) {
      this.#timer = undefined
      return
    }
    this.#isNew = false
    this.#timer = this.#client.clock.after(INTERVAL_MS, () => this.#write())
    const value = JSON.stringify({ ...this.#mark, progress: this.value })
    const write = this.#client
      .txn()
      .if(...this.#guard)
      .then(op.put(this.#key, value, { ignoreLease: true }))
      .commit()
    // It is for people to look at; the next one may do better.
    write.catch(() => {})
  }
}

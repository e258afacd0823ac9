/**
 * The writes of one pipeline stream, from their arrival until they are applied here.
 *
 *     gathered -> sealed into batches -> proposed -> applied, or proposed again
 *
 * A batch is one log entry, and apply runs an entry in one go, on every member: so it is
 * kept short, and ends behind a call that may touch any number of keys.
 *
 * A batch is encoded once. Those that are not applied stand in order, and are proposed in
 * order: apply takes a write only behind the one before it, so when a batch is lost those
 * behind it have no effect, and all of them are proposed again. That may be done at any
 * time, for what has been applied is passed over.
 */

import { Command } from '../../client/wire/generated/command.js'
import { PIPELINE_BATCH_CALLS_MAX } from '../limits.js'

/** What writes need of their stream. */
export interface PipelineWritesOptions {
  /** The lease that is the session. */
  readonly session: bigint
  /** The log entry that granted it. */
  readonly grantedIndex: number
  /** Encoded calls in one proposal; a single larger one goes alone. */
  readonly batchBytesMax: number
  /** Hands bytes to raft. @returns false when they were dropped, and may be proposed later. */
  readonly propose: (data: Uint8Array) => boolean
}

/** Consecutive writes in one proposal. */
interface Batch {
  /** The number of the last write in it; 0 when there is none. */
  readonly last: number
  /** It has no writes, and says only what may be forgotten. */
  readonly isWord: boolean
  readonly data: Uint8Array
}

/** What a call takes in a batch besides its own bytes, at most. */
const CALL_OVERHEAD_BYTES = 6

/** See the head of the file. */
export class PipelineWrites {
  readonly #options: PipelineWritesOptions
  /** Not applied yet, oldest first. */
  #batches: Batch[] = []
  /** How many of `#batches` raft has taken. */
  #proposed = 0
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  /** The number of the last write that was added. */
  #last = 0
  #acknowledged = 0

  constructor(options: PipelineWritesOptions) {
    this.#options = options
  }

  /** Whether there are writes that are not applied here. */
  get isWaiting(): boolean {
    return this.#batches.length > 0
  }

  /** Answers up to this number may be forgotten; the next batch says so. */
  acknowledge(sequence: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, sequence)
  }

  /** Takes a write; its number follows on the one before. */
  add(sequence: number, data: Uint8Array): void {
    const bytes = data.length + CALL_OVERHEAD_BYTES
    const isFull = this.#gathered.length >= PIPELINE_BATCH_CALLS_MAX
    if (isFull || this.#gatheredBytes + bytes > this.#options.batchBytesMax) this.seal()
    this.#gathered.push(data)
    this.#gatheredBytes += bytes
    this.#last = sequence
  }

  /** What was gathered is a batch; the next write stands in another. */
  seal(): void {
    const calls = this.#gathered
    if (calls.length === 0) return
    const data = this.#encode(this.#last - calls.length + 1, calls)
    this.#batches.push({ last: this.#last, isWord: false, data })
    this.#gathered = []
    this.#gatheredBytes = 0
  }

  /** Proposes what was gathered. */
  flush(): void {
    this.seal()
    this.resume()
  }

  /** Up to this number everything is applied. */
  applied(sequence: number): void {
    while (this.#batches.length > 0 && this.#batches[0]!.last <= sequence) {
      this.#batches.shift()
      this.#proposed = Math.max(0, this.#proposed - 1)
    }
  }

  /** Proposes what raft has not taken. @returns whether it has taken everything. */
  resume(): boolean {
    while (this.#proposed < this.#batches.length) {
      if (!this.#options.propose(this.#batches[this.#proposed]!.data)) return false
      this.#proposed++
    }
    return true
  }

  /** The answers up to this number may be forgotten, as far as the client has said. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** As {@link repeat}, with word of what may be forgotten in front: the session waits for it. */
  goOn(): void {
    const batches = this.#batches
    const next = batches[0]
    if (next === undefined) return
    if (next.isWord) batches.shift()
    const data = this.#encode(this.#last + 1, [])
    batches.unshift({ last: 0, isWord: true, data })
    this.repeat()
  }

  /** Proposes everything again that is not applied. */
  repeat(): void {
    this.#proposed = 0
    this.resume()
  }

  #encode(first: number, calls: Uint8Array[]): Uint8Array {
    const { session, grantedIndex } = this.#options
    const pipeline = { session, grantedIndex, acknowledged: this.#acknowledged, first, calls }
    return Command.encode({ pipeline }).finish()
  }
}

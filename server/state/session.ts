/**
 * One session as it is held in memory: how far its writes are applied, and their answers.
 *
 * The answers of one batch stand together, as one record of the backend does. A batch
 * leaves when all of its answers are acknowledged; until then the answers before the
 * acknowledged number are out of reach and do not count any more.
 */

import { NO_BYTES } from '../../client/wire/codec.js'
import type { AnswersRecord } from '../../client/wire/generated/command.js'
import { idKey } from './id-key.js'

/** The queue is moved together when so many slots at its head are free. */
const FREE_SLOTS_MAX = 1024

/** See the head of the file. Changed by Sessions only. */
export class Session {
  /** The last write that was applied; 0 before the first. */
  applied = 0
  /** Answers up to here are forgotten. Invariant: not above `applied`. */
  acknowledged = 0
  /** What the answers above `acknowledged` take, in bytes. */
  answerBytes = 0
  /** Names the session in the backend. */
  readonly key: string
  /**
   * From `#head` on, oldest first, none empty. Invariant: consecutive, the last one ends at
   * `applied`, and the first one holds the answer after `acknowledged`.
   */
  readonly #batches: (AnswersRecord | undefined)[] = []
  #head = 0

  constructor(
    /** The lease that is the session. */
    readonly id: bigint,
    /** The log entry that granted the lease. */
    readonly grantedIndex: number,
  ) {
    this.key = idKey(id)
  }

  /** How many answers are kept. */
  get answerCount(): number {
    return this.applied - this.acknowledged
  }

  /** The first number of each batch that is kept, oldest first. */
  get batchStarts(): number[] {
    return this.#batches.slice(this.#head).map((batch) => batch!.first)
  }

  /** The answer of that write, unless it is acknowledged or not applied. */
  answer(sequence: number): Uint8Array | undefined {
    if (sequence <= this.acknowledged || sequence > this.applied) return undefined
    const batch = this.#batchOf(sequence)
    return batch.answers[sequence - batch.first]
  }

  /** Begins a batch: the answers that follow stand in it. */
  begin(): AnswersRecord {
    const batch = { first: this.applied + 1, answers: [] }
    this.#batches.push(batch)
    return batch
  }

  /** The write after `applied` is applied; its answer goes to the batch begun last. */
  push(batch: AnswersRecord, answer: Uint8Array): void {
    batch.answers.push(answer)
    this.applied++
    this.answerBytes += answer.length
  }

  /** Takes in a batch as it was stored; they come oldest first, after `acknowledged` is set. */
  restore(batch: AnswersRecord): void {
    const { first, answers } = batch
    const next = this.#batches.length === this.#head ? first : this.#nextAfterLast()
    if (answers.length === 0 || first !== next)
      throw new Error(`The backend is damaged: session ${this.id} has answers at ${first}`)
    this.#batches.push(batch)
    const skipped = Math.max(0, this.acknowledged + 1 - first)
    for (let i = skipped; i < answers.length; i++) this.answerBytes += answers[i]!.length
  }

  /** @throws Error what was restored does not reach from `acknowledged` to `applied`. */
  assertWhole(): void {
    const { applied, acknowledged } = this
    const kept = this.#batches[this.#head]
    const from = kept?.first ?? applied + 1
    const to = kept === undefined ? applied : this.#nextAfterLast() - 1
    const fits = kept === undefined || from + kept.answers.length - 1 > acknowledged
    if (acknowledged <= applied && from <= acknowledged + 1 && to === applied && fits) return
    throw new Error(
      `The backend is damaged: session ${this.id} has answers ${from} to ${to}, not ${acknowledged + 1} to ${applied}`,
    )
  }

  /** Forgets answers up to `sequence`, which is not above `applied`. Returns where the batches began that are gone. */
  forget(sequence: number): number[] {
    const gone: number[] = []
    for (; this.#head < this.#batches.length; this.#head++) {
      const batch = this.#batches[this.#head]!
      this.#release(batch, sequence)
      if (batch.first + batch.answers.length - 1 > sequence) break
      gone.push(batch.first)
      this.#batches[this.#head] = undefined
    }
    this.acknowledged = sequence
    if (this.#head >= FREE_SLOTS_MAX && this.#head * 2 >= this.#batches.length) {
      this.#batches.splice(0, this.#head)
      this.#head = 0
    }
    return gone
  }

  /** The answers that are kept, oldest first. */
  *answers(): Iterable<Uint8Array> {
    for (let at = this.acknowledged + 1; at <= this.applied; at++) yield this.answer(at)!
  }

  /** Answers of the batch up to `sequence` take no room any more. */
  #release({ first, answers }: AnswersRecord, sequence: number): void {
    const to = Math.min(first + answers.length - 1, sequence)
    for (let at = Math.max(first, this.acknowledged + 1); at <= to; at++) {
      this.answerBytes -= answers[at - first]!.length
      answers[at - first] = NO_BYTES
    }
  }

  #nextAfterLast(): number {
    const { first, answers } = this.#batches.at(-1)!
    return first + answers.length
  }

  #batchOf(sequence: number): AnswersRecord {
    let low = this.#head
    let high = this.#batches.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#batches[middle]!.first <= sequence) low = middle
      else high = middle - 1
    }
    return this.#batches[low]!
  }
}

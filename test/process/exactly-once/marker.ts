/**
 * A client at work: puts its marks into its list, several at a time, now and then a burst,
 * and reads the list between. It repeats nothing by itself.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, ConclaveError, op } from '../../../client/index.js'
import type { SeededRandom } from '../../model/random.js'
import { exponentialMs } from '../../sim/world/fork.js'
import type { MarkedRead, MarkedWrite, WriteOutcome } from './judge.js'

/** Where all lists stand. */
export const LISTS = 'list/'

/** Calls that one client has under way at most. */
const CALLS_MAX = 24
const BURST_MAX = 8
const STEPS = { put: 5, putPrevious: 2, txn: 3, read: 3 }
const TIMEOUT_MS_MIN = 1_000
const TIMEOUT_MS_MAX = 10_000

/** What all clients together did. */
export class MarkRecord {
  readonly writes: MarkedWrite[] = []
  readonly reads: MarkedRead[] = []
  /** The longest time in which no client was answered, in milliseconds. */
  longestSilenceMs = 0
  #answeredAtMs = performance.now()

  /** A client was answered. */
  answered(): void {
    const nowMs = performance.now()
    this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#answeredAtMs)
    this.#answeredAtMs = nowMs
  }
}

/** See the head of the file. */
export class Marker {
  readonly name: string
  readonly #client: Client
  readonly #random: SeededRandom
  readonly #record: MarkRecord
  readonly #underWay = new Set<Promise<void>>()
  #made = 0
  /** The newest revision of an answer. */
  #answered = 0
  #acknowledged = 0

  constructor(name: string, client: Client, random: SeededRandom, record: MarkRecord) {
    this.name = name
    this.#client = client
    this.#random = random
    this.#record = record
  }

  /** Writes that were answered well. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Works until the signal; resolves when all its calls have ended. */
  async run(stepsPerSecond: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(exponentialMs(this.#random, 1000 / stepsPerSecond), undefined, { signal }).catch(
        () => {},
      )
      const burst = this.#random.chance(0.1) ? this.#random.between(2, BURST_MAX) : 1
      for (let i = 0; i < burst && this.#underWay.size < CALLS_MAX; i++) this.#step()
    }
    await Promise.all(this.#underWay)
  }

  #step(): void {
    const kind = this.#random.weighted(STEPS)
    const timeoutMs = this.#random.between(TIMEOUT_MS_MIN, TIMEOUT_MS_MAX)
    const work = kind === 'read' ? this.#read(timeoutMs) : this.#write(kind, timeoutMs)
    this.#underWay.add(work)
    void work.then(() => this.#underWay.delete(work))
  }

  async #write(kind: 'put' | 'putPrevious' | 'txn', timeoutMs: number): Promise<void> {
    const write: MarkedWrite = { client: this.name, mark: ++this.#made, outcome: undefined }
    this.#record.writes.push(write)
    write.outcome = await this.#applied(kind, `${write.mark}`, timeoutMs).catch(outcomeOf)
    if (write.outcome.kind !== 'acknowledged') return
    this.#acknowledged++
    this.#heard(write.outcome.revision)
  }

  async #applied(
    kind: 'put' | 'putPrevious' | 'txn',
    mark: string,
    timeoutMs: number,
  ): Promise<WriteOutcome> {
    const { kv } = this.#client
    const key = LISTS + this.name
    if (kind === 'txn') {
      const txn = this.#client.txn().then(op.put(key, mark))
      const { revision } = await txn.commit({ timeoutMs })
      return { kind: 'acknowledged', revision }
    }
    if (kind === 'put') {
      const { revision } = await kv.put(key, mark, { timeoutMs })
      return { kind: 'acknowledged', revision }
    }
    const { revision, prev } = await kv.put(key, mark, { timeoutMs, prevKv: true })
    return { kind: 'acknowledged', revision, previous: Number(prev?.text() ?? 0) }
  }

  async #read(timeoutMs: number): Promise<void> {
    const before = { client: this.name, after: this.#made, answered: this.#answered }
    try {
      const kv = await this.#client.kv.get(LISTS + this.name, { timeoutMs })
      const saw = kv?.modRevision ?? 0
      this.#record.reads.push({ ...before, saw })
      this.#heard(saw)
    } catch (error) {
      // A read that fails has said nothing.
      if (!(error instanceof ConclaveError)) throw error
    }
  }

  #heard(revision: number): void {
    this.#answered = Math.max(this.#answered, revision)
    this.#record.answered()
  }
}

function outcomeOf(error: unknown): WriteOutcome {
  if (!(error instanceof ConclaveError)) throw error
  return { kind: error.outcomeUnknown ? 'unknown' : 'refused', code: error.code }
}

/**
 * One key that many change, each on the condition that it is still what they have seen.
 *
 * What was seen last is remembered, so a change that nobody comes before is one round trip. A
 * change that comes too late learns from the same answer what is there now, and tries again:
 * at once, or, every other time, with a fresh read after a pause that grows and is drawn at random.
 */

import {
  ConclaveError,
  compare,
  type Keyspace,
  type KeyValue,
  type OpResult,
  op,
  type RequestOptions,
} from '../client/index.js'
import { pause } from './pause.js'
import { ConflictError } from './stm.js'
import { commitBare, type Deed, type DeedResult, SureCommits } from './sure-commits.js'
import type { Waiting } from './waiting.js'

/** What the key was at one moment. */
export interface CellState {
  /** Undefined: there is no such key. */
  readonly kv: KeyValue | undefined
  /** Revision of its last put; 0 when there is none. */
  readonly modRevision: number
  /** The value; undefined when there is none. */
  readonly text: string | undefined
  /** When this was heard, on the client's monotonic clock: it was written before. */
  readonly heardAtMs: number
}

/** What a change came to. */
export interface CellChange {
  readonly before: CellState
  readonly after: CellState
}

const ATTEMPTS_MAX = 100
const BACK_OFF_MS_MIN = 2
const BACK_OFF_MS_MAX = 200

/** See the head of the file. */
export class Cell {
  readonly client: Keyspace
  readonly key: string
  readonly #what: string
  readonly #marks: string | undefined
  #known: CellState | undefined

  /**
   * @param what names it in errors, as in "The counter a".
   * @param marks where the marks of commits are whose answer may be lost; without, the
   *   outcome of such a change is unknown.
   */
  constructor(client: Keyspace, key: string, what: string, marks?: string) {
    this.client = client
    this.key = key
    this.#what = what
    this.#marks = marks
  }

  /** What is there now. */
  async read(options: RequestOptions = {}): Promise<CellState> {
    const { responses } = await this.client.txn().then(op.get(this.key)).commit(options)
    return this.#heard(responses)
  }

  /**
   * Puts what `next` makes of what is there; nothing when it gives undefined. It may be asked
   * several times, and the last answer counts: that to the state before the change.
   *
   * @throws {ConflictError} others were faster too often.
   * @throws {ConclaveError} with `outcomeUnknown`, `unavailable`, ….
   */
  async change(
    next: (state: CellState) => string | undefined,
    waiting: Waiting,
  ): Promise<CellChange> {
    const read = () => this.read({ signal: waiting.signal })
    let isFresh = this.#known === undefined
    let before = this.#known ?? (await read())
    for (let attempt = 1; ; ) {
      waiting.check()
      const text = this.#made(next, before, isFresh)
      if (text === undefined) {
        if (isFresh) return { before, after: before }
        before = await read()
      } else {
        const result = await this.#commit(before, text, waiting)
        if (result.succeeded) return { before, after: this.#wrote(text, result.revision) }
        if (attempt >= ATTEMPTS_MAX) throw new ConflictError(this.#what, attempt)
        before = this.#heard(result.responses)
        if (attempt++ % 2 === 0) {
          await this.#backOff(attempt, waiting)
          // What was heard before a pause is hardly true any more.
          before = await read()
        }
      }
      isFresh = true
    }
  }

  /** What is remembered is no reason to fail. */
  #made(
    next: (state: CellState) => string | undefined,
    before: CellState,
    isFresh: boolean,
  ): string | undefined {
    try {
      return next(before)
    } catch (error) {
      this.#known = undefined
      if (isFresh) throw error
      return undefined
    }
  }

  async #commit(before: CellState, text: string, waiting: Waiting): Promise<DeedResult> {
    const deed: Deed = {
      conditions: [compare(this.key).modRevision('=', before.modRevision)],
      writes: [op.put(this.key, text)],
      reads: [op.get(this.key)],
    }
    try {
      if (this.#marks === undefined) return await commitBare(this.client, deed, waiting)
      return await SureCommits.of(this.client, this.#marks).commit(deed, waiting)
    } catch (error) {
      this.#known = undefined
      throw error
    }
  }

  #heard(responses: readonly OpResult[]): CellState {
    const [result] = responses
    const kv = result?.type === 'get' ? result.kvs[0] : undefined
    const heardAtMs = this.client.clock.now()
    const state = { kv, modRevision: kv?.modRevision ?? 0, text: kv?.text(), heardAtMs }
    return this.#learn(state)
  }

  #wrote(text: string, modRevision: number): CellState {
    return this.#learn({ kv: undefined, modRevision, text, heardAtMs: this.client.clock.now() })
  }

  /** Answers may overtake each other: the newest counts, as it was first heard. */
  #learn(state: CellState): CellState {
    if (state.modRevision === 0 || state.modRevision > (this.#known?.modRevision ?? 0))
      this.#known = state
    return this.#known ?? state
  }

  async #backOff(attempt: number, waiting: Waiting): Promise<void> {
    const mostMs = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_MIN * 2 ** attempt)
    await pause(this.client, this.client.random.next() * mostMs, waiting.signal)
    waiting.check()
  }
}

/**
 * The whole number that a value says.
 *
 * @throws {ConclaveError} `invalid-value`: somebody else wrote there.
 */
export function numberIn(text: string, what: string): number {
  const value = Number(text)
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new ConclaveError(
    'invalid-value',
    `${what} has a value that is no number of ours: '${text.slice(0, 40)}'.`,
  )
}

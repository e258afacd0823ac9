/**
 * Numbers that are given out once.
 *
 * Promise: **no number is given out twice, by whatever process, and one handle gives out
 * greater and greater ones.** There may be gaps.
 *
 * One key, `<name>/next`, has the number that is free next. A handle claims a block of numbers
 * by moving it on, on the condition that it is as it was seen, and hands out the block from
 * its memory, in the order in which it is asked. A claim whose answer is lost is not resolved:
 * its block may have been claimed, so it is left out, and another is claimed.
 *
 * Gaps: what was claimed and not handed out is lost when the handle is dropped or its process
 * ends, also the rest of a block that is too short for `next(count)`. With a `blockSize` of 1,
 * the default, numbers of different processes are in the order of time, too, and only lost
 * answers and crashes make gaps.
 *
 * | | round trips |
 * | --- | --- |
 * | `next`, the block has enough | 0 |
 * | `next`, it has not | 1 for all that wait; the first of a handle 2; 1 more each time somebody came before us |
 */

import { ConclaveError, type Keyspace } from '../client/index.js'
import { Cell, type CellState, numberIn } from './cell.js'
import { invalidArgument } from './errors.js'
import { Inbox } from './inbox.js'
import { insist } from './insist.js'
import { checkName } from './names.js'
import { checkWhole } from './numbers.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** How a {@link Sequence} counts. */
export interface SequenceOptions {
  /** Numbers that are claimed at once, from 1 on. Default 1. */
  readonly blockSize?: number
  /** The first number of a sequence that does not exist yet. Default 1. */
  readonly first?: number
}

/** Most numbers that one call may want. */
const COUNT_MAX = 1e9

/**
 * A sequence by name; see the head of the file.
 *
 * @example
 * const orders = new Sequence(client, 'orders', { blockSize: 100 })
 * console.log(await orders.next())
 */
export class Sequence {
  readonly client: Keyspace
  readonly name: string
  readonly #cell: Cell
  readonly #what: string
  readonly #blockSize: number
  readonly #first: number
  /** How many numbers each wants. */
  readonly #wishes: Inbox<number, number>
  /** The block: from here to before `#end`. Invariant: claimed by us, and not handed out. */
  #next = Number.MIN_SAFE_INTEGER
  #end = Number.MIN_SAFE_INTEGER
  #isServing = false

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the sequence's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, name: string, options: SequenceOptions = {}) {
    const { blockSize = 1, first = 1 } = options
    checkName(name)
    checkWhole(blockSize, 'blockSize', 1, COUNT_MAX)
    if (!Number.isSafeInteger(first)) throw invalidArgument('first is a whole number.')
    this.client = client
    this.name = name
    this.#what = `The sequence '${name}'`
    this.#cell = new Cell(client, `${name}/next`, this.#what)
    this.#blockSize = blockSize
    this.#first = first
    this.#wishes = new Inbox(client, this.#what)
  }

  /**
   * The next number, or the first of `count` consecutive ones that are all ours.
   *
   * Asks until the cluster answers, or the wait is over.
   *
   * @throws {ConclaveError} `failed-precondition`: there are no more safe integers, or the
   *   sequence went back; `invalid-argument`, `cancelled`, `deadline-exceeded`, ….
   */
  async next(count = 1, options: WaitOptions = {}): Promise<number> {
    checkWhole(count, 'count', 1, COUNT_MAX)
    const given = this.#wishes.put(count, options)
    if (!this.#isServing) void this.#serve()
    return given
  }

  async #serve(): Promise<void> {
    this.#isServing = true
    try {
      for (;;) {
        const letter = this.#wishes.first
        if (letter === undefined) break
        if (this.#end - this.#next < letter.wish) await this.#claim()
        else {
          this.#next += letter.wish
          letter.grant(this.#next - letter.wish)
        }
      }
    } catch (error) {
      this.#wishes.refuseAll(error)
    } finally {
      this.#isServing = false
    }
  }

  /** Claims enough for all that wait, unless nobody waits any more. */
  async #claim(): Promise<void> {
    const waiting = new Waiting(this.client, {}, this.#what)
    const isOver = () => this.#wishes.size === 0
    try {
      await insist(this.client, isOver, async () => {
        const wished = this.#wishes.letters().reduce((sum, { wish }) => sum + wish, 0)
        const size = Math.max(this.#blockSize, wished - (this.#end - this.#next))
        const needed = Math.max(size, this.#wishes.first?.wish ?? 0)
        const { before } = await this.#cell.change((state) => this.#after(state, needed), waiting)
        const start = this.#startIn(before)
        if (start < this.#end) throw wentBack(this.#what)
        // A block that begins where ours ends makes ours longer.
        if (start !== this.#end || this.#next === this.#end) this.#next = start
        this.#end = start + needed
      })
    } finally {
      waiting.close()
    }
  }

  #after(state: CellState, count: number): string {
    const end = this.#startIn(state) + count
    if (Number.isSafeInteger(end)) return String(end)
    throw new ConclaveError('failed-precondition', `${this.#what} has no more safe integers.`)
  }

  #startIn({ text }: CellState): number {
    return text === undefined ? this.#first : numberIn(text, this.#what)
  }
}

/** Somebody deleted the key, or the cluster was restored from an old snapshot. */
function wentBack(what: string): ConclaveError {
  return new ConclaveError(
    'failed-precondition',
    `${what} went back: its key was deleted or restored, and it would give out numbers again.`,
  )
}

/**
 * A counter that all processes share.
 *
 * Promise: **every `add` that succeeds is counted once, and tells what the counter came to;
 * one that fails is not counted, unless it fails with `outcome-unknown`.**
 *
 * It is one key, `<name>/value`, with a decimal number in it that anybody may read. A change is
 * a transaction on the condition that the number is still the one that was seen (cell.ts). All
 * that one handle is asked to add while a change is under way is added by the next one. Where
 * calls are requests of their own a lost answer is resolved by marks under `<name>/marks/`
 * (sure-commits.ts), so nothing is counted twice.
 *
 * | | round trips |
 * | --- | --- |
 * | `add`, `set`, nobody comes before us | 1; the first of a handle 2 |
 * | the same, somebody came before us | 1 more for each time |
 * | 100 `add`s at once | as many as one, or two |
 * | `get` | 1 |
 *
 * Crash, partition: the counter is what was added; there is nothing to expire.
 */

import type { Keyspace, RequestOptions } from '../client/index.js'
import { Cell, type CellState, numberIn } from './cell.js'
import { invalidArgument } from './errors.js'
import { Inbox, type Letter } from './inbox.js'
import { checkName } from './names.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** A counter would leave the whole numbers that JavaScript tells apart, from -(2^53 - 1) to 2^53 - 1. Nothing was changed. */
export class CounterOverflowError extends RangeError {
  override readonly name = 'CounterOverflowError'
  readonly code = 'overflow'

  constructor(what: string, value: number, amount: number) {
    super(`${what} is ${value}, and ${amount} more cannot be counted exactly.`)
  }
}

/**
 * A counter by name; see the head of the file. Making one costs nothing.
 *
 * @example
 * const visits = new Counter(client, 'visits')
 * console.log(await visits.add(1))
 */
export class Counter {
  readonly client: Keyspace
  readonly name: string
  readonly #what: string
  readonly #cell: Cell
  readonly #adds: Inbox<number, number>
  #isAdding = false

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the counter's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, name: string) {
    checkName(name)
    this.client = client
    this.name = name
    this.#what = `The counter '${name}'`
    this.#cell = new Cell(client, `${name}/value`, this.#what, `${name}/marks`)
    this.#adds = new Inbox(client, this.#what)
  }

  /**
   * Adds a whole number, which may be negative.
   *
   * @returns what the counter came to.
   * @throws {CounterOverflowError}
   * @throws {ConclaveError} `outcome-unknown`, `conflict`, `invalid-argument`, `cancelled`,
   *   `deadline-exceeded`, ….
   */
  async add(amount = 1, options: WaitOptions = {}): Promise<number> {
    checkNumber(amount, 'What is added')
    const added = this.#adds.put(amount, options)
    if (!this.#isAdding) void this.#addAll()
    return added
  }

  /** What it is now: 0 when nothing was ever added. */
  async get(options: RequestOptions = {}): Promise<number> {
    return this.#numberIn(await this.#cell.read(options))
  }

  /**
   * Makes it this number, whatever it was.
   *
   * @returns what it was.
   * @throws {ConclaveError} as {@link add}.
   */
  async set(value: number, options: WaitOptions = {}): Promise<number> {
    checkNumber(value, 'A counter')
    return this.#change(() => value, options)
  }

  /**
   * Makes it this number if it is the expected one.
   *
   * @returns whether it was.
   * @throws {ConclaveError} as {@link add}.
   */
  async compareAndSet(
    expected: number,
    value: number,
    options: WaitOptions = {},
  ): Promise<boolean> {
    checkNumber(expected, 'What is expected')
    checkNumber(value, 'A counter')
    const next = (current: number) => (current === expected ? value : undefined)
    return (await this.#change(next, options)) === expected
  }

  async #change(
    next: (current: number) => number | undefined,
    options: WaitOptions,
  ): Promise<number> {
    const waiting = new Waiting(this.client, options, this.#what)
    try {
      const { before } = await this.#cell.change(
        (state) => next(this.#numberIn(state))?.toString(),
        waiting,
      )
      return this.#numberIn(before)
    } finally {
      waiting.close()
    }
  }

  async #addAll(): Promise<void> {
    this.#isAdding = true
    while (this.#adds.size > 0) {
      const batch = this.#adds.letters()
      for (const letter of batch) letter.take()
      await this.#addBatch(batch)
    }
    this.#isAdding = false
  }

  async #addBatch(batch: readonly Letter<number, number>[]): Promise<void> {
    let sums: (number | CounterOverflowError)[] = []
    const next = (current: number) => {
      sums = this.#sums(current, batch)
      return sums.findLast((sum) => typeof sum === 'number')
    }
    try {
      await this.#change(next, {})
      for (const [i, letter] of batch.entries()) {
        const sum = sums[i]!
        if (typeof sum === 'number') letter.grant(sum)
        else letter.refuse(sum)
      }
    } catch (error) {
      for (const letter of batch) letter.refuse(error)
    }
  }

  /** What the counter comes to after each, or why it cannot. */
  #sums(
    current: number,
    batch: readonly Letter<number, number>[],
  ): (number | CounterOverflowError)[] {
    let value = current
    return batch.map(({ wish }) => {
      const sum = value + wish
      if (!Number.isSafeInteger(sum)) return new CounterOverflowError(this.#what, value, wish)
      value = sum
      return sum
    })
  }

  #numberIn({ text = '0' }: CellState): number {
    return numberIn(text, this.#what)
  }
}

function checkNumber(value: number, what: string): void {
  if (!Number.isSafeInteger(value))
    throw invalidArgument(`${what} is a whole number of at most 2^53 - 1, not ${value}.`)
}

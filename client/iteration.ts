/**
 * An iteration that its reader can leave at any time.
 *
 * `return()` of an async generator waits until its pending `next()` has an answer, which may
 * be never, and runs nothing when nobody has called `next()` before. Here it is over at once:
 * what feeds it is told so in either case, and a `next()` that waits is done.
 */

import { checkSignal } from './request-checks.js'

/** Where values come from. */
export interface IterationSource<T> {
  /** The next value; undefined at the end. Asked for one at a time. */
  next(): Promise<T | undefined>
  /**
   * Nobody reads any more; a {@link next} that waits must come to an end now. Called once, at
   * the end and after a failure, too. Whoever leaves waits for it unless a `next()` waits.
   *
   * @param isWaiting does a `next()` wait?
   */
  leave(isWaiting: boolean): void | Promise<void>
}

/** Reads a source; see the head of the file. */
export class Iteration<T> implements AsyncGenerator<T, void, undefined> {
  readonly #source: IterationSource<T>
  /** Settles with the last `next()` that was asked for; each waits for the one before. */
  #last: Promise<unknown> = Promise.resolve()
  /** Calls of `next()` without a result. */
  #waiting = 0
  #isOver = false

  constructor(source: IterationSource<T>) {
    this.#source = source
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T, void>> {
    const result = this.#waiting++ === 0 ? this.#step() : this.#last.then(() => this.#step())
    this.#last = result.catch(() => {})
    return result
  }

  async return(): Promise<IteratorResult<T, void>> {
    await this.#leave()
    return { done: true, value: undefined }
  }

  /** @throws the error that is given. */
  async throw(error: unknown): Promise<never> {
    await this.#leave()
    throw error
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave()
  }

  async #step(): Promise<IteratorResult<T, void>> {
    try {
      const value = this.#isOver ? undefined : await this.#source.next()
      if (value !== undefined && !this.#isOver) return { done: false, value }
      this.#end()
    } catch (error) {
      // What a reader that has left does to the source is no failure.
      if (this.#isOver) return { done: true, value: undefined }
      this.#end()
      throw error
    } finally {
      this.#waiting--
    }
    return { done: true, value: undefined }
  }

  async #leave(): Promise<void> {
    const isWaiting = this.#waiting > 0
    const left = this.#end()
    if (!isWaiting) await left
  }

  #end(): void | Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    return this.#source.leave(this.#waiting > 0)
  }
}

/**
 * A generator that can be left while it waits: its signal aborts then.
 *
 * @param signal the caller's own, which aborts it, too.
 * @param begin makes the generator; called at the first `next()`.
 * @example
 * const values = leavable(undefined, async function* (signal) {
 *   for await (const { kv } of client.watch('color', { signal })) yield kv.text()
 * })
 * setTimeout(() => values.return(), 1_000) // also while it waits for the next one
 * for await (const value of values) console.log(value)
 */
export function leavable<T>(
  signal: AbortSignal | undefined,
  begin: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  const left = new AbortController()
  const relay = () => left.abort(signal?.reason)
  let values: AsyncGenerator<T, void, undefined> | undefined
  const start = () => {
    checkSignal(signal)
    if (signal?.aborted) relay()
    else signal?.addEventListener('abort', relay, { once: true })
    return begin(left.signal)
  }
  return new Iteration({
    next: async () => {
      values ??= start()
      const { value } = await values.next()
      return value as T | undefined
    },
    leave: async (isWaiting) => {
      signal?.removeEventListener?.('abort', relay)
      if (isWaiting) left.abort()
      // How it takes that is of no interest.
      await values?.return().catch(() => {})
    },
  })
}

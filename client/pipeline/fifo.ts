/** A queue that gives out what came first, without moving what stays. */

/** Places at the front that may be empty before the rest is moved up. */
const EMPTY_MAX = 1_024

/** First in, first out. */
export class Fifo<T> implements Iterable<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  /** The oldest; undefined when there is none. */
  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the oldest. */
  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (this.#head === this.#items.length) return undefined
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) this.replace([])
    else if (this.#head > EMPTY_MAX && this.#head * 2 > this.#items.length)
      this.replace(this.#items.slice(this.#head) as T[])
    return item
  }

  /** Holds these from now on, oldest first. The array is its own then. */
  replace(items: T[]): void {
    this.#items = items
    this.#head = 0
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i]!
  }
}

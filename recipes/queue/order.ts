/** Sorted lists of items: those that are ready, by their turn, and those that wait, by time. */

/** A list that stays sorted; what is in it is found by its place in the order. */
export class Sorted<T> {
  readonly #items: T[] = []
  readonly #before: (a: T, b: T) => number

  /** @param before as of `Array.sort`; 0 only for the same item. */
  constructor(before: (a: T, b: T) => number) {
    this.#before = before
  }

  get items(): readonly T[] {
    return this.#items
  }

  add(item: T): void {
    this.#items.splice(this.#placeOf(item), 0, item)
  }

  /** Nothing happens when it is not there. Call it before anything changes that it is sorted by. */
  delete(item: T): void {
    const place = this.#placeOf(item)
    if (this.#items[place] === item) this.#items.splice(place, 1)
  }

  clear(): void {
    this.#items.length = 0
  }

  /** The first place whose item does not come before. */
  #placeOf(item: T): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#before(this.#items[middle]!, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** What the order of items depends on. */
export interface Turn {
  readonly id: string
  readonly priority: number
  readonly createRevision: number
  readonly place: number
}

/** Greater priority first, then by the order of the log: no clock has a say. */
export function byTurn(a: Turn, b: Turn): number {
  return (
    b.priority - a.priority ||
    a.createRevision - b.createRevision ||
    a.place - b.place ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  )
}

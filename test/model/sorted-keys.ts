/** A sorted set of keys that finds intervals. */

/** See the head of the file. */
export class SortedKeys {
  /** Ascending, without duplicates. */
  readonly #keys: string[] = []

  /** Adds a key that is not there. */
  add(key: string): void {
    this.#keys.splice(this.#lowerBound(key), 0, key)
  }

  /** Removes a key that is there. */
  delete(key: string): void {
    this.#keys.splice(this.#lowerBound(key), 1)
  }

  /** The keys of etcd's `[key, range_end)`; empty end: that key; `\0`: all from it on. */
  select(key: string, rangeEnd: string): string[] {
    const from = this.#lowerBound(key)
    if (rangeEnd === '') return this.#keys[from] === key ? [key] : []
    if (rangeEnd === '\0') return this.#keys.slice(from)
    return this.#keys.slice(from, this.#lowerBound(rangeEnd))
  }

  /** How many keys are less than this one. */
  #lowerBound(key: string): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#keys[middle]! < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

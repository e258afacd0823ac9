/** A set of small numbers that tells its next member in one step. */

/** Numbers from 0 to `max`. */
export class ValueSet {
  /** For each number the least member that is not below it. */
  readonly #atOrAfter: (number | undefined)[]
  /** For each number the greatest member that is not above it. */
  readonly #atOrBefore: (number | undefined)[]
  readonly first: number
  readonly last: number

  /** @param values at least one, none above `max`. */
  constructor(values: readonly number[], max: number) {
    const members = new Set(values)
    this.first = Math.min(...members)
    this.last = Math.max(...members)
    this.#atOrAfter = Array(max + 1)
    this.#atOrBefore = Array(max + 1)
    for (let n = 0, found: number | undefined; n <= max; n++)
      this.#atOrBefore[n] = found = members.has(n) ? n : found
    for (let n = max, found: number | undefined; n >= 0; n--)
      this.#atOrAfter[n] = found = members.has(n) ? n : found
  }

  /** The least member that is not below `n`. */
  atOrAfter(n: number): number | undefined {
    return this.#atOrAfter[n]
  }

  /** The greatest member that is not above `n`. */
  atOrBefore(n: number): number | undefined {
    return this.#atOrBefore[n]
  }
}

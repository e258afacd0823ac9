/**
 * The terms of the log's entries, as runs: terms only grow along a log, so a few numbers
 * hold them all. Tells whether a snapshot's point is one that the log has.
 */

/** Consecutive entries of one term, from `index` up to the next run. */
interface Run {
  readonly index: number
  readonly term: number
}

/** Knows the term of every entry between a snapshot's point and the end of the log. */
export class TermRuns {
  #runs: Run[]
  #last: number

  /** @param index of the snapshot's point, with its term. */
  constructor(index: number, term: number) {
    this.#runs = [{ index, term }]
    this.#last = index
  }

  /** Index of the first point known. */
  get first(): number {
    return this.#runs[0]!.index
  }

  /** Index of the last entry. */
  get last(): number {
    return this.#last
  }

  /** An entry was written; those from its index on are gone. Index in `(first, last + 1]`. */
  append(index: number, term: number): void {
    if (index <= this.first || index > this.#last + 1)
      throw new Error(`entry ${index} does not follow a log of ${this.first} to ${this.#last}`)
    while (this.#runs.at(-1)!.index >= index) this.#runs.pop()
    if (this.#runs.at(-1)!.term !== term) this.#runs.push({ index, term })
    this.#last = index
  }

  /** The term of the entry, undefined outside `[first, last]`. */
  term(index: number): number | undefined {
    if (index < this.first || index > this.#last) return undefined
    return this.#runs.findLast((run) => run.index <= index)!.term
  }

  /** The log begins at `index` now, which it must hold. */
  forget(index: number): void {
    const term = this.term(index)
    if (term === undefined) throw new Error(`entry ${index} is not in the log`)
    this.#runs = [{ index, term }, ...this.#runs.filter((run) => run.index > index)]
  }
}

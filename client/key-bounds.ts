/** The bounds of a range, for keys that are compared in this process. */

import { type Bytes, toKey } from './bytes.js'
import { invalidArgument } from './errors.js'
import { keyText } from './key-text.js'
import { type Range, toRangeOrPrefix, type WireRange } from './range.js'

/** A key of these characters is its own {@link keyText}. */
const PLAIN = /^[ -~]+$/

/** Keys as {@link keyText}: from the first to before the second. */
export class KeyBounds {
  readonly from: string
  /** The first key behind them; undefined when there is no end. */
  readonly to: string | undefined

  constructor({ key, rangeEnd }: WireRange) {
    this.from = keyText(key)
    const end = keyText(rangeEnd)
    if (end === '') this.to = `${this.from}\0`
    else this.to = end === '\0' ? undefined : end
  }

  /** A key within. @throws {ConclaveError} `invalid-argument`: it is not. */
  textOf(key: Bytes): string {
    const text = typeof key === 'string' && PLAIN.test(key) ? key : keyText(toKey(key))
    if (text >= this.from && (this.to === undefined || text < this.to)) return text
    throw invalidArgument('The key is not in the range of the cache.')
  }

  /**
   * The bounds of a part; of all when none is named.
   *
   * @throws {ConclaveError} `invalid-argument`: it is not within.
   */
  partOf(range: Bytes | Range | undefined): KeyBounds {
    if (range === undefined) return this
    const part = new KeyBounds(toRangeOrPrefix(range))
    const endsWithin = this.to === undefined || (part.to !== undefined && part.to <= this.to)
    if (part.from >= this.from && endsWithin) return part
    throw invalidArgument('The range is not within that of the cache.')
  }
}

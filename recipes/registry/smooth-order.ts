/** Smooth weighted round-robin: A A B A where A weighs three times as much as B, not A A A B. */

/** Somebody who has turns by weight. */
export interface Weighted {
  /** Above 0. */
  readonly weight: number
  /** What it is owed; 0 at first. */
  credit: number
}

/**
 * Whose turn it is: each is owed its weight per turn; who is owed most has it, and pays for all.
 *
 * @param all at least one, in the same order each time.
 */
export function nextInTurn<T extends Weighted>(all: readonly T[]): T {
  let total = 0
  let best = all[0]!
  for (const one of all) {
    total += one.weight
    one.credit += one.weight
    if (one.credit > best.credit) best = one
  }
  best.credit -= total
  return best
}

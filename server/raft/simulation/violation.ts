/** How the judges of a simulated life speak. */

/** A promise of the algorithm that was broken. The seed in the outer message reproduces it. */
export class Violation extends Error {
  override readonly name = 'Violation'

  /**
   * @param promise the promise's usual name, such as `election safety`.
   * @param detail what was seen, with the numbers.
   */
  constructor(
    readonly promise: string,
    detail: string,
  ) {
    super(`${promise}: ${detail}`)
  }
}

/** Throws a {@link Violation} unless `kept`. */
export function require(kept: boolean, promise: string, detail: () => string): asserts kept {
  if (!kept) throw new Violation(promise, detail())
}

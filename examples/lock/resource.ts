/** Something that only the holder of a lock may write to, and that looks for itself. */

/** Keeps the greatest token that it has seen, and refuses smaller ones. */
export class FencedResource {
  /** The token of each write that was taken, in order. */
  readonly taken: number[] = []
  #greatest = 0

  /** @returns whether the write was taken. */
  write(token: number): boolean {
    if (token < this.#greatest) return false
    this.#greatest = token
    this.taken.push(token)
    return true
  }
}

/** How often something happened, by kind. */

/** See the head of the file. */
export class Counts {
  readonly #counts = new Map<string, number>()

  add(kind: string, times = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + times)
  }

  get(kind: string): number {
    return this.#counts.get(kind) ?? 0
  }

  /** All of them, by name. */
  get all(): Record<string, number> {
    const names = [...this.#counts.keys()].sort()
    return Object.fromEntries(names.map((name) => [name, this.get(name)]))
  }
}

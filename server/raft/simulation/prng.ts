/**
 * The dice of a simulated world: sfc32 (Chris Doty-Humphrey's small fast counter, 128 bits of
 * state), seeded through splitmix32. Same seed, same numbers, on every machine.
 */

/** A seeded stream of random numbers. Not for secrets. */
export class Prng {
  private a: number
  private b: number
  private c: number
  private counter = 1

  /** @param seed any integer; only the low 32 bits count. */
  constructor(seed: number) {
    let state = seed | 0
    const split = () => {
      state = (state + 0x9e3779b9) | 0
      let word = state ^ (state >>> 16)
      word = Math.imul(word, 0x21f0aaad)
      word ^= word >>> 15
      word = Math.imul(word, 0x735a2d97)
      return word ^ (word >>> 15)
    }
    this.a = split()
    this.b = split()
    this.c = split()
    for (let i = 0; i < 12; i++) this.word()
  }

  private word(): number {
    const word = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + word) | 0
    return word >>> 0
  }

  /** Uniform in [0, 1), 32 bits fine. Bound to the instance, so it can be handed on. */
  readonly next = (): number => this.word() / 4294967296

  /** Uniform integer in [0, below). */
  int(below: number): number {
    return Math.floor(this.next() * below)
  }

  /** Uniform integer in [from, to], both included. */
  between(from: number, to: number): number {
    return from + this.int(to - from + 1)
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One item of a list that is not empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T
  }

  /** Exponentially distributed with this mean: the wait until a random event. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean
  }

  /** A new order of the same items (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items]
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.int(i + 1)
      const item = result[i] as T
      result[i] = result[j] as T
      result[j] = item
    }
    return result
  }

  /** A stream of its own, so that drawing more here does not shift what is drawn there. */
  fork(): Prng {
    return new Prng(this.word())
  }
}

/**
 * Numbers that look random and come out the same for the same seed.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): three words of chaotic
 * state and a counter, so every seed has a period of at least 2^32. It also serves
 * as the `Random` port, which makes a whole test repeatable from one number.
 */

import type { Random } from '../../client/host/random.js'

/** A seeded source of numbers, choices and bytes. */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed any safe integer; both halves of it count. */
  constructor(readonly seed: number) {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0
    this.#c = 0x9e37_79b9 | 0
    // Close seeds start with close states; a few rounds pull them apart.
    for (let round = 0; round < 12; round++) this.#word()
  }

  #word(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result
    this.#c |= 0
    return result >>> 0
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.#word() / 0x1_0000_0000
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#word() & 0xff)
  }

  /** An integer of `[from, to]`, both included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('cannot pick from nothing')
    return list[Math.floor(this.next() * list.length)]!
  }

  /** A name, as often as its weight says among all weights. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = Object.keys(weights) as Name[]
    let left = this.next() * names.reduce((sum, name) => sum + weights[name], 0)
    for (const name of names) {
      left -= weights[name]
      if (left < 0) return name
    }
    throw new Error('all weights are 0')
  }
}

/** Shapes of draws that plans use again and again. */

import type { SeededRandom } from '../../model/random.js'

/** A number of `[from, to]` whose order of magnitude is what is drawn; `from` is above 0. */
export function logUniform(random: SeededRandom, from: number, to: number): number {
  return from * (to / from) ** random.next()
}

/** As {@link logUniform}, as a whole number. */
export function logInteger(random: SeededRandom, from: number, to: number): number {
  return Math.round(logUniform(random, from, to))
}

/** Rounded so that a plan is readable; at least three digits stay. */
export function tidyNumber(value: number): number {
  return Number(value.toPrecision(3))
}

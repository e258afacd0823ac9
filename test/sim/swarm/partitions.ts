/** Shapes of partitions: which pairs of nodes no longer hear each other. */

import type { SeededRandom } from '../../model/random.js'
import { shuffled } from './episodes.js'

/** A pair of nodes that is cut, both ways. */
export type Pair = readonly [string, string]

/** A shape and what it cuts. */
export interface Partition {
  readonly shape: keyof typeof SHAPES
  readonly pairs: readonly Pair[]
}

const SHAPES = {
  /** One node hears nobody. */
  isolated: (names: readonly string[]) => crossing([names.slice(0, 1), names.slice(1)]),
  /** Two groups, as equal as can be. */
  halves: (names: readonly string[]) => {
    const middle = Math.ceil(names.length / 2)
    return crossing([names.slice(0, middle), names.slice(middle)])
  },
  /** Everybody is alone. */
  shattered: (names: readonly string[]) => crossing(names.map((name) => [name])),
  /** Everybody hears a majority, and no two hear the same one: each hears its neighbours on a ring. */
  majorityRing: (names: readonly string[]) => {
    const reach = Math.ceil((names.length - 1) / 4)
    return allPairs(names).filter(([a, b]) => {
      const distance = Math.abs(names.indexOf(a) - names.indexOf(b))
      return Math.min(distance, names.length - distance) > reach
    })
  },
  /** Two halves that hear each other only through one node between them. */
  bridge: (names: readonly string[]) => {
    const rest = names.slice(1)
    const middle = Math.ceil(rest.length / 2)
    return crossing([rest.slice(0, middle), rest.slice(middle)])
  },
  /** Any pairs. */
  anyGraph: (names: readonly string[], random: SeededRandom) =>
    allPairs(names).filter(() => random.chance(0.5)),
} as const

/** Draws a shape and who stands where in it. */
export function drawPartition(random: SeededRandom, names: readonly string[]): Partition {
  const shape = random.pick(Object.keys(SHAPES) as (keyof typeof SHAPES)[])
  return { shape, pairs: SHAPES[shape](shuffled(random, names), random) }
}

function allPairs(names: readonly string[]): Pair[] {
  return names.flatMap((a, i) => names.slice(i + 1).map((b): Pair => [a, b]))
}

function crossing(groups: readonly (readonly string[])[]): Pair[] {
  return groups.flatMap((group, i) =>
    groups.slice(i + 1).flatMap((other) => group.flatMap((a) => other.map((b): Pair => [a, b]))),
  )
}

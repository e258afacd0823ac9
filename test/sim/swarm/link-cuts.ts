/**
 * Cuts of links that several faults may ask for at the same time: a link is whole again
 * when the last of them is over.
 */

import type { World } from '../world/world.js'

/** A direction between two named ends. */
export interface Direction {
  readonly from: string
  readonly to: string
}

/** See the head of the file. */
export class LinkCuts {
  readonly #world: World
  /** By `from>to`, how many faults cut it. Invariant: the link is cut exactly while this is above 0. */
  readonly #counts = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  cut(directions: readonly Direction[]): void {
    for (const direction of directions) this.#add(direction, 1)
  }

  heal(directions: readonly Direction[]): void {
    for (const direction of directions) this.#add(direction, -1)
  }

  #add({ from, to }: Direction, one: number): void {
    const key = `${from}>${to}`
    const count = (this.#counts.get(key) ?? 0) + one
    this.#counts.set(key, count)
    this.#world.network.link(from, to).cut = count > 0
  }
}

/** Both directions between any of these and any of those. */
export function between(these: readonly string[], those: readonly string[]): Direction[] {
  return these.flatMap((a) =>
    those
      .filter((b) => b !== a)
      .flatMap((b) => [
        { from: a, to: b },
        { from: b, to: a },
      ]),
  )
}

/** Every direction among these. */
export function among(names: readonly string[]): Direction[] {
  return names.flatMap((from) => names.filter((to) => to !== from).map((to) => ({ from, to })))
}

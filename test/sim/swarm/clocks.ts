/** How the clocks of a life go: a rate for each process, drawn once, and stutters. */

import type { World } from '../world/world.js'
import type { Plan } from './plan.js'
import { DRIFT_MAX } from './process-faults.js'

/** Leases of less than this are not granted, in milliseconds. */
const TTL_MS_MIN = 1_000

/** Sets the clocks of machines and processes that have none of their own yet. */
export class Clocks {
  readonly #world: World
  readonly #plan: Plan
  readonly #set = new Set<string>()

  constructor(world: World, plan: Plan) {
    this.#world = world
    this.#plan = plan
  }

  /** Call it again when more have come. */
  setAll(): void {
    const { clockDriftMax, stutter } = this.#plan
    for (const { name, clock } of [...this.#world.machines, ...this.#world.processes]) {
      if (this.#set.has(name)) continue
      this.#set.add(name)
      clock.rate = 1 + (2 * this.#world.fork(`rate ${name}`).next() - 1) * clockDriftMax
      clock.stutter = stutter ?? undefined
    }
  }
}

/** The fastest and the slowest that a clock of this life may run, for the judges. */
export function clockRates({ clockDriftMax, faults, stutter }: Plan): {
  rateMax: number
  rateMin: number
} {
  const fault = faults.clockDrift === null ? 0 : DRIFT_MAX
  // A clock that is ahead for a moment counts as one that ran faster for a whole lease.
  const ahead = (stutter?.aheadMsMax ?? 0) / TTL_MS_MIN
  return {
    rateMax: (1 + clockDriftMax) * (1 + fault) * (1 + ahead),
    rateMin: (1 - clockDriftMax) * (1 - fault),
  }
}

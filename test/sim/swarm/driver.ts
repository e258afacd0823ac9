/** Sets loose the faults of a plan on a fleet. */

import { BEYOND, BEYOND_SETTINGS } from './beyond-faults.js'
import { diskFaults } from './disk-faults.js'
import { Episodes } from './episodes.js'
import { FAULT_KINDS } from './fault-kinds.js'
import type { Fleet } from './fleet.js'
import { membershipFaults } from './membership-faults.js'
import { networkFaults } from './network-faults.js'
import type { Plan } from './plan.js'
import { processFaults } from './process-faults.js'

/** Begins every kind of fault that the plan knows; the phase lasts as long as the plan says. */
export function startFaults(fleet: Fleet, plan: Plan, onCrash: (error: unknown) => void): Episodes {
  const endMs = fleet.world.clock.now() + plan.safetyMs
  const episodes = new Episodes(fleet.world, endMs, onCrash)
  const kinds = {
    ...processFaults(fleet),
    ...networkFaults(fleet),
    ...diskFaults(fleet),
    ...membershipFaults(fleet),
  }
  for (const kind of FAULT_KINDS) {
    const settings = plan.faults[kind]
    if (settings) episodes.begin(kind, settings, kinds[kind])
  }
  const { beyondPromise } = plan
  if (beyondPromise !== null)
    episodes.begin(beyondPromise, BEYOND_SETTINGS, BEYOND[beyondPromise](fleet))
  return episodes
}

/** What a seed draws for the clients, fitted to the members that they work on. */

import type { SeededRandom } from '../../model/random.js'
import { drawWork, type WorkPlan } from '../workloads/work-plan.js'
import type { MemberPlan } from './plan.js'

/** The work as its own room draws it; values are large where the backend is small, so that it fills. */
export function drawWorkOn(random: SeededRandom, member: MemberPlan): WorkPlan {
  const work = drawWork(random)
  const valueBytes = random.pick([500, 2_000, 5_000])
  return member.quotaBackendBytes === 0 ? work : { ...work, valueBytes }
}

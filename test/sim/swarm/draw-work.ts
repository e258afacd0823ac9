/** What a seed draws for the clients, fitted to the members that they work on. */

import type { SeededRandom } from '../../model/random.js'
import { drawWork, type WorkPlan } from '../workloads/work-plan.js'
import type { LinksPlan, MemberPlan } from './plan.js'

/** Ways that a write takes at least: to a member, to the leader, to a follower, and all back. */
const WAYS_OF_A_WRITE = 6

/**
 * The work as its own room draws it; values are large where the backend is small, so that
 * it fills, and requests may take twice as long as a usual write on these links.
 */
export function drawWorkOn(random: SeededRandom, member: MemberPlan, links: LinksPlan): WorkPlan {
  const work = patient(drawWork(random), links)
  const valueBytes = random.pick([500, 2_000, 5_000])
  return member.quotaBackendBytes === 0 ? work : { ...work, valueBytes }
}

function patient(work: WorkPlan, { near, far, farShare }: LinksPlan): WorkPlan {
  const wayMs = farShare > 0 ? Math.max(near.meanMs, far.meanMs) : near.meanMs
  const leastMs = Math.ceil(2 * WAYS_OF_A_WRITE * wayMs)
  return {
    ...work,
    timeoutMsMin: Math.max(work.timeoutMsMin, leastMs),
    timeoutMsMax: Math.max(work.timeoutMsMax, leastMs),
  }
}

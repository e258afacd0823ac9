/** What a seed draws for the clients. */

import type { SeededRandom } from '../../model/random.js'
import { logInteger } from './draw-shapes.js'
import { type MemberPlan, WORK_KINDS, type WorkKind, type WorkPlan } from './plan.js'

/** Bytes that clients of a small backend write in one put, at most. */
const VALUE_BYTES_MAX = 4_000

/** Two to eight clients with some of the ways of working. */
export function drawWork(random: SeededRandom, member: MemberPlan): WorkPlan {
  const clients = random.between(2, 8)
  const mix = Object.fromEntries(
    WORK_KINDS.map((kind) => [kind, random.chance(0.6) ? random.between(1, 4) : 0]),
  ) as Record<WorkKind, number>
  if (mix.kv + mix.txn === 0) mix.kv = 1
  // The shortest TTL that a member grants is one and a half election timeouts.
  const shortest = Math.ceil((1.5 * member.electionTimeoutMs) / 1000)
  const leaseTtlSecondsMin = random.between(shortest, Math.max(shortest, 3))
  const small = member.quotaBackendBytes !== 0
  return {
    clients,
    requestsPerSecond: logInteger(random, 5, 200),
    keys: random.pick([1, 3, 10, 30]),
    valueBytesMax: small ? VALUE_BYTES_MAX : random.pick([8, 100, 1_000, 20_000]),
    leaseTtlSecondsMin,
    leaseTtlSecondsMax: random.between(leaseTtlSecondsMin, 10),
    compactEveryMs: random.chance(0.6) ? logInteger(random, 500, 20_000) : 0,
    mix,
    clockDriftMax: random.pick([0, 0, 0.01, 0.05]),
  }
}

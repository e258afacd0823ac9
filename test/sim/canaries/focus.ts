/**
 * Plans in which one bug has good chances.
 *
 * A seed draws some of everything, so a bug that needs two rare things at once may hide for
 * thousands of seeds. A focus overrides parts of the drawn plan; the rest of it, and what
 * happens when, still differ from seed to seed.
 */

import type { Tuning } from '../../../server/tuning.js'
import type { FaultSettings, Faults } from '../swarm/fault-kinds.js'
import type { DisksPlan, LinksPlan, MemberPlan, Plan } from '../swarm/plan.js'
import type { WorkPlan } from '../workloads/work-plan.js'

/** What differs from the drawn plan. */
export interface Focus {
  readonly members?: number
  readonly member?: Partial<MemberPlan>
  readonly tuning?: Partial<Tuning>
  readonly links?: LinksPlan
  readonly disks?: DisksPlan
  readonly work?: Partial<Omit<WorkPlan, 'weights'>>
  /** All others get no work. */
  readonly weights?: Partial<WorkPlan['weights']>
  /** All others do not happen. */
  readonly faults?: Partial<Faults>
}

/** Many operations on few keys. */
export const BUSY = { clients: 6, stepsPerSecond: 100, stepsUnderWayMax: 4, keys: 3 } as const

/** Leases that end soon, and many of them. */
export const SHORT_LEASES = {
  clients: 6,
  stepsPerSecond: 20,
  stepsUnderWayMax: 4,
  leaseTtlSecondsMin: 1,
  leaseTtlSecondsMax: 2,
} as const

/** Watchers that fall behind at once. */
export const TINY_WATCHES = { watchQueueResponses: 2, watchSliceEvents: 3 } as const

/** A fault that happens about so often and lasts about so long, in milliseconds. */
export function often(everyMs: number, forMs = 0, rate = 1): FaultSettings {
  return { everyMs, forMs, rate }
}

/** The plan with its focus. */
export function focused(plan: Plan, focus: Focus): Plan {
  const { members = plan.members, links = plan.links, disks = plan.disks } = focus
  return {
    ...plan,
    members,
    links,
    disks,
    member: { ...plan.member, ...focus.member },
    tuning: { ...plan.tuning, ...focus.tuning },
    work: {
      ...plan.work,
      ...focus.work,
      weights: focus.weights ? onlyOf(plan.work.weights, focus.weights, 0) : plan.work.weights,
    },
    faults: focus.faults ? onlyOf(plan.faults, focus.faults, null) : plan.faults,
    beyondPromise: null,
  }
}

/** All fields of `all`: those of `some`, the others empty. */
function onlyOf<T extends object>(all: T, some: Partial<T>, empty: T[keyof T]): T {
  const fields = Object.keys(all).map((name) => [name, some[name as keyof T] ?? empty])
  return Object.fromEntries(fields) as T
}

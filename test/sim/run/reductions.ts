/**
 * The ways in which a plan can be made smaller, in the order in which they are tried.
 *
 * Each gives candidates, the boldest first. Every candidate is smaller by a measure that
 * cannot shrink for ever, so trying them over and over ends.
 */

import type { FaultKind, Faults } from '../swarm/fault-kinds.js'
import type { Plan } from '../swarm/plan.js'
import type { WorkPlan } from '../workloads/work-plan.js'

/** One way, and what it makes of a plan. */
export interface Reduction {
  readonly name: string
  smaller(plan: Plan): Plan[]
}

/** The shortest phase of faults that is worth a try, in simulated milliseconds. */
const SAFETY_MS_MIN = 1_000
/** A fault that comes once in so long comes about once in a life. */
const EVERY_MS_MAX = 60_000

/** The numbers of the clients' work that are worth making smaller, and their least. */
const WORK_LEAST = {
  clients: 1,
  stepsPerSecond: 1,
  stepsUnderWayMax: 1,
  operationsMax: 10,
  watchersMax: 1,
  locks: 1,
  keys: 1,
  valueBytes: 0,
  slowReaderMs: 0,
  pipelineShare: 0,
} as const satisfies Partial<Record<keyof WorkPlan, number>>

/** See the head of the file. */
export const REDUCTIONS: readonly Reduction[] = [
  { name: 'faults', smaller: fewerFaults },
  { name: 'beyond the promise', smaller: whenNot('beyondPromise', null) },
  { name: 'workloads', smaller: fewerWorkloads },
  { name: 'work', smaller: lessWork },
  { name: 'rates of faults', smaller: rarerFaults },
  { name: 'time', smaller: shorter },
  { name: 'members', smaller: fewerMembers },
  { name: 'tuning', smaller: lessTuning },
  { name: 'clocks', smaller: whenNot('clockDriftMax', 0) },
  { name: 'links', smaller: nearLinks },
]

function fewerFaults(plan: Plan): Plan[] {
  const on = (Object.keys(plan.faults) as FaultKind[]).filter((kind) => plan.faults[kind] !== null)
  return chunks(on).map((kinds) => {
    const off = Object.fromEntries(kinds.map((kind) => [kind, null])) as Partial<Faults>
    return { ...plan, faults: { ...plan.faults, ...off } }
  })
}

/** Each kind half as often, or half as harmful. */
function rarerFaults(plan: Plan): Plan[] {
  return (Object.keys(plan.faults) as FaultKind[]).flatMap((kind) => {
    const settings = plan.faults[kind]
    if (settings === null || settings.everyMs >= EVERY_MS_MAX) return []
    const everyMs = Math.min(EVERY_MS_MAX, settings.everyMs * 2)
    return [{ ...plan, faults: { ...plan.faults, [kind]: { ...settings, everyMs } } }]
  })
}

function fewerWorkloads({ work, ...plan }: Plan): Plan[] {
  const { weights } = work
  const names = (Object.keys(weights) as (keyof typeof weights)[]).filter(
    (name) => weights[name] > 0,
  )
  return chunks(names)
    .filter((gone) => gone.length < names.length)
    .map((gone) => {
      const none = Object.fromEntries(gone.map((name) => [name, 0]))
      return { ...plan, work: { ...work, weights: { ...weights, ...none } } }
    })
}

function lessWork({ work, ...plan }: Plan): Plan[] {
  const fields = Object.keys(WORK_LEAST) as (keyof typeof WORK_LEAST)[]
  return fields.flatMap((field) =>
    downTo(work[field], WORK_LEAST[field]).map((value) => ({
      ...plan,
      work: { ...work, [field]: value },
    })),
  )
}

function shorter(plan: Plan): Plan[] {
  return downTo(plan.safetyMs, SAFETY_MS_MIN).map((safetyMs) => ({ ...plan, safetyMs }))
}

function fewerMembers(plan: Plan): Plan[] {
  return downTo(plan.members, 1).map((members) => ({ ...plan, members }))
}

function lessTuning(plan: Plan): Plan[] {
  return chunks(Object.keys(plan.tuning)).map((gone) => {
    const kept = Object.entries(plan.tuning).filter(([field]) => !gone.includes(field))
    return { ...plan, tuning: Object.fromEntries(kept) }
  })
}

function nearLinks(plan: Plan): Plan[] {
  if (plan.links.farShare === 0) return []
  return [{ ...plan, links: { ...plan.links, farShare: 0 } }]
}

function whenNot<Field extends keyof Plan>(field: Field, value: Plan[Field]) {
  return (plan: Plan): Plan[] => (plan[field] === value ? [] : [{ ...plan, [field]: value }])
}

/** Whole numbers below `value`, boldest first: the least, the half, and a tenth less. */
function downTo(value: number, least: number): number[] {
  const steps = [least, Math.round(value / 2), Math.ceil(value * 0.9) - 1]
  return [...new Set(steps)].filter((step) => step >= least && step < value)
}

/** Parts of a list that may be taken away: all, the halves, the quarters, down to each by itself. */
export function chunks<T>(list: readonly T[]): T[][] {
  const parts: T[][] = []
  let size = list.length
  while (size > 0) {
    for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size))
    size = size === 1 ? 0 : Math.ceil(size / 2)
  }
  return parts
}

/**
 * Which node works in which lane.
 *
 * Every node that follows the group computes the same: of the members that have the job's
 * tags and its handler, a rendezvous hash of the job's name makes an order. A member that
 * comes or goes changes it for its own share of the jobs only.
 *
 * | `nodes` | lanes | who works in a lane, in this order |
 * | --- | --- | --- |
 * | 1 | one | all |
 * | n | `0` … `n - 1` | the one of that rank, then those behind the first n |
 * | `all` | one for each member | that member |
 *
 * The first works; the next stands in when what is due is not done for a while. Members may
 * disagree for a moment, and nothing depends on it: a transaction decides (claim.ts).
 */

import { rendezvous } from '../rendezvous-order.js'
import { DEFAULTS, type JobRecord } from './job.js'
import { type LaneId, laneName } from './keys.js'
import type { LiveIndex } from './live-index.js'
import type { MemberRecord } from './records.js'

/** Those who work in a lane, the first first; empty when there is nobody. */
export type Workers = readonly string[]

/** Lanes of all jobs, and who works in them. */
export class Placement {
  readonly #index: LiveIndex
  readonly #workers = new Map<string, Workers>()
  /** By job. */
  readonly #lanes = new Map<string, readonly LaneId[]>()
  /** Who may clean up the lanes of a job that nobody works in. */
  readonly #eligible = new Map<string, Workers>()

  constructor(index: LiveIndex) {
    this.#index = index
    for (const name of index.jobs.keys()) this.place(name)
  }

  /** A job is there, has changed or is gone; the members are as they were. */
  place(name: string): void {
    for (const lane of this.lanesOf(name)) this.#workers.delete(laneName(lane))
    this.#lanes.delete(name)
    this.#eligible.delete(name)
    const job = this.#index.jobs.get(name)?.value
    if (job === undefined) return
    const { members } = this.#index
    const able = [...members].filter(([, { value }]) => mayRun(value, job)).map(([node]) => node)
    const order = rendezvous(able, name, Math.max(1, able.length))
    this.#eligible.set(name, order)
    const lanes = lanesOf(job, order)
    for (const [lane, workers] of lanes) this.#workers.set(laneName({ job: name, lane }), workers)
    this.#lanes.set(
      name,
      lanes.map(([lane]) => ({ job: name, lane })),
    )
  }

  /** All lanes in which somebody is to work. */
  get lanes(): LaneId[] {
    return [...this.#lanes.values()].flat()
  }

  /** Those of one job. */
  lanesOf(job: string): readonly LaneId[] {
    return this.#lanes.get(job) ?? []
  }

  /** Who works in a lane; empty for one that the job has no more, or nobody may work in. */
  workersOf(lane: LaneId): Workers {
    return this.#workers.get(laneName(lane)) ?? []
  }

  /** Those who may run a job, in order. */
  eligibleFor(job: string): Workers {
    return this.#eligible.get(job) ?? []
  }
}

/** The lanes of a job and who works in them. */
function lanesOf({ nodes = DEFAULTS.nodes }: JobRecord, order: Workers): [string, Workers][] {
  if (nodes === 'all') return order.map((node) => [node, [node]])
  if (nodes === 1) return [['', order]]
  const others = order.slice(nodes)
  return Array.from({ length: nodes }, (_, rank) => {
    const first = order[rank]
    return [String(rank), first === undefined ? [] : [first, ...others]]
  })
}

function mayRun({ tags, handlers }: MemberRecord, job: JobRecord): boolean {
  const hasTags = Object.entries(job.tags ?? {}).every(([name, value]) => tags[name] === value)
  return hasTags && handlers.includes(job.handler ?? job.name)
}

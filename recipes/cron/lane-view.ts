/** A lane as the index shows it now, to be decided on. */

import { type LaneId, laneName } from './keys.js'
import type { LiveIndex } from './live-index.js'
import type { Placement } from './placement.js'
import type { LaneView } from './step.js'

/** Undefined when there is no such job. */
export function viewOf(index: LiveIndex, placement: Placement, id: LaneId): LaneView | undefined {
  const job = index.jobs.get(id.job)
  if (job === undefined) return undefined
  const records = index.lanes.get(laneName(id))
  // What was due before a member came is not its business.
  const member = job.value.nodes === 'all' ? index.members.get(id.lane) : undefined
  return {
    ...{ id, job },
    state: records?.state,
    opens: [...(records?.opens.values() ?? [])],
    marks: new Map(records?.marks),
    pauses: index.pausesOf(id.job),
    floorMs: Math.max(job.value.sinceMs, member?.value.sinceMs ?? 0),
    isAbandoned: placement.workersOf(id).length === 0,
  }
}

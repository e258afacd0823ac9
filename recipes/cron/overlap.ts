/**
 * What becomes of a tick that is due while the lane is taken.
 *
 * A run is under way while its mark is there. The mark hangs on the runner's lease, so a
 * runner that dies blocks nobody for longer than its TTL.
 */

import type { LaneView } from './step.js'

/** What to do: start all the same, wait, leave it out, or decide when the run has ended. */
export type WhenBusy = 'start' | 'terminate' | 'buffer' | 'replace' | 'skip' | 'later'

/** Runs of a lane that may be under way together, and that may wait. */
const RUNNING_MAX = 100
const WAITING_MAX = 100

/** Of a tick of a lane in which something is under way. */
export function whenBusy(view: LaneView, tickMs: number): WhenBusy {
  const { overlap, catchUp } = view.job.value
  const waiting = view.opens.filter(({ value }) => value.phase === 'waiting').length
  switch (overlap) {
    case 'allow':
      return view.marks.size < RUNNING_MAX ? 'start' : 'skip'
    case 'bufferOne':
      return waiting === 0 ? 'buffer' : 'skip'
    case 'bufferAll':
      return waiting < WAITING_MAX ? 'buffer' : 'skip'
    case 'cancelOther':
      return 'replace'
    case 'terminateOther':
      return 'terminate'
    default:
      // One that was owed before the run began overlaps with nothing: it is made up for after it.
      return catchUp === 'all' && tickMs <= startedMs(view) ? 'later' : 'skip'
  }
}

function startedMs({ marks }: LaneView): number {
  return Math.max(...[...marks.values()].map(({ value }) => value.startedMs))
}

/** What the watches of a world ask for: every key interval, every start, every option. */

import { FilterType, WatchCreateRequest } from '../../../client/wire/generated/rpc.js'
import type { SeededRandom } from '../../model/random.js'
import { bytesOf } from '../../model/requests.js'
import type { Known } from './known.js'
import { registerKey } from './registers.js'
import type { WorkPlan } from './work-plan.js'

/** Intervals `[key, end)`, `\0` for an open end. */
const INTERVALS: readonly (readonly [key: string, end: string])[] = [
  ['r/', 'r0'],
  ['r/01', 'r/04'],
  ['l/', 'l0'],
  ['t/', 't0'],
  ['t/a', 't/b'],
  ['x/', 'x0'],
  ['lock/', 'lock0'],
  ['r/', '\0'],
  ['\0', '\0'],
]

/** Draws a request. */
export function drawWatch(random: SeededRandom, known: Known, plan: WorkPlan): WatchCreateRequest {
  const one = registerKey(random.between(0, plan.keys - 1))
  const [key, end] = random.chance(0.3) ? [one, ''] : random.pick(INTERVALS)
  return {
    ...WatchCreateRequest.create({ key: bytesOf(key), rangeEnd: bytesOf(end) }),
    startRevision: drawStart(random, known),
    filters: random.chance(0.8) ? [] : [random.pick([FilterType.NOPUT, FilterType.NODELETE])],
    progressNotify: random.chance(0.5),
    prevKv: random.chance(0.5),
    fragment: random.chance(0.5),
  }
}

/** Now, the past, what is compacted, or the future. */
function drawStart(random: SeededRandom, { revision, compactRevision }: Known): number {
  const start = random.weighted({ now: 4, past: 4, compacted: 1, future: 1 })
  if (start === 'now') return 0
  if (start === 'future') return revision + random.between(1, 30)
  if (start === 'compacted') return random.between(1, Math.max(1, compactRevision))
  return random.between(Math.max(1, compactRevision), revision)
}

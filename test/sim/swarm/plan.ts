/**
 * What a seed decides about one life, as plain JSON.
 *
 * Everything that differs between two lives is a field here, so that a plan can be saved,
 * edited and run again, and a failing one can be made smaller by taking fields away. The
 * same plan gives the same life, to the byte.
 */

import type { Tuning } from '../../../server/tuning.js'
import { SeededRandom } from '../../model/random.js'
import type { WorkPlan } from '../workloads/work-plan.js'
import type { Stutter } from '../world/sim-clock.js'
import { drawFaults } from './draw-faults.js'
import { drawDisks, drawLinks } from './draw-machines.js'
import { drawMemberOptions, drawTuning } from './draw-members.js'
import { drawWorkOn } from './draw-work.js'
import type { BeyondPromise, Faults } from './fault-kinds.js'

/** Options of all members; the fields are those of `MemberOptions`. */
export interface MemberPlan {
  readonly heartbeatIntervalMs: number
  readonly electionTimeoutMs: number
  readonly preVote: boolean
  readonly snapshotCount: number
  readonly snapshotCatchupEntries: number
  /** 0 is the default, which no life fills. */
  readonly quotaBackendBytes: number
  readonly watchProgressNotifyIntervalMs: number
}

/** One way of a message: at least `minMs`, and exponentially more with the rest of the mean. */
export interface LatencyPlan {
  readonly minMs: number
  readonly meanMs: number
}

/** How far machines and clients are from each other. */
export interface LinksPlan {
  readonly near: LatencyPlan
  readonly far: LatencyPlan
  /** Probability that a pair is far apart: 0 is one data centre, 1 is several. */
  readonly farShare: number
}

/** How long a disk takes, in milliseconds: exponential around the mean. */
export interface DisksPlan {
  readonly callMsMean: number
  readonly syncMsMean: number
}

/** See the head of the file. */
export interface Plan {
  readonly seed: number
  /** Founders of the cluster, 1 to 7. */
  readonly members: number
  /** Length of the phase in which faults happen, in simulated milliseconds. */
  readonly safetyMs: number
  readonly member: MemberPlan
  /** What differs from production's sizes. */
  readonly tuning: Partial<Tuning>
  readonly links: LinksPlan
  readonly disks: DisksPlan
  /** How much faster or slower a member's clock runs, at most. */
  readonly clockDriftMax: number
  /** Work takes time: clocks run ahead for a moment, so that slices of work end early. */
  readonly stutter: Stutter | null
  readonly work: WorkPlan
  readonly faults: Faults
  /** The promise is exceeded: then members may halt and forget, but not lie. */
  readonly beyondPromise: BeyondPromise | null
}

/** How many of a hundred lives exceed the promise. */
const BEYOND_PERCENT = 3
/** Segments are this long where reads give wrong bits, unless the tuning draws another length. */
const FLIPPED_SEGMENT_BYTES = 4_000
/**
 * A leader has room for so many values of the work that are not committed yet. With room for less than one
 * they pass one by one, and the leader drops, without a word, most of what followers hand on to it: then
 * neither an operator's write is owed in time, nor the cure of a backend that is full.
 */
const UNCOMMITTED_VALUES_MIN = 4

/** Draws a life. */
export function drawPlan(seed: number): Plan {
  const random = new SeededRandom(seed)
  // Each part has its own source, so that a new draw in one leaves the others as they were.
  const fork = () => new SeededRandom(random.between(0, 2 ** 48))
  const links = drawLinks(fork())
  const member = drawMemberOptions(fork(), links)
  const drawnTuning = drawTuning(fork(), links)
  const disks = drawDisks(fork())
  const work = drawWorkOn(fork(), member, links)
  const faults = drawFaults(fork())
  const tuning = withRoomForValues(withSegmentsToFlip(drawnTuning, faults), work)
  const rest = fork()
  return {
    seed,
    members: drawSize(rest),
    safetyMs: rest.between(20_000, 60_000),
    member,
    tuning,
    links,
    disks,
    clockDriftMax: rest.pick([0, 0, 0.001, 0.01, 0.02]),
    stutter: rest.chance(0.3)
      ? { chance: rest.pick([0.001, 0.02]), aheadMsMax: rest.pick([5, 20]) }
      : null,
    work,
    faults,
    beyondPromise: rest.chance(BEYOND_PERCENT / 100)
      ? rest.pick(['lyingDisks', 'majorityWiped', 'rotEverywhere'] as const)
      : null,
  }
}

/** Wrong bits spare the last segment of the log, so there must be others. */
function withSegmentsToFlip(tuning: Partial<Tuning>, { flip }: Faults): Partial<Tuning> {
  return flip === null ? tuning : { walSegmentBytes: FLIPPED_SEGMENT_BYTES, ...tuning }
}

function withRoomForValues(tuning: Partial<Tuning>, { valueBytes }: WorkPlan): Partial<Tuning> {
  const { uncommittedBytesMax: drawn } = tuning
  if (drawn === undefined) return tuning
  return { ...tuning, uncommittedBytesMax: Math.max(drawn, UNCOMMITTED_VALUES_MIN * valueBytes) }
}

function drawSize(random: SeededRandom): number {
  return Number(random.weighted({ 1: 8, 2: 5, 3: 50, 4: 5, 5: 22, 6: 3, 7: 7 }))
}

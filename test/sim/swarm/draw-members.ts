/** What a seed draws for the options and the sizes of members. */

import { DEFAULT_TUNING, type Tuning } from '../../../server/tuning.js'
import type { SeededRandom } from '../../model/random.js'
import { logInteger } from './draw-shapes.js'
import type { LinksPlan, MemberPlan } from './plan.js'

/** A backend of this size is soon full. */
const SMALL_QUOTA_BYTES_MIN = 128 * 1024
const SMALL_QUOTA_BYTES_MAX = 1024 * 1024

/** Options that can work on these links: an election outlasts many round trips. */
export function drawMemberOptions(random: SeededRandom, links: LinksPlan): MemberPlan {
  const slowMs = links.farShare > 0 ? links.far.meanMs : links.near.meanMs
  const [heartbeatIntervalMs, electionTimeoutMs] =
    slowMs > 10
      ? random.pick([
          [100, 1000],
          [100, 1500],
          [250, 2000],
        ] as const)
      : random.pick([
          [20, 200],
          [50, 300],
          [50, 500],
          [100, 1000],
          [100, 1000],
        ] as const)
  return {
    heartbeatIntervalMs,
    electionTimeoutMs,
    preVote: random.chance(0.75),
    snapshotCount: random.chance(0.75) ? logInteger(random, 5, 200) : 10_000,
    snapshotCatchupEntries: random.chance(0.8) ? random.between(0, 50) : 5_000,
    quotaBackendBytes: random.chance(0.1)
      ? logInteger(random, SMALL_QUOTA_BYTES_MIN, SMALL_QUOTA_BYTES_MAX)
      : 0,
    watchProgressNotifyIntervalMs: random.pick([1_000, 5_000, 600_000]),
  }
}

/** The smallest and the largest that a field may be drawn as; the largest makes rare what the smallest makes common. */
const SMALL: Readonly<Record<keyof Tuning, readonly [number, number]>> = {
  appendBytesMax: [1, 4_000],
  inflightMessagesMax: [1, 8],
  inflightBytesMax: [500, 20_000],
  uncommittedBytesMax: [1_000, 20_000],
  applyBytesMax: [1, 2_000],
  applySliceMs: [1, 5],
  backendCommitWritesMax: [1, 50],
  backendUncommittedBytesMax: [1_000, 50_000],
  peerBatchBytes: [1, 4_000],
  peerQueueBytesMax: [10_000, 100_000],
  walSegmentBytes: [2_000, 100_000],
  sliceRecords: [1, 50],
  watchSliceEvents: [1, 20],
  watchQueueResponses: [1, 8],
  leaseRevokesMax: [1, 5],
  leaseCheckpointIntervalMs: [1_000, 10_000],
  parkedBytesMax: [1_000, 20_000],
  logBytesMax: [2_000, 100_000],
  pipelineCallsMax: [1, 50],
  pipelineBytesMax: [1, 5_000],
  pipelineResponseBytes: [1, 2_000],
  pipelineUnsentBytes: [1, 5_000],
}

/** What a window to a peer holds at least where a round trip takes long: otherwise no work gets through. */
const FAR_WINDOW: Partial<Tuning> = { appendBytesMax: 1_000, inflightMessagesMax: 4 }

/** Production's sizes in half of the lives; in the others some or all fields are tiny. */
export function drawTuning(random: SeededRandom, links: LinksPlan): Partial<Tuning> {
  if (random.chance(0.5)) return {}
  const share = random.pick([0.2, 0.5, 1])
  const tuning: Partial<Record<keyof Tuning, number>> = {}
  for (const field of Object.keys(DEFAULT_TUNING) as (keyof Tuning)[]) {
    const [from, to] = SMALL[field]
    const least = links.farShare > 0 ? (FAR_WINDOW[field] ?? 0) : 0
    const value = Math.max(least, logInteger(random, from, to))
    if (random.chance(share)) tuning[field] = value
  }
  return tuning
}

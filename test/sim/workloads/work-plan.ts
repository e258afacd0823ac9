/**
 * What the clients of a world are to do: plain JSON, drawn once for a life.
 *
 * Every client draws a gap, then one of the workloads by its weight, and begins one step
 * of it without waiting for the step before. A weight of 0 leaves a workload out; most
 * plans leave some out, so that what is left collides more.
 */

import type { SeededRandom } from '../../model/random.js'
import { WORKLOAD_NAMES, WORKLOADS, type WorkloadName } from './table.js'

/** See the head of the file. */
export interface WorkPlan {
  /** Processes, each with a client of its own. */
  readonly clients: number
  /** Probability that a client uses the pipeline; the others make each call a request of its own. */
  readonly pipelineShare: number
  /** TTL of the clients' own sessions, in whole seconds. */
  readonly sessionTtlSeconds: number
  /** Steps that all clients together begin in a second, on average. */
  readonly stepsPerSecond: number
  /** Steps that one client may have under way. Watches, leases and locks outlive their steps. */
  readonly stepsUnderWayMax: number
  /** No step begins after so many operations were recorded. */
  readonly operationsMax: number
  /** How often each workload is drawn, relative to the others. */
  readonly weights: Readonly<Record<WorkloadName, number>>
  /** Keys that the registers share; the other workloads have as many, or fewer. */
  readonly keys: number
  /** Bytes that a value is padded to; 0 for short ones. */
  readonly valueBytes: number
  /** Each client draws its request timeout between these, in milliseconds. */
  readonly timeoutMsMin: number
  readonly timeoutMsMax: number
  /** A reader that dawdles waits so long between batches, in milliseconds; 0 for none. */
  readonly slowReaderMs: number
  /** Least time between two compactions of the whole world, in milliseconds. */
  readonly compactionIntervalMs: number
  /** Watchers that one client may have open. */
  readonly watchersMax: number
  /** In whole seconds; the server may grant more. */
  readonly leaseTtlSecondsMin: number
  readonly leaseTtlSecondsMax: number
  /** Mutexes, elections, and registers that they guard. */
  readonly locks: number
}

/** Draws a plan. Rates vary by two orders of magnitude. */
export function drawWork(random: SeededRandom): WorkPlan {
  const timeoutMsMin = random.pick([200, 500, 1_000, 2_000])
  const leaseTtlSecondsMin = random.between(1, 4)
  return {
    clients: random.between(1, 8),
    stepsPerSecond: random.pick([5, 5, 10, 20, 50, 100]),
    stepsUnderWayMax: random.pick([1, 2, 4, 8]),
    operationsMax: 20_000,
    weights: drawWeights(random),
    keys: random.between(2, 12),
    valueBytes: random.chance(0.2) ? random.pick([100, 1_000, 10_000]) : 0,
    timeoutMsMin,
    timeoutMsMax: random.pick([timeoutMsMin, 2 * timeoutMsMin, 5_000]),
    slowReaderMs: random.chance(0.3) ? random.pick([10, 100, 1_000]) : 0,
    compactionIntervalMs: random.pick([200, 1_000, 5_000, 20_000]),
    watchersMax: random.between(1, 6),
    leaseTtlSecondsMin,
    leaseTtlSecondsMax: random.between(leaseTtlSecondsMin, 10),
    locks: random.between(1, 3),
    pipelineShare: random.pick([0, 0.5, 1, 1, 1]),
    sessionTtlSeconds: random.pick([1, 2, 5, 60, 60]),
  }
}

/** Plans that do one thing more than all others. */
const FOCUSED = 0.4
const FOCUS_WEIGHT = 60

/** Each workload is left out with some probability; the registers never are. */
function drawWeights(random: SeededRandom): Record<WorkloadName, number> {
  const weights = {} as Record<WorkloadName, number>
  for (const name of WORKLOAD_NAMES) {
    const share = random.chance(0.25) ? 0 : random.pick([0.3, 1, 3])
    weights[name] = WORKLOADS[name].usualWeight * share
  }
  weights.registers ||= 1
  const focus = random.pick(WORKLOAD_NAMES)
  if (random.chance(FOCUSED)) weights[focus] = FOCUS_WEIGHT
  return weights
}

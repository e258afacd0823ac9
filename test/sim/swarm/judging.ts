/** The word of all judges on a life that is over: the first broken rule, or none. */

import { judgeClientWatch } from '../../check/client-watch.js'
import type { Committed } from '../../check/committed.js'
import { judgeGatherings } from '../../check/gathering-rules.js'
import { judgeGroups } from '../../check/group-rules.js'
import { type Calm, judgeLeases } from '../../check/lease-rules.js'
import { judgeRegisterSample } from '../../check/linearizability/register-sample.js'
import { judgeLocks } from '../../check/lock-rules.js'
import { replayLog } from '../../check/log-replay.js'
import type { Operation, Violation } from '../../check/operation.js'
import { judgePipeline, type PipelineVerdict } from '../../check/pipeline-rules.js'
import { judgeQueues } from '../../check/queue-rules.js'
import { judgeRevisions } from '../../check/revision-judge.js'
import { judgeSafeHalt, type SelfEnd } from '../../check/safe-halt.js'
import { judgeSwaps } from '../../check/swap-rules.js'
import { type ClockBounds, judgeTold } from '../../check/told-rules.js'
import { judgeWatch } from '../../check/watch-rules.js'
import type { Material } from '../workloads/material.js'
import { QUEUE_ATTEMPTS_MAX } from '../workloads/queue.js'
import { clockRates } from './clocks.js'
import type { Plan } from './plan.js'

/** What is judged. */
export interface Evidence {
  readonly plan: Plan
  readonly committed: readonly Committed[]
  readonly operations: readonly Operation[]
  readonly material: Material
  /** Processes whose calls ride on the pipeline. */
  readonly riding: ReadonlySet<string>
  /** Members that ended themselves. */
  readonly ends: readonly SelfEnd[]
  /** When all was calm at the end; undefined when it never was. */
  readonly calm: Calm | undefined
  /** Whether a client's process stood still at a moment of true time. */
  readonly stood: (process: string, ms: number) => boolean
}

/** What came of it. */
export interface Judged {
  /** Of the first judge that convicts. */
  readonly violation: Violation | undefined
  readonly pipeline: PipelineVerdict
}

/** Asks one judge after the other, until one convicts. */
export function judge(evidence: Evidence): Judged {
  const { committed, operations, material, riding } = evidence
  const replayed = replayLog(committed)
  const { truth } = replayed
  const pipeline = judgePipeline({ operations, log: truth.log ?? [], riding })
  const judges: (() => readonly Violation[])[] = [
    () => material.violations,
    () => replayed.violations,
    () => judgeRevisions(operations, truth),
    () => pipeline.violations,
    () => material.watchTraces.flatMap((trace) => named('watch', judgeWatch(trace, truth))),
    () =>
      material.clientWatches.flatMap((one) => named('client watch', judgeClientWatch(one, truth))),
    () =>
      judgeLeases({
        ...clockRates(evidence.plan),
        records: material.leases,
        committed: truth.log ?? [],
        events: truth.events,
        calm: evidence.calm,
      }),
    () => judgeSafeHalt({ operations: [], turns: [], ends: evidence.ends }),
    () => judgeRegisterSample(operations),
    () => judgeLocks(material.locks, operations, truth),
    () =>
      judgeTold({
        ...truth,
        grants: material.locks.grants,
        clocks: clocksOf(evidence.plan),
        stood: evidence.stood,
      }),
    () => judgeGatherings(material.visits, truth),
    () => judgeGroups(material.groups, truth),
    () => judgeSwaps(material.swaps, truth.events),
    () => judgeQueues(material.queues, truth.events, QUEUE_ATTEMPTS_MAX),
  ]
  for (const ask of judges) {
    const [first] = ask()
    if (first !== undefined) return { violation: first, pipeline }
  }
  return { violation: undefined, pipeline }
}

/** Clients keep their rate; members may drift. */
function clocksOf(plan: Plan): ClockBounds {
  return {
    serverRateMax: clockRates(plan).rateMax,
    holderRateMin: 1 - plan.clockDriftMax,
    holderAheadMsMax: plan.stutter?.aheadMsMax ?? 0,
  }
}

function named(judge: string, violations: readonly Violation[]): Violation[] {
  return violations.map((one) => ({ ...one, rule: `${judge}: ${one.rule}` }))
}

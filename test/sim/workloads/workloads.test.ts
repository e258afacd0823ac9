/** Each workload at work in a small calm world: it notes what it should, and comes to its end. */

import { afterEach, describe, expect, test } from '@jest/globals'
import { asWatchTrace, judgeClientWatch } from '../../check/client-watch.js'
import type { Operation } from '../../check/operation.js'
import { judgeWatch } from '../../check/watch-rules.js'
import { SeededRandom } from '../../model/random.js'
import { World } from '../world/world.js'
import { WORKLOAD_NAMES, type WorkloadName } from './table.js'
import { drawWork, type WorkPlan } from './work-plan.js'
import { startWorkloads, type Workloads } from './workloads.js'

let world: World

afterEach(() => world.stop())

/** Nothing but these workloads, often. */
function plan(names: readonly WorkloadName[], more: Partial<WorkPlan> = {}): WorkPlan {
  const weights = Object.fromEntries(
    WORKLOAD_NAMES.map((name) => [name, names.includes(name) ? 1 : 0]),
  ) as Record<WorkloadName, number>
  return {
    clients: 3,
    stepsPerSecond: 30,
    stepsUnderWayMax: 4,
    operationsMax: 5_000,
    weights,
    keys: 4,
    valueBytes: 0,
    timeoutMsMin: 1_000,
    timeoutMsMax: 2_000,
    slowReaderMs: 0,
    compactionIntervalMs: 1_000,
    watchersMax: 3,
    leaseTtlSecondsMin: 1,
    leaseTtlSecondsMax: 3,
    locks: 1,
    ...more,
  }
}

/** The work of some seconds, and its end. */
async function work(work: WorkPlan, forMs = 20_000, seed = 1): Promise<Workloads> {
  world = new World({ seed, members: 3, memberOptions: {}, tuning: {} })
  await world.answered(Promise.all(world.machines.map((machine) => machine.boot())))
  const workloads = startWorkloads(world, work)
  await world.run(forMs)
  workloads.stop()
  await world.answered(workloads.settled, 30_000)
  await world.until('level watchers', () => workloads.behind(workloads.revision).length === 0)
  await world.answered(workloads.close())
  expect(workloads.violations).toEqual([])
  return workloads
}

test('prints', async () => {
  const workloads = await work(drawWork(new SeededRandom(3)))
  const kinds: Record<string, number> = {}
  for (const { call, answer } of workloads.operations) {
    const key = `${call.kind} ${answer?.kind}`
    kinds[key] = (kinds[key] ?? 0) + 1
  }
  const m = workloads.material
  console.log(
    workloads.steps,
    kinds,
    m.watchTraces.length,
    m.clientWatches.length,
    m.leases.length,
    m.locks.grants.length,
    m.locks.writes.length,
    m.locks.observations.length,
    m.locks.proclamations.length,
  )
})

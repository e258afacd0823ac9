/** One process at work: step after step, at random times, of random workloads. */

import type { SeededRandom } from '../../model/random.js'
import { WORKLOAD_NAMES, WORKLOADS, type WorkloadName } from './table.js'
import type { Worker, Workload } from './worker.js'

/** Longest gap between two steps, in means. */
const GAP_MEANS_MAX = 8

/**
 * Works until the worker is stopping, then resolves when nothing that was kept goes on.
 *
 * @param steps counts the steps that were begun.
 */
export async function drive(
  worker: Worker,
  world: { fork(name: string): SeededRandom },
  steps: Record<WorkloadName, number>,
): Promise<void> {
  const { plan, process, recorder, stopping } = worker
  const random = world.fork(`work/${process}`)
  const workloads = makeWorkloads(worker, world)
  const gapMsMean = (1_000 * plan.clients) / plan.stepsPerSecond
  let underWay = 0
  while (!stopping.aborted) {
    const gaps = Math.min(GAP_MEANS_MAX, -Math.log(1 - random.next()))
    await worker.sleep(gaps * gapMsMean)
    if (stopping.aborted || recorder.operations.length >= plan.operationsMax) break
    const name = random.weighted(plan.weights)
    if (underWay >= plan.stepsUnderWayMax) continue
    underWay++
    steps[name]++
    const over = () => {
      underWay--
    }
    worker.keep(workloads.get(name)!.step().finally(over))
  }
  await worker.settled()
}

function makeWorkloads(
  worker: Worker,
  world: { fork(name: string): SeededRandom },
): Map<WorkloadName, Workload> {
  return new Map(
    WORKLOAD_NAMES.filter((name) => worker.plan.weights[name] > 0).map((name) => [
      name,
      WORKLOADS[name].make(worker, world.fork(`work/${worker.process}/${name}`)),
    ]),
  )
}

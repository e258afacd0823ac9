/** What a seed draws for links and disks. */

import type { SeededRandom } from '../../model/random.js'
import { logUniform, tidyNumber } from './draw-shapes.js'
import type { DisksPlan, LatencyPlan, LinksPlan } from './plan.js'

/** One data centre, several, or a mixture. */
export function drawLinks(random: SeededRandom): LinksPlan {
  const near = latency(random, 0.1, 1)
  const far = latency(random, 10, 50)
  const farShare = Number(random.weighted({ 0: 6, 1: 2, 0.3: 2 }))
  return { near, far, farShare }
}

function latency(random: SeededRandom, fromMs: number, toMs: number): LatencyPlan {
  const minMs = tidyNumber(logUniform(random, fromMs, toMs))
  return { minMs, meanMs: tidyNumber(minMs * random.pick([1.05, 1.3, 2])) }
}

/** Fast ones mostly. */
export function drawDisks(random: SeededRandom): DisksPlan {
  const syncMsMean = tidyNumber(logUniform(random, 0.1, 20))
  return { callMsMean: tidyNumber(syncMsMean / random.pick([10, 100])), syncMsMean }
}

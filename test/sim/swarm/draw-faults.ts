/**
 * What a seed draws for the faults: swarm testing (Groce et al., 2012). Each life switches
 * most kinds off and turns the others to very different rates, because bugs hide behind
 * faults that drown each other out.
 */

import type { SeededRandom } from '../../model/random.js'
import { logInteger, logUniform, tidyNumber } from './draw-shapes.js'
import { FAULT_KINDS, type FaultKind, type FaultSettings, type Faults } from './fault-kinds.js'

/** Bounds of what is drawn for one kind, both ends included. */
interface Bounds {
  /** How likely the kind is compared with the others. */
  readonly weight: number
  readonly everyMs: readonly [number, number]
  /** Absent: over at once. */
  readonly forMs?: readonly [number, number]
  /** Absent: always. */
  readonly rate?: readonly [number, number]
}

const BOUNDS: Readonly<Record<FaultKind, Bounds>> = {
  kill: { weight: 2, everyMs: [500, 20_000], forMs: [20, 10_000] },
  stop: { weight: 1, everyMs: [1_000, 20_000], forMs: [20, 10_000] },
  powerLoss: { weight: 2, everyMs: [500, 20_000], forMs: [20, 10_000] },
  powerLossSome: { weight: 1, everyMs: [2_000, 20_000], forMs: [20, 5_000] },
  powerLossAll: { weight: 1, everyMs: [3_000, 20_000], forMs: [20, 2_000] },
  pause: { weight: 2, everyMs: [500, 20_000], forMs: [10, 60_000] },
  clockFreeze: { weight: 1, everyMs: [1_000, 20_000], forMs: [10, 10_000] },
  clockDrift: { weight: 1, everyMs: [1_000, 20_000], forMs: [1_000, 20_000] },
  wallStep: { weight: 1, everyMs: [1_000, 20_000] },
  pauseClient: { weight: 1, everyMs: [500, 20_000], forMs: [10, 20_000] },
  partition: { weight: 3, everyMs: [1_000, 20_000], forMs: [100, 15_000] },
  cutOneWay: { weight: 2, everyMs: [500, 20_000], forMs: [100, 15_000] },
  cutClients: { weight: 1, everyMs: [500, 20_000], forMs: [100, 10_000] },
  refuse: { weight: 1, everyMs: [500, 20_000], forMs: [100, 10_000] },
  loss: { weight: 2, everyMs: [500, 20_000], forMs: [500, 20_000], rate: [0.005, 0.3] },
  duplicate: { weight: 1, everyMs: [500, 20_000], forMs: [500, 20_000], rate: [0.01, 0.3] },
  replay: { weight: 1, everyMs: [500, 20_000], forMs: [500, 20_000], rate: [0.005, 0.2] },
  reorder: { weight: 1, everyMs: [500, 20_000], forMs: [500, 20_000], rate: [0.01, 0.5] },
  slowLinks: { weight: 1, everyMs: [1_000, 20_000], forMs: [500, 10_000] },
  clog: { weight: 1, everyMs: [500, 20_000], forMs: [50, 5_000] },
  swizzleClog: { weight: 1, everyMs: [2_000, 20_000], forMs: [500, 5_000] },
  breakConnections: { weight: 2, everyMs: [200, 10_000] },
  readError: { weight: 1, everyMs: [2_000, 20_000], forMs: [100, 5_000], rate: [0.05, 0.5] },
  writeError: { weight: 1, everyMs: [2_000, 20_000], forMs: [100, 2_000], rate: [0.01, 0.5] },
  syncError: { weight: 1, everyMs: [2_000, 20_000], forMs: [100, 2_000], rate: [0.05, 1] },
  diskFull: { weight: 1, everyMs: [2_000, 20_000], forMs: [500, 10_000] },
  noSpace: { weight: 1, everyMs: [2_000, 20_000], forMs: [100, 5_000], rate: [0.05, 1] },
  shortRead: { weight: 1, everyMs: [1_000, 20_000], forMs: [500, 20_000], rate: [0.05, 0.5] },
  diskStall: { weight: 2, everyMs: [1_000, 20_000], forMs: [50, 60_000] },
  commitError: { weight: 1, everyMs: [2_000, 20_000], forMs: [100, 2_000], rate: [0.05, 1] },
  flip: { weight: 1, everyMs: [2_000, 20_000], forMs: [500, 5_000], rate: [0.1, 1] },
  rot: { weight: 1, everyMs: [3_000, 20_000], forMs: [500, 5_000] },
  addVoter: { weight: 1, everyMs: [2_000, 20_000] },
  addLearner: { weight: 1, everyMs: [2_000, 20_000] },
  promote: { weight: 1, everyMs: [500, 5_000] },
  remove: { weight: 1, everyMs: [2_000, 20_000] },
  replace: { weight: 1, everyMs: [3_000, 20_000], forMs: [100, 5_000] },
  updateUrls: { weight: 1, everyMs: [1_000, 10_000] },
  moveLeader: { weight: 1, everyMs: [500, 10_000] },
}

/** Probability that a kind of weight 1 is on, by how stormy the life is. */
const CLIMATES = { calm: 0, mild: 0.06, swarm: 0.15, storm: 0.35 } as const

/** Draws the faults of one life. */
export function drawFaults(random: SeededRandom): Faults {
  const climate = random.weighted({ calm: 1, mild: 8, swarm: 12, storm: 4 })
  const focus = random.pick(FAULT_KINDS)
  const faults = {} as Record<FaultKind, FaultSettings | null>
  for (const kind of FAULT_KINDS) {
    const { weight } = BOUNDS[kind]
    const settings = drawSettings(random, BOUNDS[kind])
    const isOn = random.chance(Math.min(0.8, weight * CLIMATES[climate]))
    faults[kind] = isOn || (kind === focus && climate !== 'calm') ? settings : null
  }
  return withWhatTheyNeed(random, faults)
}

function drawSettings(random: SeededRandom, bounds: Bounds): FaultSettings {
  const everyMs = logInteger(random, ...bounds.everyMs)
  const forMs = bounds.forMs === undefined ? 0 : logInteger(random, ...bounds.forMs)
  const rate = bounds.rate === undefined ? 1 : tidyNumber(logUniform(random, ...bounds.rate))
  return { everyMs, forMs, rate }
}

/** Learners are there to be promoted, damaged machines to be replaced. */
function withWhatTheyNeed(
  random: SeededRandom,
  faults: Record<FaultKind, FaultSettings | null>,
): Faults {
  if (faults.promote !== null) faults.addLearner ??= drawSettings(random, BOUNDS.addLearner)
  if (faults.addLearner !== null) faults.promote ??= drawSettings(random, BOUNDS.promote)
  if (faults.rot !== null) faults.replace ??= drawSettings(random, BOUNDS.replace)
  return faults
}

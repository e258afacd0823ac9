/**
 * What may go wrong in one simulated life, drawn from the seed. Swarm testing (Groce et al.,
 * 2012): each seed switches most kinds of faults off and turns the others to very different
 * rates, because bugs hide behind faults that drown each other out.
 */

import type { Prng } from './prng.js'

/** The faults, sizes and rates of one life. Times are in ticks; `Infinity` is "never". */
export interface Faults {
  /** Voters at the start. */
  readonly voters: number
  /** Length of the chaos phase. */
  readonly chaosTicks: number
  readonly electionTicks: number
  readonly heartbeatTicks: number
  readonly preVote: boolean
  readonly checkQuorum: boolean
  readonly readOnly: 'safe' | 'lease'
  readonly appendBytesMax: number
  readonly inflightMessagesMax: number
  readonly inflightBytesMax: number
  readonly uncommittedBytesMax: number
  readonly applyBytesMax: number

  /** Shortest and mean additional delay of a message. */
  readonly delayMin: number
  readonly delayMean: number
  readonly lossRate: number
  readonly duplicateRate: number
  /** A message takes `slowFactor` times as long. */
  readonly slowRate: number
  readonly slowFactor: number
  /** An old message comes again, long after (mean wait between such events). */
  readonly replayEvery: number
  readonly partitionEvery: number
  readonly partitionMean: number
  /** The sender learns that a message could not be delivered. */
  readonly reportRate: number
  /** Messages cross the network as bytes rather than as objects. */
  readonly encode: boolean

  readonly crashEvery: number
  readonly downMean: number
  /** A node does nothing for a while, then finds everything that came meanwhile. */
  readonly pauseEvery: number
  readonly pauseMean: number
  /** Clocks run this much faster or slower, at most. */
  readonly clockSkew: number

  readonly diskDelayMean: number
  readonly diskSlowRate: number
  /** The driver asks for `ready()` later, this often: several inputs, one output. */
  readonly lazyRate: number
  readonly applyDelayMean: number
  /** How long the applied state of the machine may stay behind on disk. */
  readonly backendMean: number
  readonly compactEvery: number
  /** Entries that a compaction leaves in the log, at most. */
  readonly compactKeep: number
  readonly snapshotDelayMean: number
  readonly snapshotFailRate: number

  readonly proposeEvery: number
  readonly proposeBytesMax: number
  readonly readEvery: number
  readonly membershipEvery: number
  readonly transferEvery: number
  readonly campaignEvery: number
  /** Nodes that were removed go on running and disturb. */
  readonly zombies: boolean
}

/** Draws the faults of one life. */
export function drawFaults(prng: Prng): Faults {
  const lease = prng.chance(0.2)
  const heartbeatTicks = prng.chance(0.7) ? 1 : prng.between(2, 3)
  return {
    voters: prng.pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 6, 7]),
    chaosTicks: prng.between(200, 700),
    electionTicks: heartbeatTicks * prng.between(5, 10),
    heartbeatTicks,
    readOnly: lease ? 'lease' : 'safe',
    checkQuorum: lease || prng.chance(0.7),
    preVote: prng.chance(0.7),
    ...drawSizes(prng),
    ...drawNetwork(prng),
    ...drawNodes(prng, lease),
    ...drawStorage(prng),
    ...drawWork(prng, lease),
  }
}

function drawSizes(prng: Prng) {
  const small = prng.chance(0.5)
  return {
    appendBytesMax: small ? prng.between(1, 300) : 1 << 20,
    inflightMessagesMax: small ? prng.between(1, 4) : 256,
    inflightBytesMax: prng.chance(0.3) ? prng.between(300, 2000) : 1 << 24,
    uncommittedBytesMax: prng.chance(0.3) ? prng.between(200, 2000) : 1 << 24,
    applyBytesMax: prng.chance(0.3) ? prng.between(1, 300) : 1 << 20,
  }
}

function drawNetwork(prng: Prng) {
  const often = (rate: number, value: () => number) => (prng.chance(rate) ? value() : 0)
  const seldom = (rate: number, value: () => number) => (prng.chance(rate) ? value() : Infinity)
  return {
    delayMin: prng.pick([0, 0.01, 0.1, 0.5]),
    delayMean: prng.pick([0.01, 0.1, 0.3, 1, 2]),
    lossRate: often(0.5, () => prng.pick([0.005, 0.02, 0.1, 0.3])),
    duplicateRate: often(0.5, () => prng.pick([0.01, 0.1, 0.3])),
    slowRate: often(0.4, () => prng.pick([0.01, 0.05, 0.2])),
    slowFactor: prng.pick([5, 30, 100]),
    replayEvery: seldom(0.4, () => prng.pick([2, 10, 40])),
    partitionEvery: seldom(0.6, () => prng.between(15, 150)),
    partitionMean: prng.between(5, 60),
    reportRate: prng.pick([0, 0.3, 1]),
    encode: prng.chance(0.25),
  }
}

function drawNodes(prng: Prng, lease: boolean) {
  const seldom = (rate: number, value: () => number) => (prng.chance(rate) ? value() : Infinity)
  return {
    crashEvery: seldom(0.6, () => prng.between(10, 200)),
    downMean: prng.between(1, 40),
    pauseEvery: lease ? Infinity : seldom(0.3, () => prng.between(20, 150)),
    pauseMean: prng.between(3, 40),
    clockSkew: lease ? 0 : prng.pick([0, 0.05, 0.3]),
  }
}

function drawStorage(prng: Prng) {
  const seldom = (rate: number, value: () => number) => (prng.chance(rate) ? value() : Infinity)
  return {
    diskDelayMean: prng.pick([0, 0.05, 0.3, 1.5]),
    diskSlowRate: prng.chance(0.3) ? prng.pick([0.01, 0.1]) : 0,
    lazyRate: prng.chance(0.4) ? prng.pick([0.1, 0.6]) : 0,
    applyDelayMean: prng.chance(0.3) ? prng.pick([0.2, 2]) : 0,
    backendMean: prng.pick([0.1, 2, 20]),
    compactEvery: seldom(0.6, () => prng.between(5, 60)),
    compactKeep: prng.pick([0, 3, 20]),
    snapshotDelayMean: prng.pick([0.1, 2, 10]),
    snapshotFailRate: prng.chance(0.4) ? prng.pick([0.1, 0.5]) : 0,
  }
}

function drawWork(prng: Prng, lease: boolean) {
  const seldom = (rate: number, value: () => number) => (prng.chance(rate) ? value() : Infinity)
  return {
    proposeEvery: prng.pick([0.3, 1, 3, 10]),
    proposeBytesMax: prng.pick([8, 100, 400]),
    readEvery: seldom(0.8, () => prng.pick([0.5, 3])),
    membershipEvery: seldom(0.5, () => prng.between(5, 60)),
    transferEvery: seldom(0.4, () => prng.between(10, 80)),
    // A campaign out of turn breaks the promise that a lease stands on.
    campaignEvery: lease ? Infinity : seldom(0.2, () => prng.between(5, 80)),
    zombies: prng.chance(0.3),
  }
}

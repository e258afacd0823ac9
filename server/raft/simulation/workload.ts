/**
 * What happens to a simulated world during its chaos phase: clients that propose and read,
 * operators that change the members and move the leadership, and a nemesis that breaks links,
 * cuts power, and freezes nodes. Each kind comes at random moments with the mean wait that the
 * seed drew.
 */

import {
  ConfigChange,
  ConfigChangeStep,
  type ConfState,
  Kind,
  Transition,
} from '../../../client/wire/generated/raft.js'
import type { SimulatedNode } from './node.js'
import type { World } from './world.js'

/** Nodes that ever live in one world, at most. */
const NODE_COUNT_MAX = 12

/** Everyone who is in some set of a configuration. */
export function everyone(conf: ConfState): Set<bigint> {
  return new Set([...conf.voters, ...conf.learners, ...conf.votersOutgoing, ...conf.learnersNext])
}

/** Starts all kinds of trouble; they end by themselves when the world calms down. */
export function startWorkload(world: World): void {
  const { faults, prng, network } = world
  world.every(faults.proposeEvery, () => propose(world))
  world.every(faults.readEvery, () => read(world, anyNode(world)))
  world.every(faults.membershipEvery, () => changeMembers(world))
  world.every(faults.transferEvery, () => transfer(world))
  world.every(faults.campaignEvery, () => anyNode(world)?.call((raft) => raft.campaign()))
  world.every(faults.replayEvery, () => network.replay())
  world.every(faults.partitionEvery, () => {
    network.partition([...world.nodes.keys()])
    world.after(prng.exponential(faults.partitionMean), () => network.join())
  })
  world.every(faults.crashEvery, () => crash(world))
  world.every(faults.pauseEvery, () => anyNode(world)?.pause(prng.exponential(faults.pauseMean)))
  world.every(faults.compactEvery, () => anyNode(world)?.compact(prng.int(faults.compactKeep + 1)))
  world.every(faults.electionTicks, () => world.retireRemoved())
}

/** Asks for a read; the answer appears in `node.answers`. Returns its context. */
export function read(world: World, node: SimulatedNode | undefined): number {
  const context = world.nextContext()
  if (node !== undefined) {
    world.judge.asked(node.id, context)
    world.attempt(node, (raft) => raft.readIndex(context))
  }
  return context
}

function up(world: World): SimulatedNode[] {
  return [...world.nodes.values()].filter((node) => node.raft !== undefined)
}

function anyNode(world: World): SimulatedNode | undefined {
  const nodes = up(world)
  return nodes.length === 0 ? undefined : world.prng.pick(nodes)
}

/** Mostly one that believes it leads; there may be several, and old ones. */
function leaderOrAny(world: World): SimulatedNode | undefined {
  const leaders = up(world).filter((node) => node.raft?.state.role === 'leader')
  return leaders.length > 0 && world.prng.chance(0.8) ? world.prng.pick(leaders) : anyNode(world)
}

function propose(world: World): void {
  const { prng, faults } = world
  const node = leaderOrAny(world)
  const data = new Uint8Array(prng.between(1, faults.proposeBytesMax))
  for (let i = 0; i < Math.min(8, data.length); i++) data[i] = prng.int(256)
  const times = prng.chance(0.1) ? 8 : 1
  for (let i = 0; i < times && node !== undefined; i++) {
    world.attempt(node, (raft) => raft.propose(data))
  }
}

function transfer(world: World): void {
  const node = leaderOrAny(world)
  const { voters, learners } = world.newestConf
  const to = world.prng.pick([...voters, ...voters, ...learners])
  if (node !== undefined) world.attempt(node, (raft) => raft.transferLeadership(to))
}

/** Power cuts: of one node or all, at once or while the next write is on its way to the disk. */
function crash(world: World): void {
  const { prng, faults } = world
  const count = prng.chance(0.15) ? world.nodes.size : 1
  for (const node of prng.shuffle(up(world)).slice(0, count)) {
    if (prng.chance(0.5)) cutPower(world, node)
    else {
      node.onNextWrite = () => {
        world.after(prng.exponential(faults.diskDelayMean / 2), () => cutPower(world, node))
      }
    }
  }
}

function cutPower(world: World, node: SimulatedNode): void {
  if (node.raft === undefined || world.calm) return
  node.crash()
  world.after(world.prng.exponential(world.faults.downMean), () => {
    if (node.raft === undefined && !node.retired) node.start()
  })
}

function changeMembers(world: World): void {
  const node = leaderOrAny(world)
  if (node?.raft === undefined) return
  const change = drawChange(world, node.raft.state.confState)
  world.attempt(node, (raft) => raft.proposeConfigChange(change))
}

function drawChange(world: World, conf: ConfState): ConfigChange {
  const { prng } = world
  if (conf.votersOutgoing.length > 0 && prng.chance(0.8)) return ConfigChange.create()
  const count = prng.chance(0.6) ? 1 : prng.between(2, 4)
  const steps = Array.from({ length: count }, () => drawStep(world, conf))
  const transition = prng.pick([
    Transition.AUTO,
    Transition.AUTO,
    Transition.JOINT_IMPLICIT,
    Transition.JOINT_EXPLICIT,
  ])
  return ConfigChange.create({ transition, steps })
}

function drawStep(world: World, conf: ConfState): ConfigChangeStep {
  const { prng } = world
  const voters = conf.voters.length
  const kind = prng.pick(
    voters < 3
      ? [Kind.ADD_VOTER, Kind.ADD_VOTER, Kind.ADD_LEARNER, Kind.REMOVE]
      : voters < 6
        ? [Kind.ADD_VOTER, Kind.ADD_LEARNER, Kind.REMOVE, Kind.UPDATE]
        : [Kind.REMOVE, Kind.REMOVE, Kind.ADD_LEARNER],
  )
  const known = [...everyone(conf)]
  const promoted = kind === Kind.ADD_VOTER && conf.learners.length > 0 && prng.chance(0.6)
  if (promoted) return ConfigChangeStep.create({ kind, member: prng.pick(conf.learners) })
  const adds = kind === Kind.ADD_VOTER || kind === Kind.ADD_LEARNER
  const fresh = adds && prng.chance(0.8) && world.nodes.size < NODE_COUNT_MAX
  const back = [...world.nodes.values()].filter((node) => !node.retired && !known.includes(node.id))
  if (fresh) return ConfigChangeStep.create({ kind, member: world.addNode().id })
  if (adds && back.length > 0 && prng.chance(0.5)) {
    return ConfigChangeStep.create({ kind, member: prng.pick(back).id })
  }
  return ConfigChangeStep.create({ kind, member: prng.pick(known.length > 0 ? known : [1n]) })
}

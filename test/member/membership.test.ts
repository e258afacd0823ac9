/** Stories about members that come, go, move and are promoted, and what clients see of it. */

import { afterEach, describe, expect, test } from '@jest/globals'
import type { Member } from '../../client/wire/generated/rpc.js'
import { Cluster, Maintenance } from '../../client/wire/methods.js'
import { MemoryDatabases } from '../../server/host/database-memory.js'
import { type Machine, MemberWorld } from '../sim/member-world.js'
import { RawPipeline } from './raw-pipeline.js'

let world: MemberWorld

afterEach(async () => {
  await world.stop()
})

/** Long enough for connections to count. */
const SETTLED_MS = 6_000

function add(through: Machine, machine: Machine, isLearner = false) {
  const request = { peerURLs: [machine.peerUrl], isLearner }
  return world.answered(world.client(through).call(Cluster.memberAdd, request))
}

function remove(through: Machine, ID: bigint) {
  return world.answered(world.client(through).call(Cluster.memberRemove, { ID }))
}

function promote(through: Machine, ID: bigint) {
  return world.answered(world.client(through).call(Cluster.memberPromote, { ID }))
}

function moveLeader(through: Machine, targetID: bigint) {
  return world.answered(world.client(through).call(Maintenance.moveLeader, { targetID }))
}

async function list(through: Machine): Promise<Member[]> {
  const call = world.client(through).call(Cluster.memberList, { linearizable: true })
  return (await world.answered(call)).members
}

const names = async (through: Machine) => (await list(through)).map(({ name }) => name).sort()

const idOf = (machine: Machine): bigint => machine.member!.id

/** Adds a member and waits until it has told its name. */
async function join(through: Machine, isLearner = false): Promise<Machine> {
  const machine = world.addMachine()
  await add(through, machine, isLearner)
  await world.boot(machine)
  await world.until(
    `${machine.name} has joined`,
    () => machine.member!.machine.members.get(idOf(machine))?.name === machine.name,
  )
  return machine
}

const others = (machine: Machine) => world.machines.filter((other) => other !== machine)

describe('adding', () => {
  test('a new member gets everything, tells its name, and serves', async () => {
    world = await MemberWorld.start(1)
    const [first] = world.machines
    for (let i = 0; i < 20; i++) await world.put(first!, `k${i}`, `v${i}`)
    const second = await join(first!)
    expect(await world.get(second, 'k19')).toBe('v19')
    await world.put(second, 'new', 'x')
    expect(await world.get(first!, 'new')).toBe('x')
    expect(await names(second)).toEqual(['m1', 'm2'])
    expect((await world.fingerprints()).size).toBe(1)
  })

  test('three become four and five, and two may die', async () => {
    world = await MemberWorld.start(3)
    await world.run(SETTLED_MS)
    const leader = await world.leader()
    await join(others(leader)[0]!)
    await world.run(SETTLED_MS)
    const fifth = await join(leader)
    await world.put(fifth, 'k', 'v')
    await world.kill(leader, true)
    await world.kill(others(leader)[0]!, true)
    const left = world.machines.filter(({ member }) => member !== undefined)
    const successor = await world.leader(left)
    expect(await world.get(successor, 'k')).toBe('v')
  })

  test('a learner has no vote, answers local reads alone, and is promoted through any member', async () => {
    world = await MemberWorld.start(3)
    await world.run(SETTLED_MS)
    const leader = await world.leader()
    await world.put(leader, 'k', 'v')
    const learner = await join(leader, true)
    expect(await world.get(learner, 'k', { serializable: true })).toBe('v')
    await expect(world.get(learner, 'k')).rejects.toThrow('rpc not supported for learner')
    const pipeline = new RawPipeline(world.client(learner))
    await world.until('no pipeline', () => pipeline.closed !== undefined)
    expect(pipeline.closed?.error?.details).toBe('etcdserver: rpc not supported for learner')
    await expect(moveLeader(leader, idOf(learner))).rejects.toThrow('bad leader transferee')
    const { members } = await promote(others(leader)[0]!, idOf(learner))
    expect(members.every(({ isLearner }) => !isLearner)).toBe(true)
    await world.until('the learner knows', () => !learner.member!.isLearner)
    expect(await world.get(learner, 'k')).toBe('v')
    await moveLeader(leader, idOf(learner))
    expect(await world.leader()).toBe(learner)
  })
})

describe('health', () => {
  test('changes wait until the members have been connected for five seconds, whoever leads', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    const spare = world.addMachine()
    await expect(add(leader, spare)).rejects.toThrow('unhealthy cluster')
    await expect(add(others(leader)[0]!, spare, true)).rejects.toThrow('unhealthy cluster')
    await expect(remove(leader, idOf(others(leader)[0]!))).rejects.toThrow('unhealthy cluster')
    await world.run(SETTLED_MS)
    const successor = others(leader)[0]!
    await moveLeader(leader, idOf(successor))
    await world.until('the successor leads', () => successor.member!.isLeader)
    await add(successor, spare)
  })

  test('a member that is cut off makes it unhealthy, and may be removed itself', async () => {
    world = await MemberWorld.start(3)
    await world.run(SETTLED_MS)
    const leader = await world.leader()
    const [cut, kept] = others(leader) as [Machine, Machine]
    world.network.isolate(cut.name, [leader.name, kept.name])
    await world.run(SETTLED_MS)
    const spare = world.addMachine()
    await expect(add(leader, spare)).rejects.toThrow('unhealthy cluster')
    await expect(remove(leader, idOf(kept))).rejects.toThrow('unhealthy cluster')
    expect((await remove(leader, idOf(cut))).members).toHaveLength(2)
  })

  test('from one to two it needs no health, and further it does', async () => {
    world = await MemberWorld.start(1)
    const [first] = world.machines
    await add(first!, world.addMachine())
    const third = world.addMachine()
    await expect(add(first!, third)).rejects.toThrow('not enough started members')
    await expect(add(first!, third, true)).rejects.toThrow('unhealthy cluster')
  })

  test('without the strict check anything goes', async () => {
    world = await MemberWorld.start(3, { strictReconfigCheck: false })
    const leader = await world.leader()
    await add(leader, world.addMachine())
    expect((await remove(leader, idOf(others(leader)[0]!))).members).toHaveLength(3)
  })
})

describe('one change at a time', () => {
  test('changes that are asked for at once through different members are all made', async () => {
    world = await MemberWorld.start(3, { maxLearners: 3 })
    await world.run(SETTLED_MS)
    const asked = world.machines.map((through) => {
      const request = { peerURLs: [world.addMachine().peerUrl], isLearner: true }
      return world.client(through).call(Cluster.memberAdd, request)
    })
    await world.answered(Promise.all(asked))
    expect((await list(world.machines[0]!)).filter(({ isLearner }) => isLearner)).toHaveLength(3)
  })

  test('learners are never more than allowed, whoever asks', async () => {
    world = await MemberWorld.start(3)
    await world.run(SETTLED_MS)
    const asked = world.machines.map((through) => {
      const request = { peerURLs: [world.addMachine().peerUrl], isLearner: true }
      return world.client(through).call(Cluster.memberAdd, request)
    })
    const ends = await world.answered(Promise.allSettled(asked))
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await list(world.machines[0]!)).filter(({ isLearner }) => isLearner)).toHaveLength(1)
  })
})

describe('who does not know the others', () => {
  test('a member that missed where they went answers them all the same', async () => {
    world = await MemberWorld.start(3)
    await world.run(SETTLED_MS)
    const leader = await world.leader()
    const [behind, moving] = others(leader) as [Machine, Machine]
    await world.kill(behind)
    for (const machine of [leader, moving]) {
      const ID = idOf(machine)
      machine.peerUrl = machine.peerUrl.replace(':2', ':3')
      const request = { ID, peerURLs: [machine.peerUrl] }
      await world.answered(world.client(machine).call(Cluster.memberUpdate, request))
      await world.kill(machine)
      await world.boot(machine)
      await world.leader()
    }
    await world.put(leader, 'k', 'v')
    await world.boot(behind)
    expect(await world.get(behind, 'k')).toBe('v')
    await world.until('it knows where they are', () =>
      world.machines.every(
        ({ member }) => member!.machine.members.get(idOf(leader))!.peerUrls[0] === leader.peerUrl,
      ),
    )
  })

  test('a member that was down while others came gets everything from them', async () => {
    world = await MemberWorld.start(3)
    await world.run(SETTLED_MS)
    const leader = await world.leader()
    const [behind] = others(leader)
    const fourth = await join(leader)
    await world.run(SETTLED_MS)
    await world.kill(behind!)
    const fifth = await join(leader)
    await moveLeader(leader, idOf(fifth))
    await world.until('the fifth leads', () => fifth.member!.isLeader)
    await world.put(fourth, 'k', 'v')
    await world.boot(behind!)
    expect(await world.get(behind!, 'k', { serializable: false })).toBe('v')
    expect(fifth.member!.isLeader).toBe(true)
  })
})

describe('moving leadership', () => {
  test('to a member that is cut off fails in time, and writes meanwhile are only late', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    const [cut] = others(leader)
    world.network.isolate(
      cut!.name,
      world.machines.map(({ name }) => name).filter((name) => name !== cut!.name),
    )
    const startedMs = world.clock.now()
    const moved = world
      .client(leader)
      .call(Maintenance.moveLeader, { targetID: idOf(cut!) })
      .catch((error: Error) => error.message)
    await world.run(100)
    await world.put(leader, 'k', 'v')
    expect(world.clock.now() - startedMs).toBeLessThan(1_500)
    expect(await world.answered(moved)).toContain('leader transfer took too long')
    expect(leader.member!.isLeader).toBe(true)
  })

  test('to itself changes nothing; at a follower it is refused', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    const { term } = leader.member!.raft
    await moveLeader(leader, idOf(leader))
    await expect(moveLeader(others(leader)[0]!, idOf(leader))).rejects.toThrow('not leader')
    expect(leader.member!.raft.term).toBe(term)
  })
})

describe('removing', () => {
  test('a removed follower learns of it and ends without an error of its own', async () => {
    world = await MemberWorld.start(3)
    await world.run(SETTLED_MS)
    const leader = await world.leader()
    const [gone, kept] = others(leader) as [Machine, Machine]
    await remove(leader, idOf(gone))
    await world.until('the removed member ends', () => gone.failure !== undefined, 5_000)
    expect(gone.failure).toMatchObject({ code: 'MEMBER_REMOVED' })
    await world.put(kept, 'k', 'v')
    expect(await list(kept)).toHaveLength(2)
  })

  test('the leader of two removes itself; the other goes on alone', async () => {
    world = await MemberWorld.start(2)
    await world.run(SETTLED_MS)
    const leader = await world.leader()
    const [other] = others(leader)
    await remove(leader, idOf(leader))
    await world.until('the removed member ends', () => leader.failure !== undefined, 5_000)
    await world.kill(leader, true)
    expect(await world.leader([other!])).toBe(other)
    await world.put(other!, 'k', 'v')
    expect(await names(other!)).toEqual([other!.name])
  })

  test('a leader that is removed hands over: nobody waits for an election', async () => {
    for (const asked of [0, 1]) {
      world = await MemberWorld.start(3)
      await world.run(SETTLED_MS)
      const leader = await world.leader()
      const kept = others(leader)[1]!
      const startedMs = world.clock.now()
      await remove(asked === 0 ? leader : kept, idOf(leader))
      await world.put(kept, 'k', 'v')
      expect(world.clock.now() - startedMs).toBeLessThan(1_000)
      if (asked === 0) await world.stop()
    }
  })

  test('who joins and is removed before it has got anything ends', async () => {
    world = await MemberWorld.start(1)
    const [first] = world.machines
    const second = world.addMachine()
    const { member } = await add(first!, second, true)
    const booting = world.boot(second)
    world.network.cut(first!.name, second.name)
    await booting
    await world.run(1_000)
    await remove(first!, member!.ID)
    world.network.heal()
    await world.until('it ends', () => second.failure !== undefined, 20_000)
    expect(second.failure).toMatchObject({ code: 'MEMBER_REMOVED' })
  })

  test('two: who stays goes on, also when both lose power as soon as it is answered', async () => {
    for (const through of ['the leader', 'the other']) {
      world = await MemberWorld.start(2)
      await world.run(SETTLED_MS)
      const leader = await world.leader()
      const [other] = others(leader)
      await remove(through === 'the leader' ? leader : other!, idOf(leader))
      await world.kill(leader, true)
      await world.kill(other!, true)
      await world.boot(other!)
      expect(await world.leader([other!])).toBe(other)
      if (through === 'the leader') await world.stop()
    }
  })

  test('a member that was removed before it started is refused', async () => {
    world = await MemberWorld.start(1)
    const [first] = world.machines
    const second = world.addMachine()
    const { member } = await add(first!, second, true)
    await remove(first!, member!.ID)
    await expect(world.boot(second)).rejects.toThrow('has no member with peer URLs')
  })

  test('a member that lost its data is not let in as if it were new', async () => {
    world = await MemberWorld.start(1)
    const [first] = world.machines
    const second = await join(first!)
    await world.kill(second)
    Object.assign(second, { disk: world.addMachine().disk, databases: new MemoryDatabases() })
    await expect(world.boot(second)).rejects.toThrow('has run before')
  })

  test('the same URLs come back as another member, even within a second', async () => {
    world = await MemberWorld.start(1)
    const [first] = world.machines
    const second = world.addMachine()
    const ids = new Set<bigint>()
    for (let i = 0; i < 3; i++) {
      const { member } = await add(first!, second, true)
      ids.add(member!.ID)
      await remove(first!, member!.ID)
    }
    expect(ids.size).toBe(3)
  })

  test('who was down when it was removed is told when it comes back', async () => {
    world = await MemberWorld.start(3)
    await world.run(SETTLED_MS)
    const leader = await world.leader()
    const [gone] = others(leader)
    const id = idOf(gone!)
    await world.kill(gone!)
    await world.run(SETTLED_MS)
    await remove(leader, id)
    const { term } = leader.member!.raft
    await world.boot(gone!)
    await world.until('the removed member ends', () => gone!.failure !== undefined, 10_000)
    expect(gone!.failure).toMatchObject({ code: 'MEMBER_REMOVED' })
    expect(leader.member!.raft.term).toBe(term)
  })
})

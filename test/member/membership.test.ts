/** Stories about members that come, go, move and are promoted, and what clients see of it. */

import { afterEach, describe, expect, test } from '@jest/globals'
import type { Member } from '../../client/wire/generated/rpc.js'
import { Cluster, Maintenance } from '../../client/wire/methods.js'
import { type Machine, MemberWorld } from '../sim/member-world.js'

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
    await expect(moveLeader(leader, idOf(learner))).rejects.toThrow('bad leader transferee')
    const { members } = await promote(others(leader)[0]!, idOf(learner))
    expect(members.every(({ isLearner }) => !isLearner)).toBe(true)
    await world.until('the learner knows', () => !learner.member!.isLearner)
    expect(await world.get(learner, 'k')).toBe('v')
    await moveLeader(leader, idOf(learner))
    expect(await world.leader()).toBe(learner)
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

/** Machines: members that are killed, lose power, stand still, end themselves, and come back. */

import { afterEach, describe, expect, test } from '@jest/globals'
import { World } from './world.js'

let world: World

afterEach(() => world.stop())

async function put(count: number, prefix = 'k'): Promise<void> {
  const client = world.process(`writer of ${prefix}`).connect()
  for (let i = 0; i < count; i++) await world.answered(client.kv.put(`${prefix}${i}`, `${i}`))
}

async function count(prefix = 'k'): Promise<number> {
  const process = world.process(`reader ${world.processes.length}`)
  return world.answered(process.connect().kv.count(prefix))
}

test('power loss of a majority keeps all that was acknowledged', async () => {
  world = await World.start({ seed: 4 })
  await put(50)
  await Promise.all([world.machines[0]!.powerLoss(), world.machines[1]!.powerLoss()])
  await world.run(1_000)
  await world.answered(Promise.all([world.machines[0]!.boot(), world.machines[1]!.boot()]))
  expect(world.machines.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined])
  expect(await count()).toBe(50)
})

test('power loss takes what was not synced, and a kill does not', async () => {
  world = new World({ seed: 1, members: 1, memberOptions: {}, tuning: {} })
  const machine = world.machines[0]!
  const disk = machine.disk.mount()
  await world.answered(disk.makeDirectory('/d'))
  await world.answered(disk.syncDirectory('/'))
  for (let i = 0; i < 20; i++) {
    const file = await world.answered(disk.open(`/d/${i}`, 'create'))
    await world.answered(file.writeAt(0, [new Uint8Array(10)]))
  }
  const files = async () => (await world.answered(machine.disk.mount().list('/d'))).length
  await machine.kill()
  expect(await files()).toBe(20)
  await machine.powerLoss()
  expect(await files()).toBeLessThan(20)
})

test('the backend of a killed member may be behind its log, and catches up', async () => {
  world = await World.start({ seed: 6 })
  const machine = world.machines.find((one) => one !== world.leader)!
  machine.device.syncMsMean = 20
  await put(30)
  await machine.powerLoss()
  await world.answered(machine.boot())
  const behind = machine.member!.machine.appliedIndex
  await world.until(
    'the same index everywhere',
    () => new Set(world.machines.map(({ member }) => member?.machine.appliedIndex)).size === 1,
  )
  expect(machine.member!.machine.appliedIndex).toBeGreaterThan(behind)
  const prints = await world.answered(
    Promise.all(world.machines.map(({ member }) => member!.machine.fingerprint())),
  )
  expect(new Set(prints).size).toBe(1)
})

test('a leader that stands still is replaced, and does not read for anybody when it goes on', async () => {
  world = await World.start()
  const old = world.leader!
  const at = world.process('at the old one').connect([old.clientUrl], { timeoutMs: 60_000 })
  await world.answered(at.kv.put('a', 'old'))
  old.pause()
  const stale = at.kv.get('a')
  await world.run(10_000)
  const now = world.machines.find((one) => one !== old && one.member?.isLeader)!
  await world.answered(world.process('c').connect([now.clientUrl]).kv.put('a', 'new'))
  old.resume()
  expect((await world.answered(stale))?.text()).toBe('new')
  expect(old.member!.isLeader).toBe(false)
})

describe('a member that ends itself', () => {
  test('leaves its reason, breaks its connections, and can be started again', async () => {
    world = await World.start()
    const machine = world.leader!
    const client = world.process('c').connect([machine.clientUrl])
    await world.answered(client.kv.put('a', '1'))
    machine.disk.faults = ({ operation }) => (operation === 'sync' ? 'EIO' : undefined)
    const failed = await world.answered(client.kv.put('a', '2').catch((error) => error))
    expect(failed).toMatchObject({ outcomeUnknown: true })
    expect(machine.failure?.message).toMatch(/EIO|sync/)
    expect([machine.isUp, machine.member]).toEqual([false, undefined])
    expect(world.log.lines.some((line) => line.includes(`${machine.name} exits: `))).toBe(true)
    machine.disk.faults = () => undefined
    await world.answered(machine.boot())
    expect([machine.isUp, machine.failure]).toEqual([true, undefined])
  })

  test('did so because a commit of its backend failed, and lost nothing', async () => {
    world = await World.start()
    await put(10)
    const machine = world.leader!
    machine.commitFaults = () => 'ENOSPC'
    await put(1, 'later')
    await world.until('the end', () => !machine.isUp)
    expect(machine.failure?.message).toMatch(/ENOSPC/)
    machine.commitFaults = () => undefined
    await world.answered(machine.boot())
    expect([await count(), await count('later')]).toEqual([10, 1])
  })

  test('fails its boot and does not hang, whichever disk call fails', async () => {
    world = await World.start()
    await put(5)
    const machine = world.machines[2]!
    let failures = 0
    for (let nth = 1; nth <= 40; nth++) {
      await machine.kill()
      const first = machine.disk.calls
      machine.disk.faults = ({ number }) => (number === first + nth ? 'EIO' : undefined)
      await world.answered(machine.boot(), 20_000)
      expect(machine.isUp).toBe(machine.failure === undefined)
      if (machine.failure !== undefined) failures++
    }
    machine.disk.faults = () => undefined
    if (!machine.isUp) await world.answered(machine.boot())
    expect(failures).toBeGreaterThan(5)
    expect(await count()).toBe(5)
  })
})

describe('a boot', () => {
  test('that is killed in the middle resolves, and leaves nothing behind', async () => {
    world = await World.start()
    const machine = world.machines[1]!
    for (let ms = 0; ms < 6; ms += 0.5) {
      await machine.kill()
      await world.run(5_000)
      const timers = world.clock.timerCount
      const booting = machine.boot()
      await world.run(ms)
      await machine.kill()
      await world.answered(booting, 100)
      await world.run(5_000)
      expect(machine.isUp).toBe(false)
      expect(Math.abs(world.clock.timerCount - timers)).toBeLessThan(5)
    }
    await world.answered(machine.boot())
    expect(machine.member).toBeDefined()
  })

  test('of a machine that nobody added is refused', async () => {
    world = await World.start()
    const machine = world.addMachine()
    await world.answered(machine.boot())
    expect(machine.failure?.message).toMatch(/no member with peer URLs/)
  })

  test('that cannot reach its cluster gives up', async () => {
    world = await World.start()
    const machine = world.addMachine()
    world.network.isolate(machine.name)
    await world.answered(machine.boot(), 60_000)
    expect(machine.failure?.message).toMatch(/could be reached/)
  })
})

test('a machine that was added joins, and one whose disk was replaced comes back as another member', async () => {
  world = await World.start({ seed: 3 })
  await put(20)
  const client = world.process('operator').connect()
  const fourth = world.addMachine()
  // A change is refused before the members have seen each other for a while.
  await world.run(6_000)
  await world.answered(client.cluster.add([fourth.peerUrl]))
  await world.answered(fourth.boot())
  await world.run(6_000)
  const replaced = world.machines.find((machine) => machine !== world.leader)!
  const { id } = replaced.member!
  await replaced.kill()
  replaced.wipe()
  await world.answered(client.cluster.remove(id))
  await world.answered(client.cluster.add([replaced.peerUrl]))
  const others = world.machines.filter((machine) => machine !== replaced)
  const urls = [...others, replaced].map(({ name, peerUrl }) => [name, [peerUrl]])
  await world.answered(replaced.boot({ initialCluster: Object.fromEntries(urls) }))
  expect(world.machines.map(({ failure }) => failure)).toEqual(Array(4).fill(undefined))
  expect(replaced.member!.id).not.toBe(id)
  for (const machine of [fourth, replaced])
    await world.until('all keys', () => machine.member!.machine.store.revision >= 21)
})

test('a member that is told to stop hands its leadership over and loses nothing', async () => {
  world = await World.start()
  const leader = world.leader!
  await put(10)
  await world.answered(leader.stop())
  expect([leader.isUp, leader.failure]).toEqual([false, undefined])
  await world.until('a leader', () => world.leader !== undefined, 500)
  await world.answered(leader.boot())
  expect(await count()).toBe(10)
})

test('drifting clocks and stutter do not stop a cluster', async () => {
  world = await World.start({ seed: 2 })
  for (const [i, { clock }] of world.machines.entries()) {
    clock.rate = 0.97 + i * 0.03
    clock.stutter = { chance: 0.05, aheadMsMax: 15 }
  }
  await put(30)
  world.machines[0]!.clock.stepWall(-3_600_000)
  world.machines[1]!.clock.stepWall(86_400_000)
  await put(30, 'later')
  expect([await count(), await count('later')]).toEqual([30, 30])
})

/** The network's faults, as members and clients feel them. */

import { afterEach, describe, expect, test } from '@jest/globals'
import type { Client } from '../../../client/index.js'
import { World } from './world.js'

let world: World

afterEach(() => world.stop())

const UNKNOWN = { code: 'outcome-unknown', unknown: true }

const names = (): string[] => world.machines.map(({ name }) => name)

/** A client that knows one machine only, with a request already behind it. */
async function clientOf(machine: string): Promise<Client> {
  const { clientUrl } = world.machines.find(({ name }) => name === machine)!
  const client = world.process(`client of ${machine}`).connect([clientUrl])
  await world.answered(client.kv.put('warm', 'up'))
  return client
}

/** Why it fails. */
async function failure(promise: Promise<unknown>): Promise<{ code: string; unknown: boolean }> {
  const failed = promise.then(
    () => ({ code: 'none', unknown: false }),
    (error) => ({ code: error.code, unknown: error.outcomeUnknown }),
  )
  return world.answered(failed)
}

describe('between members', () => {
  test('a leader that is heard by nobody steps down, although it hears everybody', async () => {
    world = await World.start()
    const old = world.leader!
    for (const name of names()) if (name !== old.name) world.network.cutOneWay(old.name, name)
    await world.until('another leader', () => world.leader !== old && world.leader !== undefined)
    await world.until('the old one to step down', () => old.member?.isLeader === false)
    world.network.healAll()
    const client = await clientOf(old.name)
    expect(await failure(client.kv.put('a', '1'))).toMatchObject({ code: 'none' })
  })

  test('a minority goes on when it is whole again', async () => {
    world = await World.start({ members: 5 })
    world.network.partition([
      ['m1', 'm2'],
      ['m3', 'm4', 'm5'],
    ])
    await world.run(5_000)
    expect(['m3', 'm4', 'm5']).toContain(world.leader!.name)
    const outside = await clientOf(world.leader!.name)
    const inside = world.process('inside').connect([world.machines[0]!.clientUrl])
    await world.answered(outside.kv.put('a', '1'))
    expect((await failure(inside.kv.get('a'))).code).not.toBe('none')
    world.network.healAll()
    await world.run(3_000)
    expect((await world.answered(inside.kv.get('a')))?.text()).toBe('1')
  })

  test('lost, doubled, late and replayed batches change nothing that was acknowledged', async () => {
    world = await World.start({ seed: 5 })
    for (const link of world.network.links)
      Object.assign(link, { loss: 0.1, duplicate: 0.2, reorder: 0.2, replay: 0.1 })
    const client = world.process('c').connect()
    const acknowledged: string[] = []
    for (let i = 0; i < 100; i++) {
      const key = `k${i}`
      if ((await failure(client.kv.put(key, key))).code === 'none') acknowledged.push(key)
    }
    world.network.healAll()
    await world.run(15_000)
    for (const key of acknowledged)
      expect((await world.answered(client.kv.get(key)))?.text()).toBe(key)
    const kinds = ['Lost', 'Duplicated', 'Reordered', 'Replayed']
    for (const kind of kinds) expect(world.network.counts.get(`messages${kind}`)).toBeGreaterThan(0)
    expect(acknowledged.length).toBeGreaterThan(50)
  })

  test('a clogged link holds everything back until its time', async () => {
    world = await World.start()
    const leader = world.leader!
    const client = await clientOf(leader.name)
    const untilMs = world.clock.now() + 700
    for (const name of names()) world.network.link(name, leader.name).clogUntilMs = untilMs
    await world.answered(client.kv.put('a', '1'))
    expect(world.clock.now()).toBeGreaterThanOrEqual(untilMs)
    expect(leader.member?.isLeader).toBe(true)
  })

  test('what waits at a clogged link goes on when the link is healed before its time', async () => {
    world = await World.start()
    const leader = world.leader!
    const client = await clientOf(leader.name)
    const untilMs = world.clock.now() + 60_000
    world.network.link(`client of ${leader.name}`, leader.name).clogUntilMs = untilMs
    const put = client.kv.put('a', '1')
    await world.run(100)
    world.network.healAll()
    await world.answered(put)
    expect(world.clock.now()).toBeLessThan(untilMs)
  })
})

describe('between clients and members', () => {
  test('a machine that clients do not reach still leads its peers', async () => {
    world = await World.start()
    const leader = world.leader!
    const client = await clientOf(leader.name)
    world.network.cutClients(leader.name)
    expect(await failure(client.kv.put('a', '1'))).toEqual(UNKNOWN)
    const late = world.process('late').connect([leader.clientUrl])
    expect(await failure(late.kv.put('b', '1'))).toMatchObject({ unknown: false })
    expect(world.leader).toBe(leader)
    world.network.healAll()
    await world.run(1_000)
    expect(await failure(late.kv.put('b', '1'))).toMatchObject({ code: 'none' })
  })

  test('a put whose answer is lost has happened, and its client does not know', async () => {
    world = await World.start()
    const { name } = world.leader!
    const client = await clientOf(name)
    world.network.cutOneWay(name, `client of ${name}`)
    world.clock.after(100, () => world.network.breakConnections(`client of ${name}`, name))
    expect(await failure(client.kv.put('a', '1'))).toEqual(UNKNOWN)
    expect(world.network.counts.get('answersLost')).toBe(1)
    world.network.healAll()
    expect((await world.answered(client.kv.get('a')))?.text()).toBe('1')
  })

  test('a put that breaks on its way has not happened, and its client does not know', async () => {
    world = await World.start()
    const { name } = world.leader!
    const client = await clientOf(name)
    const startMs = world.clock.now()
    const put = client.kv.put('a', '1')
    world.network.breakConnections(`client of ${name}`, name)
    expect(await failure(put)).toEqual(UNKNOWN)
    expect(world.clock.now() - startMs).toBeLessThan(100)
    expect(world.network.counts.get('requestsLost')).toBe(1)
    expect(await world.answered(client.kv.get('a'))).toBeNull()
  })

  test('a refused connection says that nothing was sent', async () => {
    world = await World.start()
    const { name } = world.leader!
    const process = world.process('refused')
    world.network.link('refused', name).refuse = true
    const client = process.connect([world.leader!.clientUrl])
    expect(await failure(client.kv.put('a', '1'))).toMatchObject({ unknown: false })
    expect(world.network.counts.get('connectionsRefused')).toBeGreaterThan(0)
  })

  test('what a cut held back arrives when it is healed', async () => {
    world = await World.start()
    world.network.breakMsMean = Number.MAX_SAFE_INTEGER
    const { name } = world.leader!
    const client = await clientOf(name)
    world.network.isolate(`client of ${name}`)
    const put = world.answered(client.kv.put('a', '1', { timeoutMs: 4_000 }), 4_500)
    world.clock.after(2_000, () => world.network.healAll())
    expect((await put).revision).toBeGreaterThan(1)
  })
})

test('another client does not shift what a link draws', () => {
  world = new World({ seed: 9, members: 2, memberOptions: {}, tuning: {} })
  const draws = (one: World) => one.network.link('m1', 'm2').drawLatencyMs()
  const other = new World({ seed: 9, members: 2, memberOptions: {}, tuning: {} })
  other.process('c').connect()
  other.network.link('c', 'm1').drawLatencyMs()
  expect(draws(other)).toBe(draws(world))
})

/** The client's pipeline against real members: leaders die, links are cut, leases end; in virtual time. */

import { afterEach, expect, test } from '@jest/globals'
import { type Client, type ConnectOptions, connect, op } from '../../client/index.js'
import { Lease } from '../../client/wire/methods.js'
import { SeededRandom } from '../model/random.js'
import { MemberWorld } from '../sim/member-world.js'
import { LossyTransport } from './lossy-transport.js'

const KEYS = 100
const ROUNDS = 10

let world: MemberWorld
const clients: Client[] = []

function client(options: Partial<ConnectOptions> = {}): Client {
  const made = connect({
    endpoints: world.machines.map(({ clientUrl }) => clientUrl),
    transport: world.network.view(`client ${clients.length}`),
    clock: world.clock,
    random: new SeededRandom(clients.length + 1),
    pipeline: 'require',
    timeoutMs: 60_000,
    ...options,
  })
  clients.push(made)
  return made
}

afterEach(async () => {
  for (const one of clients.splice(0)) one.close()
  await world.stop()
})

/** Counts up every key once; each call is made at once, none waits for another. */
const countUp = (of: Client, round: number) =>
  Array.from({ length: KEYS }, (_, i) =>
    of
      .txn()
      .then(op.put(`counter/${i}`, `${round}`))
      .commit(),
  )

test('a lease that is granted again with the id of a session is not taken for it', async () => {
  world = await MemberWorld.start(1)
  const [machine] = world.machines
  const transport = new LossyTransport(world.network.view('client 0'))
  const one = client({ transport, timeoutMs: 3_000 })
  await world.answered(one.kv.put('first', '1'))
  const channel = world.client(machine!)
  const { leases } = await world.answered(channel.call(Lease.leaseLeases, {}))
  const { ID } = leases[0]!
  transport.cut()
  await world.answered(channel.call(Lease.leaseRevoke, { ID }))
  await world.answered(channel.call(Lease.leaseGrant, { ID, TTL: 600 }))
  await world.answered(one.kv.put('second', '2'))
  const after = await world.answered(channel.call(Lease.leaseLeases, {}))
  expect(after.leases).toHaveLength(2)
  expect(machine!.member!.machine.sessions.get(ID)?.applied).toBe(0)
})

test('a thousand increments while leaders die are applied once each, in order', async () => {
  world = await MemberWorld.start(3)
  const one = client()
  const calls = []
  for (let round = 0; round < ROUNDS; round++) {
    calls.push(...countUp(one, round))
    await world.run(20)
    if (round % 4 !== 1) continue
    const leader = await world.leader()
    await world.kill(leader, round === 1)
    calls.push(...countUp(one, round + 100))
    await world.run(50)
    await world.boot(leader)
  }
  const results = await world.answered(Promise.all(calls))
  const revisions = results.map(({ revision }) => revision)
  expect(new Set(revisions).size).toBe(calls.length)
  expect(revisions).toEqual([...revisions].sort((a, b) => a - b))
  const { kvs } = await world.answered(one.kv.getAll('counter/'))
  expect(new Set(kvs.map(({ version }) => version))).toEqual(new Set([calls.length / KEYS]))
  expect((await world.fingerprints()).size).toBe(1)
})

test('a client that is cut off from its member goes on at another, and nothing is applied twice', async () => {
  world = await MemberWorld.start(3)
  const one = client()
  await world.answered(Promise.all(countUp(one, 0)))
  for (const machine of world.machines) {
    const calls = countUp(one, 1)
    world.network.cut('client 0', machine.name)
    await world.answered(Promise.all(calls))
    world.network.heal()
  }
  const { kvs } = await world.answered(one.kv.getAll('counter/'))
  expect(new Set(kvs.map(({ version }) => version))).toEqual(new Set([4]))
})

test('answers that were lost are given again by another member, and nothing is applied twice', async () => {
  world = await MemberWorld.start(3)
  const transport = new LossyTransport(world.network.view('lossy'))
  const one = client({ transport })
  const other = client({ pipeline: 'off' })
  await world.answered(Promise.all(countUp(one, 0)))
  const versions = async () => {
    const { kvs } = await world.answered(other.kv.getAll('counter/'))
    return new Set(kvs.map(({ version }) => version))
  }
  for (let round = 1; round <= 3; round++) {
    transport.isDeaf = true
    const calls = countUp(one, round)
    await world.run(500)
    expect(await versions()).toEqual(new Set([round + 1]))
    transport.isDeaf = false
    const results = await world.answered(Promise.all(calls))
    expect(await versions()).toEqual(new Set([round + 1]))
    const revisions = results.map(({ revision }) => revision)
    expect(revisions).toEqual(revisions.map((_, i) => revisions[0]! + i))
  }
})

test('a session whose lease is revoked is followed by another', async () => {
  world = await MemberWorld.start(1)
  const one = client()
  const other = client({ pipeline: 'off' })
  await world.answered(one.kv.put('a', '1'))
  const [id] = await world.answered(other.lease.list())
  await world.answered(other.lease.revoke(id!))
  await world.run(60_000)
  await world.answered(one.kv.put('a', '2'))
  const ids = await world.answered(other.lease.list())
  expect(ids).toHaveLength(1)
  expect(ids).not.toContain(id)
  const kv = await world.answered(other.kv.get('a'))
  expect([kv?.text(), kv?.version]).toEqual(['2', 2])
})

test('a closed client leaves no session behind', async () => {
  world = await MemberWorld.start(1)
  const one = client()
  const other = client({ pipeline: 'off' })
  await world.answered(one.kv.put('a', '1'))
  one.close()
  await world.run(1_000)
  expect(await world.answered(other.lease.list())).toEqual([])
})

test('a transaction that reads in a transaction is what a pipeline carries, too', async () => {
  world = await MemberWorld.start(1)
  const one = client()
  const nested = one
    .txn()
    .then(op.txn({ success: [op.get('a')] }))
    .commit()
  expect((await world.answered(nested)).succeeded).toBe(true)
})

test('a call that is larger than the member takes is refused, and the next goes on', async () => {
  world = await MemberWorld.start(1)
  const one = client()
  await world.answered(one.kv.put('a', '1'))
  const large = one.kv.put('b', new Uint8Array(3 << 20)).then(
    () => 'done',
    ({ code }) => code,
  )
  const small = one.kv.put('c', '1')
  expect(await world.answered(large)).toBe('request-too-large')
  await world.answered(small)
})

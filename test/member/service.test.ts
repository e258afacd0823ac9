/** Stories of what clients see of a member: in every answer, without a quorum, while its state is replaced, and at its end. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type {
  ResponseHeader,
  WatchRequest,
  WatchResponse,
} from '../../client/wire/generated/rpc.js'
import type { Method } from '../../client/wire/method.js'
import { Cluster, KV, Lease, Maintenance, Watch } from '../../client/wire/methods.js'
import { startServer } from '../../server/start-server.js'
import { type Machine, MemberWorld } from '../sim/member-world.js'

let world: MemberWorld | undefined

afterEach(async () => {
  await world?.stop()
  world = undefined
})

const key = Buffer.from('k')

/** A watch stream, and what came. */
function watch(world: MemberWorld, machine: Machine, requests: readonly Init<WatchRequest>[]) {
  const stream = world.client(machine).stream(Watch.watch)
  const it = { stream, responses: [] as WatchResponse[], events: 0 }
  stream.receive({
    message: (response) => {
      it.responses.push(response)
      it.events += response.events.length
    },
    close: () => {},
  })
  for (const request of requests) stream.send(request)
  return it
}

test('every answer says who gave it, in which term and at which revision', async () => {
  world = await MemberWorld.start(3)
  const follower = world.machines.find(({ member }) => !member!.isLeader)!
  await world.put(follower, 'k', 'v')
  const client = world.client(follower)
  const ask = async <Request, Response extends { header: ResponseHeader | undefined }>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
  ) => (await world!.answered(client.call(method, request))).header
  const { ID } = await world.answered(client.call(Lease.leaseGrant, { TTL: 100 }))
  const headers = [
    await ask(KV.range, { key }),
    await ask(KV.put, { key }),
    await ask(KV.txn, { success: [{ requestRange: { key } }] }),
    await ask(KV.txn, { success: [{ requestPut: { key } }] }),
    await ask(KV.deleteRange, { key }),
    await ask(KV.deleteRange, { key }),
    await ask(KV.compact, { revision: 3, physical: true }),
    await ask(Lease.leaseGrant, { TTL: 100 }),
    await ask(Lease.leaseTimeToLive, { ID }),
    await ask(Lease.leaseTimeToLive, { ID: 12345n }),
    await ask(Lease.leaseLeases, {}),
    await ask(Lease.leaseRevoke, { ID }),
    await ask(Maintenance.status, {}),
    await ask(Maintenance.alarm, {}),
    await ask(Maintenance.hashKV, {}),
    await ask(Cluster.memberList, {}),
  ]
  const { clusterId, id, raft } = follower.member!
  for (const header of headers)
    expect(header).toMatchObject({ clusterId, memberId: id, raftTerm: raft.term })
  expect(headers.map((header) => header!.revision)).toEqual([
    2, 3, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0,
  ])
})

test('without a quorum the member list is told as known here, and not as agreed', async () => {
  world = await MemberWorld.start(3)
  const leader = await world.leader()
  world.network.isolate(
    leader.name,
    world.machines.filter((machine) => machine !== leader).map(({ name }) => name),
  )
  const client = world.client(leader)
  const known = await world.answered(client.call(Cluster.memberList, {}))
  expect(known.members.map(({ name }) => name).sort()).toEqual(['m1', 'm2', 'm3'])
  const agreed = client.call(Cluster.memberList, { linearizable: true })
  await expect(world.answered(agreed)).rejects.toThrow(etcdErrors.timeoutDueToConnectionLost.text)
})

test('thousands of watchers and a client that does not read hold nobody up, and miss nothing', async () => {
  world = await MemberWorld.start(1)
  const [machine] = world.machines
  const create = { createRequest: { key } }
  const slow = watch(world, machine!, Array(2000).fill(create))
  const quick = watch(world, machine!, [create])
  await world.until('all are there', () => slow.responses.length === 2000)
  slow.stream.pause()
  for (let i = 0; i < 100; i++) await world.put(machine!, 'k', String(i))
  expect(quick.events).toBe(100)
  expect(machine!.member!.watchHub.stats.queueBytes).toBeLessThan(8 * 2 ** 20)
  slow.stream.resume()
  await world.until('everybody has everything', () => slow.events === 200_000)
  const last = new Map<bigint | number, number>()
  let gaps = 0
  for (const { watchId, events } of slow.responses)
    for (const { kv } of events) {
      if (kv!.modRevision !== (last.get(watchId) ?? 1) + 1) gaps++
      last.set(watchId, kv!.modRevision)
    }
  expect([last.size, gaps]).toEqual([2000, 0])
})

test('while a snapshot is installed calls are told to try again; a watch goes on without a gap', async () => {
  world = await MemberWorld.start(3, { snapshotCount: 50, snapshotCatchupEntries: 10 })
  const leader = await world.leader()
  const lagging = world.machines.find((machine) => machine !== leader)!
  const others = world.machines.filter((machine) => machine !== lagging)
  const watching = watch(world, lagging, [{ createRequest: { key } }])
  await world.put(leader, 'k', 'first')
  await world.until('it is heard', () => watching.responses.length === 2)
  world.network.isolate(
    lagging.name,
    others.map(({ name }) => name),
  )
  const writer = await world.leader(others)
  for (let i = 0; i < 150; i++) await world.put(writer, 'k', String(i))
  const { databases } = lagging
  const replace = databases.replace.bind(databases)
  let entered = false
  let goOn: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    goOn = resolve
  })
  databases.replace = async (from, to) => {
    entered = true
    await gate
    return replace(from, to)
  }
  world.network.heal()
  await world.until('it installs', () => entered)
  const client = world.client(lagging)
  const refused: Promise<unknown>[] = [
    client.call(KV.range, { key, serializable: true }),
    client.call(KV.put, { key }),
    client.call(Maintenance.status, {}),
    client.call(Lease.leaseLeases, {}),
  ]
  for (const call of refused)
    await expect(world.answered(call)).rejects.toThrow(etcdErrors.timeout.text)
  goOn()
  const seen = () => watching.responses.flatMap(({ events }) => events.map(({ kv }) => kv!))
  await world.until('all events came', () => seen().length === 151)
  expect(seen().map(({ modRevision }) => modRevision)).toEqual(
    Array.from({ length: 151 }, (_, i) => 2 + i),
  )
  expect(await world.get(lagging, 'k')).toBe('149')
})

describe('a stop', () => {
  test('answers whoever still waits, in the middle of whatever it is', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    const follower = world.machines.find((machine) => machine !== leader)!
    const many = Array.from({ length: 120 }, (_, i) => i)
    for (let batch = 0; batch < 20; batch++) {
      const success = many.map((i) => ({ requestPut: { key: Buffer.from(`k${batch}.${i}`) } }))
      await world.answered(world.client(leader).call(KV.txn, { success }))
    }
    await world.run(200)
    world.network.isolate(
      follower.name,
      world.machines.filter((machine) => machine !== follower).map(({ name }) => name),
    )
    const client = world.client(follower)
    const renewal = client.stream(Lease.leaseKeepAlive)
    const renewed = new Promise((_, reject) =>
      renewal.receive({ message: () => {}, close: (error) => reject(error ?? new Error('OK')) }),
    )
    renewal.send({ ID: 5n })
    const calls: Promise<unknown>[] = [
      client.call(KV.put, { key }),
      client.call(KV.range, { key }),
      client.call(Lease.leaseTimeToLive, { ID: 5n }),
      client.call(Cluster.memberList, { linearizable: true }),
      renewed,
    ]
    await world.run(100)
    calls.push(client.call(Maintenance.hashKV, {}))
    const ends = Promise.allSettled(calls)
    await world.answered(follower.member!.stop())
    for (const end of await ends)
      expect(String((end as PromiseRejectedResult).reason)).toContain(etcdErrors.stopped.text)
    follower.member = undefined
  })

  test('of a leader whose successor stands still ends after an election timeout', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    await world.put(leader, 'k', 'v')
    for (const { clock, member } of world.machines) if (!member!.isLeader) clock!.pause()
    const startedMs = world.clock.now()
    await world.answered(leader.member!.stop())
    expect(world.clock.now() - startedMs).toBeLessThan(1_500)
    leader.member = undefined
  })
})

test('a second member in one data directory is refused, and does not harm the first', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'conclave-lock-'))
  const options = (port: number) => ({
    dataDir: directory,
    listenClientUrls: [],
    listenPeerUrls: [],
    initialAdvertisePeerUrls: [`http://127.0.0.1:${port}`],
  })
  const first = await startServer(options(1))
  await expect(startServer(options(1))).rejects.toMatchObject({ code: 'ELOCKED' })
  await first.ready()
  const channel = first.transport.connect('any')
  expect((await channel.call(KV.put, { key })).header?.revision).toBe(2)
  await first.stop()
  const again = await startServer(options(1))
  await again.stop()
  await rm(directory, { recursive: true, force: true })
})

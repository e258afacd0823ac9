/** Stories of a database that is full: refused once and for all, until somebody makes room and says so. */

import { afterEach, expect, test } from '@jest/globals'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { AlarmAction, AlarmType } from '../../client/wire/generated/rpc.js'
import { KV, Lease, Maintenance } from '../../client/wire/methods.js'
import { type Machine, MemberWorld } from '../sim/member-world.js'

const QUOTA_BYTES = 100_000
const VALUE = 'x'.repeat(5_000)

let world: MemberWorld

afterEach(async () => {
  await world.stop()
})

/** Writes until the quota says no; how many fitted. */
async function fillUp(machine: Machine): Promise<number> {
  for (let i = 0; i < 100; i++)
    try {
      await world.put(machine, `k${i}`, VALUE)
    } catch (error) {
      expect((error as Error).message).toContain(etcdErrors.noSpace.text)
      return i
    }
  throw new Error('the quota never said no')
}

const alarms = async (machine: Machine) => {
  const call = world.client(machine).call(Maintenance.alarm, { action: AlarmAction.GET })
  return (await world.answered(call)).alarms
}

test('writes stop, reads and deletions do not; room and a disarm bring them back', async () => {
  world = await MemberWorld.start(3, { quotaBackendBytes: QUOTA_BYTES })
  const leader = await world.leader()
  const follower = world.machines.find((machine) => machine !== leader)!
  const written = await fillUp(leader)
  await world.run(1000)
  const raised = await alarms(follower)
  expect(raised.map(({ alarm }) => alarm)).toEqual(raised.map(() => AlarmType.NOSPACE))
  expect(raised.length).toBeGreaterThan(0)
  const indexBefore = leader.member!.machine.appliedIndex
  for (let i = 0; i < 20; i++)
    await expect(world.put(follower, 'k', 'v')).rejects.toThrow(etcdErrors.noSpace.text)
  await world.run(1000)
  // A refusal may cost a log entry, but no storm of alarms.
  expect(leader.member!.machine.appliedIndex - indexBefore).toBeLessThan(45)
  const client = world.client(follower)
  await expect(world.answered(client.call(Lease.leaseGrant, { TTL: 10 }))).rejects.toThrow(
    etcdErrors.noSpace.text,
  )
  expect(await world.get(follower, 'k0')).toBe(VALUE)
  const all = { key: Buffer.from('k'), rangeEnd: Buffer.from('l') }
  const { deleted, header } = await world.answered(client.call(KV.deleteRange, all))
  expect(deleted).toBe(written)
  await world.answered(client.call(KV.compact, { revision: header!.revision, physical: true }))
  await expect(world.put(follower, 'k', 'v')).rejects.toThrow(etcdErrors.noSpace.text)
  for (const alarm of await alarms(follower))
    await world.answered(
      client.call(Maintenance.alarm, { ...alarm, action: AlarmAction.DEACTIVATE }),
    )
  expect(await alarms(leader)).toEqual([])
  await world.run(1000)
  await world.put(follower, 'k', 'v')
  expect((await world.fingerprints()).size).toBe(1)
})

test('a disarm without room lasts until the next write', async () => {
  world = await MemberWorld.start(1, { quotaBackendBytes: QUOTA_BYTES })
  const [machine] = world.machines
  await fillUp(machine!)
  await world.run(1000)
  const [alarm] = await alarms(machine!)
  const disarm = world
    .client(machine!)
    .call(Maintenance.alarm, { ...alarm!, action: AlarmAction.DEACTIVATE })
  expect((await world.answered(disarm)).alarms).toEqual([alarm])
  await expect(world.put(machine!, 'k', VALUE)).rejects.toThrow(etcdErrors.noSpace.text)
  await world.run(1000)
  expect(await alarms(machine!)).toEqual([alarm])
})

test('without a quorum refusals do not fill the log with alarms', async () => {
  world = await MemberWorld.start(3, { quotaBackendBytes: QUOTA_BYTES })
  const leader = await world.leader()
  for (let i = 0; i < 14; i++) await world.put(leader, `k${i}`, VALUE)
  const others = world.machines.filter((machine) => machine !== leader)
  world.network.isolate(
    leader.name,
    others.map(({ name }) => name),
  )
  const before = leader.member!.raft.lastIndex
  const large = 'x'.repeat(QUOTA_BYTES / 2)
  for (let i = 0; i < 50; i++)
    await expect(world.put(leader, 'k', large)).rejects.toThrow(etcdErrors.noSpace.text)
  expect(leader.member!.raft.lastIndex - before).toBeLessThan(5)
})

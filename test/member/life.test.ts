/** Stories of beginnings and ends: what a member gives back, and what it leaves, however it ends. */

import { afterEach, describe, expect, test } from '@jest/globals'
import { MessageType } from '../../client/wire/generated/raft.js'
import { Peer } from '../../client/wire/methods.js'
import type { RpcError } from '../../client/wire/status.js'
import { SnapshotEncoder } from '../../server/storage/snapshot-format.js'
import { type Machine, MemberWorld } from '../sim/member-world.js'

const SNAPSHOTS = '/data/member/snap'
const NAME = '00000000000000ff-0000000000000001.snap'

let world: MemberWorld

afterEach(async () => {
  await world.stop()
})

/** Ends the member in an orderly way, or waits for the end of one that ended itself. */
async function stop(machine: Machine): Promise<void> {
  await world.answered(machine.member!.stop())
  machine.member = undefined
  await machine.close()
  world.network.drop(machine.name)
}

const snapshotFiles = (machine: Machine) => machine.disk.mount().list(SNAPSHOTS)

describe('a member that ended itself', () => {
  test('gives its data back, so that the same process can start it again', async () => {
    world = await MemberWorld.start(1)
    const [machine] = world.machines
    await world.put(machine!, 'k', 'before')
    machine!.disk.faults = (call) => (call.operation === 'sync' ? 'EIO' : undefined)
    await expect(world.put(machine!, 'k', 'after')).rejects.toThrow()
    machine!.disk.faults = () => undefined
    await stop(machine!)
    expect(machine!.disk.locks.size).toBe(0)
    await world.boot(machine!)
    await world.leader()
    expect(await world.get(machine!, 'k')).toMatch(/before|after/)
  })

  test('stays away from its peers when one of them sends what cannot be', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    const [victim, other] = world.machines.filter((machine) => machine !== leader)
    const { id, raft, clusterId } = victim!.member!
    const message = {
      type: MessageType.HEARTBEAT,
      to: id,
      from: leader.member!.id,
      term: raft.term,
      commit: raft.commit + 1_000_000,
    }
    const stream = world.network.view('client').connect(victim!.peerUrl).stream(Peer.exchange)
    stream.receive({ message: () => {}, close: () => {} })
    stream.send({ clusterId, from: leader.member!.id, messages: [message] })
    await world.run(3000)
    expect([leader.failure, other!.failure]).toEqual([undefined, undefined])
    expect(await world.put(leader, 'k', 'v')).toBeDefined()
  })
})

describe('a start that fails', () => {
  test('leaves nothing open, so that the next one succeeds', async () => {
    world = new MemberWorld(1)
    const [machine] = world.machines
    machine!.disk.faults = ({ operation, path }) =>
      operation === 'create' && path.includes('/wal/') ? 'EIO' : undefined
    await expect(world.boot(machine!)).rejects.toThrow(/EIO/)
    machine!.disk.faults = () => undefined
    await world.boot(machine!)
    await world.leader()
  })
})

describe('what is left of snapshots', () => {
  test('goes with the next start', async () => {
    world = await MemberWorld.start(1)
    const [machine] = world.machines
    await world.kill(machine!)
    for (const name of [NAME, `${NAME}.0.part`])
      await (await machine!.disk.mount().open(`${SNAPSHOTS}/${name}`, 'create')).close()
    await world.boot(machine!)
    await world.leader()
    expect(await snapshotFiles(machine!)).toEqual([])
  })

  test('goes with a stop in the middle of receiving', async () => {
    world = await MemberWorld.start(1)
    const [machine] = world.machines
    const { clusterId, id, raft } = machine!.member!
    const confState = machine!.member!.machine.confState
    const snapshot = { index: 1000, term: raft.term, confState }
    const message = { type: MessageType.SNAPSHOT, to: id, from: 7n, term: raft.term, snapshot }
    const stream = world.network.view('client').connect(machine!.peerUrl).stream(Peer.sendSnapshot)
    let error: RpcError | undefined
    stream.receive({
      message: () => {},
      close: (reason) => {
        error = reason
      },
    })
    stream.send({ header: { clusterId, from: 7n, message } })
    stream.send({ data: new SnapshotEncoder().metadata(snapshot) })
    await world.run(10)
    expect(await snapshotFiles(machine!)).toHaveLength(1)
    await world.answered(machine!.member!.stop())
    expect(await snapshotFiles(machine!)).toEqual([])
    stream.send({ header: { clusterId, from: 7n, message } })
    await world.run(10)
    expect(error).toBeDefined()
    const late = world.network.view('client').connect(machine!.peerUrl).stream(Peer.sendSnapshot)
    const refused = new Promise<RpcError | undefined>((close) =>
      late.receive({ message: () => {}, close }),
    )
    late.send({ header: { clusterId, from: 7n, message } })
    late.send({ data: new SnapshotEncoder().metadata(snapshot) })
    expect((await world.answered(refused))?.details).toMatch(/stopped/)
    expect(await snapshotFiles(machine!)).toEqual([])
  })
})

describe('a stop', () => {
  test('asked for twice is one', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    const { member } = leader
    const first = member!.stop()
    const second = member!.stop()
    await world.answered(second)
    expect(leader.disk.locks.size).toBe(0)
    await world.answered(first)
    leader.member = undefined
    await leader.close()
    await world.boot(leader)
  })

  test('gives the lock back although the last commit fails', async () => {
    world = new MemberWorld(1)
    const [machine] = world.machines
    const { databases } = machine!
    const open = databases.open.bind(databases)
    let broken = false
    databases.open = async (path, tables) => {
      const database = await open(path, tables)
      const write = database.write.bind(database)
      database.write = (batch) =>
        broken ? Promise.reject(new Error('the disk is gone')) : write(batch)
      return database
    }
    await world.boot(machine!)
    await world.leader()
    await world.put(machine!, 'k', 'v')
    broken = true
    await expect(world.answered(machine!.member!.stop())).rejects.toThrow(/could not commit/)
    expect(machine!.disk.locks.size).toBe(0)
    machine!.member = undefined
  })

  test('waits for a snapshot that is being installed, and nothing is lost', async () => {
    world = await MemberWorld.start(3, { snapshotCount: 50, snapshotCatchupEntries: 10 })
    const leader = await world.leader()
    const lagging = world.machines.find((machine) => machine !== leader)!
    await world.kill(lagging)
    for (let i = 0; i < 120; i++) await world.put(leader, `k${i % 7}`, `v${i}`)
    await world.run(1000)
    let entered = false
    let goOn: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const { databases } = lagging
    const replace = databases.replace.bind(databases)
    databases.replace = async (from, to) => {
      entered = true
      await gate
      return replace(from, to)
    }
    await world.boot(lagging)
    await world.until('it installs', () => entered)
    let stopped = false
    const stopping = lagging.member!.stop().then(() => {
      stopped = true
    })
    await world.run(500)
    expect([stopped, lagging.disk.locks.size]).toEqual([false, 1])
    goOn()
    await world.answered(stopping)
    expect(lagging.failure).toBeUndefined()
    lagging.member = undefined
    await lagging.close()
    world.network.drop(lagging.name)
    await world.boot(lagging)
    await world.until(
      'it has caught up',
      () => lagging.member!.machine.appliedIndex >= leader.member!.machine.appliedIndex,
    )
    expect((await world.fingerprints()).size).toBe(1)
  })
})

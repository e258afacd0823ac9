/** Stories about a cluster: elections, deaths, returns, cuts and stalls, and what clients see of them. */

import { afterEach, describe, expect, test } from '@jest/globals'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { KV, Lease } from '../../client/wire/methods.js'
import { MemberWorld } from '../sim/member-world.js'

let world: MemberWorld

afterEach(async () => {
  await world.stop()
})

describe('a member alone', () => {
  test('answers, and after a restart still knows what it acknowledged', async () => {
    world = await MemberWorld.start(1)
    const [machine] = world.machines
    const { header } = await world.put(machine!, 'k', 'v')
    expect(header?.revision).toBe(2)
    await world.kill(machine!, true)
    await world.boot(machine!)
    await world.leader()
    expect(await world.get(machine!, 'k')).toBe('v')
    expect((await world.put(machine!, 'k', 'w')).header?.revision).toBe(3)
  })

  test('refuses a data directory of another cluster', async () => {
    world = await MemberWorld.start(1)
    const [machine] = world.machines
    await world.kill(machine!)
    const other = new MemberWorld(1, { initialClusterToken: 'another' })
    Object.assign(other.machines[0]!, { disk: machine!.disk, databases: machine!.databases })
    await expect(other.boot(other.machines[0]!)).rejects.toThrow(
      /holds member .* but the flags describe/,
    )
  })

  test('does not found itself anew when its log is gone but its state is not', async () => {
    world = await MemberWorld.start(1)
    const [machine] = world.machines
    await world.put(machine!, 'k', 'v')
    await world.run(1000)
    await world.kill(machine!)
    const disk = machine!.disk.mount()
    for (const name of await disk.list('/data/member/wal'))
      await disk.remove(`/data/member/wal/${name}`)
    await expect(world.boot(machine!)).rejects.toThrow(/holds no log, but the state beside it/)
    await expect(world.boot(machine!)).rejects.toThrow(/the log was lost or moved away/)
  })

  test('ends itself when a sync fails, and acknowledges nothing after that', async () => {
    world = await MemberWorld.start(1)
    const [machine] = world.machines
    await world.put(machine!, 'before', 'x')
    machine!.disk.faults = (call) => (call.operation === 'sync' ? 'EIO' : undefined)
    await expect(world.put(machine!, 'after', 'x')).rejects.toThrow()
    expect(machine!.failure?.message).toMatch(/EIO|sync/)
    await expect(world.put(machine!, 'later', 'x')).rejects.toThrow()
    machine!.disk.faults = () => undefined
    await world.kill(machine!, true)
    await world.boot(machine!)
    await world.leader()
    expect(await world.get(machine!, 'before')).toBe('x')
  })

  test('stops taking writes when the disk is full, and loses nothing that it acknowledged', async () => {
    world = await MemberWorld.start(1)
    const [machine] = world.machines
    const acknowledged: string[] = []
    machine!.disk.capacityBytes = machine!.disk.usedBytes + 20_000
    for (let i = 0; machine!.failure === undefined; i++) {
      try {
        await world.put(machine!, `k${i}`, 'x'.repeat(1000))
        acknowledged.push(`k${i}`)
      } catch {}
    }
    expect(acknowledged.length).toBeGreaterThan(5)
    expect(machine!.failure?.message).toMatch(/ENOSPC|full/i)
    machine!.disk.capacityBytes = Number.POSITIVE_INFINITY
    await world.kill(machine!, true)
    await world.boot(machine!)
    await world.leader()
    for (const key of acknowledged) expect(await world.get(machine!, key)).toBeDefined()
  })
})

describe('three members', () => {
  test('a write through any of them is read through any other at once', async () => {
    world = await MemberWorld.start(3)
    for (const [i, writer] of world.machines.entries()) {
      await world.put(writer, 'k', `v${i}`)
      for (const reader of world.machines) expect(await world.get(reader, 'k')).toBe(`v${i}`)
    }
    expect((await world.fingerprints()).size).toBe(1)
  })

  test('the leader dies; the others elect, go on, and take it back when it returns', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    await world.put(leader, 'k', 'before')
    await world.kill(leader, true)
    const others = world.machines.filter((machine) => machine !== leader)
    const successor = await world.leader(others)
    expect(await world.get(successor, 'k')).toBe('before')
    await world.put(successor, 'k', 'after')
    await world.boot(leader)
    await world.until(
      'the old leader follows',
      () => leader.member!.raft.leader === successor.member!.id,
    )
    expect(await world.get(leader, 'k')).toBe('after')
    expect((await world.fingerprints()).size).toBe(1)
  })

  test('all lose power at once; nothing acknowledged is lost', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    for (let i = 0; i < 30; i++) await world.put(leader, `k${i}`, 'x')
    for (const machine of world.machines) await world.kill(machine, true)
    for (const machine of world.machines) await world.boot(machine)
    const now = await world.leader()
    const { count, header } = await world.range(now, {
      key: Buffer.from('k'),
      rangeEnd: Buffer.from('l'),
    })
    expect(count).toBe(30)
    expect(header?.revision).toBe(31)
  })

  test('a leader that is cut off answers no linearizable read and steps down', async () => {
    world = await MemberWorld.start(3)
    const old = await world.leader()
    const others = world.machines.filter((machine) => machine !== old)
    await world.put(old, 'k', 'old')
    world.network.isolate(
      old.name,
      others.map(({ name }) => name),
    )
    const stale = world.client(old).call(KV.range, { key: Buffer.from('k') })
    let answer: unknown
    stale.then(
      (value) => {
        answer = value
      },
      () => {},
    )
    const successor = await world.leader(others)
    await world.put(successor, 'k', 'new')
    expect(answer).toBeUndefined()
    await world.until('the old leader steps down', () => !old.member!.isLeader, 3000)
    expect(answer).toBeUndefined()
    expect(await world.get(old, 'k', { serializable: true })).toBe('old')
    world.network.heal()
    await world.until('the read is answered', () => answer !== undefined)
    expect(Buffer.from((answer as { kvs: { value: Uint8Array }[] }).kvs[0]!.value).toString()).toBe(
      'new',
    )
  })

  test('a write without a quorum times out with the sentence that says so', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    const others = world.machines.filter((machine) => machine !== leader)
    world.network.isolate(
      leader.name,
      others.map(({ name }) => name),
    )
    await expect(world.put(leader, 'k', 'v')).rejects.toThrow(
      etcdErrors.timeoutDueToConnectionLost.text,
    )
  })

  test('a caller that requires a leader is told at once that there is none', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    const others = world.machines.filter((machine) => machine !== leader)
    world.network.isolate(
      leader.name,
      others.map(({ name }) => name),
    )
    await world.until('it steps down', () => leader.member!.raft.leader === 0n)
    const call = world
      .client(leader)
      .call(KV.range, { key: Buffer.from('k') }, { metadata: { hasleader: 'true' } })
    await expect(world.answered(call)).rejects.toThrow(etcdErrors.noLeader.text)
  })

  test('a stop hands leadership over', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    const { term } = leader.member!.raft
    const stopped = leader.member!.stop()
    await world.answered(stopped)
    const others = world.machines.filter((machine) => machine !== leader)
    leader.member = undefined
    await leader.close()
    const successor = await world.leader(others)
    expect(successor.member!.raft.term).toBe(term + 1)
  })
})

describe('a member that is far behind', () => {
  const options = { snapshotCount: 50, snapshotCatchupEntries: 10 }

  async function leaveBehind(writes: number) {
    world = await MemberWorld.start(3, options)
    const leader = await world.leader()
    const lagging = world.machines.find((machine) => machine !== leader)!
    await world.put(leader, 'seen', 'x')
    await world.kill(lagging)
    for (let i = 0; i < writes; i++) await world.put(leader, `k${i % 7}`, `v${i}`)
    await world.run(1000)
    return { leader, lagging }
  }

  test('is caught up by a snapshot, and has the same state then', async () => {
    const { leader, lagging } = await leaveBehind(200)
    expect(leader.member!.raft.firstIndex).toBeGreaterThan(50)
    await world.boot(lagging)
    await world.until(
      'it has caught up',
      () => lagging.member!.machine.appliedIndex >= leader.member!.machine.appliedIndex,
    )
    expect((await world.fingerprints()).size).toBe(1)
    expect(await world.get(lagging, 'k1')).toBe(await world.get(leader, 'k1'))
    await world.put(lagging, 'k1', 'through it')
    await world.kill(lagging, true)
    await world.boot(lagging)
    await world.until(
      'it is back',
      () => lagging.member!.machine.appliedIndex >= leader.member!.machine.appliedIndex,
    )
    expect((await world.fingerprints()).size).toBe(1)
  })

  test('is caught up from the log when the log still reaches back', async () => {
    world = await MemberWorld.start(3, { snapshotCount: 50, snapshotCatchupEntries: 5000 })
    const leader = await world.leader()
    const lagging = world.machines.find((machine) => machine !== leader)!
    await world.kill(lagging)
    for (let i = 0; i < 200; i++) await world.put(leader, `k${i}`, 'x')
    await world.boot(lagging)
    await world.until(
      'it has caught up',
      () => lagging.member!.machine.appliedIndex >= leader.member!.machine.appliedIndex,
    )
    expect((await world.fingerprints()).size).toBe(1)
  })

  test('comes back after power was lost at any disk call of the install', async () => {
    const { leader, lagging } = await leaveBehind(120)
    const { disk } = lagging
    for (let at = 1; at < 60; at += 4) {
      let calls = 0
      let crashed = false
      disk.onPoint = () => {
        if (!crashed && ++calls === at) {
          crashed = true
          disk.crash()
          lagging.clock?.end()
        }
      }
      await world.boot(lagging).catch(() => {})
      await world.run(1500)
      disk.onPoint = () => {}
      if (lagging.member !== undefined) await world.kill(lagging, true)
      else {
        disk.crash()
        lagging.databases.crash()
      }
    }
    await world.boot(lagging)
    await world.until(
      'it has caught up',
      () => lagging.member!.machine.appliedIndex >= leader.member!.machine.appliedIndex,
    )
    expect((await world.fingerprints()).size).toBe(1)
  })
})

describe('leases in a cluster', () => {
  const grant = (machine: (typeof world.machines)[number], TTL: number) =>
    world.answered(world.client(machine).call(Lease.leaseGrant, { TTL }))

  test('a lease ends after its time, with its keys, in one revision', async () => {
    world = await MemberWorld.start(3)
    const follower = world.machines.find(({ member }) => !member!.isLeader)!
    const { ID } = await grant(follower, 5)
    await world.put(follower, 'a', 'x', ID)
    await world.put(follower, 'b', 'x', ID)
    await world.run(4000)
    expect(await world.get(follower, 'a')).toBe('x')
    await world.run(3000)
    const { kvs, header } = await world.range(follower, {
      key: Buffer.from('a'),
      rangeEnd: Buffer.from('c'),
    })
    expect(kvs).toEqual([])
    expect(header?.revision).toBe(4)
  })

  test('a lease shorter than an election is raised to two seconds', async () => {
    world = await MemberWorld.start(1)
    expect((await grant(world.machines[0]!, 1)).TTL).toBe(2)
  })

  test('a keep-alive through a follower renews; without it the lease ends', async () => {
    world = await MemberWorld.start(3)
    const follower = world.machines.find(({ member }) => !member!.isLeader)!
    const { ID } = await grant(follower, 4)
    for (let i = 0; i < 5; i++) {
      await world.run(2000)
      expect(await keepAlive(follower, ID)).toBe(4)
    }
    await world.run(6000)
    expect(await keepAlive(follower, ID)).toBe(0)
  })

  test('a change of leader prolongs a lease by no more than its time and an election, and never shortens it', async () => {
    world = await MemberWorld.start(3)
    const leader = await world.leader()
    const { ID } = await grant(leader, 5)
    await world.put(leader, 'k', 'x', ID)
    await world.run(3000)
    await world.kill(leader)
    const successor = await world.leader(world.machines.filter((machine) => machine !== leader))
    await world.run(4000)
    expect(await world.get(successor, 'k')).toBe('x')
    await world.run(3500)
    expect(await world.get(successor, 'k')).toBeUndefined()
  })

  test('a leader that stood still promises no time on a lease that its successor has ended', async () => {
    world = await MemberWorld.start(3)
    const old = await world.leader()
    const others = world.machines.filter((machine) => machine !== old)
    const { ID } = await grant(old, 5)
    old.clock!.pause()
    const successor = await world.leader(others)
    await world.answered(world.client(successor).call(Lease.leaseRevoke, { ID }))
    const renewal = keepAlive(old, ID)
    old.clock!.resume()
    expect(await renewal).toBe(0)
  })

  /** The TTL that a keep-alive is answered with; 0 when the lease is gone. */
  async function keepAlive(machine: (typeof world.machines)[number], ID: bigint): Promise<number> {
    const stream = world.client(machine).stream(Lease.leaseKeepAlive)
    const answer = new Promise<number>((resolve, reject) => {
      stream.receive({
        message: ({ TTL }) => resolve(TTL),
        close: (error) => reject(error ?? new Error('closed without an answer')),
      })
    })
    stream.send({ ID })
    const ttl = await world.answered(answer)
    stream.end()
    return ttl
  }
})

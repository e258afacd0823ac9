/** The stories that a user's test would tell with `conclave/testing`, with the real client and recipes. */

import { afterEach, describe, expect, test } from '@jest/globals'
import { type Client, type ConnectOptions, connect } from '../../client/index.js'
import { Status } from '../../client/wire/status.js'
import { Mutex, Session } from '../../recipes/index.js'
import { failure } from '../../test/client/outcome.js'
import { startTestCluster, type TestCluster, type TestClusterOptions } from './index.js'

const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = await startTestCluster(options)
  ends.push(() => cluster.stop())
  return cluster
}

function clientOf(cluster: TestCluster, options: Partial<ConnectOptions> = {}): Client {
  const { endpoints, transport } = cluster
  const client = connect({ endpoints, transport, ...options })
  ends.push(() => client.close())
  return client
}

const text = async (client: Client, key: string): Promise<string | undefined> =>
  (await client.kv.get(key))?.text()

describe('a member that dies', () => {
  test('leads no more, and writes go on with another', async () => {
    const cluster = await start()
    const client = clientOf(cluster)
    await client.kv.put('k', 'before')
    const old = await cluster.leader()
    await old.kill()
    expect([old.isUp, old.isLeader]).toEqual([false, false])
    const leader = await cluster.leader()
    expect(leader.name).not.toBe(old.name)
    await client.kv.put('k', 'after')
    expect(await text(client, 'k')).toBe('after')
  })

  test('breaks the calls that are under way, and whether they happened is unknown', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    // Without the pipeline, which would not have sent it before the member welcomed it.
    const client = clientOf(cluster, { endpoints: [leader.endpoint], pipeline: 'off' })
    leader.pause()
    const put = failure(client.kv.put('k', 'v'))
    // A turn, so that the call has left.
    await new Promise(setImmediate)
    await leader.kill()
    const error = await put
    expect(error).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    expect(error.etcd).toEqual({ status: Status.UNAVAILABLE, text: 'the connection broke' })
  })

  test('has its data again when it comes back', async () => {
    const cluster = await start()
    const client = clientOf(cluster)
    await client.kv.put('k', 'kept')
    for (const member of cluster.members) await member.kill()
    for (const member of cluster.members) await member.restart()
    await cluster.leader()
    expect(await text(client, 'k')).toBe('kept')
    for (const member of cluster.members) await member.restart()
    expect(await text(client, 'k')).toBe('kept')
  })

  test('alone in its cluster keeps what it acknowledged', async () => {
    const cluster = await start({ size: 1 })
    const client = clientOf(cluster)
    await client.kv.put('k', 'kept')
    await cluster.members[0]!.kill()
    await cluster.members[0]!.restart()
    expect(await text(client, 'k')).toBe('kept')
  })

  test('while it starts, says so', async () => {
    const cluster = await start()
    const [member] = cluster.members
    await member!.kill()
    const starting = member!.restart()
    await member!.kill()
    await expect(starting).rejects.toThrow(/m1 ended before it had started/)
    await member!.restart()
    expect(member!.isUp).toBe(true)
  })

  test('in order hands leadership over, and takes it from nobody', async () => {
    const cluster = await start()
    const old = await cluster.leader()
    await old.stop()
    expect(old.isUp).toBe(false)
    expect((await cluster.leader()).name).not.toBe(old.name)
    expect(old.failure).toBeUndefined()
  })
})

describe('a leader that is cut off from the others', () => {
  test('does not answer reads with what is out of date, and learns it when all is whole', async () => {
    const cluster = await start()
    const old = await cluster.leader()
    const behind = clientOf(cluster, { endpoints: [old.endpoint] })
    await behind.kv.put('k', 'old')
    cluster.isolate(old)
    const leader = await cluster.leader()
    expect(leader.name).not.toBe(old.name)
    await clientOf(cluster, { endpoints: [leader.endpoint] }).kv.put('k', 'new')
    expect((await failure(behind.kv.get('k', { timeoutMs: 500 }))).code).toMatch(
      /unavailable|deadline/,
    )
    cluster.heal()
    expect(await text(behind, 'k')).toBe('new')
  })

  test('in one direction is replaced', async () => {
    const cluster = await start()
    const old = await cluster.leader()
    for (const member of cluster.members) if (member !== old) cluster.cut(old, member)
    expect((await cluster.leader()).name).not.toBe(old.name)
  })

  test('leaves nobody who leads when no majority sees itself', async () => {
    const cluster = await start()
    for (const member of cluster.members) cluster.isolate(member)
    await expect(cluster.leader(50)).rejects.toThrow(/no leader within 50 ms/)
    cluster.heal()
    await cluster.leader()
  })
})

describe('a process of the user', () => {
  test('that is cut off sends nothing, and knows it', async () => {
    const cluster = await start()
    const far = cluster.process('far')
    const client = clientOf(cluster, { transport: far.transport })
    cluster.isolate(far, cluster.members)
    const error = await failure(client.kv.put('k', 'v', { timeoutMs: 300 }))
    expect(error).toMatchObject({ code: 'unavailable', outcomeUnknown: false })
    expect(await text(clientOf(cluster), 'k')).toBeUndefined()
    cluster.heal()
    await client.kv.put('k', 'v')
  })

  test('whose watch is cut off takes it up where it was', async () => {
    const cluster = await start()
    const far = cluster.process('far')
    const watcher = clientOf(cluster, { transport: far.transport }).watch('k')
    const near = clientOf(cluster)
    const seen: string[] = []
    const done = (async () => {
      for await (const { kv } of watcher) if (seen.push(kv.text()) === 3) return
    })()
    await near.kv.put('k', '1')
    cluster.isolate(far, cluster.members)
    await near.kv.put('k', '2')
    cluster.heal()
    await near.kv.put('k', '3')
    await done
    expect(seen).toEqual(['1', '2', '3'])
  })

  test('that is cut off loses its lock before another gets it', async () => {
    const cluster = await start()
    const far = cluster.process('far')
    const a = await Session.create(clientOf(cluster, { transport: far.transport }), {
      ttlSeconds: 1,
    })
    const b = await Session.create(clientOf(cluster), { ttlSeconds: 1 })
    const story: string[] = []
    const first = await new Mutex(a, 'm').acquire()
    first.signal.addEventListener('abort', () => story.push('a lost it'))
    cluster.isolate(far, cluster.members)
    const second = await new Mutex(b, 'm').acquire()
    story.push('b has it')
    expect(story).toEqual(['a lost it', 'b has it'])
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken)
    await b.close()
  })

  test('that stands still believes in its lock until it goes on; the token tells them apart', async () => {
    const cluster = await start()
    const far = cluster.process('far')
    const { transport, clock } = far
    const a = await Session.create(clientOf(cluster, { transport, clock }), { ttlSeconds: 1 })
    const b = await Session.create(clientOf(cluster), { ttlSeconds: 1 })
    const first = await new Mutex(a, 'm').acquire()
    far.pause()
    const second = await new Mutex(b, 'm').acquire()
    expect(first.signal.aborted).toBe(false)
    far.resume()
    expect(first.signal.aborted).toBe(true)
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken)
    await b.close()
  })

  test('must not have the name of a member', async () => {
    const cluster = await start({ size: 1 })
    expect(() => cluster.process('m1')).toThrow(/m1 is a member/)
  })
})

describe('a member that stands still', () => {
  test('is replaced when it led, and follows when it goes on', async () => {
    const cluster = await start()
    const old = await cluster.leader()
    old.pause()
    const leader = await cluster.leader()
    expect(leader.name).not.toBe(old.name)
    const client = clientOf(cluster, { endpoints: [leader.endpoint] })
    await client.kv.put('k', 'new')
    const behind = clientOf(cluster, { endpoints: [old.endpoint] })
    // Not even a read that asks nobody else is answered.
    const read = behind.kv.get('k', { serializable: true, timeoutMs: 100 })
    expect((await failure(read)).code).toBe('deadline-exceeded')
    old.resume()
    expect(await text(behind, 'k')).toBe('new')
    expect(old.isPaused).toBe(false)
  })

  test('carries out what was sent to it when it goes on, even if nobody waits any more', async () => {
    const cluster = await start({ size: 1 })
    const [member] = cluster.members
    const client = clientOf(cluster, { pipeline: 'off' })
    member!.pause()
    const put = failure(client.kv.put('k', 'late', { timeoutMs: 50 }))
    expect((await put).outcomeUnknown).toBe(true)
    member!.resume()
    expect(await text(client, 'k')).toBe('late')
  })

  test('and is down cannot stand still', async () => {
    const cluster = await start({ size: 1 })
    const [member] = cluster.members
    await member!.kill()
    expect(() => member!.pause()).toThrow(/m1 is down/)
  })
})

describe('the end', () => {
  test('leaves no timer, whatever state the members are in', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')
    const before = timers().length
    const cluster = await startTestCluster({ size: 5 })
    const client = connect({ endpoints: cluster.endpoints, transport: cluster.transport })
    await client.kv.put('k', 'v')
    const [a, b, c, d] = cluster.members
    a!.pause()
    await b!.kill()
    await c!.stop()
    cluster.isolate(d!)
    const waiting = cluster.leader()
    client.close()
    await cluster.stop()
    await expect(waiting).rejects.toThrow(/stopped/)
    await cluster.stop()
    expect(timers().length).toBe(before)
  })

  test('comes by itself with `await using`', async () => {
    let member: TestCluster['members'][number]
    {
      await using cluster = await startTestCluster({ size: 1 })
      member = cluster.members[0]!
      expect(member.isUp).toBe(true)
    }
    expect(member.isUp).toBe(false)
  })

  test('comes at once for a cluster that cannot start', async () => {
    await expect(startTestCluster({ size: 0 })).rejects.toThrow(RangeError)
    await expect(startTestCluster({ electionTimeoutMs: 50 })).rejects.toThrow(/election-timeout/)
  })
})

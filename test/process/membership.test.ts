/** Real processes that join, are promoted, and are removed, while data is written and read. */

import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { type Client, connect } from '../../client/index.js'
import { GrowingCluster, type GrowingMember, OUR_SERVER } from './growing-cluster.js'
import { waitFor } from './process-cluster.js'

jest.setTimeout(120_000)

let cluster: GrowingCluster
let client: Client

afterEach(async () => {
  client.close()
  await cluster.stop()
})

/** A change is refused until the members have been connected for a while. */
async function whenHealthy<T>(change: () => Promise<T>): Promise<T> {
  let answer: T | undefined
  await waitFor('a healthy cluster', async () => {
    try {
      answer = await change()
      return true
    } catch (error) {
      if ((error as { etcd?: { text: string } }).etcd?.text !== 'etcdserver: unhealthy cluster')
        throw error
      return false
    }
  })
  return answer!
}

async function started(member: GrowingMember): Promise<void> {
  await waitFor(`${member.name} to tell its name`, async () => {
    member.assertUp()
    return (await client.cluster.list()).some(({ name }) => name === member.name)
  })
}

describe('a cluster of processes', () => {
  test('a learner joins, is promoted, and the leader is removed; nothing is lost', async () => {
    cluster = await GrowingCluster.start(OUR_SERVER, 3)
    client = connect({ endpoints: cluster.endpoints, timeoutMs: 15_000 })
    const write = async (from: number, to: number) => {
      for (let i = from; i < to; i++) await client.kv.put(`key/${i}`, `value ${i}`)
    }
    await write(0, 200)
    const joining = await cluster.prepare()
    const { member } = await whenHealthy(() => client.cluster.addLearner(joining.peerUrl))
    expect(member).toMatchObject({ name: '', isLearner: true, clientUrls: [] })
    joining.start()
    await started(joining)
    await write(200, 250)
    await waitFor('the learner to catch up', async () => {
      try {
        await client.cluster.promote(member.id)
        return true
      } catch (error) {
        expect((error as { code?: string }).code).toBe('member-not-ready')
        return false
      }
    })
    const leader = await cluster.leader()
    const members = await client.cluster.remove(await leader.id())
    expect(members.map(({ name }) => name)).not.toContain(leader.name)
    await waitFor('the removed leader to end', () => !leader.isUp)
    expect(leader.exitCode).toBe(0)
    expect(leader.stderr).toContain('removed from the cluster')
    await write(250, 300)
    const direct = connect({ endpoints: joining.endpoint, timeoutMs: 15_000 })
    try {
      const { kvs } = await direct.kv.getAll({ prefix: 'key/' })
      expect(kvs).toHaveLength(300)
      expect((await direct.kv.get('key/0'))?.text()).toBe('value 0')
      expect((await direct.kv.get('key/299'))?.text()).toBe('value 299')
    } finally {
      direct.close()
    }
    await cluster.leader()
  })

  test('one becomes two; the first is removed and the second has everything', async () => {
    cluster = await GrowingCluster.start(OUR_SERVER, 1)
    client = connect({ endpoints: cluster.endpoints, timeoutMs: 15_000 })
    await client.kv.put('k', 'v')
    const second = await cluster.prepare()
    await client.cluster.add(second.peerUrl)
    second.start()
    const own = connect({ endpoints: second.endpoint, timeoutMs: 15_000 })
    try {
      await waitFor('the second member to serve', () =>
        own.kv.get('k').then(
          (kv) => kv?.text() === 'v',
          () => false,
        ),
      )
      await started(second)
      const [first] = cluster.members
      await whenHealthy(async () => own.cluster.remove(await first!.id()))
      await waitFor('the first member to end', () => !first!.isUp)
      await own.kv.put('k', 'w')
      expect((await own.cluster.list()).map(({ name }) => name)).toEqual([second.name])
    } finally {
      own.close()
    }
    // Alone, after a restart, on its own data.
    await second.end()
    second.start()
    await cluster.leader()
  })

  test('who was down when it was removed ends when it comes back, and disturbs nobody', async () => {
    cluster = await GrowingCluster.start(OUR_SERVER, 3)
    client = connect({ endpoints: cluster.endpoints, timeoutMs: 15_000 })
    const leader = await cluster.leader()
    const gone = cluster.members.find((member) => member !== leader)!
    const id = await gone.id()
    await gone.end()
    await client.cluster.remove(id)
    const before = await leader.status()
    for (let i = 0; i < 2; i++) {
      gone.start()
      await waitFor('the removed member to end', () => !gone.isUp)
      expect(gone.exitCode).toBe(0)
      expect(gone.stderr).toContain('removed from the cluster')
    }
    expect((await leader.status())?.raftTerm).toBe(before?.raftTerm)
  })
})

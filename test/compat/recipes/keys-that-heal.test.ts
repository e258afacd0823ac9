/** Persistent nodes, groups, partitioners and configuration on real servers. */

import { expect, test } from '@jest/globals'
import { connect, json } from '../../../client/index.js'
import {
  Config,
  ConfigTree,
  GroupMembership,
  Partitioner,
  PersistentNode,
  rendezvous,
  SessionSource,
} from '../../../recipes/index.js'
import { onServers } from './on-servers.js'

onServers((server) => {
  test('a persistent node is put back after a deletion and after its lease, and goes', async () => {
    const client = server.client()
    const node = new PersistentNode<number>(client, 'node', 1, { ttlSeconds: 5 })
    const present = () => new Promise<void>((resolve) => node.on('present', () => resolve()))
    const read = async () => (await client.kv.get('node'))!
    await node.start()
    const tokens = [node.fencingToken!]
    await node.update(2)
    expect((await read()).json()).toBe(2)
    const back = present()
    await client.kv.delete('node')
    await back
    tokens.push(node.fencingToken!)
    const again = present()
    await client.lease.revoke((await read()).lease)
    await again
    await node.ready()
    tokens.push(node.fencingToken!)
    expect((await read()).json()).toBe(2)
    expect((await read()).createRevision).toBe(tokens[2])
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b))
    await node.pause()
    expect(await client.kv.get('node')).toBeNull()
    await node.resume()
    await node.close()
    expect(await client.kv.get('node')).toBeNull()
  })

  test('a persistent one hangs on no lease; the newer of two has the key', async () => {
    const [one, two] = [server.client(), server.client()]
    const older = new PersistentNode(one, 'stays', 'older', { mode: 'persistent' })
    await older.start()
    expect((await one.kv.get('stays'))!.lease).toBe(0n)
    const taken = new Promise((resolve) => older.on('absent', resolve))
    const newer = new PersistentNode(two, 'stays', 'newer', { mode: 'persistent' })
    await newer.start()
    expect(await taken).toEqual({ reason: 'taken' })
    expect((await one.kv.get('stays'))!.json()).toBe('newer')
    await older.close()
    expect((await one.kv.get('stays'))!.json()).toBe('newer')
    await newer.close()
    expect(await one.kv.get('stays')).toBeNull()
  })

  test('a group and its partitioners agree, on one lease for each process', async () => {
    const members = ['a', 'b', 'c'].map((memberId) => {
      const client = server.client()
      const sessions = new SessionSource(client)
      const group = new GroupMembership<number>(client, 'group', { memberId, sessions })
      const weightOf = ({ payload }: { readonly payload: number }) => payload
      return { group, sessions, partitioner: new Partitioner(group, { weightOf }) }
    })
    for (const [i, { group }] of members.entries()) await group.join(i + 1)
    for (const { group, partitioner } of members) {
      await partitioner.ready()
      const now = await group.members({ consistent: true })
      expect(now.map(({ id, payload }) => [id, payload])).toEqual([
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ])
    }
    const expected = ['a', 'b', 'c'].map((id, i) => ({ id, weight: i + 1 }))
    for (let i = 0; i < 20; i++)
      for (const { partitioner } of members)
        expect(partitioner.ownersOf(`k${i}`, 3)).toEqual(rendezvous(expected, `k${i}`, 3))
    const [first, second] = members
    const left = new Promise<string>((resolve) =>
      first!.group.on('leave', ({ member }) => resolve(member.id)),
    )
    await second!.group.leave()
    expect(await left).toBe('b')
    for (const { group, sessions } of members) {
      await group.close()
      await sessions.close()
    }
    expect(await server.client().kv.count('group/')).toBe(0)
  })

  test('a configuration follows, keeps what is good, and overwrites nothing unseen', async () => {
    const [one, two] = [server.client(), server.client()]
    const a = new Config<number>(one, 'limit', { default: 10 })
    const b = new Config<number>(two, 'limit', { codec: json<number>(), default: 10 })
    await Promise.all([a.ready(), b.ready()])
    const seen = new Promise((resolve) => b.on('change', resolve))
    const revision = await a.set(20)
    expect(await seen).toEqual({ value: 20, previous: 10, revision })
    await Promise.all([a, b, a, b].map((c) => c.update((n) => n + 1)))
    const invalid = new Promise<string>((resolve) => a.on('invalid', (e) => resolve(e.error.code)))
    await one.kv.put('limit', 'no json')
    expect(await invalid).toBe('invalid-value')
    expect(a.get()).toBe(24)
    const tree = new ConfigTree<{ x: { y: number } }>(one, 'tree')
    expect(await tree.ready().then(() => tree.get())).toEqual({})
    await tree.set('x/y', 7)
    expect(tree.get()).toEqual({ x: { y: 7 } })
    for (const each of [a, b, tree]) each.close()
  })

  test('closing leaves no key, also of a process with a client of its own', async () => {
    const client = connect({ endpoints: [...server.endpoints] })
    const node = new PersistentNode(client, 'brief', 1)
    const starting = node.start()
    await node.close()
    await expect(starting).rejects.toMatchObject({ code: 'closed' })
    client.close()
    expect(await server.client().kv.get('brief')).toBeNull()
  })
})

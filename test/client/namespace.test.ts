/** Namespaces: the prefix is put before every key on the way out, and taken off every key on the way back. */

import { expect, test } from '@jest/globals'
import { compare, op } from '../../client/index.js'
import { failure, take } from './outcome.js'
import { subject } from './subject.js'

subject('namespaces', (server) => {
  const inside = () => server.client.namespace(server.at)

  test('keys have the prefix outside, and only there', async () => {
    const { kv } = inside()
    await kv.put('a', '1')
    expect((await server.client.kv.get(`${server.at}a`))?.text()).toBe('1')
    expect((await kv.get('a'))?.keyString).toBe('a')
    const { prev } = await kv.put('a', '2', { prevKv: true })
    expect(prev?.keyString).toBe('a')
    const gone = await kv.delete('a', { prevKv: true })
    expect(gone.prev.map((one) => one.keyString)).toEqual(['a'])
  })

  test('a range ends where the namespace ends', async () => {
    const { kv } = inside()
    for (const name of ['a', 'b', 'c']) await kv.put(name, name)
    await server.client.kv.put(`${server.at.slice(0, -1)}0`, 'behind it')
    const names = async (range: Parameters<typeof kv.getAll>[0]) =>
      (await kv.getAll(range)).kvs.map((one) => one.keyString).join('')
    expect(await names({ all: true })).toBe('abc')
    expect(await names({ fromKey: 'b' })).toBe('bc')
    expect(await names({ from: 'a', to: 'c' })).toBe('ab')
    expect(await kv.count({ all: true })).toBe(3)
    const seen: string[] = []
    for await (const one of kv.stream({ all: true })) seen.push(one.keyString)
    expect(seen).toEqual(['a', 'b', 'c'])
    expect((await kv.delete({ all: true })).deleted).toBe(3)
    expect(await server.client.kv.get(`${server.at.slice(0, -1)}0`)).not.toBeNull()
  })

  test('transactions: compares, operations, answers, and those inside', async () => {
    const space = inside()
    await space.kv.put('old', '0')
    const result = await space
      .txn()
      .if(compare('a').missing(), compare({ prefix: 'z' }).version('=', 0))
      .then(
        op.put('a', '1'),
        op.get('a'),
        op.txn({ compare: [compare('a').missing()], success: [op.put('b', '2')] }),
        op.get({ prefix: 'b' }),
        op.delete('old', { prevKv: true }),
      )
      .commit()
    if (!result.succeeded) throw new Error('the compares did not hold')
    const [, read, , inner, deleted] = result.responses
    expect(read.kvs.map((one) => one.keyString)).toEqual(['a'])
    expect(inner.kvs.map((one) => one.keyString)).toEqual(['b'])
    expect(deleted.prev.map((one) => one.keyString)).toEqual(['old'])
    expect((await server.client.kv.get(`${server.at}b`))?.text()).toBe('2')
  })

  test('watches and the keys of leases', async () => {
    const space = inside()
    const watcher = space.watch({ all: true }, { prevKv: true })
    await watcher.created
    const { id } = await space.lease.grant(60)
    await server.client.kv.put(`${server.at}a`, '1')
    await space.kv.put('a', '2', { lease: id })
    const events = await take(watcher, 2)
    expect(events.map(({ kv, prev }) => [kv.keyString, prev?.keyString])).toEqual([
      ['a', undefined],
      ['a', 'a'],
    ])
    const { keys } = await space.lease.timeToLive(id, { keys: true })
    expect(keys.map((key) => Buffer.from(key).toString())).toEqual(['a'])
    await space.lease.revoke(id)
    expect(await space.kv.get('a')).toBeNull()
  })

  test('a namespace in a namespace, and a client in one', async () => {
    const deep = inside().namespace('x/').namespace('y/')
    await deep.kv.put('a', '1')
    expect((await inside().kv.get('x/y/a'))?.text()).toBe('1')
    const one = server.connect({ namespace: `${server.at}x/` })
    expect((await one.kv.get('y/a'))?.keyString).toBe('y/a')
    expect((await one.namespace('y/').kv.get('a'))?.text()).toBe('1')
  })

  test('an empty prefix is refused', async () => {
    expect((await failure(() => server.client.namespace(''))).code).toBe('invalid-argument')
  })
})

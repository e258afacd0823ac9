/** The local copy of a range, and watches that list anew, against real servers. */

import { expect, test } from '@jest/globals'
import { op } from '../../client/index.js'
import { subject } from './subject.js'

subject('cache', (server) => {
  test('reads its own writes once it has reached their revision, and sees what others write', async () => {
    const { client, at } = server
    await client.kv.put(`${at}a`, '1')
    await using cache = client.cache(at)
    await cache.ready()
    expect(cache.get(`${at}a`)?.text()).toBe('1')
    const { revision } = await client
      .txn()
      .then(op.delete(`${at}a`), op.put(`${at}b`, '2'))
      .commit()
    await cache.waitFor(revision)
    expect([cache.has(`${at}a`), cache.get(`${at}b`)?.text(), cache.size]).toEqual([false, '2', 1])
  })

  test('a consistent read sees every write that was answered before', async () => {
    const { client, at } = server
    const other = server.connect()
    await using cache = other.cache(at)
    await cache.ready()
    for (let i = 0; i < 50; i++) {
      // In its range, or beside it: then the cache hears of nothing, and has to ask.
      const key = i % 2 === 0 ? `${at}n` : `beside-${at}`
      const { revision } = await client.kv.put(key, String(i))
      const read = await cache.get(`${at}n`, { consistent: true })
      expect(read?.text()).toBe(String(i - (i % 2)))
      expect(cache.revision).toBeGreaterThanOrEqual(revision)
    }
  })

  test('a namespace has caches of its own keys', async () => {
    const team = server.client.namespace(server.at)
    await team.kv.put('x/1', 'one')
    await using cache = team.cache('x/')
    await cache.ready()
    expect([...cache.entries()].map(([key, kv]) => [key, kv.text()])).toEqual([['x/1', 'one']])
    await team.kv.delete('x/1')
    expect(await cache.get('x/1', { consistent: true })).toBeUndefined()
  })

  test('a watch from a compacted start lists anew when it may', async () => {
    const { client, at } = server
    const { revision } = await client.kv.put(`${at}a`, '1')
    const last = await client.kv.put(`${at}b`, '2')
    await client.kv.compact(last.revision)
    const options = { startRevision: revision, onCompacted: 'relist' } as const
    const watcher = client.watch({ prefix: at }, options)
    const told: string[] = []
    for await (const { kv, synthetic } of watcher) {
      told.push(`${kv.keyString.slice(at.length)} ${synthetic}`)
      if (told.length === 2) await client.kv.put(`${at}c`, '3')
      if (told.length === 3) break
    }
    expect(told).toEqual(['a true', 'b true', 'c false'])
  })
})

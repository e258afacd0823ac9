/** A local copy of a range: exact by revision, fresh on request, and level again after trouble. */

import { expect, test } from '@jest/globals'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('cache', (server) => {
  test('it has what the range has, and follows it', async () => {
    const { kv } = server.client
    await kv.put(`${server.at}a`, '1')
    await using cache = server.client.cache(server.at)
    await cache.ready()
    expect(cache.get(`${server.at}a`)?.text()).toBe('1')
    await kv.put(`${server.at}b`, '2')
    await kv.delete(`${server.at}a`)
    expect((await cache.get(`${server.at}b`, { consistent: true }))?.text()).toBe('2')
    expect(cache.get(`${server.at}a`)).toBeUndefined()
    expect(cache.getAll().map((one) => one.keyString)).toEqual([`${server.at}b`])
    expect(cache.size).toBe(1)
  })

  test('a consistent read sees every write that was answered before', async () => {
    await using cache = server.client.cache(server.at)
    await cache.ready()
    for (let i = 0; i < 50; i++) {
      const { revision } = await server.client.kv.put(`${server.at}a`, `${i}`)
      const seen = await cache.get(`${server.at}a`, { consistent: true })
      expect(seen?.modRevision).toBe(revision)
    }
  })

  test('changes are told in order with what was before, and go on over a restart', async () => {
    const one = server.connect({ timeoutMs: 20_000 })
    await using cache = one.cache(server.at)
    const told: string[] = []
    cache.on('change', ({ type, before, after }) =>
      told.push(`${type} ${before?.text()} ${after?.text()}`),
    )
    await cache.ready()
    await one.kv.put(`${server.at}a`, '1')
    await server.cluster.restart()
    await one.kv.put(`${server.at}a`, '2')
    await one.kv.delete(`${server.at}a`)
    expect(await cache.get(`${server.at}a`, { consistent: true })).toBeUndefined()
    expect(told).toEqual(['put undefined 1', 'put 1 2', 'delete 2 undefined'])
  }, 60_000)

  test('a key outside the range, a cache that is not ready, one that is closed', async () => {
    const cache = server.client.cache(server.at)
    expect((await failure(() => cache.get('elsewhere'))).code).toBe('invalid-argument')
    expect((await failure(() => cache.get(`${server.at}a`))).code).toBe('failed-precondition')
    await cache.ready()
    cache.close()
    expect((await failure(() => cache.get(`${server.at}a`))).code).toBe('closed')
    const tooSmall = server.client.cache(server.at, { maxKeys: 1 })
    await server.client.kv.put(`${server.at}a`, '1')
    await server.client.kv.put(`${server.at}b`, '2')
    expect((await failure(tooSmall.get(`${server.at}a`, { consistent: true }))).code).toBe(
      'too-many-keys',
    )
  })
})

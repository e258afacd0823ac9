/** Endpoints that are dead, and servers that come back. */

import { expect, test } from '@jest/globals'
import { connect } from '../../client/index.js'
import { failure, take } from './outcome.js'
import { subject } from './subject.js'

subject('connection', (server) => {
  test('a dead endpoint is left for a living one, for reads, writes and streams', async () => {
    for (let seed = 0; seed < 3; seed++) {
      const random = {
        next: () => seed / 3,
        bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
      }
      const endpoints = ['http://127.0.0.1:1', ...server.endpoints, 'http://127.0.0.1:2']
      const one = server.connect({ endpoints, random })
      const { revision } = await one.kv.put(`${server.at}a`, `${seed}`)
      expect((await one.kv.get(`${server.at}a`))?.text()).toBe(`${seed}`)
      const [event] = await take(one.watch(`${server.at}a`, { startRevision: revision }), 1)
      expect(event?.kv.text()).toBe(`${seed}`)
      const lease = await one.lease.grant(60)
      expect(await one.lease.keepAliveOnce(lease.id)).toBe(60)
    }
  })

  test('endpoints and times come from the environment when they are not given', async () => {
    const [endpoint] = server.endpoints
    const env = { ETCDCTL_ENDPOINTS: endpoint!, CONCLAVE_COMMAND_TIMEOUT: '3s' }
    await using one = connect({ ...server.kind.options, env })
    expect(one.endpoints).toEqual([endpoint])
    await one.kv.put(`${server.at}a`, '1')
    expect((await one.kv.get(`${server.at}a`))?.text()).toBe('1')
  })

  test('nobody there: reads and writes fail in time, and the write did not happen', async () => {
    const one = server.connect({ endpoints: ['http://127.0.0.1:1'], timeoutMs: 400 })
    expect(await failure(one.kv.get('a'))).toMatchObject({ code: 'unavailable' })
    expect(await failure(one.kv.put('a', 'b'))).toMatchObject({
      code: 'unavailable',
      outcomeUnknown: false,
    })
  })

  test('watches, leases and calls go on after the cluster was killed and came back', async () => {
    const one = server.connect({ timeoutMs: 20_000 })
    const lease = await one.lease.grant(30)
    const watcher = one.watch({ prefix: server.at })
    await watcher.created
    await one.kv.put(`${server.at}a`, 'before', { lease: lease.id })
    const iterator = watcher[Symbol.asyncIterator]()
    expect((await iterator.next()).value?.kv.text()).toBe('before')
    await server.cluster.restart()
    await one.kv.put(`${server.at}b`, 'after', { lease: lease.id })
    expect((await iterator.next()).value?.kv.text()).toBe('after')
    expect(await one.lease.keepAliveOnce(lease.id)).toBe(30)
    await iterator.return?.(undefined)
  }, 60_000)
})

/** Mistakes and trouble: each its own code, and what is refused is not sent. */

import { expect, test } from '@jest/globals'
import { op } from '../../client/index.js'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('errors', (server) => {
  test('a request that is too large is refused, and did not happen', async () => {
    const error = await failure(server.client.kv.put(`${server.at}big`, Buffer.alloc(1_700_000)))
    expect(error).toMatchObject({ code: 'request-too-large', outcomeUnknown: false })
    const huge = await failure(server.client.kv.put(`${server.at}big`, Buffer.alloc(4_000_000)))
    expect(huge).toMatchObject({ outcomeUnknown: false })
    expect(await server.client.kv.get(`${server.at}big`)).toBeNull()
  })

  test('each refusal of the server has a code of its own, and did not happen', async () => {
    const { client, at } = server
    const key = `${at}a`
    const { id } = await client.lease.grant(60)
    const many = Array.from({ length: 200 }, (_, i) => op.put(`${at}${i}`, 'v'))
    const refusals: Readonly<Record<string, () => Promise<unknown>>> = {
      'duplicate-key': () => client.txn().then(op.put(key, '1'), op.delete(key)).commit(),
      'too-many-operations': () =>
        client
          .txn()
          .then(...many)
          .commit(),
      'lease-not-found': () => client.kv.put(key, '1', { lease: 77n }),
      'lease-exists': () => client.lease.grant(60, { id }),
      'key-not-found': () => client.kv.put(key, '1', { ignoreLease: true }),
      'future-revision': () => client.kv.compact(1_000_000_000),
      'member-not-found': () => client.cluster.remove(77n),
    }
    for (const [code, act] of Object.entries(refusals))
      expect(await failure(act)).toMatchObject({ code, outcomeUnknown: false })
    expect(await client.kv.count(at)).toBe(0)
  })

  test('an error says what to do, keeps what the server said, and its cause', async () => {
    const error = await failure(server.client.kv.put('k', 'v', { lease: 77n }))
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toMatch(/^The lease does not exist/)
    expect(error.etcd?.text).toBe('etcdserver: requested lease not found')
    expect(error.cause).toBeDefined()
  })
})

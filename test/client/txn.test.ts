/** Transactions: compares, operations, nesting. */

import { expect, test } from '@jest/globals'
import { type Client, compare, op } from '../../client/index.js'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('txn', (server) => {
  test('the first to create a key wins', async () => {
    const create = (who: string) =>
      server.client
        .txn()
        .if(compare(`${server.at}lock`).missing())
        .then(op.put(`${server.at}lock`, who))
        .else(op.get(`${server.at}lock`))
        .commit()
    const first = await create('one')
    const second = await create('two')
    expect(first).toMatchObject({ succeeded: true, responses: [{ type: 'put' }] })
    expect(second.succeeded).toBe(false)
    const [seen] = second.responses
    expect(seen?.type === 'get' && seen.kvs[0]?.text()).toBe('one')
  })

  test('every compare and every operator', async () => {
    const lease = await server.client.lease.grant(60)
    const { revision } = await server.client.kv.put(`${server.at}k`, 'm', { lease: lease.id })
    const holds = async (...compares: Parameters<ReturnType<Client['txn']>['if']>) =>
      (
        await server.client
          .txn()
          .if(...compares)
          .commit()
      ).succeeded
    const key = compare(`${server.at}k`)
    expect(
      await holds(
        key.version('=', 1),
        key.version('<', 2),
        key.createRevision('=', revision),
        key.modRevision('>', revision - 1),
        key.modRevision('!=', revision + 1),
        key.value('=', 'm'),
        key.value('>', 'l'),
        key.value('<', 'n'),
        key.lease('=', lease.id),
        key.exists(),
        compare(`${server.at}none`).missing(),
        compare({ prefix: server.at }).version('=', 1),
      ),
    ).toBe(true)
    expect(await holds(key.version('>', 1))).toBe(false)
    expect(await holds(compare(`${server.at}none`).value('!=', 'x'))).toBe(false)
  })

  test('a transaction in a transaction', async () => {
    await server.client.kv.put(`${server.at}a`, '1')
    const inner = server.client
      .txn()
      .if(compare(`${server.at}a`).value('=', '1'))
      .then(op.put(`${server.at}b`, 'inner'), op.get(`${server.at}b`))
    const result = await server.client
      .txn()
      .then(
        op.txn(inner),
        op.txn({
          compare: [compare(`${server.at}zz`).exists()],
          failure: [op.get(`${server.at}a`)],
        }),
        op.delete(`${server.at}a`, { prevKv: true }),
      )
      .commit()
    const [first, second, third] = result.responses
    expect(first).toMatchObject({ type: 'txn', succeeded: true })
    expect(first?.type === 'txn' && first.responses[1]).toMatchObject({ type: 'get', count: 1 })
    expect(second).toMatchObject({ type: 'txn', succeeded: false })
    expect(third).toMatchObject({ type: 'delete', deleted: 1 })
  })

  test('all changes of a transaction have one revision', async () => {
    const { revision } = await server.client
      .txn()
      .then(op.put(`${server.at}a`, '1'), op.put(`${server.at}b`, '2'))
      .commit()
    const { kvs } = await server.client.kv.getAll(server.at)
    expect(kvs.map((kv) => kv.modRevision)).toEqual([revision, revision])
  })

  test('a key may not be put twice', async () => {
    const error = await failure(
      server.client
        .txn()
        .then(op.put(`${server.at}a`, '1'), op.put(`${server.at}a`, '2'))
        .commit(),
    )
    expect(error).toMatchObject({ code: 'duplicate-key', outcomeUnknown: false })
  })
})

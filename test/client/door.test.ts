/** What is refused at the client's door: nothing is sent, and the error says what was wrong. */

import { expect, test } from '@jest/globals'
import { type Client, ConclaveError, compare, connect } from '../../client/index.js'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('the door', (server) => {
  test.each<[string, (client: Client) => unknown]>([
    ['an empty key', (c) => c.kv.put('', 'v')],
    ['a key that is no bytes', (c) => c.kv.get(5 as never)],
    ['a value that is no bytes', (c) => c.kv.put('k', {} as never)],
    ['a range that runs backwards', (c) => c.kv.getAll({ from: 'b', to: 'a' })],
    ['a range that is none', (c) => c.kv.getAll({} as never)],
    ['a negative limit', (c) => c.kv.getAll('k', { limit: -1 })],
    ['a broken revision', (c) => c.kv.get('k', { revision: 1.5 })],
    ['an unknown sort', (c) => c.kv.getAll('k', { sort: 'size' as never })],
    ['a lease that is no bigint', (c) => c.kv.put('k', 'v', { lease: 1 as never })],
    ['a TTL of 0', (c) => c.lease.grant(0)],
    ['a value beside ignoreValue', (c) => c.kv.put('k', 'v', { ignoreValue: true })],
    ['a compaction at 0', (c) => c.kv.compact(0)],
    ['a time of 0', (c) => c.kv.get('k', { timeoutMs: 0 })],
    ['an empty watch', (c) => c.watch('')],
    ['an awaited transaction', (c) => Promise.resolve(c.txn() as never)],
    ['an operator that is none', () => compare('k').version('==' as never, 1)],
  ])('%s is refused before anything is sent', async (_name, act) => {
    const error = await failure(() => act(server.client))
    expect(error).toMatchObject({ code: 'invalid-argument', etcd: undefined })
  })

  test.each([[], '', ' , ', 'http://a/b', ['ftp://x']])('endpoints %j are refused', (endpoints) => {
    expect(() => connect({ endpoints })).toThrow(ConclaveError)
  })
})

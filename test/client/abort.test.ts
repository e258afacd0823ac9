/** Every call takes a signal and a time, and ends with them though nobody answers. */

import { expect, test } from '@jest/globals'
import { type Client, compare, op, type RequestOptions } from '../../client/index.js'
import { Lease } from '../../client/wire/methods.js'
import { failure } from './outcome.js'
import { subject } from './subject.js'

type Call = (client: Client, options: RequestOptions) => Promise<unknown>

const READS: Readonly<Record<string, Call>> = {
  'kv.get': (c, options) => c.kv.get('k', options),
  'kv.get, serializable': (c, options) => c.kv.get('k', { ...options, serializable: true }),
  'kv.getAll': (c, options) => c.kv.getAll('k', options),
  'kv.count': (c, options) => c.kv.count('k', options),
  'lease.timeToLive': (c, options) => c.lease.timeToLive(7n, options),
  'lease.list': (c, options) => c.lease.list(options),
  'lease.keepAliveOnce': (c, options) => c.lease.keepAliveOnce(7n, options),
  'cluster.list': (c, options) => c.cluster.list(options),
  'maintenance.status': (c, options) => c.maintenance.status(undefined, options),
  'rpc, a read': (c, options) => c.rpc(Lease.leaseLeases, {}, { ...options, intent: 'read' }),
}

const WRITES: Readonly<Record<string, Call>> = {
  'kv.put': (c, options) => c.kv.put('k', 'v', options),
  'kv.delete': (c, options) => c.kv.delete('k', options),
  'kv.compact': (c, options) => c.kv.compact(1, options),
  txn: (c, options) => c.txn().if(compare('k').exists()).then(op.put('k', 'v')).commit(options),
  'lease.grant': (c, options) => c.lease.grant(60, options),
  'lease.revoke': (c, options) => c.lease.revoke(7n, options),
  'cluster.promote': (c, options) => c.cluster.promote(7n, options),
  'cluster.remove': (c, options) => c.cluster.remove(7n, options),
  'rpc, a write': (c, options) => c.rpc(Lease.leaseRevoke, { ID: 7n }, options),
}

const ALL = { ...READS, ...WRITES }

subject('abort and deadline', (server) => {
  /** A client whose connections are up, at a server that stands still. */
  const stuck = async () => {
    const one = server.connect()
    await one.kv.put(`${server.at}a`, '1')
    server.pause()
    return one
  }
  const outcomes = async (calls: Readonly<Record<string, Call>>, run: (call: Call) => unknown) => {
    const names = Object.keys(calls)
    const errors = await Promise.all(names.map((name) => failure(() => run(calls[name]!))))
    return names.map((name, i) => `${name}: ${errors[i]!.code}, ${errors[i]!.outcomeUnknown}`)
  }
  const each = (calls: object, outcome: string) =>
    Object.keys(calls).map((name) => `${name}: ${outcome}`)

  test('a signal that has fired already: cancelled, and nothing was sent', async () => {
    const signal = AbortSignal.abort()
    const seen = await outcomes(ALL, (call) => call(server.client, { signal }))
    expect(seen).toEqual(each(ALL, 'cancelled, false'))
  })

  test('a signal that fires while the call waits: cancelled; a write may have happened', async () => {
    const one = await stuck()
    const abort = new AbortController()
    const options = { signal: abort.signal }
    const reads = outcomes(READS, (call) => call(one, options))
    const writes = outcomes(WRITES, (call) => call(one, options))
    await failure(one.kv.get('k', { timeoutMs: 100 }))
    abort.abort()
    expect(await reads).toEqual(each(READS, 'cancelled, false'))
    expect(await writes).toEqual(each(WRITES, 'cancelled, true'))
  })

  test('a time that is over: deadline-exceeded for reads, outcome-unknown for writes', async () => {
    const one = await stuck()
    const options = { timeoutMs: 150 }
    const [reads, writes] = await Promise.all([
      outcomes(READS, (call) => call(one, options)),
      outcomes(WRITES, (call) => call(one, options)),
    ])
    expect(reads).toEqual(each(READS, 'deadline-exceeded, false'))
    expect(writes).toEqual(each(WRITES, 'outcome-unknown, true'))
  })

  test('a watch ends with its signal, also while it is being made', async () => {
    const one = await stuck()
    const abort = new AbortController()
    const watcher = one.watch('k', { signal: abort.signal })
    setImmediate(() => abort.abort())
    expect((await failure(watcher.created)).code).toBe('cancelled')
  })
})

/** Namespaces: nested, as an option, on leases and on recipes; and what they do not let through. */

import { describe, expect, test } from '@jest/globals'
import type { Cluster } from '../server/index.js'
import { oneMember } from '../test/client/one-member.js'
import type { Calls } from './calls.js'
import { type Client, compare, connect, json, type Keyspace, op } from './index.js'
import { NamespacedCalls } from './namespace-calls.js'
import { KeyPrefix } from './namespace-keys.js'
import { NamespacedStreams } from './namespace-streams.js'
import { NamespacedFeeds } from './namespace-watch.js'
import type { Event } from './wire/generated/kv.js'
import { KV, Lease, Lock, Maintenance } from './wire/methods.js'

let cluster: Cluster
let client: Client

oneMember((...made) => {
  ;[client, cluster] = made
})

const invalid = expect.objectContaining({ code: 'invalid-argument' })
const keysOf = async ({ kv }: Keyspace) =>
  (await kv.getAll({ all: true })).kvs.map((one) => one.keyString)

describe('a namespace', () => {
  test('in a namespace has both prefixes', async () => {
    const inner = client.namespace('a/').namespace('b/')
    await inner.kv.put('k', 'v')
    expect(await keysOf(client)).toEqual(['a/b/k'])
    expect(await keysOf(client.namespace('a/'))).toEqual(['b/k'])
    expect(await keysOf(inner)).toEqual(['k'])
  })

  test('as an option of connect is where the client lives', async () => {
    const { endpoints, transport } = cluster
    const inside = connect({ endpoints, transport, namespace: 'app/' })
    await inside.kv.put('k', 'v')
    await inside.namespace('x/').txn().then(op.put('k', 'v')).commit()
    const watcher = inside.watch({ all: true }, { startRevision: 1 })
    const seen: string[] = []
    for await (const { kv } of watcher) if (seen.push(kv.keyString) === 2) break
    expect(seen).toEqual(['k', 'x/k'])
    expect(await keysOf(client)).toEqual(['app/k', 'app/x/k'])
    inside.close()
    expect(inside.namespace('x/').closed).toBe(true)
  })

  test('ends where its prefix ends, whatever the range', async () => {
    for (const key of ['a', 'app', 'app.', 'app/k', 'app/l', 'app0', 'b'])
      await client.kv.put(key, key)
    const app = client.namespace('app/')
    expect(await keysOf(app)).toEqual(['k', 'l'])
    expect(await app.kv.count({ fromKey: 'l' })).toBe(1)
    expect(await app.kv.count('')).toBe(2)
    const { deleted, prev } = await app.kv.delete({ all: true }, { prevKv: true })
    expect([deleted, prev.map((kv) => kv.keyString)]).toEqual([2, ['k', 'l']])
    expect(await keysOf(client)).toEqual(['a', 'app', 'app.', 'app0', 'b'])
  })

  test('streams a range that is too long for one answer', async () => {
    const app = client.namespace('app/')
    const names = Array.from({ length: 100 }, (_, i) => `k${String(i).padStart(3, '0')}`)
    await Promise.all(names.map((name) => app.kv.put(name, name)))
    await client.kv.put('app0', 'behind it')
    const seen: string[] = []
    for await (const kv of app.kv.stream({ fromKey: 'k001' })) seen.push(kv.keyString)
    expect(seen).toEqual(names.slice(1))
  })

  test('names the keys of a lease that are in it, and no others', async () => {
    const app = client.namespace('app/')
    const lease = await app.lease.grant(60)
    await app.kv.put('k', 'v', { lease: lease.id })
    await client.kv.put('other', 'v', { lease: lease.id })
    const { keys } = await app.lease.timeToLive(lease.id, { keys: true })
    expect(keys.map((key) => Buffer.from(key).toString())).toEqual(['k'])
    expect((await client.lease.timeToLive(lease.id, { keys: true })).keys.length).toBe(2)
    expect(await app.lease.keepAliveOnce(lease.id)).toBe(60)
    await app.lease.revoke(lease.id)
    expect(await keysOf(client)).toEqual([])
  })

  test('lets operations and conditions be used again, and outside', async () => {
    const put = op.put('k', 'v')
    const missing = compare('k').missing()
    const nested = op.txn({ compare: [missing], success: [put] })
    const spaces = [client, client.namespace('a/'), client.namespace('a/').namespace('b/')]
    for (const space of spaces)
      expect(await space.txn().if(missing).then(nested).commit()).toMatchObject({ succeeded: true })
    expect(await keysOf(client)).toEqual(['a/b/k', 'a/k', 'k'])
  })

  test('goes with codecs and guarded writes', async () => {
    const counters = client.namespace('n/').kv.withCodec(json<number>())
    for (const _ of [1, 2, 3]) await counters.update('hits', (kv) => (kv?.value ?? 0) + 1)
    expect((await client.kv.get('n/hits'))?.text()).toBe('3')
  })

  test('outlives a compaction with what it lists', async () => {
    const app = client.namespace('app/')
    const first = await app.kv.put('k', '1')
    await client.kv.put('other', '')
    const { revision } = await app.kv.put('k', '2')
    await client.kv.compact(revision)
    const options = { startRevision: first.revision, onCompacted: 'relist' } as const
    const seen: string[] = []
    for await (const { kv } of app.watch({ all: true }, options)) {
      if (seen.push(`${kv.keyString}=${kv.text()}`) === 2) break
      await app.kv.put('l', '3')
    }
    expect(seen).toEqual(['k=2', 'l=3'])
  })

  test.each([[''], [new Uint8Array(0)], [7], [undefined], ['\uD83D']])('cannot be %j', (prefix) => {
    expect(() => client.namespace(prefix as never)).toThrow(invalid)
    expect(() => client.namespace('a/').namespace(prefix as never)).toThrow(invalid)
    if (prefix === undefined) return
    const { endpoints, transport } = cluster
    expect(() => connect({ endpoints, transport, namespace: prefix as never })).toThrow(invalid)
  })

  test('is not changed by who changes the bytes that named it', async () => {
    const bytes = Buffer.from('app/')
    const app = client.namespace(bytes)
    bytes.fill(0x7a)
    await app.kv.put('k', 'v')
    expect(await keysOf(client)).toEqual(['app/k'])
  })
})

describe('nothing reaches around a namespace', () => {
  const prefix = new KeyPrefix('app/')
  const outside = { kvs: [{ key: Buffer.from('other'), value: Buffer.from('v') }] }
  const calls = (answer: unknown): Calls => ({ call: async () => answer as never })

  test('what it does not know is refused', async () => {
    const namespaced = new NamespacedCalls(calls({}), prefix)
    await expect(namespaced.call(Maintenance.hash, {}, 'read')).rejects.toEqual(invalid)
    await expect(namespaced.call(Lock.lock, {}, 'write')).rejects.toEqual(invalid)
    const streams = new NamespacedStreams(
      { clock: client.clock, timeoutMs: 1, stream: never },
      prefix,
    )
    expect(() => streams.stream(Maintenance.snapshot)).toThrow(invalid)
  })

  test('an empty key does not become the prefix', async () => {
    const namespaced = new NamespacedCalls(calls({}), prefix)
    for (const request of [{}, { key: new Uint8Array(0) }]) {
      await expect(namespaced.call(KV.put, request, 'write')).rejects.toEqual(invalid)
      await expect(namespaced.call(KV.range, request, 'read')).rejects.toEqual(invalid)
      const txn = { success: [{ requestPut: request }] }
      await expect(namespaced.call(KV.txn, txn, 'write')).rejects.toEqual(invalid)
    }
    const empty = { failure: [{}] }
    await expect(namespaced.call(KV.txn, empty, 'write')).rejects.toEqual(invalid)
  })

  test('a key that the server should not have answered is an error', async () => {
    const namespaced = new NamespacedCalls(calls(outside), prefix)
    const request = { key: Buffer.from('k') }
    await expect(namespaced.call(KV.range, request, 'read')).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/'other'/),
    })
    const leases = new NamespacedCalls(calls({ keys: [Buffer.from('app')] }), prefix)
    expect(await leases.call(Lease.leaseTimeToLive, {}, 'read')).toEqual({ keys: [] })
  })

  test('an event that the server should not have told ends the watch', () => {
    let push: (events: readonly Event[], revision: number) => boolean = never
    const told: string[] = []
    const feed = { caughtUp: never, requestProgress: never, close: () => told.push('closed') }
    const feeds = new NamespacedFeeds(
      {
        add: (_request, sink) => {
          push = (events, revision) => sink.push(events, revision)
          return feed
        },
      },
      prefix,
    )
    const request = {
      key: Buffer.from('k'),
      rangeEnd: new Uint8Array(0),
      startRevision: 0,
      filters: [],
      progressNotify: false,
      prevKv: false,
      fragment: false,
    }
    feeds.add(request, {
      opened: never,
      disconnected: never,
      resumed: never,
      push: never,
      fail: ({ code }) => told.push(code),
    })
    const kv = { ...outside.kvs[0]!, createRevision: 1, modRevision: 1, version: 1, lease: 0n }
    expect(push([{ type: 0, kv, prevKv: undefined }], 1)).toBe(false)
    expect(told).toEqual(['closed', 'internal'])
  })
})

function never(): never {
  throw new Error('it was called')
}

/** What a user of the client meets, whoever serves: run against etcd, and against our own server. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  type Client,
  ConclaveError,
  type ConnectOptions,
  compare,
  connect,
  Lock,
  op,
  type WatchEvent,
  type Watcher,
} from '../../client/index.js'
import type { RunningCluster } from './etcd-process.js'

/**
 * Runs the suite against a cluster that `start` makes anew.
 *
 * @param offers.lock the server has etcd's Lock service; its tests are shown as skipped otherwise.
 */
export function clientSuite(
  name: string,
  start: () => Promise<RunningCluster>,
  offers: { readonly lock: boolean } = { lock: true },
): void {
  const lockTest = offers.lock ? test : test.skip
  describe(name, () => {
    let cluster: RunningCluster
    let client: Client
    /** Every test has keys of its own. */
    let at: string
    let tests = 0

    const more: Client[] = []
    const another = (options: Partial<ConnectOptions> = {}) => {
      const one = connect({ endpoints: cluster.endpoints, ...options })
      more.push(one)
      return one
    }

    beforeAll(async () => {
      cluster = await start()
      client = connect({ endpoints: cluster.endpoints })
    }, 60_000)
    beforeEach(() => {
      at = `t${++tests}/`
    })
    afterAll(async () => {
      for (const one of more) one.close()
      client?.close()
      await cluster?.stop()
    }, 60_000)

    const failure = (promise: Promise<unknown>): Promise<ConclaveError> =>
      promise.then(
        () => {
          throw new Error('it succeeded')
        },
        (error) => {
          if (!(error instanceof ConclaveError)) throw error
          return error
        },
      )

    const take = async (watcher: Watcher, count: number): Promise<WatchEvent[]> => {
      const events: WatchEvent[] = []
      for await (const event of watcher) if (events.push(event) === count) break
      return events
    }

    describe('keys', () => {
      test('a value comes back with its revisions', async () => {
        const first = await client.kv.put(`${at}a`, 'one')
        const second = await client.kv.put(`${at}a`, Buffer.from('two'), { prevKv: true })
        expect(second.revision).toBe(first.revision + 1)
        expect(second.prev?.text()).toBe('one')
        const kv = await client.kv.get(`${at}a`)
        expect(kv?.text()).toBe('two')
        expect(kv).toMatchObject({
          keyString: `${at}a`,
          createRevision: first.revision,
          modRevision: second.revision,
          version: 2,
          lease: 0n,
        })
      })

      test('a key that does not exist is null', async () => {
        expect(await client.kv.get(`${at}nothing`)).toBeNull()
      })

      test('JSON is read as it was written', async () => {
        await client.kv.put(`${at}j`, JSON.stringify({ ok: [1, 'ü'] }))
        expect((await client.kv.get(`${at}j`))?.json()).toEqual({ ok: [1, 'ü'] })
      })

      test('keys and values are any bytes', async () => {
        const key = Buffer.concat([Buffer.from(at), Buffer.from([0, 255, 128])])
        const value = Buffer.from([0, 1, 2, 255])
        await client.kv.put(key, value)
        expect(Buffer.from((await client.kv.get(key))!.value)).toEqual(value)
      })

      test('ranges: prefix, from-to, from on, count, limit, order', async () => {
        for (const name of ['a', 'b', 'c', 'd']) await client.kv.put(at + name, name)
        const names = (kvs: { text(): string }[]) => kvs.map((kv) => kv.text()).join('')
        expect(names((await client.kv.getAll(at)).kvs)).toBe('abcd')
        const slice = await client.kv.getAll({ from: `${at}b`, to: `${at}d` })
        expect(names(slice.kvs)).toBe('bc')
        const limited = await client.kv.getAll({ prefix: at }, { limit: 2, order: 'descending' })
        expect(names(limited.kvs)).toBe('dc')
        expect(limited).toMatchObject({ more: true, count: 4 })
        expect(await client.kv.count(at)).toBe(4)
        const rest = await client.kv.getAll({ fromKey: `${at}c` })
        expect(names(rest.kvs.slice(0, 2))).toBe('cd')
        expect((await client.kv.getAll({ all: true }, { countOnly: true })).count).toBeGreaterThan(
          3,
        )
      })

      test('options of a range: keys only, sorting by value, revisions as filters', async () => {
        await client.kv.put(`${at}1`, 'z')
        const { revision } = await client.kv.put(`${at}2`, 'a')
        const bare = await client.kv.getAll(at, { keysOnly: true, serializable: true })
        expect(bare.kvs.map((kv) => kv.text())).toEqual(['', ''])
        const byValue = await client.kv.getAll(at, { sort: 'value' })
        expect(byValue.kvs.map((kv) => kv.text())).toEqual(['a', 'z'])
        const late = await client.kv.getAll(at, { minModRevision: revision })
        expect(late.kvs.map((kv) => kv.text())).toEqual(['a'])
      })

      test('the past can be read until it is compacted', async () => {
        const { revision } = await client.kv.put(`${at}a`, 'old')
        const newer = await client.kv.put(`${at}a`, 'new')
        expect((await client.kv.get(`${at}a`, { revision }))?.text()).toBe('old')
        await client.kv.compact(newer.revision, { physical: true })
        const error = await failure(client.kv.get(`${at}a`, { revision }))
        expect(error).toMatchObject({ code: 'compacted', outcomeUnknown: false })
        expect(error.etcd?.text).toBe('etcdserver: mvcc: required revision has been compacted')
        expect((await client.kv.get(`${at}a`))?.text()).toBe('new')
      })

      test('a revision of the future is refused', async () => {
        const error = await failure(client.kv.get(`${at}a`, { revision: 10_000_000 }))
        expect(error.code).toBe('future-revision')
      })

      test('delete tells how many and what', async () => {
        await client.kv.put(`${at}a`, '1')
        await client.kv.put(`${at}b`, '2')
        const one = await client.kv.delete(`${at}a`, { prevKv: true })
        expect(one.deleted).toBe(1)
        expect(one.prev.map((kv) => kv.text())).toEqual(['1'])
        expect((await client.kv.delete({ prefix: at })).deleted).toBe(1)
        expect((await client.kv.delete({ prefix: at })).deleted).toBe(0)
      })

      test('a value can keep its lease, and a lease its value', async () => {
        const lease = await client.lease.grant(60)
        await client.kv.put(`${at}a`, 'v', { lease: lease.id })
        await client.kv.put(`${at}a`, 'w', { ignoreLease: true })
        expect(await client.kv.get(`${at}a`)).toMatchObject({ lease: lease.id })
        await client.kv.put(`${at}a`, '', { ignoreValue: true })
        expect(await client.kv.get(`${at}a`)).toMatchObject({ lease: 0n })
        expect((await client.kv.get(`${at}a`))?.text()).toBe('w')
        const error = await failure(client.kv.put(`${at}none`, '', { ignoreValue: true }))
        expect(error.code).toBe('key-not-found')
      })

      test('a request that is too large is refused, and did not happen', async () => {
        const error = await failure(client.kv.put(`${at}big`, Buffer.alloc(1_700_000)))
        expect(error).toMatchObject({ code: 'request-too-large', outcomeUnknown: false })
        const huge = await failure(client.kv.put(`${at}big`, Buffer.alloc(4_000_000)))
        expect(huge).toMatchObject({ outcomeUnknown: false })
        expect(await client.kv.get(`${at}big`)).toBeNull()
      })

      test('many requests at once are all answered', async () => {
        const puts = Array.from({ length: 500 }, (_, i) => client.kv.put(`${at}${i}`, `${i}`))
        const revisions = new Set((await Promise.all(puts)).map((put) => put.revision))
        expect(revisions.size).toBe(500)
        expect(await client.kv.count(at)).toBe(500)
      })
    })

    describe('transactions', () => {
      test('the first to create a key wins', async () => {
        const create = (who: string) =>
          client
            .txn()
            .if(compare(`${at}lock`).missing())
            .then(op.put(`${at}lock`, who))
            .else(op.get(`${at}lock`))
            .commit()
        const first = await create('one')
        const second = await create('two')
        expect(first).toMatchObject({ succeeded: true, responses: [{ type: 'put' }] })
        expect(second.succeeded).toBe(false)
        const [seen] = second.responses
        expect(seen?.type === 'get' && seen.kvs[0]?.text()).toBe('one')
      })

      test('every compare and every operator', async () => {
        const lease = await client.lease.grant(60)
        const { revision } = await client.kv.put(`${at}k`, 'm', { lease: lease.id })
        const holds = async (...compares: Parameters<ReturnType<Client['txn']>['if']>) =>
          (
            await client
              .txn()
              .if(...compares)
              .commit()
          ).succeeded
        const key = compare(`${at}k`)
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
            compare(`${at}none`).missing(),
            compare({ prefix: at }).version('=', 1),
          ),
        ).toBe(true)
        expect(await holds(key.version('>', 1))).toBe(false)
        expect(await holds(compare(`${at}none`).value('!=', 'x'))).toBe(false)
      })

      test('a transaction in a transaction', async () => {
        await client.kv.put(`${at}a`, '1')
        const inner = client
          .txn()
          .if(compare(`${at}a`).value('=', '1'))
          .then(op.put(`${at}b`, 'inner'), op.get(`${at}b`))
        const result = await client
          .txn()
          .then(
            op.txn(inner),
            op.txn({ compare: [compare(`${at}zz`).exists()], failure: [op.get(`${at}a`)] }),
            op.delete(`${at}a`, { prevKv: true }),
          )
          .commit()
        const [first, second, third] = result.responses
        expect(first).toMatchObject({ type: 'txn', succeeded: true })
        expect(first?.type === 'txn' && first.responses[1]).toMatchObject({ type: 'get', count: 1 })
        expect(second).toMatchObject({ type: 'txn', succeeded: false })
        expect(third).toMatchObject({ type: 'delete', deleted: 1 })
      })

      test('all changes of a transaction have one revision', async () => {
        const { revision } = await client
          .txn()
          .then(op.put(`${at}a`, '1'), op.put(`${at}b`, '2'))
          .commit()
        const { kvs } = await client.kv.getAll(at)
        expect(kvs.map((kv) => kv.modRevision)).toEqual([revision, revision])
      })

      test('a key may not be put twice', async () => {
        const error = await failure(
          client
            .txn()
            .then(op.put(`${at}a`, '1'), op.put(`${at}a`, '2'))
            .commit(),
        )
        expect(error).toMatchObject({ code: 'duplicate-key', outcomeUnknown: false })
      })
    })

    describe('leases', () => {
      test('a revoked lease takes its keys with it', async () => {
        const lease = await client.lease.grant(60)
        expect(lease.ttlSeconds).toBe(60)
        await client.kv.put(`${at}a`, '1', { lease: lease.id })
        const life = await client.lease.timeToLive(lease.id, { keys: true })
        expect(life.grantedTtlSeconds).toBe(60)
        expect(life.keys.map((key) => Buffer.from(key).toString())).toEqual([`${at}a`])
        expect(await client.lease.list()).toContain(lease.id)
        await client.lease.revoke(lease.id)
        expect(await client.kv.get(`${at}a`)).toBeNull()
        expect(await failure(client.lease.revoke(lease.id))).toMatchObject({
          code: 'lease-not-found',
        })
        expect(await failure(client.lease.timeToLive(lease.id))).toMatchObject({
          code: 'lease-not-found',
        })
        expect(await failure(client.lease.keepAliveOnce(lease.id))).toMatchObject({
          code: 'lease-not-found',
        })
        expect(await failure(client.kv.put(`${at}a`, '1', { lease: lease.id }))).toMatchObject({
          code: 'lease-not-found',
          outcomeUnknown: false,
        })
      })

      test('an id of our own is used, once', async () => {
        const id = BigInt(Date.now()) * 1000n + 7n
        expect((await client.lease.grant(60, { id })).id).toBe(id)
        expect(await failure(client.lease.grant(60, { id }))).toMatchObject({
          code: 'lease-exists',
        })
        expect(await client.lease.keepAliveOnce(id)).toBe(60)
      })

      test('a lease lives while it is renewed, and its loss is told once', async () => {
        const lease = await client.lease.grant(2)
        await client.kv.put(`${at}a`, '1', { lease: lease.id })
        let renewals = 0
        let enough: () => void = () => {}
        const often = new Promise<void>((resolve) => {
          enough = resolve
        })
        let sentAtMs = lease.grantedAtMs
        const lost = new Promise<ConclaveError>((resolve) => {
          client.lease.keepAlive(lease, {
            onRenewed(sentMs, ttlSeconds) {
              expect(sentMs).toBeGreaterThanOrEqual(sentAtMs)
              expect(ttlSeconds).toBe(lease.ttlSeconds)
              sentAtMs = sentMs
              if (++renewals === 6) enough()
            },
            onLost: resolve,
          })
        })
        await often
        expect(client.clock.now() - lease.grantedAtMs).toBeGreaterThan(lease.ttlSeconds * 1000)
        expect(await client.kv.get(`${at}a`)).not.toBeNull()
        await client.lease.revoke(lease.id)
        expect((await lost).code).toBe('lease-not-found')
      })

      test('many leases share the renewal', async () => {
        const leases = await Promise.all(Array.from({ length: 50 }, () => client.lease.grant(60)))
        const alive = await Promise.all(
          leases.map(
            (lease) =>
              new Promise<bigint>((resolve) => {
                const keepAlive = client.lease.keepAlive(lease, {
                  onRenewed() {
                    keepAlive.close()
                    resolve(lease.id)
                  },
                })
              }),
          ),
        )
        expect(alive).toEqual(leases.map((lease) => lease.id))
      })
    })

    describe('watches', () => {
      test('changes come in order, with what was before', async () => {
        const watcher = client.watch({ prefix: at }, { prevKv: true })
        const began = await watcher.created
        const put = await client.kv.put(`${at}a`, '1')
        await client.kv.put(`${at}a`, '2')
        await client.kv.delete(`${at}a`)
        const events = await take(watcher, 3)
        expect(events.map((event) => event.type)).toEqual(['put', 'put', 'delete'])
        expect(events.map((event) => event.kv.modRevision)).toEqual([1, 2, 3].map((n) => began + n))
        expect(put.revision).toBe(began + 1)
        expect(events.map((event) => event.prev?.text())).toEqual([undefined, '1', '2'])
      })

      test('a watch from the past tells what happened since', async () => {
        const { revision } = await client.kv.put(`${at}a`, '1')
        await client.kv.put(`${at}a`, '2')
        await client.kv.put(`${at}other`, 'x')
        const events = await take(client.watch(`${at}a`, { startRevision: revision }), 2)
        expect(events.map((event) => event.kv.text())).toEqual(['1', '2'])
      })

      test('filters leave out puts or deletes', async () => {
        const { revision } = await client.kv.put(`${at}a`, '1')
        await client.kv.delete(`${at}a`)
        await client.kv.put(`${at}a`, '2')
        await client.kv.delete(`${at}a`)
        const watch = (filters: ('noPut' | 'noDelete')[]) =>
          client.watch(`${at}a`, { startRevision: revision, filters })
        const types = (events: WatchEvent[]) => events.map((event) => event.type)
        expect(types(await take(watch(['noPut']), 2))).toEqual(['delete', 'delete'])
        expect(types(await take(watch(['noDelete']), 2))).toEqual(['put', 'put'])
      })

      test('a batch holds whole revisions', async () => {
        const watcher = client.watch({ prefix: at })
        await watcher.created
        const ops = ['a', 'b', 'c'].map((name) => op.put(at + name, name))
        const { revision } = await client
          .txn()
          .then(...ops)
          .commit()
        for await (const batch of watcher.batches()) {
          expect(batch.revision).toBe(revision)
          expect(batch.events).toHaveLength(3)
          break
        }
      })

      test('progress is told on request', async () => {
        const watcher = client.watch(`${at}a`)
        await watcher.created
        const { revision } = await client.kv.put(`${at}unrelated`, '1')
        const ask = setInterval(() => watcher.requestProgress(), 50)
        for await (const batch of watcher.batches()) {
          expect(batch.events).toEqual([])
          if (batch.revision >= revision) break
        }
        clearInterval(ask)
      })

      test('a watch from a compacted revision ends, and says from where to go on', async () => {
        const { revision } = await client.kv.put(`${at}a`, '1')
        const newer = await client.kv.put(`${at}a`, '2')
        await client.kv.compact(newer.revision)
        const watcher = client.watch(`${at}a`, { startRevision: revision })
        const error = await failure(take(watcher, 1))
        expect(error).toMatchObject({ code: 'compacted', compactRevision: newer.revision })
        const again = client.watch(`${at}a`, { startRevision: error.compactRevision })
        expect((await take(again, 1))[0]?.kv.text()).toBe('2')
      })

      test('a closed watch ends its loop; an aborted one says so', async () => {
        const closed = client.watch(`${at}a`)
        await closed.created
        setImmediate(() => closed.close())
        expect(await take(closed, 1)).toEqual([])
        const abort = new AbortController()
        const aborted = client.watch(`${at}a`, { signal: abort.signal })
        await aborted.created
        setImmediate(() => abort.abort())
        expect(await failure(take(aborted, 1))).toMatchObject({ code: 'cancelled' })
      })

      test('a slow reader gets everything, and does not hold up others', async () => {
        const slow = client.watch({ prefix: at })
        const quick = client.watch({ prefix: at })
        await Promise.all([slow.created, quick.created])
        const value = Buffer.alloc(32 * 1024, 'v')
        const count = 300
        for (let i = 0; i < count; i += 20)
          await Promise.all(
            Array.from({ length: 20 }, (_, j) => client.kv.put(`${at}${i + j}`, value)),
          )
        const revisions = (events: WatchEvent[]) => events.map((event) => event.kv.modRevision)
        const read = revisions(await take(quick, count))
        expect(revisions(await take(slow, count))).toEqual(read)
        expect(read).toEqual([...read].sort((a, b) => a - b))
      })

      test('fragments of one revision are joined', async () => {
        const watcher = client.watch({ prefix: at }, { fragment: true })
        await watcher.created
        const value = Buffer.alloc(60_000, 'v')
        const keys = Array.from({ length: 24 }, (_, i) => `${at}${String(i).padStart(2, '0')}`)
        for (let i = 0; i < 2; i++) {
          const ops = keys.map((key) => op.put(key, value))
          await client
            .txn()
            .then(...ops)
            .commit()
        }
        const batches: number[] = []
        for await (const batch of watcher.batches()) {
          batches.push(batch.events.length)
          if (batches.reduce((a, b) => a + b) === 48) break
        }
        expect(batches.every((size) => size % 24 === 0)).toBe(true)
      })

      test('two hundred watches share a stream', async () => {
        const watchers = Array.from({ length: 200 }, (_, i) => client.watch(`${at}${i}`))
        await Promise.all(watchers.map((watcher) => watcher.created))
        await Promise.all(watchers.map((_, i) => client.kv.put(`${at}${i}`, `${i}`)))
        const values = await Promise.all(
          watchers.map(async (watcher) => (await take(watcher, 1))[0]?.kv.text()),
        )
        expect(values).toEqual(watchers.map((_, i) => `${i}`))
      })
    })

    describe('the door', () => {
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
        const error = await failure(Promise.resolve().then(() => act(client) as Promise<unknown>))
        expect(error).toMatchObject({ code: 'invalid-argument', etcd: undefined })
      })

      test.each([[], '', ' , ', 'http://a/b', ['ftp://x']])(
        'endpoints %j are refused',
        (endpoints) => {
          expect(() => connect({ endpoints })).toThrow(ConclaveError)
        },
      )
    })

    test('the cluster and its members tell about themselves', async () => {
      const members = await client.cluster.list()
      expect(members.length).toBeGreaterThan(0)
      expect(members[0]!.clientUrls.length).toBeGreaterThan(0)
      const status = await client.maintenance.status(cluster.endpoints[0])
      expect(status.version).toMatch(/^\d+\.\d+\.\d+/)
      expect(members.map((member) => member.id)).toContain(status.header.memberId)
      expect(status.leader).not.toBe(0n)
      expect(await failure(client.maintenance.status('http://nobody:1'))).toMatchObject({
        code: 'invalid-argument',
      })
    })

    test('changes of the membership that cannot be are refused, and say why', async () => {
      const { cluster: members, maintenance } = client
      const [first] = await members.list()
      const url = 'http://127.0.0.1:1'
      // One after the other: etcd drops what is asked for at the same time.
      for (const [code, act] of [
        ['member-not-found', () => members.remove(77n)],
        ['member-not-found', () => members.update(77n, url)],
        ['member-not-found', () => members.promote(77n)],
        ['member-not-ready', () => members.promote(first!.id)],
        ['invalid-argument', () => maintenance.moveLeader(77n)],
      ] as const)
        expect(await failure(act())).toMatchObject({ code, outcomeUnknown: false })
      for (const act of [
        () => members.add([]),
        () => members.addLearner(''),
        () => members.remove(0n),
        () => members.promote(1 as never),
        () => members.update(1n, [url, 5 as never]),
      ])
        expect(await failure(Promise.resolve().then<unknown>(act))).toMatchObject({
          code: 'invalid-argument',
          etcd: undefined,
        })
      const { leader } = await maintenance.status()
      await maintenance.moveLeader(leader)
      expect((await members.update(first!.id, first!.peerUrls)).length).toBeGreaterThan(0)
    })

    lockTest('any method of the contract can be called', async () => {
      const lease = await client.lease.grant(60)
      const name = Buffer.from(`${at}lock`)
      const { key } = await client.rpc(Lock.lock, { name, lease: lease.id })
      expect(Buffer.from(key).toString()).toContain(`${at}lock/`)
      await client.rpc(Lock.unlock, { key })
    })

    lockTest('a call that is aborted fails with cancelled', async () => {
      const lease = await client.lease.grant(60)
      const other = await client.lease.grant(60)
      const name = Buffer.from(`${at}lock`)
      await client.rpc(Lock.lock, { name, lease: lease.id })
      const abort = new AbortController()
      const waiting = client.rpc(Lock.lock, { name, lease: other.id }, { signal: abort.signal })
      await client.kv.get('anything')
      abort.abort()
      expect(await failure(waiting)).toMatchObject({ code: 'cancelled', outcomeUnknown: true })
    })

    test('a dead endpoint is left for a living one, for reads, writes and streams', async () => {
      for (let seed = 0; seed < 3; seed++) {
        const random = { next: () => seed / 3, bytes: (length: number) => new Uint8Array(length) }
        const endpoints = ['http://127.0.0.1:1', ...cluster.endpoints, 'http://127.0.0.1:2']
        const one = another({ endpoints, random })
        const { revision } = await one.kv.put(`${at}a`, `${seed}`)
        expect((await one.kv.get(`${at}a`))?.text()).toBe(`${seed}`)
        const [event] = await take(one.watch(`${at}a`, { startRevision: revision }), 1)
        expect(event?.kv.text()).toBe(`${seed}`)
        const lease = await one.lease.grant(60)
        expect(await one.lease.keepAliveOnce(lease.id)).toBe(60)
      }
    })

    test('nobody there: reads and writes fail in time, and the write did not happen', async () => {
      const one = another({ endpoints: ['http://127.0.0.1:1'], timeoutMs: 400 })
      expect(await failure(one.kv.get('a'))).toMatchObject({ code: 'unavailable' })
      expect(await failure(one.kv.put('a', 'b'))).toMatchObject({
        code: 'unavailable',
        outcomeUnknown: false,
      })
    })

    test('closing fails what is open with closed, and what comes later', async () => {
      const one = another()
      const lease = await one.lease.grant(60)
      const lost = new Promise<ConclaveError>((resolve) => {
        one.lease.keepAlive(lease, { onLost: resolve })
      })
      const watcher = one.watch(`${at}a`)
      await watcher.created
      const reading = failure(take(watcher, 1))
      one.close()
      one.close()
      expect((await lost).code).toBe('closed')
      expect((await reading).code).toBe('closed')
      expect((await failure(one.kv.get('a'))).code).toBe('closed')
      expect((await failure(one.lease.keepAliveOnce(1n))).code).toBe('closed')
      expect(() => one.watch('a')).toThrow(ConclaveError)
      expect(one.closed).toBe(true)
    })

    lockTest('closing fails a call that waits, and its outcome is unknown', async () => {
      const one = another()
      const [holder, next] = [await one.lease.grant(60), await one.lease.grant(60)]
      const name = Buffer.from(`${at}lock`)
      await one.rpc(Lock.lock, { name, lease: holder.id })
      const waiting = failure(one.rpc(Lock.lock, { name, lease: next.id }))
      await one.kv.get('anything')
      one.close()
      expect(await waiting).toMatchObject({ code: 'closed', outcomeUnknown: true })
    })

    test('watches, leases and calls go on after the cluster was killed and came back', async () => {
      if (cluster.restart === undefined) return
      const one = another({ timeoutMs: 20_000 })
      const lease = await one.lease.grant(30)
      const watcher = one.watch({ prefix: at })
      await watcher.created
      await one.kv.put(`${at}a`, 'before', { lease: lease.id })
      const iterator = watcher[Symbol.asyncIterator]()
      expect((await iterator.next()).value?.kv.text()).toBe('before')
      await cluster.restart()
      await one.kv.put(`${at}b`, 'after', { lease: lease.id })
      expect((await iterator.next()).value?.kv.text()).toBe('after')
      expect(await one.lease.keepAliveOnce(lease.id)).toBe(30)
      await iterator.return?.(undefined)
    }, 60_000)
  })
}

/**
 * Our recipes beside etcd's own: `etcdctl lock` and `etcdctl elect` stand in the same
 * queues as our mutexes and elections, on a real etcd and on our server.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Client, connect, LockService } from '../../client/index.js'
import {
  Election,
  ElectionObserver,
  LeaderSelector,
  type LeaderTerm,
  Mutex,
  Session,
} from '../../recipes/index.js'
import { startCluster } from '../../server/index.js'
import { findEtcd, type RunningCluster, startEtcd } from './etcd-process.js'
import { Etcdctl } from './etcdctl-process.js'
import { findTool } from './find-tool.js'

const etcd = findEtcd()
const etcdctl = findTool('etcdctl', 'ETCDCTL_BIN')

async function startOurs(): Promise<RunningCluster> {
  const cluster = await startCluster({ size: 1, storage: 'memory' })
  return { endpoints: [...cluster.endpoints], stop: () => cluster.stop() }
}

function suite(on: string, start: () => Promise<RunningCluster>, binary: string): void {
  describe(on, () => {
    let cluster: RunningCluster
    let client: Client
    let session: Session
    let name: string
    let tests = 0
    const running: Etcdctl[] = []
    const ctl = (...args: string[]) => {
      const one = new Etcdctl(binary, cluster.endpoints, args)
      running.push(one)
      return one
    }
    /** Waits until so many keys stand in the queue. */
    const queued = async (count: number) => {
      const watcher = client.watch({ prefix: `${name}/` })
      await watcher.created
      if ((await client.kv.count(`${name}/`)) === count) return watcher.close()
      for await (const _event of watcher) if ((await client.kv.count(`${name}/`)) === count) return
    }

    beforeAll(async () => {
      cluster = await start()
      client = connect({ endpoints: cluster.endpoints })
    })
    beforeEach(async () => {
      name = `queue${++tests}`
      session = await Session.create(client, { owner: 'ours' })
    })
    afterEach(async () => {
      await Promise.all(running.splice(0).map((one) => one.kill()))
      await session.close()
    })
    afterAll(async () => {
      client?.close()
      await cluster?.stop()
    })

    test('etcdctl lock waits for our mutex, and ours for etcdctl', async () => {
      const mutex = new Mutex(session, name)
      const ours = await mutex.acquire()
      const theirs = ctl('lock', name)
      await queued(2)
      expect(theirs.lines).toEqual([])
      const again = ours.release().then(() => mutex.acquire())
      const [key] = await theirs.printed(1)
      expect(key).toMatch(new RegExp(`^${name}/[1-9a-f][0-9a-f]*$`))
      await queued(2)
      const [holder, waiter] = await mutex.participants()
      expect(holder).toMatchObject({ state: 'holding', key, owner: '' })
      expect(holder!.key).toBe(`${name}/${holder!.leaseId.toString(16)}`)
      expect(waiter).toMatchObject({ state: 'waiting', owner: 'ours' })
      await theirs.interrupt()
      const lock = await again
      expect(lock.fencingToken).toBeGreaterThan(holder!.fencingToken)
      expect(holder!.fencingToken).toBeGreaterThan(ours.fencingToken)
      await lock.release()
    })

    test('we say no to a try while etcdctl holds, and get the lock after it was killed', async () => {
      const theirs = ctl('lock', '--ttl', '2', name)
      await theirs.printed(1)
      const mutex = new Mutex(session, name)
      expect(await mutex.tryAcquire()).toBeUndefined()
      expect(await mutex.participants()).toHaveLength(1)
      await theirs.kill()
      const lock = await mutex.acquire()
      expect(lock.held).toBe(true)
      await lock.release()
    })

    test('etcdctl elect and our elections succeed each other, and observe each other', async () => {
      const seen: string[] = []
      const controller = new AbortController()
      const observer = new ElectionObserver(client, name)
      const observed = (async () => {
        for await (const leader of observer.observe({ signal: controller.signal }))
          seen.push(leader?.text() ?? '-')
      })().catch(() => {})

      const theirs = ctl('elect', name, 'from-etcdctl')
      const [key, value] = await theirs.printed(2)
      expect(value).toBe('from-etcdctl')
      const election = new Election(session, name)
      expect((await election.leader())!.key).toBe(key)
      const campaign = election.campaign('ours')
      await queued(2)
      const listening = ctl('elect', '-l', name)
      await listening.printed(2)
      await theirs.interrupt()
      const leadership = await campaign
      expect(await listening.printed(4)).toEqual([key, value, leadership.key, 'ours'])
      await leadership.proclaim('ours, still')
      expect((await listening.printed(6))[5]).toBe('ours, still')
      const last = ctl('elect', name, 'etcdctl again')
      await queued(2)
      await leadership.resign()
      expect((await last.printed(2))[1]).toBe('etcdctl again')
      await last.interrupt()
      await queued(0)
      expect(await election.leader()).toBeNull()
      controller.abort()
      await observed
      expect(seen.slice(0, 5)).toEqual(
        ['-', 'from-etcdctl', 'ours', 'ours, still', 'etcdctl again'].slice(0, 5),
      )
    })

    test('etcdctl gets the lock, and leads, when our session ends without giving back', async () => {
      const dying = await Session.create(client, { ttlSeconds: 2 })
      const lock = await new Mutex(dying, name).acquire()
      const locking = ctl('lock', name)
      await queued(2)
      dying.orphan()
      const [key] = await locking.printed(1)
      expect(key).not.toBe(lock.key)
      await locking.interrupt()
      await queued(0)

      const leaving = await Session.create(client)
      await new Election(leaving, name).campaign('ours')
      const electing = ctl('elect', name, 'theirs')
      await queued(2)
      expect(electing.lines).toEqual([])
      await leaving.close()
      expect((await electing.printed(2))[1]).toBe('theirs')
      await electing.interrupt()
    })

    test('our election, and our selector, lead after etcdctl was killed while it led', async () => {
      const theirs = ctl('elect', name, 'theirs')
      await theirs.printed(2)
      const campaign = new Election(session, name).campaign('ours')
      await queued(2)
      const selector = new LeaderSelector(client, name, { value: 'selected' })
      const elected = new Promise<LeaderTerm>((resolve) => selector.on('elected', resolve))
      selector.start(
        ({ signal }) => new Promise<void>((resolve) => (signal.onabort = () => resolve())),
      )
      await queued(3)
      await theirs.kill()
      // Its lease would end after a minute.
      await client.lease.revoke((await selector.leader())!.leaseId)
      const leadership = await campaign
      expect(leadership.leads).toBe(true)
      await leadership.resign()
      const term = await elected
      expect(term.fencingToken).toBeGreaterThan(leadership.fencingToken)
      const last = ctl('elect', name, 'last')
      await queued(2)
      await selector.close()
      expect((await last.printed(2))[1]).toBe('last')
      await last.interrupt()
    })

    test('a candidate of etcdctl that gives up makes nobody lead', async () => {
      const leadership = await new Election(session, name).campaign('ours')
      const waiting = ctl('elect', name, 'theirs')
      await queued(2)
      const other = await Session.create(client)
      const campaign = new Election(other, name).campaign('third')
      await queued(3)
      await waiting.kill()
      await client.lease.revoke(
        (await new ElectionObserver(client, name).participants())[1]!.leaseId,
      )
      await queued(2)
      expect(leadership.leads).toBe(true)
      await leadership.resign()
      expect((await campaign).leads).toBe(true)
      await other.close()
    })

    if (on !== 'on etcd') return
    test("the server's own lock service stands in the same queue", async () => {
      const other = await Session.create(client)
      const request = { name: Buffer.from(name), lease: other.id }
      const { key } = await client.rpc(LockService.lock, request)
      expect(Buffer.from(key).toString()).toBe(`${name}/${other.id.toString(16)}`)
      const mutex = new Mutex(session, name)
      expect(await mutex.tryAcquire()).toBeUndefined()
      const waiting = mutex.acquire()
      await queued(2)
      await client.rpc(LockService.unlock, { key })
      await (await waiting).release()
      await other.close()
    })
  })
}

if (etcdctl === undefined)
  describe('beside etcdctl', () => {
    test.skip('skipped: no etcdctl; set ETCDCTL_BIN or put etcdctl on the PATH', () => {})
  })
else {
  suite('on our server', startOurs, etcdctl)
  if (etcd !== undefined) suite('on etcd', () => startEtcd(etcd), etcdctl)
  else test.skip('on etcd: skipped: no etcd; set ETCD_BIN or put etcd on the PATH', () => {})
}

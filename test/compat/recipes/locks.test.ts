/** Read-write locks, semaphores and multi-locks on real servers. */

import { expect, test } from '@jest/globals'
import {
  LimitError,
  type Lock,
  MultiLock,
  Mutex,
  RWLock,
  Semaphore,
  Session,
} from '../../../recipes/index.js'
import { onServers } from './on-servers.js'

onServers((server) => {
  const sessions = (count: number) =>
    Promise.all(Array.from({ length: count }, () => Session.create(server.client())))
  const close = (all: readonly Session[]) => Promise.all(all.map((one) => one.close()))

  /** Waits until so many stand in a queue. */
  const queued = async (session: Session, prefix: string, count: number) => {
    const watcher = session.client.watch({ prefix })
    await watcher.created
    const enough = async () => (await session.client.kv.count({ prefix })) === count
    if (await enough()) return watcher.close()
    for await (const _event of watcher) if (await enough()) return
  }

  test('readers share, a writer is alone, a downgrade lets no writer in between', async () => {
    const all = await sessions(4)
    const [a, b, c, d] = all.map((session) => new RWLock(session, 'rw'))
    const readers = [await a!.read.acquire(), await b!.read.acquire(), await a!.read.acquire()]
    expect(await c!.write.tryAcquire()).toBeUndefined()
    const writing = c!.write.acquire()
    await queued(all[0]!, 'rw/', 4)
    expect(await d!.read.tryAcquire()).toBeUndefined()
    const late = d!.write.acquire()
    await queued(all[0]!, 'rw/', 5)
    for (const reader of readers) await reader.release()
    const reader = await (await writing).downgrade()
    // The writer that waits keeps newcomers out; beside it nobody writes.
    expect(await a!.read.tryAcquire()).toBeUndefined()
    expect((await b!.participants()).map(({ kind, state }) => [kind, state])).toEqual([
      ['read', 'holding'],
      ['write', 'waiting'],
    ])
    await reader.release()
    const writer = await late
    expect(writer.fencingToken).toBeGreaterThan(reader.fencingToken)
    const again = await writer.downgrade()
    expect((await a!.read.tryAcquire())!.held).toBe(true)
    await again.release()
    await close(all)
  })

  test('a semaphore never lets more in than its limit, and everybody comes in', async () => {
    const all = await sessions(5)
    let inside = 0
    let most = 0
    let turns = 0
    const work = async (session: Session, i: number) => {
      const semaphore = new Semaphore(session, 'pool', { limit: 4 })
      for (let turn = 0; turn < 6; turn++) {
        const permits = 1 + ((i + turn) % 3)
        await semaphore.using(
          async () => {
            inside += permits
            most = Math.max(most, inside)
            await session.client.kv.get('anything')
            inside -= permits
            turns++
          },
          { permits },
        )
      }
    }
    await Promise.all(all.flatMap((session, i) => [work(session, i), work(session, i + 1)]))
    expect(turns).toBe(60)
    expect(most).toBeLessThanOrEqual(4)
    await expect(new Semaphore(all[0]!, 'pool', { limit: 5 }).acquire()).rejects.toBeInstanceOf(
      LimitError,
    )
    await close(all)
  })

  test('a limit is changed under those who wait; the permits of a session that ends return', async () => {
    const all = await sessions(3)
    const [a, b, c] = all.map((session) => new Semaphore(session, 'changing', { limit: 1 }))
    const first = await a!.acquire()
    const second = b!.acquire()
    await queued(all[0]!, 'changing/permits/', 2)
    const third = c!.acquire()
    await queued(all[0]!, 'changing/permits/', 3)
    await a!.setLimit(2)
    expect((await second).held).toBe(true)
    expect(first.held).toBe(true)
    expect(await new Semaphore(all[2]!, 'changing').tryAcquire()).toBeUndefined()
    await all[1]!.close()
    expect((await third).held).toBe(true)
    await close(all)
  })

  test('a multi-lock takes all or none, and stands in line with mutexes', async () => {
    const all = await sessions(3)
    const [x, y, z] = all
    const xy = new MultiLock(x!, ['multi-b', 'multi-a'])
    const mutex = new Mutex(y!, 'multi-b')
    const held = (await xy.tryAcquire())!
    expect(await mutex.tryAcquire()).toBeUndefined()
    const waiting: Promise<Lock> = mutex.acquire()
    await queued(x!, 'multi-b/', 2)
    const behind = new MultiLock(z!, ['multi-a', 'multi-b']).acquire()
    await queued(x!, 'multi-b/', 2)
    await held.release()
    const lock = await waiting
    expect(lock.fencingToken).toBeGreaterThan(held.fencingTokens.get('multi-b')!)
    await queued(x!, 'multi-a/', 1)
    await lock.release()
    const both = await behind
    expect(both.fencingTokens.get('multi-b')).toBeGreaterThan(lock.fencingToken)
    await both.release()
    await close(all)
  })
})

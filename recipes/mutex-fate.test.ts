/** Mutexes whose requests meet a bad fate: answers are lost, requests arrive late, leaders die. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { MutexWorld } from '../test/sim/mutex-world.js'
import { MultiLock, Mutex, Session } from './index.js'

let world: MutexWorld

beforeEach(async () => {
  world = await MutexWorld.start()
})
afterEach(() => world.stop())

describe('a request that meets a bad fate', () => {
  test('join, done but not answered: holds, once', async () => {
    const { mutex, worker } = await world.one('a')
    void worker.doom('Txn', 'answerLost')
    const lock = await world.acquire(mutex)
    expect(await world.keys()).toEqual([lock.key])
    const found = await world.settle(worker.client.kv.get(lock.key))
    expect(found!.createRevision).toBe(lock.fencingToken)
    await world.release(lock)
    expect(await world.keys()).toEqual([])
  })

  test('join, done but not answered, behind a holder: waits in its place', async () => {
    const [a, b] = await world.several(2)
    const first = await world.acquire(a!.mutex)
    void b!.worker.doom('Txn', 'answerLost')
    const waiting = b!.mutex.acquire()
    await world.queued(a!.mutex, 2)
    await world.run(1_000)
    expect(b!.worker.calls.get('Txn')).toBe(2)
    await world.release(first)
    expect((await world.settle(waiting)).held).toBe(true)
  })

  test('join, arriving while another attempt holds: does nothing', async () => {
    const { mutex, worker } = await world.one('a')
    const sent = worker.doom('Txn', 'arrivesLate')
    const lock = await world.acquire(mutex)
    const arrive = await sent
    await world.settle(arrive())
    const found = await world.settle(worker.client.kv.get(lock.key))
    expect(found!.createRevision).toBe(lock.fencingToken)
    await world.release(lock)
    expect(await world.keys()).toEqual([])
  })

  test('release, refused: the key goes as soon as that is allowed', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    void a!.worker.doom('Txn', 'refused')
    await expect(world.release(lock)).rejects.toMatchObject({ code: 'no-space' })
    expect(lock.held).toBe(false)
    expect((await world.acquire(b!.mutex, { timeoutMs: 5_000 })).held).toBe(true)
  })

  test('withdrawal, refused: those behind are granted as soon as it is allowed', async () => {
    const [a, b, c] = await world.several(3)
    const first = await world.acquire(a!.mutex)
    const waiting = b!.mutex.acquire({ timeoutMs: 1_000 })
    waiting.catch(() => {})
    await world.queued(a!.mutex, 2)
    const last = c!.mutex.acquire({ timeoutMs: 10_000 })
    await world.queued(a!.mutex, 3)
    void b!.worker.doom('Txn', 'refused')
    await world.run(1_100)
    await expect(waiting).rejects.toMatchObject({ code: 'deadline-exceeded' })
    await world.release(first)
    expect((await world.settle(last)).held).toBe(true)
  })

  test('join, arriving when all is over: is cleared away', async () => {
    const [a, b] = await world.several(2)
    const sent = a!.worker.doom('Txn', 'arrivesLate')
    await world.release(await world.acquire(a!.mutex))
    const arrive = await sent
    await world.settle(arrive())
    await world.run(100)
    expect(await world.keys()).toEqual([])
    expect((await world.acquire(b!.mutex, { timeoutMs: 1_000 })).held).toBe(true)
  })

  test('join, arriving when all is over, which may not be cleared away at once: is, later', async () => {
    const [a, b] = await world.several(2)
    const sent = a!.worker.doom('Txn', 'arrivesLate')
    await world.release(await world.acquire(a!.mutex))
    const arrive = await sent
    void a!.worker.doom('Txn', 'refused')
    void a!.worker.doom('Range', 'refused')
    await world.settle(arrive())
    await world.run(100)
    expect(await world.keys()).toHaveLength(1)
    expect((await world.acquire(b!.mutex, { timeoutMs: 10_000 })).held).toBe(true)
  })

  test('join, arriving late, makes no later try fail while it is looked for', async () => {
    const { mutex, worker, session } = await world.one('a')
    void worker.doom('Txn', 'arrivesLate')
    await world.release(await world.acquire(mutex))
    const lock = await world.acquire(mutex)
    await world.run(500)
    const tried = await world.settle(lock.release().then(() => mutex.tryAcquire()))
    expect(tried?.held).toBe(true)
    await world.run(500)
    const locks = new MultiLock(session, ['m', 'n'])
    const both = await world.settle(tried!.release().then(() => locks.tryAcquire()))
    expect(both?.held).toBe(true)
  })

  test('join, aborted, arriving later: is cleared away', async () => {
    const { mutex, worker } = await world.one('a')
    const sent = worker.doom('Txn', 'arrivesLate')
    const controller = new AbortController()
    const waiting = mutex.acquire({ signal: controller.signal })
    const arrive = await sent
    controller.abort()
    expect((await world.failure(waiting)).code).toBe('cancelled')
    await world.run(500)
    expect(await world.keys()).toEqual([])
    await world.settle(arrive())
    await world.run(100)
    expect(await world.keys()).toEqual([])
  })

  test('release, done but not answered: is released', async () => {
    const { mutex, worker } = await world.one('a')
    const lock = await world.acquire(mutex)
    void worker.doom('Txn', 'answerLost')
    await world.release(lock)
    expect(await world.keys()).toEqual([])
  })

  test('release, under way until the lease has ended: is released, since nobody broke it', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    const sent = a!.worker.doom('Txn', 'held')
    const releasing = lock.release()
    const letGo = await world.settle(sent)
    world.cut(a!.worker)
    const next = await world.acquire(b!.mutex)
    expect(a!.session.alive).toBe(false)
    world.heal()
    await letGo()
    await world.settle(releasing)
    expect(lock.signal.aborted).toBe(false)
    expect(next.held).toBe(true)
  })

  test('release, while the link is cut: is done when it is whole again', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    world.cut(a!.worker)
    const releasing = lock.release()
    await world.run(2_000)
    expect(await world.keys()).toEqual([lock.key])
    world.heal()
    await world.settle(releasing)
    expect((await world.acquire(b!.mutex, { timeoutMs: 1_000 })).held).toBe(true)
  })

  test('the leader dies while many come and go: one holds at a time, tokens grow', async () => {
    const three = await MutexWorld.start(3)
    try {
      const granted: number[] = []
      let inside = 0
      const worker = async (owner: string): Promise<void> => {
        const { client } = three.worker(owner)
        const session = await Session.create(client, { ttlSeconds: 20, owner })
        const mutex = new Mutex(session, 'm')
        for (let turn = 0; turn < 4; turn++) {
          await mutex.using(async ({ fencingToken }) => {
            expect(++inside).toBe(1)
            granted.push(fencingToken)
            await new Promise<void>((resolve) => client.clock.after(300, resolve))
            inside--
          })
        }
        await session.close()
      }
      const working = Promise.all(['a', 'b', 'c'].map(worker))
      await three.run(1_000)
      await three.members.kill(await three.members.leader())
      await three.settle(working)
      expect(granted).toHaveLength(12)
      expect(granted).toEqual([...granted].sort((x, y) => x - y))
      expect(await three.keys()).toEqual([])
    } finally {
      await three.stop()
    }
  })
})

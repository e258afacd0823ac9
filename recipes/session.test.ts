/** Sessions: kept alive, lost once, told before the server acts. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import {
  Election,
  LeaderSelector,
  LostError,
  MultiLock,
  Mutex,
  Queue,
  RWLock,
  Semaphore,
  Session,
  SessionSource,
} from './index.js'

let world: RecipeWorld
let worker: Worker

beforeEach(async () => {
  world = await RecipeWorld.start()
  worker = world.worker('w')
})
afterEach(() => world.stop())

const create = (options = {}) => world.settle(Session.create(worker.client, options))

/** Runs time until the server has ended the lease; returns when. */
const ended = async (id: bigint): Promise<number> => {
  const leader = await world.members.leader()
  const isGone = () => leader.member!.machine.lessor.timeToLive(id) === undefined
  await world.until('the end of the lease', isGone)
  return world.now
}

describe('a session', () => {
  test('lives as long as it is renewed, and revokes its lease when closed', async () => {
    const session = await create({ ttlSeconds: 5 })
    await world.settle(worker.client.kv.put('here', 'yes', { lease: session.id }))
    await world.run(60_000)
    expect(session.alive).toBe(true)
    expect(await world.keys()).toEqual(['here'])
    await world.settle(session.close())
    expect(await world.keys()).toEqual([])
    expect(session.signal.reason).toMatchObject({ code: 'lost', reason: 'closed' })
    expect(await session.done).toBe(session.signal.reason)
    expect(() => session.check()).toThrow(LostError)
  })

  test('cut off from the cluster, is told its loss before the server ends the lease', async () => {
    const session = await create({ ttlSeconds: 10 })
    await world.run(27_500)
    const cutAtMs = world.now
    world.cut(worker)
    let toldAtMs = 0
    session.signal.addEventListener('abort', () => {
      toldAtMs = world.now
    })
    const endedAtMs = await ended(session.id)
    expect(toldAtMs).toBeGreaterThan(cutAtMs)
    expect(toldAtMs).toBeLessThan(endedAtMs)
    // A tenth of the TTL, the margin, lies between them at least.
    expect(endedAtMs - toldAtMs).toBeGreaterThanOrEqual(1_000)
    expect(session.signal.reason).toMatchObject({ reason: 'expired' })
  })

  test('stays lost although the lease could be renewed again', async () => {
    const session = await create({ ttlSeconds: 10, marginMs: 4_000 })
    world.cut(worker)
    await world.until('the loss', () => session.signal.aborted)
    world.heal()
    await world.run(1_000)
    const { ttlSeconds } = await world.settle(worker.client.lease.timeToLive(session.id))
    expect(ttlSeconds).toBeGreaterThan(0)
    expect(session.alive).toBe(false)
    await world.run(10_000)
    expect(session.alive).toBe(false)
    await ended(session.id)
  })

  test('of a process that stood still knows by the time, before any timer ran', async () => {
    const session = await create({ ttlSeconds: 10 })
    worker.clock.pause()
    await world.run(20_000)
    expect(session.signal.aborted).toBe(false)
    expect(session.alive).toBe(false)
    expect(session.signal.aborted).toBe(true)
  })

  describe('tells everybody who stands on it', () => {
    /** Holders of all kinds, and two who wait, on one session. */
    const everybody = async () => {
      const session = await create({ ttlSeconds: 10 })
      const other = await world.settle(Session.create(world.worker('other').client))
      await world.settle(new Mutex(other, 'busy').acquire())
      await world.settle(new RWLock(other, 'read').read.acquire())
      const holders = await world.settle(
        Promise.all([
          new Mutex(session, 'mutex').acquire(),
          new RWLock(session, 'rw').read.acquire(),
          new Semaphore(session, 'semaphore', { limit: 1 }).acquire(),
          new MultiLock(session, ['m1', 'm2']).acquire(),
          new Election(session, 'election').campaign('us'),
        ]),
      )
      const waiters = [
        new Mutex(session, 'busy').acquire(),
        new RWLock(session, 'read').write.acquire(),
      ]
      for (const waiter of waiters) waiter.catch(() => {})
      // Not so long that keys are watched: what is told is told by the session.
      await world.run(100)
      return { session, holders, waiters }
    }

    test('before its lease ends, while the network is away', async () => {
      const { session, holders, waiters } = await everybody()
      const toldAtMs: number[] = []
      for (const { signal } of holders)
        signal.addEventListener('abort', () => toldAtMs.push(world.now))
      world.cut(worker)
      const failures = waiters.map((waiter) => world.failure(waiter))
      const endedAtMs = await ended(session.id)
      expect(toldAtMs).toHaveLength(holders.length)
      expect(Math.max(...toldAtMs)).toBeLessThan(endedAtMs)
      for (const { signal } of holders) expect(signal.reason).toMatchObject({ reason: 'expired' })
      for (const failure of failures) expect(await failure).toBeInstanceOf(LostError)
    })

    test('as soon as it asks or its timers run, after its process stood still', async () => {
      const { holders, waiters } = await everybody()
      worker.clock.pause()
      await world.run(20_000)
      expect(holders.some(({ signal }) => signal.aborted)).toBe(false)
      const [lock, ...others] = holders
      expect(lock.held).toBe(false)
      // One who asks makes all know.
      for (const { signal } of others) expect(signal.aborted).toBe(true)
      worker.clock.resume()
      for (const waiter of waiters) expect(await world.failure(waiter)).toBeInstanceOf(LostError)
    })
  })

  test('is lost when the server has revoked its lease', async () => {
    const session = await create()
    const other = world.worker('other')
    await world.settle(other.client.lease.revoke(session.id))
    await world.until('the loss', () => session.signal.aborted)
    expect(session.signal.reason).toMatchObject({ reason: 'expired' })
  })

  test('is lost when its client is closed', async () => {
    const session = await create()
    worker.client.close()
    expect(session.signal.reason).toMatchObject({ reason: 'client-closed' })
    await session.close()
  })

  test('outlives a change of leaders', async () => {
    const three = await RecipeWorld.start(3)
    try {
      const { client } = three.worker('w')
      const session = await three.settle(Session.create(client, { ttlSeconds: 10 }))
      await three.members.kill(await three.members.leader())
      await three.run(40_000)
      expect(session.alive).toBe(true)
    } finally {
      await three.stop()
    }
  })

  test('leaves no timer behind when it is closed', async () => {
    // The client's pauses between tries are not its business: it was connected before.
    await world.settle(worker.client.kv.get('warm'))
    const before = world.members.clock.timerCount
    const session = await create()
    expect(world.members.clock.timerCount).toBeGreaterThan(before)
    await world.settle(session.close())
    expect(world.members.clock.timerCount).toBe(before)
  })

  test('that was closed while the cluster was away gives up when the lease is over', async () => {
    const session = await create({ ttlSeconds: 10 })
    world.cut(worker)
    const beganAtMs = world.now
    await world.settle(session.close())
    expect(world.now - beganAtMs).toBeLessThanOrEqual(12_000)
  })

  test.each([{ ttlSeconds: 0 }, { ttlSeconds: 1.5 }, { marginMs: 6_000 }, { owner: '' }])(
    'refuses %j',
    async (options) => {
      const error = await world.failure(Session.create(worker.client, options))
      expect(error.code).toBe('invalid-argument')
    },
  )
})

describe('a lease', () => {
  test('granted by a request whose answer was lost is found again, not left behind', async () => {
    void worker.doom('LeaseGrant', 'answerLost')
    const session = await create()
    expect(await world.settle(worker.client.lease.list())).toEqual([session.id])
    expect(session.alive).toBe(true)
  })

  test('that was orphaned is resumed by another process, keys and all', async () => {
    const session = await create({ ttlSeconds: 10 })
    await world.settle(worker.client.kv.put('here', 'yes', { lease: session.id }))
    session.orphan()
    expect(session.signal.reason).toMatchObject({ reason: 'orphaned' })
    await world.settle(session.close())
    const next = world.worker('next')
    await world.run(5_000)
    const resumed = await world.settle(Session.resume(next.client, session.id))
    expect(resumed.ttlSeconds).toBe(10)
    await world.run(30_000)
    expect(resumed.alive).toBe(true)
    expect(await world.keys()).toEqual(['here'])
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'of %d seconds is refused, also where sessions are made later',
    async (ttlSeconds) => {
      const { client } = worker
      const refused = expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringContaining('ttlSeconds'),
      })
      expect(await world.failure(Session.create(client, { ttlSeconds }))).toEqual(refused)
      expect(() => new SessionSource(client, { ttlSeconds })).toThrow(refused)
      expect(() => new LeaderSelector(client, 's', { ttlSeconds })).toThrow(refused)
      expect(() => new Queue(client, 'q', { ttlSeconds })).toThrow(refused)
    },
  )

  test('that nobody waits for any more is not asked for', async () => {
    const source = new SessionSource(worker.client)
    const signal = AbortSignal.abort()
    expect((await world.failure(source.get({ signal }))).code).toBe('cancelled')
    await world.run(1_000)
    expect(source.current).toBeUndefined()
    expect(worker.calls.size).toBe(0)
  })

  test('that is gone cannot be resumed', async () => {
    const error = await world.failure(Session.resume(worker.client, 99n))
    expect(error).toBeInstanceOf(LostError)
    expect(error).toMatchObject({ code: 'lost', reason: 'expired' })
  })

  test('that this client renews cannot be resumed', async () => {
    const session = await create()
    const error = await world.failure(Session.resume(worker.client, session.id))
    expect(error.code).toBe('failed-precondition')
    expect(session.alive).toBe(true)
  })
})

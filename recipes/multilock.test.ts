/** Multi-locks: all or nothing, one order, one deadline, and mutexes beside them. */

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { calls, SessionWorld } from '../test/sim/session-world.js'
import {
  type Lock,
  LostError,
  MultiLock,
  type MultiLockHeld,
  Mutex,
  NotHeldError,
  Session,
} from './index.js'

let world: SessionWorld

beforeEach(async () => {
  world = await SessionWorld.start()
})
afterEach(() => world.stop())

/** A process that wants these names. */
async function one(owner: string, names: readonly string[] = ['a', 'b', 'c']) {
  const party = await world.party(owner)
  const mutex = (name: string) => new Mutex(party.session, name)
  return { ...party, locks: new MultiLock(party.session, names), mutex }
}

/** The names whose queues have keys. */
const taken = async () => (await world.keys()).map((key) => key.split('/')[0])

describe('a multi-lock', () => {
  test('tried takes all in one round trip, or none', async () => {
    const [x, y] = [await one('x', ['c', 'a', 'b']), await one('y', ['b', 'd'])]
    const before = calls(x.worker)
    const held = await world.settle(x.locks.tryAcquire())
    expect(calls(x.worker) - before).toBe(1)
    expect(x.locks.names).toEqual(['a', 'b', 'c'])
    expect([...held!.fencingTokens.keys()]).toEqual(['a', 'b', 'c'])
    const beforeTry = calls(y.worker)
    expect(await world.settle(y.locks.tryAcquire())).toBeUndefined()
    expect(calls(y.worker) - beforeTry).toBe(1)
    expect(await taken()).toEqual(['a', 'b', 'c'])
    await world.settle(held!.release())
    expect((await world.settle(y.locks.tryAcquire()))!.held).toBe(true)
    expect(await taken()).toEqual(['b', 'd'])
  })

  test('leaves nothing in the session of names that it has tried in vain', async () => {
    const { session, mutex } = await one('x')
    const seats = new Set<unknown>()
    const seat = jest.spyOn(session, 'seat').mockImplementation(function (this: Session, key) {
      const given = Session.prototype.seat.call(this, key)
      seats.add(given)
      return given
    })
    await world.settle(mutex('a').acquire())
    const locks = new MultiLock(session, ['a', 'b'])
    for (let i = 0; i < 2; i++) expect(await world.settle(locks.tryAcquire())).toBeUndefined()
    seat.mockRestore()
    // One of the mutex that is held, and one each time of the other.
    expect(seats.size).toBe(3)
  })

  test('holds the mutexes of its names, for mutexes too', async () => {
    const [x, y] = [await one('x'), await one('y')]
    const mutex = await world.settle(y.mutex('b').acquire())
    expect(await world.settle(x.locks.tryAcquire())).toBeUndefined()
    const acquiring = x.locks.acquire()
    await world.queued(y.mutex('b'), 2)
    expect(await taken()).toEqual(['a', 'b', 'b'])
    await world.settle(mutex.release())
    const held = await world.settle(acquiring)
    const all = await world.settle(x.locks.participants())
    for (const name of ['a', 'b', 'c'])
      expect(all.get(name)).toMatchObject([
        { owner: 'x', state: 'holding', fencingToken: held.fencingTokens.get(name) },
      ])
    expect(held.fencingTokens.get('b')).toBeGreaterThan(mutex.fencingToken)
    const waiting = y.mutex('c').acquire()
    expect(await world.waits(waiting)).toBe(true)
    await world.settle(held.release())
    await world.settle(waiting)
  })

  test('is acquired by two who name the same in another order, and nobody starves', async () => {
    const [x, y] = [await one('x', ['a', 'b']), await one('y', ['b', 'a'])]
    let turns = 0
    const work = async (locks: MultiLock) => {
      for (let i = 0; i < 5; i++)
        await locks.using(async () => {
          await new Promise<void>((resolve) => x.worker.client.clock.after(20, resolve))
          turns++
        })
    }
    await world.settle(Promise.all([work(x.locks), work(y.locks), work(x.locks)]))
    expect(turns).toBe(15)
    expect(await taken()).toEqual([])
  })

  test('has one deadline for the whole, and leaves nothing behind', async () => {
    const [x, y] = [await one('x'), await one('y')]
    const [a, c] = [
      await world.settle(y.mutex('a').acquire()),
      await world.settle(y.mutex('c').acquire()),
    ]
    const beganAtMs = world.now
    const acquiring = x.locks.acquire({ timeoutMs: 3_000 })
    await world.run(2_000)
    await world.settle(a.release())
    const error = await world.failure(acquiring)
    expect(error).toMatchObject({ code: 'deadline-exceeded' })
    expect(error.message).toMatch(/'a', 'b', 'c'.* 3000 ms/)
    expect(world.now - beganAtMs).toBeLessThan(3_200)
    expect(await world.keys()).toEqual([c.key])
  })

  test('that is aborted gives back what it had', async () => {
    const [x, y] = [await one('x'), await one('y')]
    const c = await world.settle(y.mutex('c').acquire())
    const controller = new AbortController()
    const acquiring = x.locks.acquire({ signal: controller.signal })
    await world.queued(y.mutex('c'), 2)
    controller.abort('no more')
    expect(await world.failure(acquiring)).toMatchObject({ code: 'cancelled', cause: 'no more' })
    expect(await world.keys()).toEqual([c.key])
  })

  test('tells when any is lost, guards nothing then, and frees the others', async () => {
    const [x, y] = [await one('x'), await one('y')]
    const held = await world.settle(x.locks.acquire())
    const guarded = () =>
      x.worker.client
        .txn()
        .if(...held.guard())
        .commit()
    expect((await world.settle(guarded())).succeeded).toBe(true)
    await world.run(1_500)
    await world.settle(y.worker.client.kv.delete({ prefix: 'b/' }))
    await world.until('the loss', () => held.signal.aborted, 100)
    expect(held.signal.reason).toMatchObject({ reason: 'deleted' })
    expect(held.held).toBe(false)
    expect((await world.settle(guarded())).succeeded).toBe(false)
    expect(await world.failure(held.release())).toBeInstanceOf(LostError)
    expect(await taken()).toEqual([])
    expect(await world.failure(held.release())).toBeInstanceOf(NotHeldError)
  })

  test('is lost with its session, before others get any of it', async () => {
    const [x, y] = [await one('x'), await one('y')]
    const held = await world.settle(x.locks.acquire())
    const waits: Promise<Lock>[] = []
    for (const name of ['a', 'b', 'c']) waits.push(y.mutex(name).acquire())
    await world.queued(y.mutex('c'), 2)
    world.cut(x.worker)
    let toldAtMs = 0
    held.signal.addEventListener('abort', () => {
      toldAtMs = world.now
    })
    await world.settle(Promise.race(waits))
    expect(toldAtMs).toBeGreaterThan(0)
    expect(toldAtMs).toBeLessThan(world.now)
    await world.settle(Promise.all(waits))
  })

  test('excludes others of its own session, and lets work fail as it fails', async () => {
    const { locks, mutex, session } = await one('x')
    const lock = await world.settle(mutex('b').acquire())
    expect(await world.settle(locks.tryAcquire())).toBeUndefined()
    const failing = locks.using(() => {
      throw new RangeError('mine')
    })
    expect(await world.waits(failing)).toBe(true)
    await world.settle(lock.release())
    expect(await world.failure(failing)).toBeInstanceOf(RangeError)
    const other = new MultiLock(session, ['c', 'd'])
    const held = await world.settle(locks.acquire())
    expect(await world.waits(other.acquire())).toBe(true)
    await world.settle(held[Symbol.asyncDispose]())
  })
})

describe('a grab that meets a bad fate', () => {
  test('done but not answered: holds, once', async () => {
    const { locks, worker } = await one('x')
    void worker.doom('Txn', 'answerLost')
    const held = await world.settle(locks.tryAcquire())
    expect(new Set(held!.fencingTokens.values()).size).toBe(1)
    expect((await world.settle(worker.client.kv.getAll('a/'))).kvs).toMatchObject([
      { createRevision: held!.fencingTokens.get('a') },
    ])
    await world.settle(held!.release())
    expect(await taken()).toEqual([])
  })

  test('arriving when all is over: is cleared away', async () => {
    const { locks, worker } = await one('x')
    const sent = worker.doom('Txn', 'arrivesLate')
    const held = await world.settle(locks.acquire())
    const arrive = await sent
    await world.settle(held.release())
    await world.settle(arrive())
    await world.run(500)
    expect(await taken()).toEqual([])
  })

  test('aborted while it is on its way: leaves nothing behind', async () => {
    const { locks, worker } = await one('x')
    const sent = worker.doom('Txn', 'held')
    const controller = new AbortController()
    const acquiring: Promise<MultiLockHeld> = locks.acquire({ signal: controller.signal })
    const letGo = await world.settle(sent)
    controller.abort()
    expect((await world.failure(acquiring)).code).toBe('cancelled')
    await letGo()
    await world.run(500)
    expect(await taken()).toEqual([])
    expect((await world.settle(locks.tryAcquire()))!.held).toBe(true)
  })

  test('of a lease with keys of an earlier life: gets tokens of its own', async () => {
    const x = await one('x')
    const held = await world.settle(x.locks.acquire())
    const { session } = await world.heir(x)
    const anew = await world.settle(new MultiLock(session, ['a', 'b', 'c']).tryAcquire())
    for (const [name, token] of held.fencingTokens)
      expect(anew!.fencingTokens.get(name)).toBeGreaterThan(token)
  })
})

test.each([
  [[]],
  [['a', 'a']],
  [['a', 'b', 'a/c']],
  [['a/']],
  [['']],
  [Array.from({ length: 129 }, (_, i) => `n${i}`)],
])('the names %j are refused', async (names) => {
  const { session } = await world.party('x')
  expect(() => new MultiLock(session, names)).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  )
})

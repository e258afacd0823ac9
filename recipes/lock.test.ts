/** Locks that are lost, broken, released twice, or taken up by another process. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { MutexWorld } from '../test/sim/mutex-world.js'
import { Mutex, NotHeldError, Semaphore, Session } from './index.js'

let world: MutexWorld

beforeEach(async () => {
  world = await MutexWorld.start()
})
afterEach(() => world.stop())

describe('a lock', () => {
  test('is told its loss before another is granted it', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    const waiting = b!.mutex.acquire()
    await world.queued(b!.mutex, 2)
    let toldAtMs = 0
    lock.signal.addEventListener('abort', () => {
      toldAtMs = world.now
    })
    world.cut(a!.worker)
    let grantedAtMs = 0
    void waiting.then(() => {
      grantedAtMs = world.now
    })
    const next = await world.settle(waiting)
    expect(toldAtMs).toBeGreaterThan(0)
    expect(grantedAtMs).toBeGreaterThan(toldAtMs)
    expect(next.fencingToken).toBeGreaterThan(lock.fencingToken)
    expect(lock.held).toBe(false)
    expect((await world.failure(lock.release())).name).toBe('LostError')
  })

  test('of a process that stood still past its TTL guards nothing any more', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    const guarded = () =>
      a!.worker.client
        .txn()
        .if(...lock.guard())
        .commit()
    expect((await world.settle(guarded())).succeeded).toBe(true)
    a!.worker.clock.pause()
    const next = await world.acquire(b!.mutex)
    // Not told yet: none of its timers ran. What it does now is fenced.
    expect(lock.signal.aborted).toBe(false)
    expect((await world.settle(guarded())).succeeded).toBe(false)
    expect(lock.held).toBe(false)
    expect(lock.signal.aborted).toBe(true)
    expect(next.held).toBe(true)
  })

  test('that an operator deletes is told so, without a renewal in between', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    await world.run(1_500)
    await world.settle(b!.worker.client.kv.delete(lock.key))
    await world.until('the loss', () => lock.signal.aborted, 100)
    expect(lock.signal.reason).toMatchObject({ code: 'lost', reason: 'deleted' })
    expect(a!.session.alive).toBe(true)
    expect((await world.acquire(a!.mutex)).held).toBe(true)
  })

  test('that an operator deleted at once is found out when it is released', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    await world.settle(b!.worker.client.kv.delete(lock.key))
    const error = await world.failure(lock.release())
    expect(error).toMatchObject({ code: 'lost', reason: 'deleted' })
    const next = await world.acquire(b!.mutex)
    expect(await world.keys()).toEqual([next.key])
  })

  test('is released once', async () => {
    const { mutex } = await world.one('a')
    const lock = await world.acquire(mutex)
    await world.release(lock)
    const error = await world.failure(lock.release())
    expect(error).toBeInstanceOf(NotHeldError)
    const next = await world.acquire(mutex)
    await world.settle(lock[Symbol.asyncDispose]())
    expect(next.held).toBe(true)
    expect(await world.keys()).toEqual([next.key])
    expect(lock.signal.aborted).toBe(false)
  })

  test('is freed a TTL after its holder crashed, not later than it should be', async () => {
    const [a, b] = await world.several(2)
    await world.acquire(a!.mutex)
    world.kill(a!.worker)
    const beganAtMs = world.now
    await world.acquire(b!.mutex)
    expect(world.now - beganAtMs).toBeLessThan(12_000)
  })

  test('goes on in another process that resumes its session', async () => {
    const { session, mutex } = await world.one('a')
    const lock = await world.acquire(mutex)
    session.orphan()
    const next = world.worker('next')
    const resumed = await world.settle(Session.resume(next.client, session.id))
    const again = await world.settle(new Mutex(resumed, 'm').resume())
    expect(again!.fencingToken).toBe(lock.fencingToken)
    expect(again!.held).toBe(true)
    await world.release(again!)
    expect(await world.keys()).toEqual([])
    expect(await world.settle(new Mutex(resumed, 'm').resume())).toBeUndefined()
  })

  test('that is acquired over one of an earlier life has a token of its own', async () => {
    const { session, mutex } = await world.one('a')
    const lock = await world.acquire(mutex)
    session.orphan()
    const next = world.worker('next')
    const resumed = await world.settle(Session.resume(next.client, session.id))
    const anew = await world.acquire(new Mutex(resumed, 'm'))
    expect(anew.fencingToken).toBeGreaterThan(lock.fencingToken)
  })
})

test('what is no session is told in words', async () => {
  const { worker } = await world.one('a')
  const client = worker.client as unknown as Session
  const words = /A session is needed: what `await Session.create\(client\)` gives/
  expect(() => new Mutex(client, 'a')).toThrow(words)
  expect(() => new Semaphore(client, 'a', { limit: 1 })).toThrow(words)
  expect(() => new Mutex(undefined as unknown as Session, 'a')).toThrow(words)
  expect(() => new Mutex({ keyUnder() {} } as unknown as Session, 5 as unknown as string)).toThrow(
    'A name must be a string.',
  )
})

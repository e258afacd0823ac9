/** Waits for a mutex that end before it is granted. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { MutexWorld } from '../test/sim/mutex-world.js'
import { LostError } from './index.js'

let world: MutexWorld

beforeEach(async () => {
  world = await MutexWorld.start()
})
afterEach(() => world.stop())

describe('a wait', () => {
  test('that takes too long ends, and leaves no key behind', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    const beganAtMs = world.now
    const error = await world.failure(b!.mutex.acquire({ timeoutMs: 3_000 }))
    expect(error.code).toBe('deadline-exceeded')
    expect(world.now - beganAtMs).toBeLessThan(3_100)
    expect(await world.keys()).toEqual([lock.key])
  })

  test('that is aborted ends with the reason, and leaves no key behind', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    const controller = new AbortController()
    const waiting = b!.mutex.acquire({ signal: controller.signal })
    await world.queued(a!.mutex, 2)
    controller.abort('no more')
    const error = await world.failure(waiting)
    const message = "The wait for the lock 'm' was aborted."
    expect(error).toMatchObject({ code: 'cancelled', cause: 'no more', message })
    expect(await world.keys()).toEqual([lock.key])
    const aborted = b!.mutex.acquire({ signal: controller.signal })
    expect((await world.failure(aborted)).code).toBe('cancelled')
    expect(await world.keys()).toEqual([lock.key])
  })

  test('that is aborted while its join is on its way leaves no key behind either', async () => {
    const { mutex, worker } = await world.one('a')
    const sent = worker.doom('Txn', 'held')
    const controller = new AbortController()
    const waiting = mutex.acquire({ signal: controller.signal })
    const letGo = await world.settle(sent)
    controller.abort()
    expect((await world.failure(waiting)).code).toBe('cancelled')
    await letGo()
    await world.run(100)
    expect(await world.keys()).toEqual([])
    expect((await world.acquire(mutex)).held).toBe(true)
  })

  test('ends with the loss when the session is lost', async () => {
    const [a, b] = await world.several(2)
    await world.acquire(a!.mutex)
    const waiting = b!.mutex.acquire()
    await world.queued(a!.mutex, 2)
    world.cut(b!.worker)
    const error = await world.failure(waiting)
    expect(error).toBeInstanceOf(LostError)
    expect(error.reason).toBe('expired')
  })

  test('whose key was deleted does not end in a lock (etcd #11456)', async () => {
    const [a, b] = await world.several(2)
    const first = await world.acquire(a!.mutex)
    const waiting = b!.mutex.acquire()
    await world.queued(a!.mutex, 2)
    const keys = await world.settle(b!.mutex.participants())
    await world.settle(a!.worker.client.kv.delete(keys[1]!.key))
    await world.release(first)
    const error = await world.failure(waiting)
    expect(error).toMatchObject({ code: 'lost', reason: 'deleted' })
  })

  test('goes on over a compaction of what it waits for', async () => {
    const [a, b] = await world.several(2)
    const first = await world.acquire(a!.mutex)
    const waiting = b!.mutex.acquire()
    await world.queued(a!.mutex, 2)
    await world.run(100)
    world.cut(b!.worker)
    await world.release(first)
    const { revision } = await world.settle(a!.worker.client.kv.put('other', '1'))
    await world.settle(a!.worker.client.kv.compact(revision))
    world.heal()
    expect((await world.settle(waiting)).held).toBe(true)
  })
})

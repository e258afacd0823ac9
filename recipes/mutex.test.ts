/** Mutexes: order, tokens, cost, and handles that share a session. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { MutexWorld } from '../test/sim/mutex-world.js'
import { calls } from '../test/sim/session-world.js'
import { type Lock, LostError, Mutex, NotHeldError } from './index.js'

let world: MutexWorld

beforeEach(async () => {
  world = await MutexWorld.start()
})
afterEach(() => world.stop())

describe('a mutex', () => {
  test('is granted in the order in which they came, with growing tokens', async () => {
    const all = await world.several(4)
    const first = await world.acquire(all[0]!.mutex)
    const granted: string[] = []
    const tokens = [first.fencingToken]
    const waits = []
    for (const { mutex } of all.slice(1)) {
      const waiting = mutex.acquire().then((lock) => {
        granted.push(lock.owner)
        tokens.push(lock.fencingToken)
        return lock
      })
      waits.push(waiting)
      await world.queued(mutex, waits.length + 1)
    }
    const all4 = await world.settle(all[0]!.mutex.participants())
    expect(all4.map(({ owner, state }) => [owner, state])).toEqual([
      ['w0', 'holding'],
      ['w1', 'waiting'],
      ['w2', 'waiting'],
      ['w3', 'waiting'],
    ])
    await world.release(first)
    for (const waiting of waits) await world.release(await world.settle(waiting))
    expect(granted).toEqual(['w1', 'w2', 'w3'])
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b))
    expect(new Set(tokens).size).toBe(4)
    expect(await world.keys()).toEqual([])
  })

  test('uses the keys of etcd: the name and the lease in hex', async () => {
    const { mutex, session } = await world.one('a')
    const lock = await world.acquire(mutex)
    expect(lock.key).toBe(`m/${session.id.toString(16)}`)
    expect(await world.keys()).toEqual([lock.key])
  })

  test('costs one round trip to get and one to give back', async () => {
    const { mutex, worker } = await world.one('a')
    const before = calls(worker)
    const lock = await world.acquire(mutex)
    expect(calls(worker) - before).toBe(1)
    await world.release(lock)
    expect(calls(worker) - before).toBe(2)
  })

  test('wakes one waiter for each hand-over, not all', async () => {
    const all = await world.several(5)
    const first = await world.acquire(all[0]!.mutex)
    const waits: Promise<Lock>[] = []
    for (const { mutex } of all.slice(1)) {
      waits.push(mutex.acquire())
      await world.queued(mutex, waits.length + 1)
    }
    await world.run(500)
    const events = () => all.slice(1).map(({ worker }) => worker.events.count)
    const asked = () => all.slice(1).map(({ worker }) => worker.calls.get('Txn'))
    expect(events()).toEqual([0, 0, 0, 0])
    await world.release(first)
    const second = await world.settle(waits[0]!)
    expect(events()).toEqual([1, 0, 0, 0])
    expect(asked()).toEqual([2, 1, 1, 1])
    await world.release(second)
    const third = await world.settle(waits[1]!)
    expect(events()).toEqual([1, 1, 0, 0])
    await world.release(third)
    await world.release(await world.settle(waits[2]!))
    await world.release(await world.settle(waits[3]!))
    expect(events()).toEqual([1, 1, 1, 1])
  })

  test('goes on to the next before it when a waiter in the middle gives up', async () => {
    const [a, b, c] = await world.several(3)
    const first = await world.acquire(a!.mutex)
    const giveUp = new AbortController()
    const second = b!.mutex.acquire({ signal: giveUp.signal })
    await world.queued(a!.mutex, 2)
    const third = c!.mutex.acquire()
    await world.queued(a!.mutex, 3)
    giveUp.abort()
    expect((await world.failure(second)).code).toBe('cancelled')
    await world.queued(a!.mutex, 2)
    await world.run(1_000)
    await world.release(first)
    expect((await world.settle(third)).held).toBe(true)
  })

  test('tried while held says no in one round trip and leaves no key', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    const before = calls(b!.worker)
    expect(await world.settle(b!.mutex.tryAcquire())).toBeUndefined()
    expect(calls(b!.worker) - before).toBe(1)
    expect(await world.keys()).toEqual([lock.key])
    await world.release(lock)
    const tried = await world.settle(b!.mutex.tryAcquire())
    expect(tried!.fencingToken).toBeGreaterThan(lock.fencingToken)
  })

  test.each(['', '/', 'a/'])("refuses the name '%s'", async (name) => {
    const { session } = await world.one('a')
    expect(() => new Mutex(session, name)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

describe('two handles of one session', () => {
  test('exclude each other, in the order in which they came', async () => {
    const { session, mutex } = await world.one('a')
    const first = await world.acquire(mutex)
    const other = new Mutex(session, 'm')
    const order: string[] = []
    const second = other.acquire().then((lock) => {
      order.push('second')
      return lock
    })
    const third = mutex.acquire().then((lock) => {
      order.push('third')
      return lock
    })
    expect(await world.settle(other.tryAcquire())).toBeUndefined()
    await world.run(5_000)
    expect(order).toEqual([])
    await world.release(first)
    const token = (await world.settle(second)).fencingToken
    expect(token).toBeGreaterThan(first.fencingToken)
    expect(order).toEqual(['second'])
    await world.release(await second)
    await world.settle(third)
    expect(order).toEqual(['second', 'third'])
  })

  test('give up their turn when they do not want to wait any more', async () => {
    const { mutex } = await world.one('a')
    const first = await world.acquire(mutex)
    const impatient = mutex.acquire({ timeoutMs: 300 })
    const patient = mutex.acquire()
    expect((await world.failure(impatient)).code).toBe('deadline-exceeded')
    await world.release(first)
    expect((await world.settle(patient)).held).toBe(true)
  })

  test('share it when they are reentrant and have one owner', async () => {
    const { session } = await world.one('a')
    const reentrant = () => new Mutex(session, 'm', { reentrant: true })
    const [outer, beside] = await world.settle(
      Promise.all([reentrant().acquire(), reentrant().acquire()]),
    )
    const inner = await world.acquire(reentrant())
    const stranger = new Mutex(session, 'm', { reentrant: true, owner: 'another' })
    expect(await world.settle(stranger.tryAcquire())).toBeUndefined()
    expect(new Set([outer, beside, inner].map((lock) => lock!.fencingToken)).size).toBe(1)
    await world.release(outer!)
    expect(await world.failure(outer!.release())).toBeInstanceOf(NotHeldError)
    await world.release(beside!)
    expect(inner.held).toBe(true)
    expect(await world.keys()).toHaveLength(1)
    await world.release(inner)
    expect(await world.keys()).toEqual([])
    expect(await world.failure(inner.release())).toBeInstanceOf(NotHeldError)
  })
})

describe('using', () => {
  test('gives the result and the lock back', async () => {
    const { mutex } = await world.one('a')
    const result = await world.settle(mutex.using((lock) => lock.fencingToken))
    expect(result).toBeGreaterThan(0)
    expect(await world.keys()).toEqual([])
  })

  test('gives the lock back when the work fails, and tells that failure', async () => {
    const { mutex } = await world.one('a')
    const failing = mutex.using(() => {
      throw new RangeError('mine')
    })
    expect(await world.failure(failing)).toBeInstanceOf(RangeError)
    expect(await world.keys()).toEqual([])
  })

  test('takes work that released the lock itself', async () => {
    const { mutex } = await world.one('a')
    const done = mutex.using(async (lock) => {
      await lock.release()
      return 'done'
    })
    expect(await world.settle(done)).toBe('done')
  })

  test('fails when the lock was lost, however the work ended', async () => {
    const { mutex, worker, session } = await world.one('a')
    const loses = () =>
      mutex.using(async () => {
        world.cut(worker)
        await new Promise((resolve) => session.signal.addEventListener('abort', resolve))
        return 'done'
      })
    expect(await world.failure(loses())).toBeInstanceOf(LostError)
  })

  test('waits for work that ignores its signal, and tells the loss then', async () => {
    const [a, b] = await world.several(2)
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const ignoring = a!.mutex.using(() => ended)
    await world.queued(b!.mutex, 1)
    world.cut(a!.worker)
    // The lock goes on without that work, which can hurt nothing that looks at tokens.
    const next = await world.acquire(b!.mutex)
    expect(next.held).toBe(true)
    expect(await world.waits(ignoring)).toBe(true)
    end()
    expect(await world.failure(ignoring)).toBeInstanceOf(LostError)
  })

  test('holds as long as work does not return, until the session ends', async () => {
    const [a, b] = await world.several(2)
    let signal: AbortSignal | undefined
    const endless = a!.mutex.using((lock) => {
      signal = lock.signal
      return new Promise<never>(() => {})
    })
    await world.queued(b!.mutex, 1)
    const next = b!.mutex.acquire()
    expect(await world.waits(next, 60_000)).toBe(true)
    await world.settle(a!.session.close())
    expect(signal!.reason).toMatchObject({ reason: 'closed' })
    expect((await world.settle(next)).held).toBe(true)
    expect(await world.waits(endless)).toBe(true)
  })

  test('is not harmed by one who released before, and guards nothing any more', async () => {
    const [a, b] = await world.several(2)
    const lock = await world.acquire(a!.mutex)
    await world.release(lock)
    const next = await world.acquire(b!.mutex)
    expect(await world.failure(lock.release())).toBeInstanceOf(NotHeldError)
    expect(next.held).toBe(true)
    const guarded = a!.worker.client.txn().if(...lock.guard())
    expect((await world.settle(guarded.commit())).succeeded).toBe(false)
  })
})

/** Mutexes: order, tokens, loss, waits that end, and requests that meet a bad fate. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { type Lock, LostError, Mutex, NotHeldError, Session } from './index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

/** A process with a session, and a mutex on it. */
const one = async (owner: string, name = 'm', options = {}) => {
  const worker = world.worker(owner)
  const session = await world.settle(Session.create(worker.client, { owner }))
  return { worker, session, mutex: new Mutex(session, name, options) }
}
const several = async (count: number) => {
  const all = []
  for (let i = 0; i < count; i++) all.push(await one(`w${i}`))
  return all
}
const acquire = (mutex: Mutex, options = {}) => world.settle(mutex.acquire(options))
const release = (lock: Lock) => world.settle(lock.release())
/** Waits until so many stand in the queue on the server. */
const queued = async (mutex: Mutex, count: number) => {
  for (let i = 0; i < 1_000; i++) {
    if ((await world.settle(mutex.participants())).length === count) return
    await world.run(10)
  }
  throw new Error(`never ${count} in the queue`)
}
const calls = (worker: Worker) => [...worker.calls.values()].reduce((sum, n) => sum + n, 0)

describe('a mutex', () => {
  test('is granted in the order in which they came, with growing tokens', async () => {
    const all = await several(4)
    const first = await acquire(all[0]!.mutex)
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
      await queued(mutex, waits.length + 1)
    }
    const all4 = await world.settle(all[0]!.mutex.participants())
    expect(all4.map(({ owner, state }) => [owner, state])).toEqual([
      ['w0', 'holding'],
      ['w1', 'waiting'],
      ['w2', 'waiting'],
      ['w3', 'waiting'],
    ])
    await release(first)
    for (const waiting of waits) await release(await world.settle(waiting))
    expect(granted).toEqual(['w1', 'w2', 'w3'])
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b))
    expect(new Set(tokens).size).toBe(4)
    expect(await world.keys()).toEqual([])
  })

  test('uses the keys of etcd: the name and the lease in hex', async () => {
    const { mutex, session } = await one('a')
    const lock = await acquire(mutex)
    expect(lock.key).toBe(`m/${session.id.toString(16)}`)
    expect(await world.keys()).toEqual([lock.key])
  })

  test('costs one round trip to get and one to give back', async () => {
    const { mutex, worker } = await one('a')
    const before = calls(worker)
    const lock = await acquire(mutex)
    expect(calls(worker) - before).toBe(1)
    await release(lock)
    expect(calls(worker) - before).toBe(2)
  })

  test('wakes one waiter for each hand-over, not all', async () => {
    const all = await several(5)
    const first = await acquire(all[0]!.mutex)
    const waits: Promise<Lock>[] = []
    for (const { mutex } of all.slice(1)) {
      waits.push(mutex.acquire())
      await queued(mutex, waits.length + 1)
    }
    await world.run(500)
    const events = () => all.slice(1).map(({ worker }) => worker.events.count)
    const asked = () => all.slice(1).map(({ worker }) => worker.calls.get('Txn'))
    expect(events()).toEqual([0, 0, 0, 0])
    await release(first)
    const second = await world.settle(waits[0]!)
    expect(events()).toEqual([1, 0, 0, 0])
    expect(asked()).toEqual([2, 1, 1, 1])
    await release(second)
    const third = await world.settle(waits[1]!)
    expect(events()).toEqual([1, 1, 0, 0])
    await release(third)
    await release(await world.settle(waits[2]!))
    await release(await world.settle(waits[3]!))
    expect(events()).toEqual([1, 1, 1, 1])
  })

  test('goes on to the next before it when a waiter in the middle gives up', async () => {
    const [a, b, c] = await several(3)
    const first = await acquire(a!.mutex)
    const giveUp = new AbortController()
    const second = b!.mutex.acquire({ signal: giveUp.signal })
    await queued(a!.mutex, 2)
    const third = c!.mutex.acquire()
    await queued(a!.mutex, 3)
    giveUp.abort()
    expect((await world.failure(second)).code).toBe('cancelled')
    await queued(a!.mutex, 2)
    await world.run(1_000)
    await release(first)
    expect((await world.settle(third)).held).toBe(true)
  })

  test('tried while held says no in one round trip and leaves no key', async () => {
    const [a, b] = await several(2)
    const lock = await acquire(a!.mutex)
    const before = calls(b!.worker)
    expect(await world.settle(b!.mutex.tryAcquire())).toBeUndefined()
    expect(calls(b!.worker) - before).toBe(1)
    expect(await world.keys()).toEqual([lock.key])
    await release(lock)
    const tried = await world.settle(b!.mutex.tryAcquire())
    expect(tried!.fencingToken).toBeGreaterThan(lock.fencingToken)
  })

  test.each(['', '/', 'a/'])("refuses the name '%s'", async (name) => {
    const { session } = await one('a')
    expect(() => new Mutex(session, name)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

describe('two handles of one session', () => {
  test('exclude each other, in the order in which they came', async () => {
    const { session, mutex } = await one('a')
    const first = await acquire(mutex)
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
    await release(first)
    const token = (await world.settle(second)).fencingToken
    expect(token).toBeGreaterThan(first.fencingToken)
    expect(order).toEqual(['second'])
    await release(await second)
    await world.settle(third)
    expect(order).toEqual(['second', 'third'])
  })

  test('give up their turn when they do not want to wait any more', async () => {
    const { mutex } = await one('a')
    const first = await acquire(mutex)
    const impatient = mutex.acquire({ timeoutMs: 300 })
    const patient = mutex.acquire()
    expect((await world.failure(impatient)).code).toBe('deadline-exceeded')
    await release(first)
    expect((await world.settle(patient)).held).toBe(true)
  })

  test('share it when they are reentrant and have one owner', async () => {
    const { session } = await one('a')
    const reentrant = () => new Mutex(session, 'm', { reentrant: true })
    const [outer, beside] = await world.settle(
      Promise.all([reentrant().acquire(), reentrant().acquire()]),
    )
    const inner = await acquire(reentrant())
    const stranger = new Mutex(session, 'm', { reentrant: true, owner: 'another' })
    expect(await world.settle(stranger.tryAcquire())).toBeUndefined()
    expect(new Set([outer, beside, inner].map((lock) => lock!.fencingToken)).size).toBe(1)
    await release(outer!)
    expect(await world.failure(outer!.release())).toBeInstanceOf(NotHeldError)
    await release(beside!)
    expect(inner.held).toBe(true)
    expect(await world.keys()).toHaveLength(1)
    await release(inner)
    expect(await world.keys()).toEqual([])
    expect(await world.failure(inner.release())).toBeInstanceOf(NotHeldError)
  })
})

describe('a wait', () => {
  test('that takes too long ends, and leaves no key behind', async () => {
    const [a, b] = await several(2)
    const lock = await acquire(a!.mutex)
    const beganAtMs = world.now
    const error = await world.failure(b!.mutex.acquire({ timeoutMs: 3_000 }))
    expect(error.code).toBe('deadline-exceeded')
    expect(world.now - beganAtMs).toBeLessThan(3_100)
    expect(await world.keys()).toEqual([lock.key])
  })

  test('that is aborted ends with the reason, and leaves no key behind', async () => {
    const [a, b] = await several(2)
    const lock = await acquire(a!.mutex)
    const controller = new AbortController()
    const waiting = b!.mutex.acquire({ signal: controller.signal })
    await queued(a!.mutex, 2)
    controller.abort('no more')
    const error = await world.failure(waiting)
    expect(error).toMatchObject({ code: 'cancelled', cause: 'no more' })
    expect(await world.keys()).toEqual([lock.key])
    const aborted = b!.mutex.acquire({ signal: controller.signal })
    expect((await world.failure(aborted)).code).toBe('cancelled')
    expect(await world.keys()).toEqual([lock.key])
  })

  test('that is aborted while its join is on its way leaves no key behind either', async () => {
    const { mutex, worker } = await one('a')
    const sent = worker.doom('Txn', 'held')
    const controller = new AbortController()
    const waiting = mutex.acquire({ signal: controller.signal })
    const letGo = await world.settle(sent)
    controller.abort()
    expect((await world.failure(waiting)).code).toBe('cancelled')
    await letGo()
    await world.run(100)
    expect(await world.keys()).toEqual([])
    expect((await acquire(mutex)).held).toBe(true)
  })

  test('ends with the loss when the session is lost', async () => {
    const [a, b] = await several(2)
    await acquire(a!.mutex)
    const waiting = b!.mutex.acquire()
    await queued(a!.mutex, 2)
    world.cut(b!.worker)
    const error = await world.failure(waiting)
    expect(error).toBeInstanceOf(LostError)
    expect(error.reason).toBe('expired')
  })

  test('whose key was deleted does not end in a lock (etcd #11456)', async () => {
    const [a, b] = await several(2)
    const first = await acquire(a!.mutex)
    const waiting = b!.mutex.acquire()
    await queued(a!.mutex, 2)
    const keys = await world.settle(b!.mutex.participants())
    await world.settle(a!.worker.client.kv.delete(keys[1]!.key))
    await release(first)
    const error = await world.failure(waiting)
    expect(error).toMatchObject({ code: 'lost', reason: 'deleted' })
  })

  test('goes on over a compaction of what it waits for', async () => {
    const [a, b] = await several(2)
    const first = await acquire(a!.mutex)
    const waiting = b!.mutex.acquire()
    await queued(a!.mutex, 2)
    await world.run(100)
    world.cut(b!.worker)
    await release(first)
    const { revision } = await world.settle(a!.worker.client.kv.put('other', '1'))
    await world.settle(a!.worker.client.kv.compact(revision))
    world.heal()
    expect((await world.settle(waiting)).held).toBe(true)
  })
})

describe('a lock', () => {
  test('is told its loss before another is granted it', async () => {
    const [a, b] = await several(2)
    const lock = await acquire(a!.mutex)
    const waiting = b!.mutex.acquire()
    await queued(b!.mutex, 2)
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
    const [a, b] = await several(2)
    const lock = await acquire(a!.mutex)
    const guarded = () =>
      a!.worker.client
        .txn()
        .if(...lock.guard())
        .commit()
    expect((await world.settle(guarded())).succeeded).toBe(true)
    a!.worker.clock.pause()
    const next = await acquire(b!.mutex)
    // Not told yet: none of its timers ran. What it does now is fenced.
    expect(lock.signal.aborted).toBe(false)
    expect((await world.settle(guarded())).succeeded).toBe(false)
    expect(lock.held).toBe(false)
    expect(lock.signal.aborted).toBe(true)
    expect(next.held).toBe(true)
  })

  test('that an operator deletes is told so, without a renewal in between', async () => {
    const [a, b] = await several(2)
    const lock = await acquire(a!.mutex)
    await world.run(1_500)
    await world.settle(b!.worker.client.kv.delete(lock.key))
    await world.until('the loss', () => lock.signal.aborted, 100)
    expect(lock.signal.reason).toMatchObject({ code: 'lost', reason: 'deleted' })
    expect(a!.session.alive).toBe(true)
    expect((await acquire(a!.mutex)).held).toBe(true)
  })

  test('that an operator deleted at once is found out when it is released', async () => {
    const [a, b] = await several(2)
    const lock = await acquire(a!.mutex)
    await world.settle(b!.worker.client.kv.delete(lock.key))
    const error = await world.failure(lock.release())
    expect(error).toMatchObject({ code: 'lost', reason: 'deleted' })
    const next = await acquire(b!.mutex)
    expect(await world.keys()).toEqual([next.key])
  })

  test('is released once', async () => {
    const { mutex } = await one('a')
    const lock = await acquire(mutex)
    await release(lock)
    const error = await world.failure(lock.release())
    expect(error).toBeInstanceOf(NotHeldError)
    const next = await acquire(mutex)
    await world.settle(lock[Symbol.asyncDispose]())
    expect(next.held).toBe(true)
    expect(await world.keys()).toEqual([next.key])
    expect(lock.signal.aborted).toBe(false)
  })

  test('is freed a TTL after its holder crashed, not later than it should be', async () => {
    const [a, b] = await several(2)
    await acquire(a!.mutex)
    world.kill(a!.worker)
    const beganAtMs = world.now
    await acquire(b!.mutex)
    expect(world.now - beganAtMs).toBeLessThan(12_000)
  })

  test('goes on in another process that resumes its session', async () => {
    const { session, mutex } = await one('a')
    const lock = await acquire(mutex)
    session.orphan()
    const next = world.worker('next')
    const resumed = await world.settle(Session.resume(next.client, session.id))
    const again = await world.settle(new Mutex(resumed, 'm').resume())
    expect(again!.fencingToken).toBe(lock.fencingToken)
    expect(again!.held).toBe(true)
    await release(again!)
    expect(await world.keys()).toEqual([])
    expect(await world.settle(new Mutex(resumed, 'm').resume())).toBeUndefined()
  })

  test('that is acquired over one of an earlier life has a token of its own', async () => {
    const { session, mutex } = await one('a')
    const lock = await acquire(mutex)
    session.orphan()
    const next = world.worker('next')
    const resumed = await world.settle(Session.resume(next.client, session.id))
    const anew = await acquire(new Mutex(resumed, 'm'))
    expect(anew.fencingToken).toBeGreaterThan(lock.fencingToken)
  })
})

describe('using', () => {
  test('gives the result and the lock back', async () => {
    const { mutex } = await one('a')
    const result = await world.settle(mutex.using((lock) => lock.fencingToken))
    expect(result).toBeGreaterThan(0)
    expect(await world.keys()).toEqual([])
  })

  test('gives the lock back when the work fails, and tells that failure', async () => {
    const { mutex } = await one('a')
    const failing = mutex.using(() => {
      throw new RangeError('mine')
    })
    expect(await world.failure(failing)).toBeInstanceOf(RangeError)
    expect(await world.keys()).toEqual([])
  })

  test('takes work that released the lock itself', async () => {
    const { mutex } = await one('a')
    const done = mutex.using(async (lock) => {
      await lock.release()
      return 'done'
    })
    expect(await world.settle(done)).toBe('done')
  })

  test('fails when the lock was lost, however the work ended', async () => {
    const { mutex, worker, session } = await one('a')
    const loses = () =>
      mutex.using(async () => {
        world.cut(worker)
        await new Promise((resolve) => session.signal.addEventListener('abort', resolve))
        return 'done'
      })
    expect(await world.failure(loses())).toBeInstanceOf(LostError)
  })
})

describe('a request that meets a bad fate', () => {
  test('join, done but not answered: holds, once', async () => {
    const { mutex, worker } = await one('a')
    void worker.doom('Txn', 'answerLost')
    const lock = await acquire(mutex)
    expect(await world.keys()).toEqual([lock.key])
    const found = await world.settle(worker.client.kv.get(lock.key))
    expect(found!.createRevision).toBe(lock.fencingToken)
    await release(lock)
    expect(await world.keys()).toEqual([])
  })

  test('join, done but not answered, behind a holder: waits in its place', async () => {
    const [a, b] = await several(2)
    const first = await acquire(a!.mutex)
    void b!.worker.doom('Txn', 'answerLost')
    const waiting = b!.mutex.acquire()
    await queued(a!.mutex, 2)
    await world.run(1_000)
    expect(b!.worker.calls.get('Txn')).toBe(2)
    await release(first)
    expect((await world.settle(waiting)).held).toBe(true)
  })

  test('join, arriving while another attempt holds: does nothing', async () => {
    const { mutex, worker } = await one('a')
    const sent = worker.doom('Txn', 'arrivesLate')
    const lock = await acquire(mutex)
    const arrive = await sent
    await world.settle(arrive())
    const found = await world.settle(worker.client.kv.get(lock.key))
    expect(found!.createRevision).toBe(lock.fencingToken)
    await release(lock)
    expect(await world.keys()).toEqual([])
  })

  test('join, arriving when all is over: is cleared away', async () => {
    const [a, b] = await several(2)
    const sent = a!.worker.doom('Txn', 'arrivesLate')
    await release(await acquire(a!.mutex))
    const arrive = await sent
    await world.settle(arrive())
    await world.run(100)
    expect(await world.keys()).toEqual([])
    expect((await acquire(b!.mutex, { timeoutMs: 1_000 })).held).toBe(true)
  })

  test('join, aborted, arriving later: is cleared away', async () => {
    const { mutex, worker } = await one('a')
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
    const { mutex, worker } = await one('a')
    const lock = await acquire(mutex)
    void worker.doom('Txn', 'answerLost')
    await release(lock)
    expect(await world.keys()).toEqual([])
  })

  test('release, while the link is cut: is done when it is whole again', async () => {
    const [a, b] = await several(2)
    const lock = await acquire(a!.mutex)
    world.cut(a!.worker)
    const releasing = lock.release()
    await world.run(2_000)
    expect(await world.keys()).toEqual([lock.key])
    world.heal()
    await world.settle(releasing)
    expect((await acquire(b!.mutex, { timeoutMs: 1_000 })).held).toBe(true)
  })

  test('the leader dies while many come and go: one holds at a time, tokens grow', async () => {
    const three = await RecipeWorld.start(3)
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

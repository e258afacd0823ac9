/** Worker ids: unique among the living, given back, lost, kept in quarantine. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { op } from '../client/index.js'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { LostError, NotHeldError, Session, type WorkerIdOptions, WorkerIds } from './index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

interface One {
  readonly worker: Worker
  readonly session: Session
  readonly ids: WorkerIds
}
const one = async (name: string, options: WorkerIdOptions = { max: 2 }): Promise<One> => {
  const worker = world.worker(name)
  const session = await world.settle(Session.create(worker.client, { ttlSeconds: 4, owner: name }))
  return { worker, session, ids: new WorkerIds(session, 'ids', options) }
}
const calls = ({ calls: all }: Worker) => [...all.values()].reduce((sum, n) => sum + n, 0)

describe('an id', () => {
  test('is the smallest that is free, and free again when it is given back', async () => {
    const { ids, worker } = await one('a')
    const first = await world.settle(ids.acquire())
    const second = await world.settle(ids.acquire())
    expect([first.id, second.id]).toEqual([0, 1])
    await world.settle(first.release())
    const before = calls(worker)
    const third = await world.settle(ids.acquire())
    expect(calls(worker) - before).toBe(4)
    expect(third.id).toBe(0)
    expect(third.fencingToken).toBeGreaterThan(first.fencingToken)
    expect(await world.settle(ids.participants())).toMatchObject([
      { id: 0, owner: 'a', fencingToken: third.fencingToken },
      { id: 1, owner: 'a' },
    ])
  })

  test('is unique among many who want one at the same time', async () => {
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => one(name, { bits: 3 })))
    const held = await world.settle(Promise.all(all.map(({ ids }) => ids.acquire())))
    expect(held.map(({ id }) => id).sort()).toEqual([0, 1, 2, 3, 4])
  })

  test('is waited for, in order, when none is free', async () => {
    const [a, b, c] = [
      await one('a', { max: 0 }),
      await one('b', { max: 0 }),
      await one('c', { max: 0 }),
    ]
    const first = await world.settle(a.ids.acquire())
    expect(await world.settle(b.ids.tryAcquire())).toBeUndefined()
    const order: string[] = []
    const waiting = [b, c].map(async ({ ids, session }) => {
      const id = await ids.acquire()
      order.push(session.owner)
      await id.release()
    })
    await world.run(500)
    await world.settle(first.release())
    await world.settle(Promise.all(waiting))
    expect(order).toEqual(['b', 'c'])
  })

  test('guards transactions until it is lost', async () => {
    const { ids, worker, session } = await one('a')
    const other = world.worker('b').client
    const id = await world.settle(ids.acquire())
    const write = () =>
      world.settle(
        other
          .txn()
          .if(...id.guard())
          .then(op.put('x', '1'))
          .commit(),
      )
    expect((await write()).succeeded).toBe(true)
    world.kill(worker)
    void session
    await world.run(10_000)
    expect((await write()).succeeded).toBe(false)
  })
})

describe('loss', () => {
  test('of the session: its signal fires, and another gets the id', async () => {
    const [a, b] = [await one('a', { max: 0 }), await one('b', { max: 0 })]
    const id = await world.settle(a.ids.acquire())
    const waiting = b.ids.acquire()
    let heldWhenGranted: boolean | undefined
    void waiting.then(() => {
      heldWhenGranted = id.held
    })
    world.cut(a.worker)
    const next = await world.settle(waiting)
    expect([next.id, heldWhenGranted]).toEqual([0, false])
    expect(id.signal.reason).toBeInstanceOf(LostError)
    expect(await world.failure(id.release())).toBeInstanceOf(LostError)
    await world.settle(id[Symbol.asyncDispose]())
  })

  test('by an operator who deletes the key: its signal fires', async () => {
    const { ids, worker } = await one('a')
    const id = await world.settle(ids.acquire())
    await world.run(2_000)
    await world.settle(worker.client.kv.delete(id.key))
    await world.run(100)
    expect(id.signal.reason).toMatchObject({ reason: 'deleted' })
    expect(id.held).toBe(false)
  })
})

describe('quarantine', () => {
  const options = { max: 0, quarantineMs: 20_000 }
  /** How long it takes until somebody else has the id, after `end`. */
  const delay = async (end: (a: One, release: () => Promise<void>) => Promise<void>) => {
    const [a, b] = [await one('a', options), await one('b', options)]
    const id = await world.settle(a.ids.acquire())
    await world.run(30_000)
    expect(id.held).toBe(true)
    await end(a, () => id.release())
    const endedAtMs = world.now
    const next = await world.settle(b.ids.acquire())
    expect(next.id).toBe(0)
    return { ms: world.now - endedAtMs, id }
  }

  test('after a release: the id is free only after it', async () => {
    const { ms, id } = await delay((_a, release) => world.settle(release()))
    expect(ms).toBeGreaterThan(20_000)
    expect(ms).toBeLessThan(40_000)
    expect(id.signal.aborted).toBe(false)
    expect(await world.failure(id.release())).toBeInstanceOf(NotHeldError)
  })

  test('after a crash: the id is free only after its session would have ended, and then that time', async () => {
    const { ms } = await delay(async (a) => world.kill(a.worker))
    expect(ms).toBeGreaterThan(24_000)
    expect(ms).toBeLessThan(45_000)
  })

  test('after the session was closed: the same', async () => {
    const { ms, id } = await delay((a) => world.settle(a.session.close()))
    expect(ms).toBeGreaterThan(20_000)
    expect(id.signal.aborted).toBe(true)
  })
})

describe('misuse and trouble', () => {
  test('what makes no ids is refused', async () => {
    const { session } = await one('a')
    expect(() => new WorkerIds(session, '')).toThrow(/empty/)
    for (const options of [
      { bits: 0 },
      { bits: 21 },
      { max: -1 },
      { max: 1.5 },
      { quarantineMs: -1 },
    ])
      expect(() => new WorkerIds(session, 'ids', options)).toThrow(/is a .*number/)
  })

  test('released twice: told, and nobody is harmed', async () => {
    const { ids } = await one('a')
    const id = await world.settle(ids.acquire())
    await world.settle(id.release())
    const next = await world.settle(ids.acquire())
    expect(await world.failure(id.release())).toBeInstanceOf(NotHeldError)
    expect(next.held).toBe(true)
  })

  test('a wait that is over leaves nothing behind', async () => {
    const [a, b] = [await one('a', { max: 0 }), await one('b', { max: 0 })]
    const id = await world.settle(a.ids.acquire())
    expect((await world.failure(b.ids.acquire({ timeoutMs: 1_000 }))).code).toBe(
      'deadline-exceeded',
    )
    const controller = new AbortController()
    const waiting = b.ids.acquire({ signal: controller.signal })
    await world.run(200)
    controller.abort('enough')
    expect(await world.failure(waiting)).toMatchObject({ code: 'cancelled', cause: 'enough' })
    await world.run(1_500)
    expect(await world.keys()).toEqual([id.key])
  })

  test('a claim whose answer is lost, or that arrives late, takes one id', async () => {
    const { ids, worker, session } = await one('a')
    for (const fate of ['answerLost', 'arrivesLate'] as const) {
      // The first request joins the mutex, the second claims.
      const skip = worker.doom('Txn', 'held')
      const acquiring = ids.acquire()
      const go = await skip
      const sent = worker.doom('Txn', fate)
      await go()
      const id = await world.settle(acquiring)
      expect(id.id).toBe(0)
      await world.settle(id.release())
      await world.settle((await sent)())
      await world.run(100)
      expect(await world.settle(ids.participants())).toEqual([])
    }
    await world.settle(session.close())
    expect(await world.keys()).toEqual([])
  })
})

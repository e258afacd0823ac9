/** Barriers: who waits, who goes on, and what lost answers and dead holders leave behind. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld } from '../test/sim/recipe-world.js'
import { Barrier, LostError, Session } from './index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

const one = (name: string) => {
  const worker = world.worker(name)
  return { worker, barrier: new Barrier(worker.client, 'b') }
}
/** Its wait, and whether it is over. */
const waiting = (barrier: Barrier) => {
  const passed = { is: false, done: barrier.wait() }
  void passed.done.then(() => {
    passed.is = true
  })
  return passed
}
const barrierKeys = async () => (await world.keys()).filter((key) => key === 'b')

describe('a barrier', () => {
  test('that nobody holds lets through, with one request', async () => {
    const { worker, barrier } = one('a')
    await world.settle(barrier.wait())
    expect(worker.calls.get('Range')).toBe(1)
    expect(await world.settle(barrier.isHeld())).toBe(false)
    expect(await world.settle(barrier.release())).toBe(false)
  })

  test('keeps all waiting until it is released, by anybody', async () => {
    const [a, b, c] = [one('a'), one('b'), one('c')]
    expect(await world.settle(a.barrier.hold())).toBe(true)
    expect(await world.settle(b.barrier.hold())).toBe(false)
    expect(await world.settle(b.barrier.isHeld())).toBe(true)
    const waits = [waiting(b.barrier), waiting(c.barrier)]
    await world.run(5_000)
    expect(waits.some(({ is }) => is)).toBe(false)
    expect(await world.settle(c.barrier.release())).toBe(true)
    await world.settle(Promise.all(waits.map(({ done }) => done)))
    expect(await barrierKeys()).toEqual([])
  })

  test('lets those through who waited when it was open, though it is held again', async () => {
    const [a, b] = [one('a'), one('b')]
    await world.settle(a.barrier.hold())
    const wait = waiting(b.barrier)
    await world.run(500)
    world.cut(b.worker)
    await world.settle(a.barrier.release())
    await world.settle(a.barrier.hold())
    await world.run(1_000)
    expect(wait.is).toBe(false)
    world.heal()
    await world.settle(wait.done)
    expect(await world.settle(a.barrier.isHeld())).toBe(true)
  })

  test('lets nobody through for a lost connection, a put or a compaction', async () => {
    const [a, b] = [one('a'), one('b')]
    await world.settle(a.barrier.hold())
    const wait = waiting(b.barrier)
    await world.run(500)
    world.cut(b.worker)
    const { revision } = await world.settle(a.worker.client.kv.put('b', 'by hand'))
    await world.settle(a.worker.client.kv.compact(revision))
    await world.run(2_000)
    world.heal()
    await world.run(5_000)
    expect(wait.is).toBe(false)
    await world.settle(a.barrier.release())
    await world.settle(wait.done)
  })

  test('ends a wait by time and by signal', async () => {
    const { barrier } = one('a')
    await world.settle(barrier.hold())
    expect(await world.failure(barrier.wait({ timeoutMs: 300 }))).toMatchObject({
      code: 'deadline-exceeded',
    })
    const controller = new AbortController()
    const wait = barrier.wait({ signal: controller.signal })
    controller.abort()
    expect(await world.failure(wait)).toMatchObject({ code: 'cancelled' })
    expect(await world.failure(barrier.wait({ timeoutMs: 0 }))).toMatchObject({
      code: 'invalid-argument',
    })
  })

  test.each(['', 'a/'])('refuses the name %j', (name) => {
    const { client } = world.worker('a')
    expect(() => new Barrier(client, name)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

describe('a barrier on a session', () => {
  test('opens when the session ends', async () => {
    const [a, b] = [world.worker('a'), one('b')]
    const session = await world.settle(Session.create(a.client, { ttlSeconds: 5 }))
    await world.settle(new Barrier(session, 'b').hold())
    const wait = waiting(b.barrier)
    await world.run(10_000)
    expect(wait.is).toBe(false)
    world.kill(a)
    await world.settle(wait.done)
  })

  test('cannot be used when the session is lost', async () => {
    const a = world.worker('a')
    const session = await world.settle(Session.create(a.client))
    const barrier = new Barrier(session, 'b')
    await world.settle(session.close())
    for (const call of [barrier.hold(), barrier.wait(), barrier.release()])
      expect(await world.failure(call)).toBeInstanceOf(LostError)
  })
})

describe('a request that meets a bad fate', () => {
  test('hold, done but not answered: holds, and says so', async () => {
    const { worker, barrier } = one('a')
    void worker.doom('Txn', 'answerLost')
    expect(await world.settle(barrier.hold())).toBe(true)
    expect(await barrierKeys()).toEqual(['b'])
  })

  test('hold, arriving after the release: closes nothing', async () => {
    const [a, b] = [one('a'), one('b')]
    const sent = a.worker.doom('Txn', 'arrivesLate')
    expect(await world.settle(a.barrier.hold())).toBe(true)
    await world.settle(b.barrier.release())
    const arrive = await sent
    await world.settle(arrive())
    await world.run(100)
    expect(await barrierKeys()).toEqual([])
  })

  test('release, arriving after the next hold: opens nothing', async () => {
    const [a, b] = [one('a'), one('b')]
    await world.settle(a.barrier.hold())
    const sent = a.worker.doom('Txn', 'arrivesLate')
    expect(await world.settle(a.barrier.release())).toBe(true)
    await world.settle(b.barrier.hold())
    const arrive = await sent
    await world.settle(arrive())
    expect(await barrierKeys()).toEqual(['b'])
  })
})

/** Double barriers: who is let in with whom, who leaves with whom, and what failures change. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { BarrierFullError, DoubleBarrier, LostError, NotHeldError, Session } from './index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

interface Guest {
  readonly worker: Worker
  readonly session: Session
  readonly barrier: DoubleBarrier
}
const one = async (owner: string, count = 2): Promise<Guest> => {
  const worker = world.worker(owner)
  const session = await world.settle(Session.create(worker.client, { owner, ttlSeconds: 5 }))
  return { worker, session, barrier: new DoubleBarrier(session, 'd', count) }
}
const several = async (number: number, count = number) => {
  const guests = []
  for (let i = 0; i < number; i++) guests.push(await one(`w${i}`, count))
  return guests
}
/** A promise, and whether it has settled. */
const seen = <T>(done: Promise<T>) => {
  const state = { over: false, done }
  const over = () => {
    state.over = true
  }
  done.then(over, over)
  return state
}
const enterAll = (guests: readonly Guest[]) =>
  world.settle(Promise.all(guests.map(({ barrier }) => barrier.enter())))
/** Enters, and waits until it stands in line. */
const coming = async (guest: Guest, options = {}) => {
  const entering = seen(guest.barrier.enter(options))
  for (let i = 0; i < 100; i++) {
    const all = await world.settle(guest.barrier.participants())
    if (all.some(({ leaseId }) => leaseId === guest.session.id)) return entering
    await world.run(10)
  }
  throw new Error('never in line')
}

describe('entering', () => {
  test('waits for the last one, and all are in the same round', async () => {
    const [a, b, c] = await several(3)
    const first = await coming(a!)
    const second = await coming(b!)
    await world.run(20_000)
    expect(first.over || second.over).toBe(false)
    expect(a!.barrier.round).toBeUndefined()
    const third = c!.barrier.enter()
    const rounds = await world.settle(Promise.all([first.done, second.done, third]))
    expect(new Set(rounds).size).toBe(1)
    expect(a!.barrier.round).toBe(rounds[0])
    const all = await world.settle(a!.barrier.participants())
    expect(all.map(({ state, owner }) => [state, owner])).toEqual([
      ['inside', 'w0'],
      ['inside', 'w1'],
      ['inside', 'w2'],
    ])
  })

  test('costs what it promises: one joins and is told, the last one opens', async () => {
    const [a, b] = await several(2)
    const first = a!.barrier.enter()
    await world.run(500)
    expect(a!.worker.calls.get('Txn')).toBe(1)
    await world.settle(b!.barrier.enter())
    expect(b!.worker.calls.get('Txn')).toBe(2)
    await world.settle(first)
    expect(a!.worker.calls.get('Txn')).toBe(2)
    expect(a!.worker.events.count).toBe(1)
  })

  test('is refused to one too many, who leaves no key', async () => {
    const [a, b, c] = await several(3, 2)
    await enterAll([a!, b!])
    expect(await world.failure(c!.barrier.enter())).toBeInstanceOf(BarrierFullError)
    expect(await world.settle(c!.barrier.participants())).toHaveLength(2)
    const leaving = [a!.barrier.leave(), b!.barrier.leave()]
    await world.settle(Promise.all(leaving))
    const again = await coming(c!)
    await world.settle(a!.barrier.enter())
    await world.settle(again.done)
  })

  test('of many at once lets in as many as there is room for', async () => {
    const guests = await several(6, 4)
    const results = await world.settle(
      Promise.allSettled(guests.map(({ barrier }) => barrier.enter())),
    )
    const rounds = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const errors = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(rounds).toHaveLength(4)
    expect(new Set(rounds).size).toBe(1)
    for (const error of errors) expect(error).toBeInstanceOf(BarrierFullError)
  })

  test('fails by time and by signal, and makes room', async () => {
    const [a, b, c] = await several(3, 2)
    expect(await world.failure(a!.barrier.enter({ timeoutMs: 300 }))).toMatchObject({
      code: 'deadline-exceeded',
    })
    const controller = new AbortController()
    const aborted = await coming(b!, { signal: controller.signal })
    controller.abort()
    expect(await world.failure(aborted.done)).toMatchObject({ code: 'cancelled' })
    const waiting = await coming(c!)
    await world.run(1_000)
    expect(waiting.over).toBe(false)
    await world.settle(a!.barrier.enter())
    await world.settle(waiting.done)
  })

  test('that is aborted while the last one opens: both are told the same', async () => {
    const [a, b] = await several(2)
    const controller = new AbortController()
    const first = await coming(a!, { signal: controller.signal })
    // The join of the last one is done; its opening is on its way.
    void b!.worker.doom('Txn', 'answerLost')
    const opening = b!.barrier.enter({ timeoutMs: 3_000 })
    await world.run(20)
    controller.abort()
    const [one, two] = await world.settle(Promise.allSettled([first.done, opening]))
    expect(one!.status).toBe(two!.status)
  })

  test('lets nobody in on the strength of one who backs out before the opening arrives', async () => {
    const [a, b, c] = await several(3, 2)
    const controller = new AbortController()
    const first = await coming(a!, { signal: controller.signal })
    const join = b!.worker.doom('Txn', 'held')
    const second = seen(b!.barrier.enter())
    await (await join)()
    const opening = b!.worker.doom('Txn', 'held')
    await world.run(500)
    const letOpen = await opening
    controller.abort()
    expect(await world.failure(first.done)).toMatchObject({ code: 'cancelled' })
    await letOpen()
    await world.run(2_000)
    expect(second.over).toBe(false)
    await enterAll([c!])
    await world.settle(second.done)
  })

  test('goes on without one that died before the last came', async () => {
    const [a, b, c] = await several(3, 2)
    await coming(a!)
    world.kill(a!.worker)
    await world.run(10_000)
    const second = await coming(b!)
    await world.run(1_000)
    expect(second.over).toBe(false)
    await enterAll([c!])
    await world.settle(second.done)
  })

  test('is lost with the session, and with a key that somebody deletes', async () => {
    const [a, b] = await several(2, 3)
    const first = await coming(a!)
    const second = await coming(b!)
    const [participant] = await world.settle(b!.barrier.participants())
    await world.settle(b!.worker.client.kv.delete(participant!.key))
    expect(await world.failure(first.done)).toMatchObject({ code: 'lost', reason: 'deleted' })
    await world.settle(b!.worker.client.lease.revoke(b!.session.id))
    expect(await world.failure(second.done)).toBeInstanceOf(LostError)
    expect(await world.failure(b!.barrier.enter())).toBeInstanceOf(LostError)
  })

  test('is refused to those who wait for another number, and to a session that is here', async () => {
    const [a, b] = [await one('a', 2), await one('b', 3)]
    await coming(a)
    expect(await world.failure(b.barrier.enter())).toMatchObject({ code: 'failed-precondition' })
    const again = new DoubleBarrier(a.session, 'd', 2)
    expect(await world.failure(again.enter())).toMatchObject({ code: 'failed-precondition' })
  })

  test('a round that all have died in lets nobody in (Curator #1290)', async () => {
    const [a, b, c] = await several(3, 2)
    await enterAll([a!, b!])
    for (const { worker } of [a!, b!]) world.kill(worker)
    await world.run(10_000)
    expect(await world.keys()).toEqual(['d/round'])
    const third = await coming(c!)
    await world.run(2_000)
    expect(third.over).toBe(false)
  })
})

describe('leaving', () => {
  test('waits for all, whoever goes first', async () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const guests = await several(3)
      await enterAll(guests)
      const leaving = []
      for (const i of order) {
        expect(leaving.some(({ over }) => over)).toBe(false)
        leaving.push(seen(guests[i]!.barrier.leave()))
        await world.run(500)
      }
      await world.settle(Promise.all(leaving.map(({ done }) => done)))
      expect(await world.keys()).toEqual([])
    }
  })

  test('goes round after round, with greater numbers', async () => {
    const guests = await several(3)
    const rounds: number[] = []
    for (let i = 0; i < 3; i++) {
      rounds.push((await enterAll(guests))[0]!)
      await world.settle(Promise.all(guests.map(({ barrier }) => barrier.leave())))
    }
    expect(rounds).toEqual([...new Set(rounds)].sort((x, y) => x - y))
  })

  test.each([0, 1, 2])('does not wait for number %d for ever when it dies', async (dead) => {
    const guests = await several(3)
    await enterAll(guests)
    world.kill(guests[dead]!.worker)
    const others = guests.filter((_, i) => i !== dead)
    const leaving = others.map(({ barrier }) => seen(barrier.leave()))
    await world.run(500)
    expect(leaving.some(({ over }) => over)).toBe(false)
    await world.settle(Promise.all(leaving.map(({ done }) => done)))
  })

  test.each([0, 1])('by time: number %d has left all the same', async (late) => {
    const guests = await several(2)
    await enterAll(guests)
    const failed = await world.failure(guests[late]!.barrier.leave({ timeoutMs: 300 }))
    expect(failed).toMatchObject({ code: 'deadline-exceeded' })
    expect(await world.settle(guests[late]!.barrier.participants())).toHaveLength(1)
    await world.settle(guests[1 - late]!.barrier.leave())
    await enterAll(guests)
  })

  test('twice, or without being in, is an error', async () => {
    const guests = await several(2)
    expect(await world.failure(guests[0]!.barrier.leave())).toBeInstanceOf(NotHeldError)
    await enterAll(guests)
    const leaving = Promise.all(guests.map(({ barrier }) => barrier.leave()))
    expect(await world.failure(guests[0]!.barrier.leave())).toBeInstanceOf(NotHeldError)
    await world.settle(leaving)
  })

  test('after the loss of the session tells it', async () => {
    const guests = await several(2)
    await enterAll(guests)
    await world.settle(guests[0]!.session.close())
    expect(guests[0]!.barrier.round).toBeUndefined()
    expect(await world.failure(guests[0]!.barrier.leave())).toBeInstanceOf(LostError)
    await world.settle(guests[1]!.barrier.leave())
  })
})

describe('a request that meets a bad fate', () => {
  test('join, done but not answered: is in line once', async () => {
    const [a, b] = await several(2)
    void a!.worker.doom('Txn', 'answerLost')
    const first = await coming(a!)
    expect(await world.settle(b!.barrier.participants())).toHaveLength(1)
    await world.settle(b!.barrier.enter())
    await world.settle(first.done)
  })

  test('join, arriving when its sender has given up: lets nobody in', async () => {
    const [a, b, c] = await several(3, 2)
    const sent = a!.worker.doom('Txn', 'arrivesLate')
    const failed = world.failure(a!.barrier.enter({ timeoutMs: 300 }))
    const arrive = await sent
    await failed
    await world.run(2_000)
    const second = await coming(b!)
    await world.settle(arrive())
    await world.run(2_000)
    expect(second.over).toBe(false)
    expect(await world.settle(b!.barrier.participants())).toHaveLength(1)
    await enterAll([c!])
    await world.settle(second.done)
  })

  test('everything, cut off in mid-wait: is withdrawn when the link is whole again', async () => {
    const [a, b] = await several(2)
    const first = await coming(a!, { timeoutMs: 1_000 })
    world.cut(a!.worker)
    expect(await world.failure(first.done)).toMatchObject({ code: 'deadline-exceeded' })
    world.heal()
    await world.run(2_000)
    expect(await world.settle(b!.barrier.participants())).toHaveLength(0)
  })
})

test.each([
  ['', 2],
  ['a/', 2],
  ['a', 0],
  ['a', 1.5],
  ['a', 10_001],
])('refuses the name %j with the count %d', async (name, count) => {
  const { session } = await one('a')
  expect(() => new DoubleBarrier(session, name, count)).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  )
})

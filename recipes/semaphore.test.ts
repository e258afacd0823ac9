/** Semaphores: order, weights, the limit and its changes, cost. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { calls, type Party, SessionWorld } from '../test/sim/session-world.js'
import {
  LimitError,
  LostError,
  NotHeldError,
  type Permit,
  Semaphore,
  type SemaphoreOptions,
} from './index.js'

let world: SessionWorld

beforeEach(async () => {
  world = await SessionWorld.start()
})
afterEach(() => world.stop())

type Guest = Party & { readonly semaphore: Semaphore }

/** A process with a semaphore on `s`. */
async function one(owner: string, options: SemaphoreOptions = { limit: 2 }): Promise<Guest> {
  const party = await world.party(owner)
  return { ...party, semaphore: new Semaphore(party.session, 's', options) }
}

async function several(count: number, options?: SemaphoreOptions): Promise<Guest[]> {
  const all = []
  for (let i = 0; i < count; i++) all.push(await one(`w${i}`, options))
  return all
}

/** Begins to wait for permits, and lets the claim arrive. */
async function begin({ semaphore }: Guest, queued: number, permits = 1) {
  const acquired = semaphore.acquire({ permits })
  acquired.catch(() => {})
  await world.queued(semaphore, queued)
  return { acquired }
}

/** All keys but the limit. */
const claims = async () => (await world.keys()).filter((key) => key !== 's/limit')

describe('a semaphore', () => {
  test('grants as many as its limit, then in the order of claims', async () => {
    const all = await several(5)
    const permits: Permit[] = []
    for (const { semaphore } of all.slice(0, 2))
      permits.push(await world.settle(semaphore.acquire()))
    expect(await world.settle(all[2]!.semaphore.tryAcquire())).toBeUndefined()
    const waits: Promise<Permit>[] = []
    for (const [i, guest] of all.slice(2).entries()) {
      const { acquired } = await begin(guest, i + 3)
      waits.push(acquired)
    }
    expect(await world.settle(all[0]!.semaphore.participants())).toMatchObject([
      { owner: 'w0', state: 'holding', permits: 1, fencingToken: permits[0]!.fencingToken },
      { owner: 'w1', state: 'holding' },
      { owner: 'w2', state: 'waiting' },
      { owner: 'w3', state: 'waiting' },
      { owner: 'w4', state: 'waiting' },
    ])
    await world.settle(permits[1]!.release())
    const third = await world.settle(waits[0]!)
    expect(await world.waits(waits[1]!)).toBe(true)
    await world.settle(permits[0]!.release())
    await world.settle(waits[1]!)
    expect(await world.waits(waits[2]!)).toBe(true)
    await world.settle(third.release())
    await world.settle((await world.settle(waits[2]!)).release())
    await world.settle((await waits[1]!).release())
    expect(await claims()).toEqual([])
  })

  test('lets a claim of many permits block those of few behind it', async () => {
    const all = await several(4, { limit: 4 })
    const three = await world.settle(all[0]!.semaphore.acquire({ permits: 3 }))
    const { acquired: heavy } = await begin(all[1]!, 2, 3)
    const { acquired: light } = await begin(all[2]!, 3)
    // There is room for one, but not out of turn.
    expect(await world.waits(light)).toBe(true)
    expect(await world.settle(all[3]!.semaphore.tryAcquire())).toBeUndefined()
    await world.settle(three.release())
    expect((await world.settle(heavy)).permits).toBe(3)
    expect((await world.settle(light)).permits).toBe(1)
    expect(await world.settle(all[3]!.semaphore.tryAcquire())).toBeUndefined()
  })

  test('lets those behind a claim that is given up go on', async () => {
    const all = await several(4, { limit: 4 })
    await world.settle(all[0]!.semaphore.acquire({ permits: 3 }))
    const impatient = all[1]!.semaphore.acquire({ permits: 4, timeoutMs: 2_000 })
    await world.queued(all[1]!.semaphore, 2)
    const { acquired: light } = await begin(all[2]!, 3)
    const { acquired: beside } = await begin(all[3]!, 4)
    expect((await world.failure(impatient)).code).toBe('deadline-exceeded')
    await world.settle(light)
    expect(await world.waits(beside)).toBe(true)
  })

  test('costs one round trip to get when there is room, and one to give back', async () => {
    const { semaphore, worker } = await one('a')
    await world.settle((await world.settle(semaphore.acquire())).release())
    const before = calls(worker)
    const permit = await world.settle(semaphore.acquire({ permits: 2 }))
    expect(calls(worker) - before).toBe(1)
    expect(await world.settle(semaphore.tryAcquire())).toBeUndefined()
    expect(calls(worker) - before).toBe(2)
    await world.settle(permit.release())
    expect(calls(worker) - before).toBe(3)
    await world.settle(semaphore.tryAcquire())
    expect(calls(worker) - before).toBe(5)
  })

  test('wakes the one in front for a release, and the one behind it when it is granted', async () => {
    const all = await several(6)
    const first = await world.settle(all[0]!.semaphore.acquire())
    const second = await world.settle(all[1]!.semaphore.acquire())
    const waits: Promise<Permit>[] = []
    for (const [i, guest] of all.slice(2).entries()) {
      const { acquired } = await begin(guest, i + 3)
      waits.push(acquired)
    }
    await world.run(500)
    const events = () => all.slice(2).map(({ worker }) => worker.events.count)
    await world.settle(first.release())
    const third = await world.settle(waits[0]!)
    await world.run(200)
    expect(events()).toEqual([1, 1, 0, 0])
    await world.settle(second.release())
    await world.settle(waits[1]!)
    await world.run(200)
    expect(events()).toEqual([1, 2, 1, 0])
    await world.settle(third.release())
    await world.settle(waits[2]!)
    await world.run(200)
    expect(events()).toEqual([1, 2, 2, 1])
  })

  test('gives the permits of a holder that dies to others', async () => {
    const [a, b] = [await one('a'), await one('b')]
    const permit = await world.settle(a.semaphore.acquire({ permits: 2 }))
    const { acquired: waiting } = await begin(b, 2, 2)
    world.cut(a.worker)
    await world.settle(waiting)
    expect(permit.held).toBe(false)
    expect(permit.signal.aborted).toBe(true)
    expect(await world.failure(permit.release())).toBeInstanceOf(LostError)
  })

  test('does not grant to a claim whose key is gone', async () => {
    const [a, b] = [await one('a'), await one('b')]
    const permit = await world.settle(a.semaphore.acquire({ permits: 2 }))
    const { acquired: waiting } = await begin(b, 2)
    const [, { key } = { key: '' }] = await world.settle(a.semaphore.participants())
    await world.settle(a.worker.client.kv.delete(key))
    await world.settle(permit.release())
    expect(await world.failure(waiting)).toMatchObject({ code: 'lost', reason: 'deleted' })
  })

  test('takes a claim that it cannot read for one permit', async () => {
    const { semaphore, worker, session } = await one('a')
    await world.settle(semaphore.acquire())
    await world.settle(worker.client.kv.put('s/permits/odd', '{', { lease: session.id }))
    expect(await world.settle(semaphore.tryAcquire())).toBeUndefined()
    const [, odd] = await world.settle(semaphore.participants())
    expect(odd).toMatchObject({ owner: '', permits: 1, state: 'holding' })
  })

  test('releases once', async () => {
    const { semaphore } = await one('a')
    const permit = await world.settle(semaphore.acquire())
    await world.settle(permit.release())
    expect(await world.failure(permit.release())).toBeInstanceOf(NotHeldError)
    const failing = semaphore.using(() => {
      throw new RangeError('mine')
    })
    expect(await world.failure(failing)).toBeInstanceOf(RangeError)
    expect(await claims()).toEqual([])
  })
})

describe('one session', () => {
  test('may hold several claims at the same time', async () => {
    const { semaphore, session } = await one('a', { limit: 3 })
    const other = new Semaphore(session, 's')
    const acquiring = [semaphore.acquire(), semaphore.acquire()]
    const held = await world.settle(Promise.all(acquiring))
    held.push(await world.settle(other.acquire()))
    expect(new Set(held.map(({ key }) => key)).size).toBe(3)
    const waiting = semaphore.acquire()
    expect(await world.waits(waiting)).toBe(true)
    await world.settle(held[2]!.release())
    await world.settle(waiting)
  })

  test('that is resumed takes up what it held, and leaves what it only waited for', async () => {
    const a = await one('a', { limit: 2 })
    const permit = await world.settle(a.semaphore.acquire({ permits: 2 }))
    await begin(a, 2)
    const { session } = await world.heir(a)
    const semaphore = new Semaphore(session, 's')
    const resumed = await world.settle(semaphore.resume())
    expect(resumed).toMatchObject({ permits: 2, fencingToken: permit.fencingToken, owner: 'a' })
    expect(await world.settle(semaphore.resume())).toBeUndefined()
    await world.settle(resumed!.release())
    expect(await claims()).toEqual([])
  })
})

describe('the limit', () => {
  test('is stored by the first, and an error for those who expect another', async () => {
    const [a, b] = [await one('a'), await one('b', { limit: 3 })]
    expect(await world.settle(a.semaphore.limit())).toBeUndefined()
    await world.settle(a.semaphore.acquire())
    expect(await world.settle(b.semaphore.limit())).toBe(2)
    for (const failing of [b.semaphore.acquire(), b.semaphore.tryAcquire()]) {
      const error = await world.failure(failing)
      expect(error).toBeInstanceOf(LimitError)
      expect(error).toMatchObject({ code: 'limit', stored: 2 })
    }
    expect(await claims()).toHaveLength(1)
  })

  test('is whatever is stored for those who name none', async () => {
    const [a, b] = [await one('a'), await one('b', {})]
    for (const failing of [b.semaphore.acquire(), b.semaphore.tryAcquire()])
      expect(await world.failure(failing)).toMatchObject({ code: 'limit', stored: undefined })
    await world.settle(a.semaphore.acquire())
    expect((await world.settle(b.semaphore.acquire())).held).toBe(true)
    expect(await world.settle(b.semaphore.tryAcquire())).toBeUndefined()
  })

  test('when it is raised lets waiters in, also more than were read at first', async () => {
    const all = await several(4, { limit: 1 })
    await world.settle(all[0]!.semaphore.acquire())
    const waits: Promise<Permit>[] = []
    for (const [i, guest] of all.slice(1).entries()) {
      const { acquired } = await begin(guest, i + 2)
      waits.push(acquired)
    }
    await world.settle(all[0]!.semaphore.setLimit(3))
    await world.settle(Promise.all(waits.slice(0, 2)))
    expect(await world.waits(waits[2]!)).toBe(true)
    expect((await world.failure(all[1]!.semaphore.acquire())).code).toBe('limit')
    const left = all[0]!.semaphore.acquire({ timeoutMs: 100 })
    expect((await world.failure(left)).code).toBe('deadline-exceeded')
  })

  test('when it is lowered takes nothing away, and lets in again when there is room', async () => {
    const all = await several(6, { limit: 4 })
    const held: Permit[] = []
    for (const { semaphore } of all.slice(0, 4)) held.push(await world.settle(semaphore.acquire()))
    const { acquired: early } = await begin(all[4]!, 5)
    await world.settle(all[0]!.semaphore.setLimit(2))
    const late = all[0]!.semaphore.acquire()
    await world.queued(all[0]!.semaphore, 6)
    expect(held.every((permit) => permit.held)).toBe(true)
    for (const permit of [held[3]!, held[1]!]) {
      await world.settle(permit.release())
      expect(await world.waits(early)).toBe(true)
    }
    await world.settle(held[0]!.release())
    await world.settle(early)
    expect(await world.waits(late)).toBe(true)
    await world.settle(held[2]!.release())
    await world.settle(late)
  })

  test('when it is lowered fails claims that do not fit in any more', async () => {
    const [a, b, c] = await several(3, { limit: 3 })
    const permit = await world.settle(a!.semaphore.acquire())
    const { acquired: heavy } = await begin(b!, 2, 3)
    const { acquired: light } = await begin(c!, 3)
    await world.settle(a!.semaphore.setLimit(2))
    expect(await world.failure(heavy)).toMatchObject({ code: 'limit', stored: 2 })
    expect((await world.settle(light)).held).toBe(true)
    expect(permit.held).toBe(true)
  })

  test('that is no number is told, not guessed', async () => {
    const { semaphore, worker } = await one('a', {})
    await world.settle(worker.client.kv.put('s/limit', 'many'))
    expect((await world.failure(semaphore.acquire())).code).toBe('invalid-value')
    expect(await claims()).toEqual([])
  })

  test.each([0, -1, 1.5, 10_001, Number.NaN])('is not %d', async (limit) => {
    const { session, semaphore } = await one('a')
    const refused = expect.objectContaining({ code: 'invalid-argument' })
    expect(() => new Semaphore(session, 's', { limit })).toThrow(refused)
    expect((await world.failure(semaphore.setLimit(limit))).code).toBe('invalid-argument')
    expect((await world.failure(semaphore.acquire({ permits: limit }))).code).toBe(
      'invalid-argument',
    )
  })

  test('is more than what one may ask for', async () => {
    const { semaphore, worker } = await one('a')
    const before = calls(worker)
    for (const failing of [semaphore.acquire({ permits: 3 }), semaphore.tryAcquire({ permits: 3 })])
      expect((await world.failure(failing)).code).toBe('invalid-argument')
    expect(calls(worker)).toBe(before)
  })
})

test.each(['', '/', 'a/'])("the name '%s' is refused", async (name) => {
  const { session } = await world.party('a')
  expect(() => new Semaphore(session, name)).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  )
})

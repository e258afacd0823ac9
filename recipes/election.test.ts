/** Elections: succession, proclamations, observers, and what they see of failures. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import {
  Election,
  ElectionObserver,
  type Leadership,
  LostError,
  NotHeldError,
  Session,
} from './index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

/** A process that may stand. */
const one = async (owner: string) => {
  const worker = world.worker(owner)
  const session = await world.settle(Session.create(worker.client))
  return { worker, session, election: new Election(session, 'e') }
}
const campaign = (election: Election, value: string) => world.settle(election.campaign(value))
const standing = async (election: Election, count: number) => {
  for (let i = 0; i < 1_000; i++) {
    if ((await world.settle(election.participants())).length === count) return
    await world.run(10)
  }
  throw new Error(`never ${count} candidates`)
}
/** Collects what an observer sees, as texts; `-` is nobody. */
const observing = async (worker: Worker, signal: AbortSignal) => {
  const seen: string[] = []
  const observer = new ElectionObserver(worker.client, 'e')
  const run = async () => {
    for await (const leader of observer.observe({ signal })) seen.push(leader?.text() ?? '-')
  }
  const ended = run().catch((error) => error)
  await world.until('a first sight', () => seen.length > 0)
  // The watch that follows the first sight.
  await world.run(50)
  return { seen, ended }
}

describe('an election', () => {
  test('is won at once by the first, with one request, on the key that etcd uses', async () => {
    const { worker, session, election } = await one('a')
    const leadership = await campaign(election, 'at a')
    expect(worker.calls.get('Txn')).toBe(1)
    expect(leadership.key).toBe(`e/${session.id.toString(16)}`)
    const leader = await world.settle(election.leader())
    expect(leader).toMatchObject({ leads: true, fencingToken: leadership.fencingToken })
    expect(leader!.text()).toBe('at a')
    await world.settle(leadership.resign())
    expect(await world.settle(election.leader())).toBeNull()
  })

  test('goes to the next in line when the leader resigns, with a greater token', async () => {
    const [a, b, c] = [await one('a'), await one('b'), await one('c')]
    const first = await campaign(a.election, 'a')
    const second = b.election.campaign('b')
    await standing(a.election, 2)
    const third = c.election.campaign('c')
    await standing(a.election, 3)
    const all = await world.settle(a.election.participants())
    expect(all.map((one) => [one.text(), one.leads])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
    ])
    await world.settle(first.resign())
    const next = await world.settle(second)
    expect(next.fencingToken).toBeGreaterThan(first.fencingToken)
    expect((await world.settle(a.election.leader()))!.text()).toBe('b')
    await world.settle(next.resign())
    expect((await world.settle(third)).fencingToken).toBeGreaterThan(next.fencingToken)
  })

  test('tells a cut-off leader before it goes to the next', async () => {
    const [a, b] = [await one('a'), await one('b')]
    const first = await campaign(a.election, 'a')
    const second = b.election.campaign('b')
    await standing(b.election, 2)
    let toldAtMs = Number.POSITIVE_INFINITY
    first.signal.addEventListener('abort', () => {
      toldAtMs = world.now
    })
    world.cut(a.worker)
    let wonAtMs = 0
    void second.then(() => {
      wonAtMs = world.now
    })
    await world.settle(second)
    expect(toldAtMs).toBeLessThan(wonAtMs)
    expect(first.leads).toBe(false)
    expect(await world.failure(first.proclaim('still me'))).toBeInstanceOf(LostError)
  })

  test('is not won by a candidate whose lease ended while it waited (etcd #11777)', async () => {
    const [a, b] = [await one('a'), await one('b')]
    const first = await campaign(a.election, 'a')
    const second = b.election.campaign('b')
    await standing(a.election, 2)
    // The lease is gone, and the candidate has not heard of it when its turn comes.
    await world.settle(a.worker.client.lease.revoke(b.session.id))
    await world.settle(first.resign())
    expect(await world.failure(second)).toBeInstanceOf(LostError)
    expect(await world.settle(a.election.leader())).toBeNull()
  })

  test('leaves no key of a candidate that gave up', async () => {
    const [a, b] = [await one('a'), await one('b')]
    const first = await campaign(a.election, 'a')
    const error = await world.failure(b.election.campaign('b', { timeoutMs: 500 }))
    expect(error.code).toBe('deadline-exceeded')
    expect(await world.keys()).toEqual([first.key])
  })

  test('is taken up by the process that resumes the session', async () => {
    const { session, election } = await one('a')
    const first = await campaign(election, 'a')
    await world.settle(first.proclaim('a again'))
    session.orphan()
    const next = world.worker('next')
    const resumed = await world.settle(Session.resume(next.client, session.id))
    const again = await world.settle(new Election(resumed, 'e').resume())
    expect(again!.fencingToken).toBe(first.fencingToken)
    await world.settle(again!.proclaim('back'))
    expect((await world.settle(new ElectionObserver(next.client, 'e').leader()))!.text()).toBe(
      'back',
    )
    const stranger = await one('b')
    expect(await world.settle(stranger.election.resume())).toBeUndefined()
  })

  test("refuses the names '' and 'a/'", async () => {
    const { session } = await one('a')
    for (const name of ['', 'a/'])
      expect(() => new Election(session, name)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
  })
})

describe('a leadership', () => {
  let worker: Worker
  let election: Election
  let leadership: Leadership
  beforeEach(async () => {
    const a = await one('a')
    worker = a.worker
    election = a.election
    leadership = await campaign(election, 'v0')
  })
  const value = async () => (await world.settle(election.leader()))?.text()

  test('proclaims in the order in which it was told to, and keeps its token', async () => {
    const proclaimed = Promise.all(['v1', 'v2', 'v3'].map((v) => leadership.proclaim(v)))
    await world.settle(proclaimed)
    expect(await value()).toBe('v3')
    const leader = await world.settle(election.leader())
    expect(leader!.fencingToken).toBe(leadership.fencingToken)
    expect(leader!.leaseId).toBe(election.session.id)
  })

  test('lets a proclamation that is still on its way go first', async () => {
    const sent = worker.doom('Txn', 'held')
    const first = leadership.proclaim('v1')
    const letGo = await sent
    const second = leadership.proclaim('v2')
    await world.run(500)
    await letGo()
    await world.settle(Promise.all([first, second]))
    expect(await value()).toBe('v2')
  })

  test('proclaims once, though the answer was lost', async () => {
    void worker.doom('Txn', 'answerLost')
    await world.settle(leadership.proclaim('v1'))
    const kv = await world.settle(worker.client.kv.get(leadership.key))
    expect(kv).toMatchObject({ version: 2 })
    expect(kv!.text()).toBe('v1')
  })

  test('is not set back by an old proclamation that arrives late', async () => {
    const sent = worker.doom('Txn', 'arrivesLate')
    const first = leadership.proclaim('v1')
    const arrive = await sent
    await world.settle(first)
    await world.settle(leadership.proclaim('v2'))
    await world.settle(arrive())
    expect(await value()).toBe('v2')
  })

  test('neither proclaims nor resigns once its key is gone', async () => {
    await world.settle(worker.client.kv.delete(leadership.key))
    const error = await world.failure(leadership.proclaim('v1'))
    expect(error).toMatchObject({ code: 'lost', reason: 'deleted' })
    expect(leadership.signal.aborted).toBe(true)
    expect((await world.failure(leadership.resign())).name).toBe('LostError')
    expect(await world.keys()).toEqual([])
  })

  test('does not touch the key of whoever came after it', async () => {
    await world.settle(worker.client.kv.delete(leadership.key))
    // The same lease stands again, as another client on it could.
    await world.settle(
      worker.client.kv.put(leadership.key, 'other', { lease: election.session.id }),
    )
    expect(await world.failure(leadership.resign())).toBeInstanceOf(LostError)
    expect(await value()).toBe('other')
  })

  test('guards transactions as long as it lasts', async () => {
    const guarded = () =>
      world.settle(
        worker.client
          .txn()
          .if(...leadership.guard())
          .commit(),
      )
    expect((await guarded()).succeeded).toBe(true)
    await world.settle(leadership.proclaim('v1'))
    expect((await guarded()).succeeded).toBe(true)
    await world.settle(leadership.resign())
    expect((await guarded()).succeeded).toBe(false)
    expect(await world.failure(leadership.proclaim('v2'))).toBeInstanceOf(NotHeldError)
    expect(await world.failure(leadership.resign())).toBeInstanceOf(NotHeldError)
    expect(leadership.signal.aborted).toBe(false)
  })
})

describe('an observer', () => {
  test('sees nobody, leaders, proclamations and nobody again', async () => {
    const controller = new AbortController()
    const { seen, ended } = await observing(world.worker('o'), controller.signal)
    const [a, b] = [await one('a'), await one('b')]
    const first = await campaign(a.election, 'a')
    const second = b.election.campaign('b')
    await standing(a.election, 2)
    await world.settle(first.proclaim('a2'))
    await world.settle(first.resign())
    const next = await world.settle(second)
    await world.settle(next.resign())
    await world.run(100)
    expect(seen).toEqual(['-', 'a', 'a2', 'b', '-'])
    controller.abort()
    expect(await world.settle(ended)).toMatchObject({ code: 'cancelled' })
  })

  test('names nobody who only stood', async () => {
    const [a, b] = [await one('a'), await one('b')]
    const first = await campaign(a.election, 'a')
    const controller = new AbortController()
    const { seen } = await observing(world.worker('o'), controller.signal)
    for (let i = 0; i < 3; i++)
      await world.failure(b.election.campaign('b', { timeoutMs: 100 + i }))
    await world.settle(first.resign())
    await world.run(100)
    expect(seen).toEqual(['a', '-'])
    controller.abort()
  })

  test('cut off, tells afterwards everybody who led meanwhile', async () => {
    const a = await one('a')
    const first = await campaign(a.election, 'a')
    const observer = world.worker('o')
    const controller = new AbortController()
    const { seen } = await observing(observer, controller.signal)
    world.cut(observer)
    await world.settle(first.resign())
    for (const value of ['b', 'c']) await world.settle((await campaign(a.election, value)).resign())
    await campaign(a.election, 'd')
    await world.run(3_000)
    expect(seen).toEqual(['a'])
    world.heal()
    await world.until('the present', () => seen.at(-1) === 'd', 20_000)
    expect(seen).toEqual(['a', '-', 'b', '-', 'c', '-', 'd'])
    controller.abort()
  })

  test('cut off over a compaction, goes on with the present', async () => {
    const a = await one('a')
    const first = await campaign(a.election, 'a')
    const observer = world.worker('o')
    const controller = new AbortController()
    const { seen } = await observing(observer, controller.signal)
    world.cut(observer)
    await world.settle(first.resign())
    await campaign(a.election, 'b')
    const { revision } = await world.settle(a.worker.client.kv.put('other', '1'))
    await world.settle(a.worker.client.kv.compact(revision))
    world.heal()
    await world.until('the present', () => seen.at(-1) === 'b', 20_000)
    expect(seen).toEqual(['a', 'b'])
    controller.abort()
  })

  test.each(['while somebody leads', 'while nobody leads'])('can be left %s', async (when) => {
    const a = await one('a')
    if (when === 'while somebody leads') await campaign(a.election, 'a')
    const observer = world.worker('o')
    const seen = new ElectionObserver(observer.client, 'e').observe()
    await world.settle(seen.next())
    const waiting = seen.next()
    await world.run(100)
    await seen.return()
    expect(await world.settle(waiting)).toEqual({ done: true, value: undefined })
    expect((await seen.next()).done).toBe(true)
  })

  test('hears nothing of candidates who come and go', async () => {
    const a = await one('a')
    await campaign(a.election, 'a')
    const observer = world.worker('o')
    const controller = new AbortController()
    await observing(observer, controller.signal)
    const b = await one('b')
    for (let i = 0; i < 3; i++) await world.failure(b.election.campaign('b', { timeoutMs: 100 }))
    await world.run(100)
    expect(observer.events.count).toBe(0)
    controller.abort()
  })
})

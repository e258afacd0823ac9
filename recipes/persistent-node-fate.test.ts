/** Persistent nodes whose requests meet a bad fate: answers are lost, requests arrive late. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { SeededRandom } from '../test/model/random.js'
import { type Fate, RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { PersistentNode, SessionSource } from './index.js'

let world: RecipeWorld
let worker: Worker
let sessions: SessionSource

beforeEach(async () => {
  world = await RecipeWorld.start()
  worker = world.worker('w')
  sessions = new SessionSource(worker.client)
})
afterEach(() => world.stop())

const found = () => world.settle(worker.client.kv.get('n'))
const value = async () => (await found())?.json()

/** A node on a session that lives longer than it. */
function node(mode: 'ephemeral' | 'persistent' = 'ephemeral') {
  return new PersistentNode<unknown>(worker.client, 'n', 1, { sessions, mode })
}

describe('a request that meets a bad fate', () => {
  test('the first put, done but not answered: is there, and ours', async () => {
    const n = node()
    void worker.doom('Txn', 'answerLost')
    await world.settle(n.start())
    expect((await found())!.version).toBe(1)
    expect(n.fencingToken).toBe((await found())!.createRevision)
    expect(n.fencingToken).toBeDefined()
  })

  test.each(['ephemeral', 'persistent'] as const)(
    'the first put of a node that is %s, arriving when it is closed: is cleared away',
    async (mode) => {
      const n = node(mode)
      const sent = worker.doom('Txn', 'arrivesLate')
      await world.settle(n.start())
      await world.settle(n.close())
      expect(await world.keys()).toEqual([])
      await world.settle((await sent)())
      await world.run(100)
      expect(await world.keys()).toEqual([])
      expect(sessions.current?.alive).toBe(true)
    },
  )

  test('the put back, arriving when somebody else has the key: harms nobody', async () => {
    const n = node()
    await world.settle(n.start())
    const sent = worker.doom('Txn', 'arrivesLate')
    await world.settle(worker.client.kv.delete('n'))
    const arrive = await sent
    await world.until('it is back', () => n.present)
    await world.settle(n.close())
    const other = world.worker('o')
    const theirs = new PersistentNode<unknown>(other.client, 'n', 'theirs')
    await world.settle(theirs.start())
    const token = theirs.fencingToken
    await world.settle(arrive())
    await world.run(1_000)
    expect(await value()).toBe('theirs')
    expect(theirs.fencingToken).toBe(token)
  })

  test('closed while the put is under way: the answer that comes late leaves nothing', async () => {
    const n = node()
    const sent = worker.doom('Txn', 'held')
    const starting = world.failure(n.start())
    const go = await sent
    const closing = n.close()
    expect((await starting).code).toBe('closed')
    await world.settle(go())
    await world.settle(closing)
    await world.run(1_000)
    expect(await world.keys()).toEqual([])
    expect(n.present).toBe(false)
  })

  test('an update that arrives behind a newer one changes nothing', async () => {
    const n = node()
    await world.settle(n.start())
    const sent = worker.doom('Txn', 'arrivesLate')
    const first = n.update('old')
    const arrive = await sent
    await world.settle(Promise.all([first, n.update('new')]))
    expect(await value()).toBe('new')
    await world.settle(arrive())
    await world.run(1_000)
    expect(await value()).toBe('new')
    expect((await found())!.version).toBe(2)
  })

  test('an update of a persistent one, done but not answered: is still ours', async () => {
    const n = node('persistent')
    await world.settle(n.start())
    const sent = worker.doom('Txn', 'answerLost')
    const updating = n.update(2)
    await sent
    await world.settle(Promise.all([updating, n.update(3)]))
    expect(await value()).toBe(3)
    await world.settle(n.close())
    expect(await world.keys()).toEqual([])
  })

  test('the removal, done but not answered: is removed', async () => {
    const n = node()
    await world.settle(n.start())
    void worker.doom('Txn', 'answerLost')
    await world.settle(n.close())
    expect(await world.keys()).toEqual([])
  })

  test('the removal, while the link is cut: is done when it is whole again', async () => {
    const n = node()
    await world.settle(n.start())
    world.cut(worker)
    const closing = n.close()
    await world.run(2_000)
    expect(await world.keys()).toEqual(['n'])
    world.heal()
    await world.settle(closing)
    expect(await world.keys()).toEqual([])
  })

  test('the removal, cut off for good: ends when the lease has ended without us', async () => {
    const n = node()
    await world.settle(n.start())
    world.cut(worker)
    await world.settle(n.close())
    await world.run(10_000)
    expect(await world.keys()).toEqual([])
  })

  test('the lease has ended before the put: it is put on another one', async () => {
    const n = node()
    await world.settle(sessions.get())
    const { id } = sessions.current!
    await world.settle(world.worker('o').client.lease.revoke(id))
    await world.settle(n.start())
    expect((await found())!.lease).not.toBe(id)
  })

  test('permission-denied and its like are told to who waits, and it goes on trying', async () => {
    const n = node()
    const big = 'x'.repeat(3 << 20)
    await world.settle(n.start())
    expect((await world.failure(n.update(big))).code).toBe('request-too-large')
    expect(await value()).toBe(1)
    await world.settle(n.update(2))
    expect(await value()).toBe(2)
  })
})

const FATES: readonly Fate[] = ['answerLost', 'arrivesLate', 'held']

/** What becomes of a node in a storm, and what it is to be in the end. */
async function storm(seed: number, mode: 'ephemeral' | 'persistent'): Promise<void> {
  const random = new SeededRandom(seed)
  const pick = <T>(list: readonly T[]) => list[Math.floor(random.next() * list.length)]!
  const n = node(mode)
  const operator = world.worker('operator')
  const underWay: (() => Promise<void>)[] = []
  const held: (() => Promise<void>)[] = []
  let last = 0
  const quietly = (promise: Promise<unknown>) => void promise.catch(() => {})
  quietly(n.start())
  for (let turn = 0; turn < 60; turn++) {
    const kind = random.next()
    if (kind < 0.45) {
      const fate = pick(FATES)
      void worker.doom('Txn', fate).then((go) => (fate === 'held' ? held : underWay).push(go))
    } else if (kind < 0.55) world.cut(worker)
    else if (kind < 0.7) world.heal()
    else if (kind < 0.78) quietly(operator.client.kv.delete('n'))
    else if (kind < 0.9) quietly(n.update(++last))
    else if (kind < 0.95) quietly(n.pause())
    else quietly(n.resume())
    await world.run(random.next() * 2_000)
    if (random.next() < 0.3) quietly(underWay.shift()?.() ?? Promise.resolve())
    if (random.next() < 0.5) quietly(held.shift()?.() ?? Promise.resolve())
  }
  world.heal()
  worker.pardon()
  for (const go of held) quietly(go())
  quietly(n.update('last'))
  quietly(n.resume())
  await world.run(15_000)
  await world.settle(n.ready())
  expect(await value()).toBe('last')
  expect((await found())!.lease).toBe(mode === 'persistent' ? 0n : sessions.current!.id)
  expect(n.present).toBe(true)
  await world.settle(n.close())
  for (const go of underWay) quietly(go())
  await world.run(1_000)
  expect(await world.keys()).toEqual([])
}

describe('a persistent node in a storm: there in the end, gone when closed', () => {
  test.each(Array.from({ length: 12 }, (_, i) => i + 1))('ephemeral, seed %i', async (seed) => {
    await storm(seed, 'ephemeral')
  })

  test.each(Array.from({ length: 8 }, (_, i) => i + 1))('persistent, seed %i', async (seed) => {
    await storm(seed, 'persistent')
  })
})

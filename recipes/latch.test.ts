/** Latches: each caller counts once, and those who wait go on when the last has counted down. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld } from '../test/sim/recipe-world.js'
import { Latch } from './index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

const one = (name: string, count = 2) => {
  const worker = world.worker(name)
  return { worker, latch: new Latch(worker.client, 'l', count, { id: name }) }
}
/** Its wait, and whether it is over. */
const waiting = (latch: Latch) => {
  const passed = { is: false, done: latch.wait() }
  void passed.done.then(() => {
    passed.is = true
  })
  return passed
}

describe('a latch', () => {
  test('lets all through when the last has counted down, and whoever comes later', async () => {
    const [a, b, c] = [one('a'), one('b'), one('c')]
    expect(await world.settle(c.latch.count())).toBe(2)
    const wait = waiting(c.latch)
    expect(await world.settle(a.latch.countDown())).toBe(1)
    await world.run(500)
    expect(wait.is).toBe(false)
    expect(await world.settle(b.latch.countDown())).toBe(0)
    await world.settle(wait.done)
    await world.settle(a.latch.wait())
    expect(await world.settle(c.latch.countDown())).toBe(0)
  })

  test('counts a caller once, and another id of the same process, too', async () => {
    const { worker, latch } = one('a', 3)
    for (let i = 0; i < 3; i++) expect(await world.settle(latch.countDown())).toBe(2)
    // After a restart.
    const again = new Latch(worker.client, 'l', 3, { id: 'a' })
    expect(await world.settle(again.countDown())).toBe(2)
    expect(await world.settle(again.countDown({ id: 'a2' }))).toBe(1)
  })

  test.each(['answerLost', 'arrivesLate'] as const)(
    'counts once when a request %s',
    async (fate) => {
      const { worker, latch } = one('a')
      await world.settle(latch.countDown({ id: 'first' }))
      const sent = worker.doom('Txn', fate)
      expect(await world.settle(latch.countDown())).toBe(0)
      await world.settle((await sent)())
      expect(await world.settle(latch.count())).toBe(0)
      expect((await world.keys()).filter((key) => key.startsWith('l/down/'))).toHaveLength(2)
    },
  )

  test('does not count for the next generation what arrives late', async () => {
    const [a, b] = [one('a'), one('b')]
    await world.settle(b.latch.countDown())
    const join = a.worker.doom('Txn', 'held')
    const counting = a.latch.countDown()
    await (await join)()
    const sent = a.worker.doom('Txn', 'arrivesLate')
    const arrive = await sent
    await world.settle(b.latch.reset())
    await world.settle(b.latch.countDown())
    expect(await world.failure(counting)).toMatchObject({ code: 'failed-precondition' })
    await world.settle(arrive())
    expect(await world.settle(b.latch.count())).toBe(1)
  })

  test('counts for the present generation when it was reset by another', async () => {
    const [a, b] = [one('a'), one('b')]
    await world.settle(a.latch.countDown())
    await world.settle(b.latch.reset())
    expect(await world.settle(a.latch.count())).toBe(2)
    expect(await world.settle(a.latch.countDown())).toBe(1)
    await world.settle(b.latch.reset())
    await world.settle(b.latch.reset())
    expect(await world.keys()).toEqual([])
  })

  test('lets those through who waited while it was open, though it was reset', async () => {
    const [a, b, c] = [one('a'), one('b'), one('c')]
    const wait = waiting(c.latch)
    await world.run(500)
    world.cut(c.worker)
    await world.settle(a.latch.countDown())
    await world.settle(b.latch.countDown())
    await world.settle(a.latch.reset())
    await world.run(500)
    expect(wait.is).toBe(false)
    world.heal()
    await world.settle(wait.done)
  })

  test('keeps those waiting who were not enough before a reset, or a compaction', async () => {
    const [a, b, c] = [one('a'), one('b'), one('c')]
    const wait = waiting(c.latch)
    await world.settle(a.latch.countDown())
    await world.settle(a.latch.reset())
    await world.settle(b.latch.countDown())
    world.cut(c.worker)
    const { revision } = await world.settle(a.worker.client.kv.put('other', ''))
    await world.settle(a.worker.client.kv.compact(revision))
    world.heal()
    await world.run(3_000)
    expect(wait.is).toBe(false)
    await world.settle(a.latch.countDown())
    await world.settle(wait.done)
  })

  test('waits and counts while the cluster cannot be reached, as long as it is let', async () => {
    const { worker, latch } = one('a')
    world.cut(worker)
    for (const call of [latch.wait({ timeoutMs: 500 }), latch.countDown({ timeoutMs: 500 })])
      expect(await world.failure(call)).toMatchObject({ code: 'deadline-exceeded' })
    const controller = new AbortController()
    const counting = latch.countDown({ signal: controller.signal })
    await world.run(500)
    controller.abort()
    expect(await world.failure(counting)).toMatchObject({ code: 'cancelled' })
    const healed = latch.countDown()
    await world.run(8_000)
    world.heal()
    expect(await world.settle(healed)).toBe(1)
  })

  test('refuses another count than that of the others', async () => {
    const [a, b] = [one('a', 2), one('b', 3)]
    await world.settle(a.latch.countDown())
    for (const call of [b.latch.countDown(), b.latch.wait(), b.latch.count()])
      expect(await world.failure(call)).toMatchObject({ code: 'failed-precondition' })
  })

  test.each([
    ['', 1, 'a'],
    ['a/', 1, 'a'],
    ['a', 0, 'a'],
    ['a', 1.5, 'a'],
    ['a', Number.NaN, 'a'],
    ['a', 1, ''],
    ['a', 1, 'a/b'],
  ])('refuses the name %j with the count %d and the id %j', (name, count, id) => {
    const { client } = world.worker('a')
    expect(() => new Latch(client, name, count, { id })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

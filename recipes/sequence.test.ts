/** Sequences: no number twice, greater and greater per handle, gaps where the page says so. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { SeededRandom } from '../test/model/random.js'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { Sequence } from './index.js'
import { pause } from './pause.js'

let world: RecipeWorld
let worker: Worker

beforeEach(async () => {
  world = await RecipeWorld.start()
  worker = world.worker('a')
})
afterEach(() => world.stop())

const txns = () => worker.calls.get('Txn') ?? 0
const next = (sequence: Sequence, count?: number) => world.settle(sequence.next(count))
const many = (sequence: Sequence, times: number) =>
  world.settle(Promise.all(Array.from({ length: times }, () => sequence.next())))

describe('a sequence', () => {
  test('counts from 1, or from where it is told', async () => {
    const sequence = new Sequence(worker.client, 's')
    expect([await next(sequence), await next(sequence), await next(sequence)]).toEqual([1, 2, 3])
    expect(await next(new Sequence(worker.client, 's', { first: 100 }))).toBe(4)
    expect(await next(new Sequence(worker.client, 't', { first: 100 }))).toBe(100)
  })

  test('hands out a block from memory, in the order of the calls', async () => {
    const sequence = new Sequence(worker.client, 's', { blockSize: 100 })
    expect(await many(sequence, 60)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
    const before = txns()
    expect(await many(sequence, 40)).toEqual(Array.from({ length: 40 }, (_, i) => i + 61))
    expect(txns()).toBe(before)
    expect(await next(sequence)).toBe(101)
    expect(txns() - before).toBe(1)
  })

  test('without a block claims for all that wait at once', async () => {
    const sequence = new Sequence(worker.client, 's')
    await next(sequence)
    const before = txns()
    expect(await many(sequence, 50)).toEqual(Array.from({ length: 50 }, (_, i) => i + 2))
    expect(txns() - before).toBe(2)
  })

  test('gives consecutive numbers', async () => {
    const sequence = new Sequence(worker.client, 's', { blockSize: 10 })
    expect(await next(sequence, 3)).toBe(1)
    // The block goes on where it ended: no gap, as long as nobody else claims.
    expect(await next(sequence, 20)).toBe(4)
    expect(await next(sequence)).toBe(24)
  })

  test('skips what it claimed when another comes in between', async () => {
    const [mine, other] = [1, 2].map(() => new Sequence(worker.client, 's', { blockSize: 10 }))
    expect(await next(mine!)).toBe(1)
    expect(await next(other!)).toBe(11)
    expect(await next(mine!, 10)).toBe(21)
    expect(await next(mine!)).toBe(31)
  })
})

describe('misuse and trouble', () => {
  test('what makes no sequence is refused', async () => {
    expect(() => new Sequence(worker.client, '')).toThrow(/empty/)
    expect(() => new Sequence(worker.client, 's', { blockSize: 0 })).toThrow(/blockSize/)
    expect(() => new Sequence(worker.client, 's', { first: 0.5 })).toThrow(/first/)
    const sequence = new Sequence(worker.client, 's')
    expect((await world.failure(sequence.next(0))).code).toBe('invalid-argument')
    await world.settle(worker.client.kv.put('s/next', 'soon'))
    expect((await world.failure(sequence.next())).code).toBe('invalid-value')
  })

  test('it ends before numbers become inexact', async () => {
    await world.settle(worker.client.kv.put('s/next', String(Number.MAX_SAFE_INTEGER - 1)))
    const sequence = new Sequence(worker.client, 's')
    expect(await next(sequence)).toBe(Number.MAX_SAFE_INTEGER - 1)
    expect((await world.failure(sequence.next())).code).toBe('failed-precondition')
  })

  test('one that went back is refused by who remembers', async () => {
    const sequence = new Sequence(worker.client, 's')
    await many(sequence, 5)
    await world.settle(worker.client.kv.delete('s/next'))
    expect((await world.failure(sequence.next())).code).toBe('failed-precondition')
  })

  test('a claim whose answer is lost makes a gap, and nothing is given twice', async () => {
    const sequence = new Sequence(worker.client, 's')
    expect(await next(sequence)).toBe(1)
    void worker.doom('Txn', 'answerLost')
    expect(await next(sequence)).toBe(3)
    const sent = worker.doom('Txn', 'arrivesLate')
    expect(await next(sequence)).toBe(4)
    await world.settle((await sent)())
    expect(await next(sequence)).toBe(5)
  })

  test('while the cluster is out of reach: waits as long as it may', async () => {
    const sequence = new Sequence(worker.client, 's')
    world.cut(worker)
    const error = await world.failure(sequence.next(1, { timeoutMs: 3_000 }))
    expect(error.code).toBe('deadline-exceeded')
    const later = sequence.next()
    await world.run(5_000)
    world.heal()
    expect(await world.settle(later)).toBeGreaterThanOrEqual(1)
  })
})

test('many processes, while answers are lost: no number twice, and growing in each', async () => {
  const random = new SeededRandom(9)
  const all: number[] = []
  const work = async (one: Worker, i: number) => {
    const sequence = new Sequence(one.client, 's', { blockSize: i })
    let last = 0
    for (let turn = 0; turn < 30; turn++) {
      await pause(one.client, random.between(0, 5))
      if (random.chance(0.2)) void one.doom('Txn', random.pick(['answerLost', 'arrivesLate']))
      const count = random.between(1, 4)
      const first = await sequence.next(count)
      expect(first).toBeGreaterThan(last)
      last = first + count - 1
      for (let n = first; n <= last; n++) all.push(n)
    }
  }
  const workers = ['w1', 'w2', 'w3', 'w4'].map((name) => world.worker(name))
  await world.settle(Promise.all(workers.map((one, i) => work(one, i + 1))))
  expect(new Set(all).size).toBe(all.length)
})

/** Counters: what they count, what it costs, and what becomes of lost answers. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  type CounterInput,
  type CounterOutput,
  counterSpec,
} from '../test/check/linearizability/counter-spec.js'
import { judgeLinearizable } from '../test/check/linearizability/judge.js'
import type { TimedCall } from '../test/check/linearizability/spec.js'
import { SeededRandom } from '../test/model/random.js'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { Counter, CounterOverflowError } from './index.js'
import { pause } from './pause.js'

let world: RecipeWorld
let worker: Worker
let counter: Counter

beforeEach(async () => {
  world = await RecipeWorld.start()
  worker = world.worker('a')
  counter = new Counter(worker.client, 'c')
})
afterEach(() => world.stop())

const add = (amount?: number) => world.settle(counter.add(amount))
const get = () => world.settle(counter.get())
const txns = () => worker.calls.get('Txn') ?? 0
const write = (text: string) => world.settle(worker.client.kv.put('c/value', text))

describe('a counter', () => {
  test('begins at 0, adds, and says what it came to', async () => {
    expect(await get()).toBe(0)
    expect(await add()).toBe(1)
    expect(await add(41)).toBe(42)
    expect(await add(-50)).toBe(-8)
    expect(await get()).toBe(-8)
  })

  test('is a decimal number that anybody can read, and write', async () => {
    await add(7)
    expect((await world.settle(worker.client.kv.get('c/value')))!.text()).toBe('7')
    await write('100')
    expect(await add()).toBe(101)
  })

  test('is set, and set on condition, whatever this handle saw last', async () => {
    await add(5)
    await write('6')
    expect(await world.settle(counter.compareAndSet(5, 1))).toBe(false)
    expect(await world.settle(counter.compareAndSet(6, 1))).toBe(true)
    expect(await world.settle(counter.set(9))).toBe(1)
    expect(await get()).toBe(9)
  })

  test('one add is one round trip, and a hundred are two', async () => {
    await add()
    const before = txns()
    await add()
    expect(txns() - before).toBe(1)
    const sums = await world.settle(Promise.all(Array.from({ length: 100 }, () => counter.add())))
    expect(txns() - before).toBe(3)
    expect(sums).toEqual(Array.from({ length: 100 }, (_, i) => i + 3))
  })

  test('of another process: one round trip more', async () => {
    const other = new Counter(world.worker('b').client, 'c')
    await add()
    await world.settle(other.add(10))
    const before = txns()
    expect(await add()).toBe(12)
    expect(txns() - before).toBe(2)
  })

  test('leaves no key but its own when it is not used for a while', async () => {
    await add()
    await world.run(70_000)
    expect(await world.keys()).toEqual(['c/value'])
  })
})

describe('misuse and trouble', () => {
  test('what cannot be counted exactly is refused, and changes nothing', async () => {
    await add(Number.MAX_SAFE_INTEGER - 1)
    const sums = await world.settle(
      Promise.allSettled([counter.add(1), counter.add(1), counter.add(-5)]),
    )
    expect(sums).toMatchObject([
      { value: Number.MAX_SAFE_INTEGER },
      { reason: { code: 'overflow' } },
      { value: Number.MAX_SAFE_INTEGER - 5 },
    ])
    expect(await world.failure(counter.add(6))).toBeInstanceOf(CounterOverflowError)
    expect(await get()).toBe(Number.MAX_SAFE_INTEGER - 5)
    for (const amount of [0.5, Number.NaN, 2 ** 53]) {
      expect((await world.failure(counter.add(amount))).code).toBe('invalid-argument')
      expect((await world.failure(counter.set(amount))).code).toBe('invalid-argument')
      expect((await world.failure(counter.compareAndSet(amount, 1))).code).toBe('invalid-argument')
    }
  })

  test('names that are none, values of others, waits that are over', async () => {
    expect(() => new Counter(worker.client, '')).toThrow(/empty/)
    expect(() => new Counter(worker.client, 'a/')).toThrow(/end in/)
    await write('many')
    expect((await world.failure(counter.add())).code).toBe('invalid-value')
    expect((await world.failure(counter.get())).code).toBe('invalid-value')
    await write('5')
    expect(await add()).toBe(6)
    const signal = AbortSignal.abort('no')
    expect(await world.failure(counter.add(1, { signal }))).toMatchObject({
      code: 'cancelled',
      outcomeUnknown: false,
    })
  })

  test('an add whose answer is lost is counted once', async () => {
    await add()
    void worker.doom('Txn', 'answerLost')
    expect(await add()).toBe(2)
    expect(await get()).toBe(2)
  })

  test('an add that arrives late is counted once', async () => {
    await add()
    const sent = worker.doom('Txn', 'arrivesLate')
    expect(await add()).toBe(2)
    await write('1')
    await world.settle((await sent)())
    expect(await get()).toBe(1)
  })

  test('an add that nobody answers in time may be counted, and says so', async () => {
    await add()
    const sent = worker.doom('Txn', 'held')
    const error = await world.failure(counter.add(1, { timeoutMs: 1_000 }))
    expect(error).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    await world.settle((await sent)())
    await world.run(100)
    expect(await get()).toBe(2)
  })
})

test('many processes, while answers are lost: every add is counted once', async () => {
  const random = new SeededRandom(5)
  const calls: TimedCall<CounterInput, CounterOutput>[] = []
  let time = 0
  const work = async (one: Worker) => {
    const mine = new Counter(one.client, 'c')
    for (let i = 0; i < 25; i++) {
      await pause(one.client, random.between(0, 5))
      if (random.chance(0.2)) void one.doom('Txn', random.pick(['answerLost', 'arrivesLate']))
      const [began, amount] = [++time, random.between(0, 3)]
      const value = amount === 0 ? await mine.get() : await mine.add(amount)
      const output = { value }
      calls.push({ id: calls.length, input: { add: amount }, output, began, ended: ++time })
    }
  }
  const workers = ['w1', 'w2', 'w3', 'w4'].map((name) => world.worker(name))
  await world.settle(Promise.all(workers.map(work)))
  expect(judgeLinearizable(counterSpec, calls)).toEqual([])
})

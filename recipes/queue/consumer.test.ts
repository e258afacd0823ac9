/** Consumers: many at once without a herd, handlers of every kind, and how they end. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type QueueUser, QueueWorld } from '../../test/sim/queue-world.js'
import type { QueueItem } from '../index.js'

let world: QueueWorld

beforeEach(async () => {
  world = await QueueWorld.start()
})
afterEach(() => world.stop())

const txns = ({ worker }: QueueUser) => worker.calls.get('Txn') ?? 0

describe('twenty idle consumers', () => {
  const CONSUMERS = 20
  let users: QueueUser[]
  let producer: QueueUser
  let done: string[]
  /** By consumer. */
  let shares: number[]

  beforeEach(async () => {
    done = []
    shares = Array.from({ length: CONSUMERS }, () => 0)
    producer = world.user('producer')
    users = shares.map((_, i) => world.user(`c${i}`))
    for (const [i, { queue }] of users.entries())
      queue.consume(({ value }) => {
        shares[i]!++
        done.push(value)
      })
    await world.run(3_000)
  })

  test('do not race for each item: a claim and an ack each, and hardly a claim in vain', async () => {
    const ITEMS = 100
    const before = users.reduce((sum, user) => sum + txns(user), 0)
    for (let i = 0; i < ITEMS; i++) {
      await world.enqueue(producer, `${i}`)
      await world.run(20)
    }
    await world.until('all is done', () => done.length === ITEMS)
    const asked = users.reduce((sum, user) => sum + txns(user), 0) - before
    expect(asked - 2 * ITEMS).toBeLessThanOrEqual(2)
    // In turn: nobody is left out.
    expect(Math.min(...shares)).toBe(5)
    expect(Math.max(...shares)).toBe(5)
  })

  test('share a burst, each item once', async () => {
    const ITEMS = 200
    const before = users.reduce((sum, user) => sum + txns(user), 0)
    const all = Array.from({ length: ITEMS }, (_, i) => ({ value: `${i}` }))
    await world.settle(producer.queue.enqueueMany(all))
    await world.until('all is done', () => done.length >= ITEMS)
    expect(new Set(done).size).toBe(ITEMS)
    expect(done).toHaveLength(ITEMS)
    const asked = users.reduce((sum, user) => sum + txns(user), 0) - before
    expect(asked - 2 * ITEMS).toBeLessThan(ITEMS / 4)
  })

  test('do not wait for the one whose turn it is when it stands still', async () => {
    for (const { worker } of users.slice(0, 10)) worker.clock.pause()
    await world.enqueue(producer, 'x')
    const beganMs = world.now
    await world.until('it is done', () => done.length === 1, 2_000)
    expect(world.now - beganMs).toBeLessThan(700)
  })
})

describe('a consumer', () => {
  test('works on so many at a time, and holds no more than it was told to', async () => {
    const user = world.user('a')
    const all = Array.from({ length: 10 }, (_, i) => ({ value: `${i}` }))
    await world.settle(user.queue.enqueueMany(all))
    const finish: (() => void)[] = []
    const handler = () => new Promise<void>((resolve) => finish.push(resolve))
    const consumer = user.queue.consume(handler, { concurrency: 3, prefetch: 2 })
    await world.run(1_000)
    expect(consumer.running).toBe(3)
    expect((await world.settle(user.queue.inspect())).inflight).toHaveLength(5)
    finish.shift()!()
    await world.run(1_000)
    expect(consumer.running).toBe(3)
    const report = await world.settle(user.queue.inspect())
    expect([report.inflight.length, report.ready.length]).toEqual([5, 4])
    const closing = consumer.close({ drainMs: 5_000 })
    for (const one of finish) one()
    await world.settle(closing)
    const rest = await world.settle(user.queue.inspect())
    expect(rest.inflight).toEqual([])
    // What was claimed ahead was given back as if never claimed, with its place.
    expect(rest.ready.map(({ attempts }) => attempts)).toEqual([0, 0, 0, 0, 0, 0])
  })

  test('gives an item whose handler fails another try after the back-off', async () => {
    const user = world.user('a', { backoffMs: (attempts) => attempts * 1_000 })
    const atMs: number[] = []
    const failures: unknown[] = []
    const consumer = user.queue.consume(({ attempt }) => {
      atMs.push(world.now)
      if (attempt < 3) throw new Error(`not yet ${attempt}`)
    })
    consumer.on('failed', ({ error, dead }) => failures.push([(error as Error).message, dead]))
    await world.enqueue(user, 'x')
    await world.until('it is done', () => atMs.length === 3, 10_000)
    expect(atMs[1]! - atMs[0]!).toBeGreaterThanOrEqual(1_000)
    expect(atMs[2]! - atMs[1]!).toBeGreaterThanOrEqual(2_000)
    expect(failures).toEqual([
      ['not yet 1', false],
      ['not yet 2', false],
    ])
    await world.run(100)
    expect(await world.settle(user.queue.length())).toBe(0)
  })

  test('leaves alone what its handler has settled itself', async () => {
    const user = world.user('a')
    const errors: unknown[] = []
    let runs = 0
    const consumer = user.queue.consume(async (item) => {
      runs++
      await item.ack()
      throw new Error('afterwards')
    })
    consumer.on('error', (error) => errors.push(error))
    await world.enqueue(user, 'x')
    await world.run(5_000)
    expect([runs, errors]).toEqual([1, []])
    expect(await world.leftovers()).toEqual([])
  })

  test.each([
    ['an ack', false],
    ['giving back', true],
  ])("asks again when %s is refused: the item is nobody else's meanwhile", async (_what, fails) => {
    const user = world.user('a', { backoffMs: () => 10 })
    const errors: unknown[] = []
    let runs = 0
    const consumer = user.queue.consume(async () => {
      if (++runs > 1) return
      for (let i = 0; i < 3; i++) void user.worker.doom('Txn', 'refused')
      if (fails) throw new Error('not yet')
    })
    consumer.on('error', (error) => errors.push((error as { code?: string }).code))
    await world.enqueue(user, 'x')
    await world.until('it is refused', () => errors.length === 3, 20_000)
    await world.run(10_000)
    expect([errors, runs]).toEqual([['no-space', 'no-space', 'no-space'], fails ? 2 : 1])
    expect(await world.leftovers()).toEqual([])
  })

  test('goes on when there is room again, or the permission is back', async () => {
    const user = world.user('a')
    const errors: unknown[] = []
    const done: string[] = []
    const consumer = user.queue.consume(({ value }) => void done.push(value))
    consumer.on('error', (error) => errors.push((error as { code?: string }).code))
    await world.run(1_000)
    for (let i = 0; i < 3; i++) void user.worker.doom('Txn', 'refused')
    await world.enqueue(world.user('b'), 'x')
    await world.until('it is refused', () => errors.length === 3, 20_000)
    await world.until('it is done', () => done.length === 1, 20_000)
  })

  test('ends an attempt that takes too long, also of a handler that ignores its signal', async () => {
    const user = world.user('a', { attemptsMax: 1 })
    let signal: AbortSignal | undefined
    const done: string[] = []
    user.queue.consume(
      ({ value }, given) => {
        if (value === 'good') return done.push(value)
        signal = given
        return new Promise(() => {})
      },
      { handlerTimeoutMs: 1_000 },
    )
    await world.enqueue(user, 'stuck', 'good')
    await world.until('the next is done', () => done.length === 1, 3_000)
    expect(signal!.aborted).toBe(true)
    expect(await world.settle(user.queue.dead.list())).toMatchObject([
      { value: 'stuck', error: expect.stringMatching(/1000 ms/) },
    ])
  })

  test('closed before its handlers end tells them, and gives their items back at once', async () => {
    const [a, b] = [world.user('a'), world.user('b')]
    await world.enqueue(a, 'x')
    const signals: AbortSignal[] = []
    const consumer = a.queue.consume((_item, signal) => {
      signals.push(signal)
      return new Promise(() => {})
    })
    await world.run(500)
    const beganMs = world.now
    await world.settle(consumer.close({ drainMs: 2_000 }))
    expect(world.now - beganMs).toBeGreaterThanOrEqual(2_000)
    expect(signals[0]!.aborted).toBe(true)
    const item = await world.receive(b, { timeoutMs: 1_000 })
    expect(item.attempt).toBe(2)
  })

  test('ends with the signal that it was given', async () => {
    const user = world.user('a')
    const controller = new AbortController()
    const consumer = user.queue.consume(() => {}, { signal: controller.signal })
    controller.abort()
    expect(await world.settle(consumer.ended)).toBeUndefined()
    await world.settle(user.queue.close())
    await world.settle(user.queue.close())
  })

  test('of two handles on one client share the work', async () => {
    const user = world.user('a')
    const seen = new Set<string>()
    for (let i = 0; i < 2; i++) user.queue.consume(({ value }) => void seen.add(value))
    await world.enqueue(user, 'x', 'y', 'z')
    await world.until('all is done', () => seen.size === 3, 3_000)
  })
})

test('a queue that is closed gives back what it has, and leaves no timer behind', async () => {
  const [a, b] = [world.user('a'), world.user('b')]
  await world.enqueue(a, 'x')
  const item: QueueItem<string> = await world.receive(a)
  await world.settle(a.queue.close())
  expect(item.signal.aborted).toBe(true)
  expect((await world.receive(b, { timeoutMs: 3_000 })).id).toBe(item.id)
})

/** Queues whose requests meet a bad fate, whose workers crash, are cut off or stand still. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { QueueWorld } from '../../test/sim/queue-world.js'
import { LostError } from '../index.js'

let world: QueueWorld

beforeEach(async () => {
  world = await QueueWorld.start()
})
afterEach(() => world.stop())

describe('an enqueue', () => {
  test('done but not answered is in the queue once', async () => {
    const user = world.user('a')
    void user.worker.doom('Txn', 'answerLost')
    await world.enqueue(user, 'x')
    expect(await world.settle(user.queue.length())).toBe(1)
  })

  test('done but not answered, and consumed meanwhile, is not done again', async () => {
    const [a, b] = [world.user('a'), world.user('b')]
    const values: string[] = []
    b.queue.consume(({ value }) => void values.push(value))
    await world.run(1_000)
    void a.worker.doom('Txn', 'answerLost')
    const enqueuing = a.queue.enqueueMany([{ value: 'x', id: 'mine' }])
    void a.worker.doom('Txn', 'held').then(async (go) => {
      await world.run(500)
      await go()
    })
    expect(await world.settle(enqueuing)).toEqual([{ id: 'mine', duplicate: false }])
    await world.run(1_000)
    expect(values).toEqual(['x'])
  })

  test('that arrives after all is over does nothing', async () => {
    const user = world.user('a')
    const sent = user.worker.doom('Txn', 'arrivesLate')
    await world.enqueue(user, 'x')
    await world.settle((await world.receive(user)).ack())
    const arrive = await sent
    await world.settle(arrive())
    expect(await world.settle(user.queue.length())).toBe(0)
  })

  test('that arrives after its id is forgotten is refused by the server', async () => {
    const user = world.user('a', { dedupSeconds: 10 })
    const sent = user.worker.doom('Txn', 'arrivesLate')
    await world.enqueue(user, 'x')
    await world.settle((await world.receive(user)).ack())
    await world.run(30_000)
    const arrive = await sent
    await world.settle(arrive().catch(() => {}))
    expect(await world.settle(user.queue.length())).toBe(0)
  })

  test('into a queue with a bound, done but not answered, is counted once', async () => {
    const user = world.user('a', { lengthMax: 2 })
    await world.enqueue(user, 'x')
    void user.worker.doom('Txn', 'answerLost')
    await world.enqueue(user, 'y')
    expect(await world.settle(user.queue.length())).toBe(2)
  })

  test('that nobody answers in time says that it may have been done', async () => {
    const user = world.user('a')
    await world.enqueue(user, 'x')
    void user.worker.doom('Txn', 'answerLost').then(() => world.cut(user.worker))
    const failed = await world.failure(user.queue.enqueue('y', { timeoutMs: 3_000 }))
    expect(failed).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
  })

  test('whose lease for ids is gone is made with another', async () => {
    const user = world.user('a')
    await world.enqueue(user, 'x')
    const [seen] = (await world.settle(user.worker.client.kv.getAll('q/seen/'))).kvs
    await world.settle(user.worker.client.lease.revoke(seen!.lease))
    await world.enqueue(user, 'y')
    expect(await world.settle(user.queue.length())).toBe(2)
  })
})

describe('a claim', () => {
  test('done but not answered is ours, and counts once', async () => {
    const user = world.user('a')
    await world.enqueue(user, 'x')
    void user.worker.doom('Txn', 'answerLost')
    const item = await world.receive(user)
    expect([item.value, item.attempt]).toEqual(['x', 1])
    await world.settle(item.ack())
    expect(await world.leftovers()).toEqual([])
  })

  test('that arrives late, after another has the item, does nothing', async () => {
    const [a, b] = [world.user('a'), world.user('b')]
    await world.enqueue(b, 'x')
    const sent = a.worker.doom('Txn', 'arrivesLate')
    const controller = new AbortController()
    const waiting = a.queue.receive({ signal: controller.signal })
    const arrive = await world.settle(sent)
    controller.abort()
    await world.failure(waiting)
    const item = await world.receive(b)
    await world.settle(arrive())
    await world.settle(item.ack())
    expect(await world.leftovers()).toEqual([])
  })
})

describe('an ack', () => {
  test('done but not answered is acked', async () => {
    const user = world.user('a')
    await world.enqueue(user, 'x')
    const item = await world.receive(user)
    void user.worker.doom('Txn', 'answerLost')
    await world.settle(item.ack())
    expect(await world.leftovers()).toEqual([])
  })

  test('of a worker that was cut off is refused once another has the item', async () => {
    const [a, b] = [world.user('a'), world.user('b')]
    await world.enqueue(a, 'x')
    const item = await world.receive(a)
    world.cut(a.worker)
    const acking = item.ack()
    const again = await world.receive(b, { timeoutMs: 30_000 })
    expect(item.signal.aborted || !item.held).toBe(true)
    world.heal()
    expect(await world.failure(acking)).toBeInstanceOf(LostError)
    expect(again.held).toBe(true)
    await world.settle(again.ack())
  })

  test('that arrives after the item was given to another does nothing', async () => {
    const [a, b] = [world.user('a'), world.user('b')]
    await world.enqueue(a, 'x')
    const item = await world.receive(a)
    const sent = a.worker.doom('Txn', 'arrivesLate')
    const acking = world.failure(item.ack())
    const arrive = await world.settle(sent)
    world.cut(a.worker)
    const again = await world.receive(b, { timeoutMs: 30_000 })
    expect(await acking).toBeInstanceOf(LostError)
    await world.settle(arrive().catch(() => {}))
    expect(again.held).toBe(true)
    await world.settle(again.ack())
  })

  test('that is answered after the item was acked by another is no ack', async () => {
    const [a, b] = [world.user('a', { ttlSeconds: 2 }), world.user('b', { backoffMs: () => 0 })]
    await world.enqueue(a, 'x')
    const item = await world.receive(a)
    void a.worker.doom('Txn', 'arrivesLate')
    const second = a.worker.doom('Txn', 'held')
    const acking = world.failure(item.ack())
    const go = await world.settle(second)
    world.cut(a.worker)
    const again = await world.receive(b, { timeoutMs: 30_000 })
    await world.settle(again.ack())
    world.heal()
    await go()
    expect(await acking).toBeInstanceOf(LostError)
  })
})

describe('a worker', () => {
  test('that crashes loses its items to the others, after a TTL and the back-off', async () => {
    const [a, b] = ['a', 'b'].map((owner) => world.user(owner, { backoffMs: () => 2_000 }))
    const got: number[] = []
    b!.queue.consume(({ attempt }) => void got.push(attempt))
    await world.run(1_000)
    const waiting = a!.queue.claim({ max: 3 })
    await world.settle(b!.queue.enqueueMany([{ value: 'x' }, { value: 'y' }, { value: 'z' }]))
    const claimed = (await world.settle(waiting)).length
    world.kill(a!.worker)
    await world.run(9_000)
    expect(got).toHaveLength(3 - claimed)
    await world.until('all came back', () => got.length === 3, 10_000)
    expect(got.filter((attempt) => attempt === 2)).toHaveLength(claimed)
  })

  test('that lost its claim has the others wait as the back-off says', async () => {
    const [a, b] = [world.user('a'), world.user('b', { backoffMs: () => 2_000 })]
    const waiting = b.queue.receive()
    await world.run(1_000)
    await world.enqueue(a, 'x', 'y')
    const held = await world.settle(waiting)
    const again = b.queue.receive()
    await world.settle(again)
    await world.settle(a.worker.client.kv.delete(`q/live/claim/${held.id}`))
    const beganMs = world.now
    expect((await world.receive(b)).attempt).toBe(2)
    expect(world.now - beganMs).toBeGreaterThanOrEqual(1_900)
  })

  test('that stands still hears that it has lost, and its ack fails', async () => {
    const [a, b] = [world.user('a'), world.user('b')]
    await world.enqueue(a, 'x')
    const item = await world.receive(a)
    a.worker.clock.pause()
    const again = await world.receive(b, { timeoutMs: 30_000 })
    expect(again.fencingToken).toBeGreaterThan(item.fencingToken)
    expect(item.held).toBe(false)
    a.worker.clock.resume()
    expect(await world.failure(item.ack())).toBeInstanceOf(LostError)
    const guarded = a.worker.client.txn().if(...item.guard())
    const { succeeded } = await world.settle(guarded.commit())
    expect(succeeded).toBe(false)
  })

  test('that was cut off for long goes on with a new session', async () => {
    const [a, b] = [world.user('a'), world.user('b')]
    const got: string[] = []
    const lost: string[] = []
    let finish = () => {}
    const consumer = a.queue.consume(async ({ value }) => {
      got.push(value)
      if (value === 'x') await new Promise<void>((resolve) => (finish = resolve))
    })
    consumer.on('lost', ({ item }) => lost.push(item.value))
    await world.enqueue(b, 'x')
    await world.until('it is begun', () => got.length === 1)
    world.cut(a.worker)
    await world.run(15_000)
    finish()
    world.heal()
    await world.until('it comes back', () => got.length === 2, 30_000)
    finish()
    await world.run(1_000)
    expect(lost).toEqual(['x'])
    expect(await world.leftovers()).toEqual([])
  })

  test('whose watch fell behind a compaction goes on', async () => {
    const [a, b] = [world.user('a'), world.user('b')]
    const got: string[] = []
    a.queue.consume(({ value }) => void got.push(value), { concurrency: 2 })
    await world.enqueue(b, 'x')
    await world.until('it is done', () => got.length === 1)
    await world.run(1_000)
    world.cut(a.worker)
    await world.enqueue(b, 'y', 'z')
    const revision = (await world.settle(b.worker.client.kv.getAll('q/'))).revision
    await world.settle(b.worker.client.kv.compact(revision))
    await world.run(3_000)
    world.heal()
    await world.until('all is done', () => got.length === 3, 30_000)
  })
})

test('items are done once each although the leader dies', async () => {
  const three = await QueueWorld.start(3)
  try {
    const users = ['a', 'b', 'c'].map((owner) => three.user(owner, { ttlSeconds: 20 }))
    const done: string[] = []
    for (const { queue } of users) {
      const consumer = queue.consume(() => {}, { concurrency: 4 })
      consumer.on('acked', ({ value }) => done.push(value))
    }
    const all = Array.from({ length: 60 }, (_, i) => ({ value: `${i}` }))
    const enqueuing = users[0]!.queue.enqueueMany(all)
    await three.run(100)
    await three.members.kill(await three.members.leader())
    await three.settle(enqueuing)
    await three.until('all are done', () => done.length >= 60, 60_000)
    expect(new Set(done).size).toBe(60)
    expect(done).toHaveLength(60)
  } finally {
    await three.stop()
  }
})

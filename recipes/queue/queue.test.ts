/** Queues: order, cost, at most one has an item, dead letters, bounds, ids, and misuse. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { bytes, op } from '../../client/index.js'
import { QueueWorld } from '../../test/sim/queue-world.js'
import { LostError, NotHeldError, Queue, QueueFullError, type QueueItem } from '../index.js'

let world: QueueWorld

beforeEach(async () => {
  world = await QueueWorld.start()
})
afterEach(() => world.stop())

/** The wall clock of this process is an hour fast. */
function jumpAhead({ worker }: ReturnType<QueueWorld['user']>): void {
  worker.clock.wall = () => world.members.clock.wall() + 3_600_000
}

describe('items', () => {
  test('come by priority, then as they were enqueued, whatever the ids', async () => {
    const user = world.user('a')
    const enqueue = (value: string, options = {}) =>
      world.settle(user.queue.enqueue(value, options))
    await enqueue('second', { id: 'z' })
    await enqueue('third', { id: 'a' })
    await enqueue('last', { priority: -1 })
    await enqueue('first', { priority: 7 })
    const many = await world.settle(
      user.queue.enqueueMany(['fourth', 'fifth', 'sixth'].map((value) => ({ value }))),
    )
    expect(many.every(({ duplicate }) => !duplicate)).toBe(true)
    const items = await world.settle(user.queue.claim({ max: 10 }))
    expect(items.map(({ value }) => value)).toEqual([
      'first',
      'second',
      'third',
      'fourth',
      'fifth',
      'sixth',
      'last',
    ])
  })

  test('cost one round trip to put in, one to claim, one to ack, and leave nothing behind', async () => {
    const [producer, consumer] = [world.user('p'), world.user('c')]
    const waiting = consumer.queue.receive()
    await world.run(1_000)
    await world.enqueue(producer, 'warm')
    await world.settle((await world.settle(waiting)).ack())
    const txns = ({ worker }: typeof producer) => worker.calls.get('Txn')
    const before = { p: txns(producer)!, c: txns(consumer)! }
    await world.enqueue(producer, 'x')
    const item = await world.receive(consumer)
    expect([item.value, item.attempt, item.held]).toEqual(['x', 1, true])
    await world.settle(item.ack())
    expect(txns(producer)! - before.p).toBe(1)
    expect(txns(consumer)! - before.c).toBe(2)
    expect(item.held).toBe(false)
    expect(await world.leftovers()).toEqual([])
  })

  test('are held by one at a time, with growing tokens', async () => {
    const [a, b] = [world.user('a'), world.user('b')]
    await world.enqueue(a, 'x')
    const first = await world.receive(a)
    const failed = await world.failure(b.queue.receive({ timeoutMs: 3_000 }))
    expect(failed.code).toBe('deadline-exceeded')
    await world.settle(first.release())
    const second = await world.receive(b)
    expect([second.id, second.attempt]).toEqual([first.id, 1])
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken)
  })

  test('that are given back wait as told, and come back with their place, attempt and reason', async () => {
    const user = world.user('a')
    await world.enqueue(user, 'x', 'y')
    const x = await world.receive(user)
    expect(await world.settle(x.nack({ delayMs: 5_000, reason: new RangeError('mine') }))).toBe(
      false,
    )
    const { delayed } = await world.settle(user.queue.inspect())
    expect(delayed).toMatchObject([{ id: x.id, attempts: 1, error: 'RangeError: mine' }])
    const y = await world.receive(user)
    expect(y.value).toBe('y')
    await world.settle(y.release())
    await world.run(5_000)
    const again = await world.receive(user)
    expect([again.value, again.attempt]).toEqual(['x', 2])
  })

  test('that are delayed wait so long after the event, however wrong the wall clocks are', async () => {
    const [ahead, behind] = [world.user('ahead'), world.user('behind')]
    jumpAhead(ahead)
    const waiting = behind.queue.receive()
    await world.run(1_000)
    const beganMs = world.now
    await world.settle(ahead.queue.enqueue('x', { delayMs: 4_000 }))
    await world.settle(waiting)
    expect(world.now - beganMs).toBeGreaterThanOrEqual(4_000)
    expect(world.now - beganMs).toBeLessThan(4_200)
  })

  test('whose delay is found in a list wait for it once at most', async () => {
    const [ahead, late] = [world.user('ahead'), world.user('late')]
    jumpAhead(ahead)
    await world.settle(ahead.queue.enqueue('x', { delayMs: 4_000 }))
    await world.run(3_000)
    const beganMs = world.now
    await world.receive(late)
    expect(world.now - beganMs).toBeLessThan(4_200)
  })

  test('of which an ack is made with a result: both or none', async () => {
    const user = world.user('a')
    await world.enqueue(user, 'x')
    const item = await world.receive(user)
    await world.settle(item.ack({ also: [op.put('result', 'done')] }))
    expect(await world.leftovers()).toEqual(['result'])
  })

  test('refused by the server to be acked with a nonsense stay as held as before', async () => {
    const user = world.user('a')
    await world.enqueue(user, 'x')
    const item = await world.receive(user)
    const twice = [op.put('result', '1'), op.put('result', '2')]
    expect((await world.failure(item.ack({ also: twice }))).code).toBe('duplicate-key')
    expect(item.held).toBe(true)
    await world.settle(item.ack())
  })

  test('cannot be settled twice', async () => {
    const user = world.user('a')
    await world.enqueue(user, 'x')
    const item = await world.receive(user)
    await world.settle(item.ack())
    expect(await world.failure(item.ack())).toBeInstanceOf(NotHeldError)
    expect(await world.failure(item.nack())).toBeInstanceOf(NotHeldError)
  })

  test('whose claim an operator deletes are lost, and come again', async () => {
    const user = world.user('a')
    await world.enqueue(user, 'x')
    const item = await world.receive(user)
    await world.settle(user.worker.client.kv.delete(`q/live/claim/${item.id}`))
    await world.run(100)
    expect(item.signal.aborted).toBe(true)
    const lost = await world.failure(item.ack())
    expect(lost).toBeInstanceOf(LostError)
    expect(lost.reason).toBe('deleted')
    expect((await world.receive(user)).attempt).toBe(2)
  })

  test('claimed in one transaction up to a megabyte of values', async () => {
    const user = world.user('a')
    const big = 'x'.repeat(700_000)
    await world.enqueue(user, big, big, 'small')
    const before = user.worker.calls.get('Txn')!
    const items = await world.settle(user.queue.claim({ max: 3 }))
    expect(items.map(({ value }) => value.length)).toEqual([700_000])
    const rest = await world.settle(user.queue.claim({ max: 3 }))
    expect(rest.map(({ value }) => value.length)).toEqual([700_000, 5])
    expect(user.worker.calls.get('Txn')! - before).toBe(2)
  })
})

describe('ids', () => {
  test('are enqueued once while they are in the queue, and for a while after', async () => {
    const user = world.user('a', { dedupSeconds: 10 })
    const enqueue = () => world.settle(user.queue.enqueueMany([{ value: 'x', id: 'order-7' }]))
    expect(await enqueue()).toEqual([{ id: 'order-7', duplicate: false }])
    expect(await enqueue()).toEqual([{ id: 'order-7', duplicate: true }])
    await world.settle((await world.receive(user)).ack())
    expect(await enqueue()).toEqual([{ id: 'order-7', duplicate: true }])
    await world.run(9_000)
    expect(await enqueue()).toEqual([{ id: 'order-7', duplicate: true }])
    await world.run(14_000)
    expect(await enqueue()).toEqual([{ id: 'order-7', duplicate: false }])
    expect(await world.settle(user.queue.length())).toBe(1)
  })

  test('given twice in one call count once', async () => {
    const user = world.user('a')
    const twice = [
      { value: 'x', id: 'same' },
      { value: 'y', id: 'same' },
    ]
    expect(await world.settle(user.queue.enqueueMany(twice))).toEqual([
      { id: 'same', duplicate: false },
      { id: 'same', duplicate: true },
    ])
    expect((await world.receive(user)).value).toBe('x')
  })

  test('leave no marker behind for ever', async () => {
    const user = world.user('a', { dedupSeconds: 10 })
    await world.enqueue(user, 'x')
    await world.settle((await world.receive(user)).ack())
    await world.settle(user.queue.close())
    expect(await world.keys()).toHaveLength(1)
    await world.run(25_000)
    expect(await world.keys()).toEqual([])
  })
})

describe('a queue with a bound', () => {
  test('refuses what is too much, with an error of its own, and takes the next when one is done', async () => {
    const user = world.user('a', { lengthMax: 2 })
    await world.enqueue(user, 'x', 'y')
    const full = await world.failure(user.queue.enqueue('z'))
    expect(full).toBeInstanceOf(QueueFullError)
    expect(full.code).toBe('queue-full')
    await world.settle((await world.receive(user)).ack())
    await world.enqueue(user, 'z')
    expect(await world.settle(user.queue.length())).toBe(2)
  })

  test('can be waited for', async () => {
    const user = world.user('a', { lengthMax: 1 })
    await world.enqueue(user, 'x')
    const waiting = user.queue.enqueue('y', { whenFull: 'wait' })
    const impatient = user.queue.enqueue('z', { whenFull: 'wait', timeoutMs: 500 })
    expect((await world.failure(impatient)).code).toBe('deadline-exceeded')
    expect(await world.settle(user.queue.length())).toBe(1)
    await world.settle((await world.receive(user)).ack())
    await world.settle(waiting)
    expect((await world.receive(user)).value).toBe('y')
  })

  test('is exact, however many enqueue at once', async () => {
    const users = Array.from({ length: 5 }, (_, i) => world.user(`p${i}`, { lengthMax: 7 }))
    const all = users.flatMap(({ queue }) =>
      Array.from({ length: 4 }, () => queue.enqueue('x').then(...[() => 1, () => 0])),
    )
    const taken = await world.settle(Promise.all(all))
    expect(taken.filter((one) => one === 1)).toHaveLength(7)
    expect(await world.settle(users[0]!.queue.length())).toBe(7)
  })

  test('costs one round trip while nobody else enqueues', async () => {
    const user = world.user('a', { lengthMax: 100 })
    await world.enqueue(user, 'x')
    const before = user.worker.calls.get('Txn')!
    await world.enqueue(user, 'y', 'z')
    expect(user.worker.calls.get('Txn')! - before).toBe(2)
  })
})

describe('the dead', () => {
  const fail = async (user: ReturnType<QueueWorld['user']>, times: number) => {
    for (let i = 0; i < times; i++)
      await world.settle((await world.receive(user)).nack({ delayMs: 0, reason: `no ${i + 1}` }))
  }

  test('are items that failed too often, with the last reason; they can come back or be forgotten', async () => {
    const user = world.user('a', { attemptsMax: 3 })
    const [id] = await world.enqueue(user, 'poison')
    await fail(user, 3)
    const { dead } = user.queue
    expect(await world.settle(user.queue.length())).toBe(0)
    expect(await world.settle(dead.list())).toMatchObject([
      { id, value: 'poison', attempts: 3, error: 'no 3', priority: 0 },
    ])
    expect(await world.settle(dead.requeue(id!))).toBe(true)
    expect(await world.settle(dead.requeue(id!))).toBe(false)
    expect(await world.settle(dead.count())).toBe(0)
    const again = await world.receive(user)
    expect([again.id, again.value, again.attempt]).toEqual([id, 'poison', 1])
    await world.settle(again.nack({ delayMs: 0 }))
    await fail(user, 2)
    expect(await world.settle(dead.purge(id!))).toBe(true)
    expect(await world.settle(dead.purge(id!))).toBe(false)
    expect(await world.leftovers()).toEqual([])
  })

  test('are listed page by page', async () => {
    const user = world.user('a', { attemptsMax: 1 })
    for (const id of ['a', 'b', 'c']) await world.settle(user.queue.enqueue(id, { id }))
    await fail(user, 3)
    const { dead } = user.queue
    const first = await world.settle(dead.list({ limit: 2 }))
    expect(first.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(await world.settle(dead.list({ after: 'b' }))).toMatchObject([{ id: 'c' }])
  })

  test('do not keep the others waiting', async () => {
    const user = world.user('a', { attemptsMax: 2 })
    await world.enqueue(user, 'poison', 'good', 'better')
    const done: string[] = []
    const consumer = user.queue.consume(({ value }) => {
      if (value === 'poison') throw new Error('indigestible')
      done.push(value)
    })
    await world.until('the good are done', () => done.length === 2, 1_000)
    await world.run(5_000)
    expect(await world.settle(user.queue.dead.list())).toMatchObject([
      { value: 'poison', error: 'Error: indigestible', attempts: 2 },
    ])
    await world.settle(consumer.close())
  })

  test('are also those whose every worker crashed', async () => {
    const options = { attemptsMax: 2, backoffMs: () => 0 }
    const users = ['a', 'b'].map((owner) => world.user(owner, options))
    await world.enqueue(users[0]!, 'poison')
    for (const user of users) {
      await world.receive(user)
      world.kill(user.worker)
    }
    const judge = world.user('judge', options)
    const waiting = judge.queue.receive({ timeoutMs: 30_000 })
    await world.run(15_000)
    expect(await world.settle(judge.queue.dead.list())).toMatchObject([
      { value: 'poison', attempts: 2, error: expect.stringMatching(/crashed/) },
    ])
    expect((await world.failure(waiting)).code).toBe('deadline-exceeded')
  })

  test('are what no version of the program can read, and what has no value any more', async () => {
    const { client } = world.user('a').worker
    const raw = new Queue(client, 'q', { codec: bytes })
    await world.settle(raw.enqueue('{ no json', { id: 'torn' }))
    await world.settle(raw.enqueue('"x"', { id: 'gone' }))
    await world.settle(client.kv.delete('q/value/gone'))
    const user = world.user('b', { attemptsMax: 1 })
    const waiting = user.queue.receive({ timeoutMs: 2_000 })
    expect((await world.failure(waiting)).code).toBe('deadline-exceeded')
    const letters = await world.settle(user.queue.dead.list())
    expect(letters.map(({ id, value }) => [id, value])).toEqual([
      ['gone', undefined],
      ['torn', undefined],
    ])
    expect(letters[0]!.error).toMatch(/value is gone/)
    expect(letters[1]!.error).toMatch(/invalid|JSON/)
  })
})

describe('inspect', () => {
  test('tells what is ready, delayed, in flight by whom, and dead', async () => {
    const user = world.user('a', { attemptsMax: 1 })
    await world.enqueue(user, 'dead', 'inflight', 'ready')
    await world.settle(user.queue.enqueue('later', { delayMs: 60_000, priority: 3 }))
    await world.settle((await world.receive(user)).nack())
    const item = await world.receive(user)
    const report = await world.settle(user.queue.inspect())
    expect(report.inflight).toMatchObject([
      { id: item.id, owner: 'a', attempt: 1, fencingToken: item.fencingToken },
    ])
    expect(report.ready).toMatchObject([{ attempts: 0, bytes: 7 }])
    expect(report.delayed).toMatchObject([{ priority: 3 }])
    expect(report.dead).toBe(1)
    expect(await world.settle(user.queue.participants())).toMatchObject([
      { owner: 'a', slots: 1, inflight: 1 },
    ])
  })
})

describe('misuse', () => {
  const invalid = expect.objectContaining({ code: 'invalid-argument' })

  test.each(['', '/', 'a/'])("refuses the name '%s'", (name) => {
    expect(() => new Queue(world.user('a').worker.client, name)).toThrow(invalid)
  })

  test.each([
    { lengthMax: 0 },
    { attemptsMax: 0 },
    { dedupSeconds: 9 },
    { dedupSeconds: 1.5 },
    { backoffMs: 7 as unknown as () => number },
  ])('refuses the options %j', (options) => {
    expect(() => world.user('a', options)).toThrow(invalid)
  })

  test.each([
    { id: '' },
    { id: 'a/b' },
    { id: 'x'.repeat(257) },
    { priority: 0.5 },
    { priority: 1_001 },
    { delayMs: -1 },
    { delayMs: Number.NaN },
    { delayMs: 8 * 24 * 3_600_000 },
    { timeoutMs: 0 },
    { whenFull: 'drop' as unknown as 'wait' },
  ])('refuses to enqueue with %j, and sends nothing', async (options) => {
    const { queue, worker } = world.user('a')
    expect(await world.failure(queue.enqueue('x', options))).toMatchObject({
      code: 'invalid-argument',
    })
    expect(worker.calls.size).toBe(0)
  })

  test('refuses a value over a megabyte before anything is sent, and one that is none', async () => {
    const { queue, worker } = world.user('a')
    const large = await world.failure(queue.enqueue('x'.repeat(1024 * 1024)))
    expect(large.code).toBe('request-too-large')
    const none = await world.failure(queue.enqueue(undefined as unknown as string))
    expect(none.code).toBe('invalid-argument')
    expect(worker.calls.size).toBe(0)
  })

  test('refuses to claim none, and a handler that is none', async () => {
    const { queue } = world.user('a')
    expect(() => queue.claim({ max: 0 })).toThrow(invalid)
    expect(() => queue.consume(1 as unknown as () => void)).toThrow(invalid)
    expect(() => queue.consume(() => {}, { concurrency: 0 })).toThrow(invalid)
    expect(() => queue.consume(() => {}, { prefetch: -1 })).toThrow(invalid)
    await world.settle(queue.close())
    expect(() => queue.consume(() => {})).toThrow(expect.objectContaining({ code: 'closed' }))
    expect((await world.failure(queue.enqueue('x'))).code).toBe('closed')
  })

  test('of its keys by others harms nobody', async () => {
    const user = world.user('a')
    const { client } = user.worker
    await world.settle(client.kv.put('q/live/item/alien', 'not ours'))
    await world.settle(client.kv.put('q/live/claim/alien', ''))
    await world.settle(client.kv.put('q/live/some/thing', ''))
    await world.settle(client.kv.put('q/dead/alien', 'nor this'))
    await world.enqueue(user, 'x')
    expect((await world.receive(user)).value).toBe('x')
    await world.settle(user.queue.inspect())
    expect(await world.settle(user.queue.dead.requeue('alien'))).toBe(false)
  })
})

test('a wait that is aborted gives back what comes too late', async () => {
  const user = world.user('a')
  const controller = new AbortController()
  const waiting = user.queue.receive({ signal: controller.signal })
  await world.run(1_000)
  const sent = user.worker.doom('Txn', 'held')
  await world.settle(world.user('p').queue.enqueue('x'))
  const go = await world.settle(sent)
  controller.abort()
  expect((await world.failure(waiting)).code).toBe('cancelled')
  await go()
  const item: QueueItem<string> = await world.receive(user)
  expect([item.value, item.attempt]).toEqual(['x', 1])
})

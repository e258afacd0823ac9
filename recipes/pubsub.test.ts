/** Topics: order, replay, what is dropped and told so, cursors, bad fates, and misuse. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { bytes } from '../client/index.js'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { type SubscribeOptions, Topic, type TopicMessage, type TopicOptions } from './index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

/** A process with the topic `t`. */
function user(name: string, options: TopicOptions<string> = {}) {
  const worker = world.worker(name)
  return { worker, topic: new Topic<string>(worker.client, 't', options) }
}

/** Publishes one after the other; returns the revisions. */
async function publish({ topic }: { topic: Topic<string> }, ...values: string[]) {
  const revisions = []
  for (const value of values) revisions.push(await world.settle(topic.publish(value)))
  return revisions
}

/** A reader that notes what it is told. */
function follow({ topic }: { topic: Topic<string> }, options: SubscribeOptions = {}) {
  const told: TopicMessage<string>[] = []
  const messages = topic.subscribe(options)
  const reading = (async () => {
    for await (const message of messages) told.push(message)
  })()
  const failed = reading.then(
    () => undefined,
    (error: Error & { code?: string }) => error,
  )
  const values = () => told.map(({ value }) => value)
  return { told, values, failed, leave: () => messages.return() }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

describe('a subscriber', () => {
  test('of what is new is told it in order, the same as every other', async () => {
    const [a, b] = [user('a'), user('b')]
    await publish(a, 'before')
    const readers = [follow(a), follow(b)]
    await world.run(100)
    const revisions = await world.settle(
      Promise.all(numbers(20).map((i) => (Number(i) % 2 ? a : b).topic.publish(i))),
    )
    await world.run(100)
    const [first, second] = readers.map(({ told }) => told)
    expect(first!.map(({ revision }) => revision)).toEqual(revisions.sort((x, y) => x - y))
    expect(second!.map(({ value }) => value)).toEqual(first!.map(({ value }) => value))
    expect(first!.every(({ missed }) => missed === undefined)).toBe(true)
  })

  test('of the oldest, or from a revision on, is told what there is and then what comes', async () => {
    const a = user('a')
    const revisions = await publish(a, ...numbers(30))
    const all = follow(a, { from: 'oldest' })
    const some = follow(a, { from: revisions[20]! })
    await world.run(100)
    await publish(a, 'new')
    await world.run(100)
    expect(all.values()).toEqual([...numbers(30), 'new'])
    expect(some.values()).toEqual([...numbers(30).slice(20), 'new'])
  })

  test('that was cut off is told everything afterwards, though all was compacted', async () => {
    const [a, b] = [user('a'), user('b')]
    const reader = follow(a)
    await world.run(100)
    await publish(b, 'x')
    await world.run(100)
    world.cut(a.worker)
    const revisions = await publish(b, ...numbers(20))
    await world.settle(b.worker.client.kv.compact(revisions.at(-1)!))
    await world.run(3_000)
    world.heal()
    await world.until('all is told', () => reader.told.length === 21, 30_000)
    expect(reader.values()).toEqual(['x', ...numbers(20)])
    expect(reader.told.every(({ missed }) => missed === undefined)).toBe(true)
  })

  test('is told what was dropped before it was told', async () => {
    const a = user('a', { retention: { count: 5 } })
    const revisions = await publish(a, ...numbers(12))
    expect(await world.settle(a.topic.length())).toBe(5)
    const reader = follow(a, { from: revisions[2]! })
    await world.run(100)
    expect(reader.values()).toEqual(['7', '8', '9', '10', '11'])
    expect(reader.told[0]!.missed).toEqual({ from: revisions[2], to: revisions[6] })
    expect(reader.told.slice(1).every(({ missed }) => missed === undefined)).toBe(true)
    const oldest = follow(a, { from: 'oldest' })
    await world.run(100)
    expect(oldest.told[0]!.missed).toBeUndefined()
  })

  test('that is slow is told what was dropped while it read', async () => {
    const a = user('a', { retention: { count: 20 } })
    await publish(a, ...numbers(20))
    const messages = a.topic.subscribe({ from: 'oldest' })
    const read = async (count: number) => {
      const some: TopicMessage<string>[] = []
      while (some.length < count) some.push((await world.settle(messages.next())).value!)
      return some
    }
    await read(1)
    const later = await publish(a, ...numbers(50).map((i) => `later ${i}`))
    await world.settle(a.worker.client.kv.compact(later.at(-1)!))
    const rest = await read(28)
    const gaps = rest.filter(({ missed }) => missed !== undefined)
    expect(rest.slice(0, 7).map(({ value }) => value)).toEqual(numbers(8).slice(1))
    expect(gaps).toHaveLength(1)
    expect(gaps[0]!.value).toBe('later 29')
    expect(rest.at(-1)!.value).toBe('later 49')
    await world.settle(messages.return())
  })

  test('can leave while nothing comes, and ends with its signal', async () => {
    const a = user('a')
    const left = follow(a)
    const controller = new AbortController()
    const aborted = follow(a, { signal: controller.signal })
    await world.run(100)
    await world.settle(left.leave())
    expect(await world.settle(left.failed)).toBeUndefined()
    controller.abort()
    expect((await world.settle(aborted.failed))!.code).toBe('cancelled')
  })

  test('gets over a message that it cannot read', async () => {
    const a = user('a')
    await world.settle(
      new Topic(a.worker.client, 't', { codec: bytes }).publish(Buffer.from('{ torn')),
    )
    await publish(a, 'good')
    const reader = follow(a, { from: 'oldest' })
    await world.run(100)
    expect(() => reader.told[0]!.value).toThrow(expect.objectContaining({ code: 'invalid-value' }))
    expect(reader.told[1]!.value).toBe('good')
  })
})

describe('a cursor', () => {
  test('begins behind what it has acked, and never goes back', async () => {
    const a = user('a')
    const cursor = a.topic.cursor('billing')
    const revisions = await publish(a, ...numbers(5))
    const first = follow(a, { from: cursor })
    await world.run(100)
    expect(first.values()).toEqual(numbers(5))
    await world.settle(cursor.ack(first.told[3]!))
    await world.settle(cursor.ack(first.told[1]!))
    expect(await world.settle(cursor.position())).toBe(revisions[3])
    const second = follow(user('b'), { from: cursor })
    await world.run(100)
    expect(second.values()).toEqual(['4'])
    await world.settle(cursor.forget())
    expect(await world.settle(cursor.position())).toBe(0)
  })

  test('is told what was dropped behind it', async () => {
    const a = user('a', { retention: { count: 2 } })
    const cursor = a.topic.cursor('billing')
    const [first] = await publish(a, 'x')
    await world.settle(cursor.ack({ revision: first! }))
    await publish(a, ...numbers(4))
    const reader = follow(a, { from: cursor })
    await world.run(100)
    expect(reader.values()).toEqual(['2', '3'])
    expect(reader.told[0]!.missed?.from).toBe(first! + 1)
  })

  test('acked with a lost answer is acked', async () => {
    const a = user('a')
    const cursor = a.topic.cursor('billing')
    void a.worker.doom('Txn', 'answerLost')
    await world.settle(cursor.ack({ revision: 7 }))
    expect(await world.settle(cursor.position())).toBe(7)
  })
})

describe('what is kept', () => {
  test('is bounded by count, a twentieth over at most for each publisher', async () => {
    const users = ['a', 'b', 'c'].map((name) => user(name, { retention: { count: 40 } }))
    let most = 0
    for (let i = 0; i < 200; i++) {
      await publish(users[i % 3]!, `${i}`)
      most = Math.max(most, await world.settle(users[0]!.topic.length()))
    }
    expect(most).toBeLessThanOrEqual(40 + 3 * 3)
    const reader = follow(users[0]!, { from: 'oldest' })
    await world.run(100)
    expect(reader.values().at(-1)).toBe('199')
    expect(reader.values()).toEqual(numbers(200).slice(-reader.told.length))
  })

  test('is bounded also when every publisher publishes once', async () => {
    for (let i = 0; i < 10; i++) await publish(user(`p${i}`, { retention: { count: 3 } }), `${i}`)
    expect(await world.settle(user('judge').topic.length())).toBe(3)
  })

  test('is bounded by age', async () => {
    const a = user('a', { retention: { ageMs: 10_000 } })
    await publish(a, 'old', 'old too')
    await world.run(8_000)
    await publish(a, 'young')
    expect(await world.settle(a.topic.length())).toBe(3)
    await world.run(4_000)
    await publish(a, 'new')
    const reader = follow(a, { from: 'oldest' })
    await world.run(100)
    expect(reader.values()).toEqual(['young', 'new'])
  })

  test('costs a publish one round trip', async () => {
    const a = user('a')
    await publish(a, 'warm')
    const before = a.worker.calls.get('Txn')!
    await publish(a, ...numbers(10))
    expect(a.worker.calls.get('Txn')! - before).toBe(10)
  })
})

describe('a publish', () => {
  test('done but not answered is published once', async () => {
    const a = user('a')
    await publish(a, 'warm')
    void a.worker.doom('Txn', 'answerLost')
    await publish(a, 'x')
    expect(await world.settle(a.topic.length())).toBe(2)
  })

  test('that arrives late, when it was done or dropped meanwhile, does nothing', async () => {
    const a = user('a', { retention: { count: 2 } })
    await publish(a, 'warm')
    const reader = follow(user('b'))
    await world.run(100)
    const sent = a.worker.doom('Txn', 'arrivesLate')
    await publish(a, 'x')
    await publish(a, ...numbers(5))
    const arrive = await sent
    await world.settle(arrive())
    await world.run(100)
    expect(reader.values()).toEqual(['x', ...numbers(5)])
  })

  test('of which nobody can say any more whether it was done says so, and is not repeated', async () => {
    const [a, b] = [user('a', { retention: { count: 1 } }), user('b', { retention: { count: 1 } })]
    await publish(a, 'warm')
    const reader = follow(user('c'))
    await world.run(100)
    void a.worker.doom('Txn', 'answerLost').then(() => world.cut(a.worker))
    const failing = world.failure(a.topic.publish('x'))
    await world.run(500)
    await publish(b, 'y', 'z')
    world.heal()
    expect(await failing).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    await world.run(100)
    expect(reader.values()).toEqual(['x', 'y', 'z'])
  })

  test('that was not done, while others drop, is done', async () => {
    const [a, b] = [user('a', { retention: { count: 1 } }), user('b', { retention: { count: 1 } })]
    await publish(a, 'warm')
    await publish(b, 'y', 'z')
    await publish(a, 'x')
    const reader = follow(b, { from: 'oldest' })
    await world.run(100)
    expect(reader.values()).toEqual(['x'])
  })

  test('that nobody answers in time says that it may have been done', async () => {
    const a = user('a')
    await publish(a, 'warm')
    void a.worker.doom('Txn', 'answerLost').then(() => world.cut(a.worker))
    const failed = await world.failure(a.topic.publish('x', { timeoutMs: 2_000 }))
    expect(failed).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
  })
})

describe('misuse', () => {
  const invalid = expect.objectContaining({ code: 'invalid-argument' })
  let worker: Worker

  beforeEach(() => {
    worker = world.worker('a')
  })

  test.each(['', '/', 'a/'])("refuses the name '%s'", (name) => {
    expect(() => new Topic(worker.client, name)).toThrow(invalid)
  })

  test.each([{ count: 0 }, { count: 1.5 }, { count: 200_000 }, { ageMs: 999 }])(
    'refuses to keep %j',
    (retention) => {
      expect(() => new Topic(worker.client, 't', { retention })).toThrow(invalid)
    },
  )

  test('refuses to begin nowhere, a cursor without a name, and what is no value', async () => {
    const topic = new Topic<string>(worker.client, 't')
    for (const from of [0, -1, 1.5, 'newest', null])
      expect(() => topic.subscribe({ from: from as number })).toThrow(invalid)
    expect(() => topic.cursor('')).toThrow(invalid)
    expect(() => topic.cursor('a/b')).toThrow(invalid)
    expect(await world.failure(topic.cursor('a').ack({ revision: 0 }))).toEqual(invalid)
    expect(await world.failure(topic.publish(undefined as unknown as string))).toEqual(invalid)
    const large = await world.failure(topic.publish('x'.repeat(1024 * 1024)))
    expect(large.code).toBe('request-too-large')
    expect(worker.calls.size).toBe(0)
  })

  test('of its keys by others harms nobody', async () => {
    const a = user('b', { retention: { ageMs: 5_000, count: 3 } })
    await world.settle(a.worker.client.kv.put('t/message/alien', '"hello"'))
    await world.settle(a.worker.client.kv.put('t/floor', 'nonsense'))
    await publish(a, ...numbers(5))
    const reader = follow(a, { from: 'oldest' })
    await world.run(100)
    expect(reader.values()).toEqual(['2', '3', '4'])
  })
})

/** Queues and topics on real servers. */

import { expect, test } from '@jest/globals'
import { op } from '../../../client/index.js'
import { LostError, Queue, QueueFullError, Topic } from '../../../recipes/index.js'
import { onServers } from './on-servers.js'

onServers((server) => {
  test('a queue gives each item to one, by priority, and keeps the dead', async () => {
    const queues = [1, 2, 3].map(() => new Queue<number>(server.client(), 'queue'))
    const [queue] = queues
    // More than one transaction has room for.
    const values = Array.from({ length: 70 }, (_, value) => ({ value, priority: value % 3 }))
    const answers = await queue!.enqueueMany(values)
    expect(new Set(answers.map(({ id }) => id)).size).toBe(70)
    const first = await queue!.claim({ max: 31 })
    const wanted = values.map(({ value }) => value).sort((a, b) => (b % 3) - (a % 3) || a - b)
    expect(first.map(({ value }) => value)).toEqual(wanted.slice(0, first.length))
    await Promise.all(first.map((item) => item.release()))
    const done: number[] = []
    const failed: number[] = []
    const all = new Promise<void>((resolve) => {
      for (const one of queues) {
        const consumer = one.consume(
          ({ value }) => {
            if (value === 7) throw new Error('poison')
          },
          { concurrency: 5 },
        )
        consumer.on('failed', ({ item }) => failed.push(item.value))
        consumer.on('acked', ({ value }) => {
          done.push(value)
          if (done.length === 69) resolve()
        })
      }
    })
    await all
    expect(new Set(done).size).toBe(69)
    await Promise.all(queues.map((one) => one.close()))
    expect(new Set(failed)).toEqual(new Set([7]))
  })

  test('a queue takes an id once, has a bound, and acks with a result', async () => {
    const queue = new Queue<string>(server.client(), 'bounded', { lengthMax: 2, attemptsMax: 1 })
    const once = { value: 'x', id: 'order-7' }
    expect(await queue.enqueueMany([once])).toEqual([{ id: 'order-7', duplicate: false }])
    expect(await queue.enqueueMany([once])).toEqual([{ id: 'order-7', duplicate: true }])
    await queue.enqueue('y')
    await expect(queue.enqueue('z')).rejects.toBeInstanceOf(QueueFullError)
    const item = await queue.receive()
    await item.ack({ also: [op.put('bounded-result', 'done')] })
    expect((await queue.client.kv.get('bounded-result'))?.text()).toBe('done')
    expect(await (await queue.receive()).nack({ reason: 'no' })).toBe(true)
    expect(await queue.dead.list()).toMatchObject([{ value: 'y', error: 'no' }])
    await queue.close()
  })

  test('items of a session that ends come back, and its acks fail', async () => {
    const [a, b] = [server.client(), server.client()].map(
      (client) => new Queue<string>(client, 'lost', { backoffMs: () => 0 }),
    )
    await a!.enqueue('x')
    const item = await a!.receive()
    await a!.close()
    await expect(item.ack()).rejects.toBeInstanceOf(LostError)
    const again = await b!.receive()
    expect([again.value, again.attempt]).toEqual(['x', 2])
    expect(again.fencingToken).toBeGreaterThan(item.fencingToken)
    await again.ack()
    await b!.close()
  })

  test('a topic tells everything in order, and what it has dropped', async () => {
    const [a, b] = [server.client(), server.client()].map(
      (client) => new Topic<number>(client, 'topic', { retention: { count: 50 } }),
    )
    const revisions: number[] = []
    for (let i = 0; i < 150; i += 3) {
      const three = [0, 1, 2].map((k) => (k === 1 ? b! : a!).publish(i + k))
      revisions.push(...(await Promise.all(three)))
    }
    revisions.sort((x, y) => x - y)
    const kept = await a!.length()
    expect(kept).toBeLessThanOrEqual(56)
    const told = []
    for await (const message of b!.subscribe({ from: revisions[0]! })) {
      told.push(message)
      if (message.revision === revisions.at(-1)) break
    }
    expect(told.map(({ revision }) => revision)).toEqual(revisions.slice(-kept))
    expect(told[0]!.missed).toEqual({ from: revisions[0], to: revisions.at(-kept - 1) })
    const cursor = a!.cursor('me')
    await cursor.ack(told.at(-1)!)
    await a!.publish(1_000)
    for await (const { value } of b!.subscribe({ from: cursor })) {
      expect(value).toBe(1_000)
      break
    }
  })
})

/** Transactional memory, counters, sequences, worker ids and rate limiters on real servers. */

import { expect, test } from '@jest/globals'
import type { Client } from '../../../client/index.js'
import {
  Counter,
  type Isolation,
  RateLimiter,
  Sequence,
  Session,
  stm,
  WorkerIds,
} from '../../../recipes/index.js'
import { onServers } from './on-servers.js'

const LEVELS: readonly Isolation[] = ['serializable-snapshot', 'serializable', 'repeatable-reads']

onServers((server) => {
  const clients = (count: number) => Array.from({ length: count }, () => server.client())

  for (const isolation of LEVELS)
    test(`transfers of many keep the total, at ${isolation}`, async () => {
      const bank = `bank-${isolation}/`
      const [first] = clients(1)
      const transfer = (client: Client, i: number) =>
        stm(
          client,
          async (tx) => {
            const keys = [`${bank}${i % 3}`, `${bank}${(i + 1) % 3}`] as const
            const [a, b] = await Promise.all([tx.get<number>(keys[0]), tx.get<number>(keys[1])])
            tx.put(keys[0], a! - 1)
            tx.put(keys[1], b! + 1)
          },
          { isolation },
        )
      await stm(first!, (tx) => {
        for (const i of [0, 1, 2]) tx.put(`${bank}${i}`, 10)
      })
      const work = clients(4).map(async (client, k) => {
        for (let i = 0; i < 10; i++) await transfer(client, i + k)
      })
      await Promise.all(work)
      const { kvs } = await first!.kv.getAll(bank)
      expect(kvs.reduce((sum, kv) => sum + kv.json<number>(), 0)).toBe(30)
    })

  test('ranges are guarded against new and deleted keys, empty ones too', async () => {
    const [client, other] = clients(2)
    let attempts = 0
    const count = (name: string, disturb: () => Promise<unknown>) =>
      stm(client!, async (tx) => {
        const found = (await tx.getAll(`${name}/`)).length
        if (++attempts % 2 === 1) await disturb()
        tx.put(`count-${name}`, found)
      })
    await count('new', () => other!.kv.put('new/1', '1'))
    await other!.kv.put('old/1', '1')
    await count('old', () => other!.kv.delete('old/1'))
    expect(attempts).toBe(4)
    expect((await client!.kv.get('count-new'))!.text()).toBe('1')
    expect((await client!.kv.get('count-old'))!.text()).toBe('0')
  })

  test('as much as a server takes in one transaction is taken', async () => {
    const [client] = clients(1)
    await stm(client!, (tx) => {
      for (let i = 0; i < 127; i++) tx.put(`much/${100 + i}`, i)
    })
    // Conditions: 125 keys, the range, the key that is written, and the mark.
    const read = await stm(client!, async (tx) => {
      const all = await tx.getAll({ from: 'much/100', to: 'much/225' })
      tx.put('much', all.length)
      return all.length
    })
    expect(read).toBe(125)
  })

  test('a lease that ended is told, and nothing is written', async () => {
    const [client] = clients(1)
    const lease = await client!.lease.grant(60)
    await client!.lease.revoke(lease)
    const written = stm(client!, (tx) => tx.put('leased', 1, { lease }))
    await expect(written).rejects.toMatchObject({ code: 'lease-not-found' })
    expect(await client!.kv.get('leased')).toBeNull()
  })

  test('counters count every add once', async () => {
    const counters = clients(4).map((client) => new Counter(client, 'counter'))
    await Promise.all(
      counters.flatMap((counter) => Array.from({ length: 25 }, () => counter.add(2))),
    )
    expect(await counters[0]!.get()).toBe(200)
    expect(await counters[0]!.compareAndSet(200, 7)).toBe(true)
    expect(await counters[1]!.set(0)).toBe(7)
  })

  test('sequences give every number once', async () => {
    const sequences = clients(4).map(
      (client, i) => new Sequence(client, 'sequence', { blockSize: i + 1 }),
    )
    const given = await Promise.all(
      sequences.flatMap((sequence) => Array.from({ length: 25 }, () => sequence.next())),
    )
    expect(new Set(given).size).toBe(100)
  })

  test('worker ids are unique, and free when they are given back', async () => {
    const sessions = await Promise.all(clients(4).map((client) => Session.create(client)))
    const ids = await Promise.all(
      sessions.map((session) => new WorkerIds(session, 'workers', { max: 3 }).acquire()),
    )
    expect(ids.map(({ id }) => id).sort()).toEqual([0, 1, 2, 3])
    await ids[2]!.release()
    const again = await new WorkerIds(sessions[0]!, 'workers', { max: 3 }).acquire()
    expect(again.id).toBe(ids[2]!.id)
    await Promise.all(sessions.map((session) => session.close()))
  })

  test('a rate limiter grants its burst, and no more at once', async () => {
    const options = { limit: 1, intervalMs: 3_600_000, burst: 10 }
    const limiters = clients(4).map((client) => new RateLimiter(client, 'limiter', options))
    const granted = await Promise.all(
      limiters.flatMap((limiter) => Array.from({ length: 5 }, () => limiter.tryAcquire())),
    )
    expect(granted.filter(Boolean)).toHaveLength(10)
  })
})

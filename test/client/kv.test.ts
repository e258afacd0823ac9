/** What a single key does: put, get, delete, and what they tell. */

import { expect, test } from '@jest/globals'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('kv', (server) => {
  test('a key that does not exist is null', async () => {
    expect(await server.client.kv.get(`${server.at}nothing`)).toBeNull()
  })

  test('JSON is read as it was written', async () => {
    await server.client.kv.put(`${server.at}j`, JSON.stringify({ ok: [1, 'ü'] }))
    expect((await server.client.kv.get(`${server.at}j`))?.json()).toEqual({ ok: [1, 'ü'] })
  })

  test('keys and values are any bytes', async () => {
    const key = Buffer.concat([Buffer.from(server.at), Buffer.from([0, 255, 128])])
    const value = Buffer.from([0, 1, 2, 255])
    await server.client.kv.put(key, value)
    expect(Buffer.from((await server.client.kv.get(key))!.value)).toEqual(value)
  })

  test('delete tells how many and what', async () => {
    await server.client.kv.put(`${server.at}a`, '1')
    await server.client.kv.put(`${server.at}b`, '2')
    const one = await server.client.kv.delete(`${server.at}a`, { prevKv: true })
    expect(one.deleted).toBe(1)
    expect(one.prev.map((kv) => kv.text())).toEqual(['1'])
    expect((await server.client.kv.delete({ prefix: server.at })).deleted).toBe(1)
    expect((await server.client.kv.delete({ prefix: server.at })).deleted).toBe(0)
  })

  test('a value can keep its lease, and a lease its value', async () => {
    const lease = await server.client.lease.grant(60)
    await server.client.kv.put(`${server.at}a`, 'v', { lease: lease.id })
    await server.client.kv.put(`${server.at}a`, 'w', { ignoreLease: true })
    expect(await server.client.kv.get(`${server.at}a`)).toMatchObject({ lease: lease.id })
    await server.client.kv.put(`${server.at}a`, '', { ignoreValue: true })
    expect(await server.client.kv.get(`${server.at}a`)).toMatchObject({ lease: 0n })
    expect((await server.client.kv.get(`${server.at}a`))?.text()).toBe('w')
    const error = await failure(server.client.kv.put(`${server.at}none`, '', { ignoreValue: true }))
    expect(error.code).toBe('key-not-found')
  })

  test('many requests at once are all answered', async () => {
    const puts = Array.from({ length: 500 }, (_, i) =>
      server.client.kv.put(`${server.at}${i}`, `${i}`),
    )
    const revisions = new Set((await Promise.all(puts)).map((put) => put.revision))
    expect(revisions.size).toBe(500)
    expect(await server.client.kv.count(server.at)).toBe(500)
  })
})

/** Writes that hold only if nobody else wrote, and values that are more than bytes. */

import { expect, test } from '@jest/globals'
import { json, text } from '../../client/index.js'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('guarded writes and codecs', (server) => {
  test('only the first creates a key; the others see what is there', async () => {
    const { kv } = server.client
    const tries = await Promise.all(
      Array.from({ length: 10 }, (_, i) => kv.create(`${server.at}a`, `${i}`)),
    )
    const winners = tries.filter((one) => one.succeeded)
    expect(winners).toHaveLength(1)
    const there = (await kv.get(`${server.at}a`))?.text()
    for (const one of tries) if (!one.succeeded) expect(one.existing.text()).toBe(there)
  })

  test('a key is replaced only as it was read, and keeps its lease', async () => {
    const { kv, lease } = server.client
    const { id } = await lease.grant(60)
    const { revision } = await kv.put(`${server.at}a`, '1', { lease: id })
    expect((await kv.replace(`${server.at}a`, '2', revision)).succeeded).toBe(true)
    const late = await kv.replace(`${server.at}a`, '3', revision)
    expect(late.succeeded || late.existing?.text()).toBe('2')
    expect(await kv.get(`${server.at}a`)).toMatchObject({ lease: id, version: 2 })
    const gone = await kv.replace(`${server.at}none`, '1', revision)
    expect(gone.succeeded || gone.existing).toBeNull()
  })

  test('fifty updates at once count to fifty', async () => {
    const { kv } = server.client
    const key = `${server.at}counter`
    const add = () =>
      kv.update(key, (now) => String(Number(now?.text() ?? 0) + 1), { attempts: 1000 })
    await Promise.all(Array.from({ length: 50 }, add))
    expect((await kv.get(key))?.text()).toBe('50')
  })

  test('an update that gives up says conflict, one that wants nothing changes nothing', async () => {
    const { kv } = server.client
    const key = `${server.at}a`
    await kv.put(key, '1')
    const error = await failure(
      kv.update(
        key,
        async () => {
          await kv.put(key, 'faster')
          return 'mine'
        },
        { attempts: 2 },
      ),
    )
    expect(error).toMatchObject({ code: 'conflict', outcomeUnknown: false })
    const { changed, prev } = await kv.update(key, () => undefined)
    expect([changed, prev?.text()]).toEqual([false, 'faster'])
  })

  test('values are read as they were written, and refused when they are something else', async () => {
    const limits = server.client.kv.withCodec(json<{ perSecond: number }>())
    await limits.put(`${server.at}api`, { perSecond: 100 })
    expect((await limits.get(`${server.at}api`))?.value.perSecond).toBe(100)
    const { kvs } = await limits.getAll(server.at)
    expect(kvs.map((kv) => kv.value)).toEqual([{ perSecond: 100 }])
    await server.client.kv.put(`${server.at}api`, 'no JSON')
    expect((await failure(limits.get(`${server.at}api`))).code).toBe('invalid-value')
    const words = server.client.kv.withCodec(text)
    const { prev } = await words.put(`${server.at}api`, 'ü', { prevKv: true })
    expect(prev?.value).toBe('no JSON')
    await server.client.kv.put(`${server.at}api`, Buffer.from([0xff]))
    expect((await failure(words.get(`${server.at}api`))).code).toBe('invalid-value')
  })
})

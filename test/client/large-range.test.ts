/** Ranges of any size: in pages, and key by key, all of one revision. */

import { expect, test } from '@jest/globals'
import type { KeyValue } from '../../client/index.js'
import { failure } from './outcome.js'
import { type ServerUnderTest, subject } from './subject.js'

const KEYS = 250

async function fill({ client, at }: ServerUnderTest): Promise<string[]> {
  const names = Array.from({ length: KEYS }, (_, i) => `${at}${String(i).padStart(4, '0')}`)
  await Promise.all(names.map((name) => client.kv.put(name, name)))
  return names
}

const keysOf = (kvs: readonly KeyValue[]) => kvs.map((kv) => kv.keyString)

subject('large ranges', (server) => {
  test('pages are all of one revision, whatever happens meanwhile', async () => {
    const names = await fill(server)
    const { kv } = server.client
    const seen: string[] = []
    const revisions = new Set<number>()
    for await (const page of kv.pages(server.at, { pageSize: 40 })) {
      expect(page.kvs.length).toBeLessThanOrEqual(40)
      expect(page.count).toBe(KEYS)
      revisions.add(page.revision)
      seen.push(...keysOf(page.kvs))
      await kv.put(`${server.at}0000a`, 'new')
      await kv.delete(names.at(-1)!)
    }
    expect(seen).toEqual(names)
    expect(revisions.size).toBe(1)
  })

  test('a stream gives key by key; backwards and with a limit, too', async () => {
    const names = await fill(server)
    const read = async (options: Parameters<typeof server.client.kv.stream>[1]) => {
      const seen: KeyValue[] = []
      for await (const one of server.client.kv.stream(server.at, options)) seen.push(one)
      return keysOf(seen)
    }
    expect(await read({})).toEqual(names)
    expect(await read({ limit: 7 })).toEqual(names.slice(0, 7))
    expect(await read({ order: 'descending', limit: 3 })).toEqual(names.slice(-3).reverse())
  })

  test('values of many megabytes are streamed, and a loop may be left', async () => {
    const { kv } = server.client
    const value = Buffer.alloc(256 * 1024, 'v')
    for (let i = 0; i < 24; i++) await kv.put(`${server.at}${i}`, value)
    let bytes = 0
    for await (const one of kv.stream(server.at)) bytes += one.value.length
    expect(bytes).toBe(24 * value.length)
    for await (const one of kv.stream(server.at)) {
      expect(one.value).toHaveLength(value.length)
      break
    }
    expect(await kv.count(server.at)).toBe(24)
  })

  test('pages end with compacted when their revision is compacted meanwhile', async () => {
    await fill(server)
    const { kv } = server.client
    const pages = kv.pages(server.at, { pageSize: 10 })
    expect((await pages.next()).done).toBe(false)
    const { revision } = await kv.put(`${server.at}x`, '1')
    await kv.compact(revision)
    expect((await failure(pages.next())).code).toBe('compacted')
  })

  test('a reading that is aborted ends with cancelled', async () => {
    await fill(server)
    const abort = new AbortController()
    const pages = server.client.kv.pages(server.at, { pageSize: 10, signal: abort.signal })
    await pages.next()
    abort.abort()
    expect((await failure(pages.next())).code).toBe('cancelled')
  })

  test('an empty range is one empty page, and no key', async () => {
    const { kv } = server.client
    const sizes: number[] = []
    for await (const page of kv.pages(`${server.at}none`)) sizes.push(page.kvs.length)
    expect(sizes).toEqual([0])
    expect(await kv.stream(`${server.at}none`).next()).toMatchObject({ done: true })
  })
})

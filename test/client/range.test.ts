/** Ranges of keys, their order and limits, and the past. */

import { expect, test } from '@jest/globals'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('range', (server) => {
  test('ranges: prefix, from-to, from on, count, limit, order', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await server.client.kv.put(server.at + name, name)
    const names = (kvs: { text(): string }[]) => kvs.map((kv) => kv.text()).join('')
    expect(names((await server.client.kv.getAll(server.at)).kvs)).toBe('abcd')
    const slice = await server.client.kv.getAll({ from: `${server.at}b`, to: `${server.at}d` })
    expect(names(slice.kvs)).toBe('bc')
    const limited = await server.client.kv.getAll(
      { prefix: server.at },
      { limit: 2, order: 'descending' },
    )
    expect(names(limited.kvs)).toBe('dc')
    expect(limited).toMatchObject({ more: true, count: 4 })
    expect(await server.client.kv.count(server.at)).toBe(4)
    const rest = await server.client.kv.getAll({ fromKey: `${server.at}c` })
    expect(names(rest.kvs.slice(0, 2))).toBe('cd')
    expect(
      (await server.client.kv.getAll({ all: true }, { countOnly: true })).count,
    ).toBeGreaterThan(3)
  })

  test('options of a range: keys only, sorting by value, revisions as filters', async () => {
    await server.client.kv.put(`${server.at}1`, 'z')
    const { revision } = await server.client.kv.put(`${server.at}2`, 'a')
    const bare = await server.client.kv.getAll(server.at, { keysOnly: true, serializable: true })
    expect(bare.kvs.map((kv) => kv.text())).toEqual(['', ''])
    const byValue = await server.client.kv.getAll(server.at, { sort: 'value' })
    expect(byValue.kvs.map((kv) => kv.text())).toEqual(['a', 'z'])
    const late = await server.client.kv.getAll(server.at, { minModRevision: revision })
    expect(late.kvs.map((kv) => kv.text())).toEqual(['a'])
  })

  test('the past can be read until it is compacted', async () => {
    const { revision } = await server.client.kv.put(`${server.at}a`, 'old')
    const newer = await server.client.kv.put(`${server.at}a`, 'new')
    expect((await server.client.kv.get(`${server.at}a`, { revision }))?.text()).toBe('old')
    await server.client.kv.compact(newer.revision, { physical: true })
    const error = await failure(server.client.kv.get(`${server.at}a`, { revision }))
    expect(error).toMatchObject({ code: 'compacted', outcomeUnknown: false })
    expect(error.etcd?.text).toBe('etcdserver: mvcc: required revision has been compacted')
    expect((await server.client.kv.get(`${server.at}a`))?.text()).toBe('new')
  })

  test('a revision of the future is refused', async () => {
    const error = await failure(server.client.kv.get(`${server.at}a`, { revision: 10_000_000 }))
    expect(error.code).toBe('future-revision')
  })
})

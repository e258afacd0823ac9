/** Watches: order, filters, progress, compaction, slow readers. */

import { expect, test } from '@jest/globals'
import { op, type WatchEvent } from '../../client/index.js'
import { failure, take } from './outcome.js'
import { subject } from './subject.js'

subject('watch', (server) => {
  test('changes come in order, with what was before', async () => {
    const watcher = server.client.watch({ prefix: server.at }, { prevKv: true })
    const began = await watcher.created
    const put = await server.client.kv.put(`${server.at}a`, '1')
    await server.client.kv.put(`${server.at}a`, '2')
    await server.client.kv.delete(`${server.at}a`)
    const events = await take(watcher, 3)
    expect(events.map((event) => event.type)).toEqual(['put', 'put', 'delete'])
    expect(events.map((event) => event.kv.modRevision)).toEqual([1, 2, 3].map((n) => began + n))
    expect(put.revision).toBe(began + 1)
    expect(events.map((event) => event.prev?.text())).toEqual([undefined, '1', '2'])
  })

  test('a watch from the past tells what happened since', async () => {
    const { revision } = await server.client.kv.put(`${server.at}a`, '1')
    await server.client.kv.put(`${server.at}a`, '2')
    await server.client.kv.put(`${server.at}other`, 'x')
    const events = await take(server.client.watch(`${server.at}a`, { startRevision: revision }), 2)
    expect(events.map((event) => event.kv.text())).toEqual(['1', '2'])
  })

  test('filters leave out puts or deletes', async () => {
    const { revision } = await server.client.kv.put(`${server.at}a`, '1')
    await server.client.kv.delete(`${server.at}a`)
    await server.client.kv.put(`${server.at}a`, '2')
    await server.client.kv.delete(`${server.at}a`)
    const watch = (filters: ('noPut' | 'noDelete')[]) =>
      server.client.watch(`${server.at}a`, { startRevision: revision, filters })
    const types = (events: WatchEvent[]) => events.map((event) => event.type)
    expect(types(await take(watch(['noPut']), 2))).toEqual(['delete', 'delete'])
    expect(types(await take(watch(['noDelete']), 2))).toEqual(['put', 'put'])
  })

  test('a batch holds whole revisions', async () => {
    const watcher = server.client.watch({ prefix: server.at })
    await watcher.created
    const ops = ['a', 'b', 'c'].map((name) => op.put(server.at + name, name))
    const { revision } = await server.client
      .txn()
      .then(...ops)
      .commit()
    for await (const batch of watcher.batches()) {
      expect(batch.revision).toBe(revision)
      expect(batch.events).toHaveLength(3)
      break
    }
  })

  test('progress is told on request', async () => {
    const watcher = server.client.watch(`${server.at}a`)
    await watcher.created
    const { revision } = await server.client.kv.put(`${server.at}unrelated`, '1')
    const ask = setInterval(() => watcher.requestProgress(), 50)
    for await (const batch of watcher.batches()) {
      expect(batch.events).toEqual([])
      if (batch.revision >= revision) break
    }
    clearInterval(ask)
  })

  test('a watch from a compacted revision ends, and says from where to go on', async () => {
    const { revision } = await server.client.kv.put(`${server.at}a`, '1')
    const newer = await server.client.kv.put(`${server.at}a`, '2')
    await server.client.kv.compact(newer.revision)
    const watcher = server.client.watch(`${server.at}a`, { startRevision: revision })
    const error = await failure(take(watcher, 1))
    expect(error).toMatchObject({ code: 'compacted', compactRevision: newer.revision })
    const again = server.client.watch(`${server.at}a`, { startRevision: error.compactRevision })
    expect((await take(again, 1))[0]?.kv.text()).toBe('2')
  })

  test('a closed watch ends its loop; an aborted one says so', async () => {
    const closed = server.client.watch(`${server.at}a`)
    await closed.created
    setImmediate(() => closed.close())
    expect(await take(closed, 1)).toEqual([])
    const abort = new AbortController()
    const aborted = server.client.watch(`${server.at}a`, { signal: abort.signal })
    await aborted.created
    setImmediate(() => abort.abort())
    expect(await failure(take(aborted, 1))).toMatchObject({ code: 'cancelled' })
  })

  test('a slow reader gets everything, and does not hold up others', async () => {
    const slow = server.client.watch({ prefix: server.at })
    const quick = server.client.watch({ prefix: server.at })
    await Promise.all([slow.created, quick.created])
    const value = Buffer.alloc(32 * 1024, 'v')
    const count = 300
    for (let i = 0; i < count; i += 20)
      await Promise.all(
        Array.from({ length: 20 }, (_, j) => server.client.kv.put(`${server.at}${i + j}`, value)),
      )
    const revisions = (events: WatchEvent[]) => events.map((event) => event.kv.modRevision)
    const read = revisions(await take(quick, count))
    expect(revisions(await take(slow, count))).toEqual(read)
    expect(read).toEqual([...read].sort((a, b) => a - b))
  })

  test('fragments of one revision are joined', async () => {
    const watcher = server.client.watch({ prefix: server.at }, { fragment: true })
    await watcher.created
    const value = Buffer.alloc(60_000, 'v')
    const keys = Array.from({ length: 24 }, (_, i) => `${server.at}${String(i).padStart(2, '0')}`)
    for (let i = 0; i < 2; i++) {
      const ops = keys.map((key) => op.put(key, value))
      await server.client
        .txn()
        .then(...ops)
        .commit()
    }
    const batches: number[] = []
    for await (const batch of watcher.batches()) {
      batches.push(batch.events.length)
      if (batches.reduce((a, b) => a + b) === 48) break
    }
    expect(batches.every((size) => size % 24 === 0)).toBe(true)
  })

  test('two hundred watches share a stream', async () => {
    const watchers = Array.from({ length: 200 }, (_, i) => server.client.watch(`${server.at}${i}`))
    await Promise.all(watchers.map((watcher) => watcher.created))
    await Promise.all(watchers.map((_, i) => server.client.kv.put(`${server.at}${i}`, `${i}`)))
    const values = await Promise.all(
      watchers.map(async (watcher) => (await take(watcher, 1))[0]?.kv.text()),
    )
    expect(values).toEqual(watchers.map((_, i) => `${i}`))
  })
})

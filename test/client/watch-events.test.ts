/** Watches that are listened to, that survive compactions and breaks, and that bound what waits. */

import { expect, test } from '@jest/globals'
import type { WatchBatch, Watcher } from '../../client/index.js'
import { failure, take } from './outcome.js'
import { subject } from './subject.js'

/** Reads batches until one reaches a revision. */
async function batchesTo(watcher: Watcher, revision: number): Promise<WatchBatch[]> {
  const batches: WatchBatch[] = []
  for await (const batch of watcher.batches()) {
    batches.push(batch)
    if (batch.revision >= revision) break
  }
  return batches
}

subject('watch events', (server) => {
  test('listeners hear puts, deletes, whole revisions, and the end', async () => {
    const { kv } = server.client
    const watcher = server.client.watch({ prefix: server.at }, { prevKv: true })
    const heard: string[] = []
    const ended = new Promise<void>((resolve) => {
      watcher
        .on('batch', ({ events }) => heard.push(`batch of ${events.length}`))
        .on('put', (event) => heard.push(`put ${event.kv.text()}`))
        .on('delete', (event) => {
          heard.push(`delete ${event.prev?.text()}`)
          watcher.close()
        })
        .on('end', () => resolve())
    })
    await watcher.created
    await kv.put(`${server.at}a`, '1')
    await kv.delete(`${server.at}a`)
    await ended
    expect(heard).toEqual(['batch of 1', 'put 1', 'batch of 1', 'delete 1'])
  })

  test('a start that is compacted: the keys are listed, and it goes on', async () => {
    const { kv } = server.client
    const { revision } = await kv.put(`${server.at}a`, '1')
    await kv.put(`${server.at}a`, '2')
    const newest = await kv.put(`${server.at}b`, '3')
    await kv.compact(newest.revision)
    const watcher = server.client.watch(
      { prefix: server.at },
      { startRevision: revision, onCompacted: 'relist' },
    )
    const batches = watcher.batches()
    const told = async (upTo: number) => {
      const values: string[] = []
      for (let revision = 0; revision < upTo; ) {
        const batch = (await batches.next()).value!
        if (batch.relisted !== undefined) expect(batch.relisted.complete).toBe(false)
        for (const event of batch.events)
          values.push(`${event.synthetic ? 'listed' : 'told'} ${event.kv.text()}`)
        revision = batch.revision
      }
      return values
    }
    expect(await told(newest.revision)).toEqual(['listed 2', 'listed 3'])
    const after = await kv.put(`${server.at}c`, '4')
    expect(await told(after.revision)).toEqual(['told 4'])
    watcher.close()
  })

  test('a reader that fell behind a compaction is told what became of the keys', async () => {
    const { kv } = server.client
    for (const name of ['stays', 'goes', 'changes']) await kv.put(server.at + name, 'old')
    const watcher = server.client.watch(
      { prefix: server.at },
      { onCompacted: 'relist', bufferEventsMax: 1 },
    )
    await watcher.created
    // The first fills the buffer; from then on the server tells no more.
    for (let i = 0; i < 20; i++) await kv.put(`${server.at}busy`, `${i}`)
    await kv.put(`${server.at}changes`, 'new')
    await kv.delete(`${server.at}goes`)
    const { revision } = await kv.put(`${server.at}comes`, 'new')
    await kv.compact(revision)
    const batches = await batchesTo(watcher, revision)
    expect(batches.find((batch) => batch.relisted)?.relisted).toMatchObject({ complete: true })
    const told = batches
      .flatMap((batch) => batch.events)
      .filter((event) => event.synthetic)
      .map(({ type, kv: one }) => `${type} ${one.keyString.slice(server.at.length)}`)
    expect(told).toEqual(['put busy', 'put changes', 'put comes', 'delete goes'])
  })

  test('a reader that waits holds a bounded part, and misses nothing', async () => {
    const { kv } = server.client
    const watcher = server.client.watch({ prefix: server.at }, { bufferEventsMax: 5 })
    await watcher.created
    const count = 120
    for (let i = 0; i < count; i++) await kv.put(`${server.at}a`, `${i}`)
    const events = await take(watcher, count)
    expect(events.map((event) => Number(event.kv.text()))).toEqual(
      Array.from({ length: count }, (_, i) => i),
    )
  })

  test('a break is told, and nothing is missed over it', async () => {
    const one = server.connect({ timeoutMs: 20_000 })
    const watcher = one.watch({ prefix: server.at })
    const told: string[] = []
    const done = new Promise<void>((resolve) => {
      watcher
        .on('disconnected', () => told.push('disconnected'))
        .on('resumed', () => told.push('resumed'))
        .on('put', ({ kv }) => {
          told.push(kv.text())
          if (kv.text() === 'after') resolve()
        })
    })
    await watcher.created
    await one.kv.put(`${server.at}a`, 'before')
    await server.cluster.restart()
    await one.kv.put(`${server.at}a`, 'after')
    await done
    expect(told.filter((word, i) => word !== told[i - 1])).toEqual([
      'before',
      'disconnected',
      'resumed',
      'after',
    ])
  }, 60_000)

  test('a watcher is read in one way only', async () => {
    const watcher = server.client.watch(`${server.at}a`)
    watcher.on('put', () => {})
    await expect(watcher[Symbol.asyncIterator]().next()).rejects.toThrow(TypeError)
    watcher.close()
    expect(
      (await failure(server.client.watch('k', { signal: AbortSignal.abort() }).created)).code,
    ).toBe('cancelled')
  })
})

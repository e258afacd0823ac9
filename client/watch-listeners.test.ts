/** Watches that are listened to, and that list anew after a compaction; in virtual time. */

import { describe, expect, test } from '@jest/globals'
import { type FakeMember, fakeMembers, settled } from '../test/client/fake-members.js'
import type { Watcher } from './watcher.js'
import { etcdErrors } from './wire/etcd-errors.js'
import { EventType } from './wire/generated/kv.js'

const kv = (key: string, modRevision: number, createRevision = modRevision) => ({
  key: Buffer.from(key),
  value: Buffer.from(`v${modRevision}`),
  modRevision,
  createRevision,
})
const put = (key: string, revision: number) => ({ kv: kv(key, revision) })
const deletion = (key: string, modRevision: number) => ({
  type: EventType.DELETE,
  kv: { key: Buffer.from(key), modRevision },
})

/** Answers every create; what begins before the compaction is cancelled. */
const creates = (member: FakeMember, revision: number, compactRevision = 0) => {
  member.onWatch = ({ createRequest }, stream) => {
    if (createRequest === undefined) return
    const { watchId, startRevision } = createRequest
    stream.send({ watchId, created: true, header: { revision } })
    if (startRevision > 0 && startRevision < compactRevision)
      stream.send({ watchId, canceled: true, compactRevision })
  }
}
/** Lists these keys at this revision; older ones are compacted. */
const lists = (member: FakeMember, revision: number, kvs: ReturnType<typeof kv>[], oldest = 0) => {
  member.onRange = (request) => {
    if (request.revision > 0 && request.revision < oldest) throw etcdErrors.compacted.error()
    if (request.revision > revision) throw etcdErrors.futureRev.error()
    return { header: { revision }, count: kvs.length, kvs }
  }
}

/** Writes down all that a watcher tells. */
const listen = (watcher: Watcher): string[] => {
  const heard: string[] = []
  watcher
    .on('put', (event) =>
      heard.push(`put ${event.kv.keyString}@${event.kv.modRevision}${event.synthetic ? '!' : ''}`),
    )
    .on('delete', (event) =>
      heard.push(
        `delete ${event.kv.keyString}@${event.kv.modRevision}${event.synthetic ? '!' : ''}`,
      ),
    )
    .on('progress', (revision) => heard.push(`progress ${revision}`))
    .on('compacted', (gap) =>
      heard.push(
        `compacted ${gap.compactRevision} list ${gap.revision}${gap.complete ? '' : ' incomplete'}`,
      ),
    )
    .on('disconnected', (error) => heard.push(`disconnected ${error.code}`))
    .on('resumed', (revision) => heard.push(`resumed ${revision}`))
    .on('error', (error) => heard.push(`error ${error.code}`))
    .on('end', () => heard.push('end'))
  return heard
}

describe('a watch that is listened to', () => {
  test('tells everything by name, in order, also what came before the first listener', async () => {
    const { client, clock, members } = fakeMembers(2)
    for (const member of members) creates(member, 10)
    const watcher = client.watch({ prefix: '' })
    await watcher.created
    const [stream] = members[0]!.watches
    stream!.send({ watchId: 1, events: [put('a', 11)] })
    await settled()
    const heard = listen(watcher)
    await settled()
    stream!.send({ watchId: 1, events: [put('b', 12), deletion('a', 13)] })
    stream!.send({ watchId: 1, header: { revision: 20 } })
    await settled()
    stream!.fail(etcdErrors.stopped.error())
    await clock.run(100)
    await settled()
    watcher.close()
    expect(heard).toEqual([
      'put a@11',
      'put b@12',
      'delete a@13',
      'progress 20',
      'disconnected unavailable',
      'resumed 21',
      'end',
    ])
  })

  test('is never taken off the server, however much comes', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    const watcher = client.watch('k')
    const heard = listen(watcher)
    await watcher.created
    for (let i = 0; i < 50; i++)
      first.watches[0]!.send({
        watchId: 1,
        events: Array.from({ length: 100 }, (_, n) => put('k', 2 + i * 100 + n)),
      })
    await settled()
    expect(heard).toHaveLength(5_000)
    expect(first.watches[0]!.received.some(({ cancelRequest }) => cancelRequest)).toBe(false)
  })

  test('has one reader: iterating and listening exclude each other', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    const listened = client.watch('k').on('event', () => {})
    await expect(listened.batches().next()).rejects.toThrow(TypeError)
    const iterated = client.watch('k')
    const next = iterated.batches().next()
    expect(() => iterated.on('put', () => {})).toThrow(TypeError)
    expect(() => iterated.on('disconnected', () => {})).not.toThrow()
    client.close()
    await expect(next).rejects.toMatchObject({ code: 'closed' })
  })

  test('says why it failed, and then that it is over', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 90, 60)
    const heard = listen(client.watch('k', { startRevision: 5 }))
    await settled()
    expect(heard).toEqual(['error compacted', 'end'])
  })

  test('that its listener closes tells nothing more', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    const watcher = client.watch('k')
    const heard = listen(watcher)
    watcher.on('event', () => watcher.close())
    await watcher.created
    first.watches[0]!.send({ watchId: 1, events: [put('k', 2), put('l', 2)] })
    first.watches[0]!.send({ watchId: 1, events: [put('k', 3)] })
    await settled()
    expect(heard).toEqual(['put k@2', 'end'])
  })

  test('that is closed while it is iterated tells nothing more', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    const watcher = client.watch({ prefix: 'k' })
    await watcher.created
    first.watches[0]!.send({ watchId: 1, events: [put('k', 2), put('l', 2)] })
    const heard: string[] = []
    for await (const { kv } of watcher) {
      heard.push(kv.keyString)
      watcher.close()
    }
    expect(heard).toEqual(['k'])
  })

  test('that is aborted while it is iterated tells nothing more, and says so', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    const abort = new AbortController()
    const watcher = client.watch({ prefix: 'k' }, { signal: abort.signal })
    await watcher.created
    first.watches[0]!.send({ watchId: 1, events: [put('k', 2), put('l', 2)] })
    const heard: string[] = []
    const reading = (async () => {
      for await (const { kv } of watcher) {
        heard.push(kv.keyString)
        abort.abort()
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' })
    expect(heard).toEqual(['k'])
  })

  test('ends quietly with the client', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    let ended = 0
    const watcher = client.watch('k').on('event', () => {})
    watcher.on('end', () => ended++)
    await watcher.created
    client.close()
    await settled()
    expect(ended).toBe(1)
  })
})

describe('a watch that lists anew', () => {
  test('tells by synthetic events what it missed, and goes on behind the list', async () => {
    const { client, clock, members } = fakeMembers(2)
    const [first, second] = members
    creates(first!, 10)
    lists(first!, 10, [kv('a', 3), kv('b', 4), kv('c', 5), kv('d', 6)])
    const watcher = client.watch({ prefix: '' }, { onCompacted: 'relist' })
    const heard = listen(watcher)
    expect(await watcher.created).toBe(10)
    expect(first!.watches[0]!.received[0]!.createRequest!.startRevision).toBe(11)
    first!.watches[0]!.send({ watchId: 1, events: [put('e', 11), deletion('d', 12)] })
    await settled()
    // b was deleted and made again, c put, e deleted.
    creates(second!, 50, 45)
    lists(second!, 50, [kv('a', 3), kv('b', 42, 40), kv('c', 43, 5)])
    first!.watches[0]!.fail(etcdErrors.stopped.error())
    await clock.run(200)
    await settled()
    expect(heard).toEqual([
      'put e@11',
      'delete d@12',
      'disconnected unavailable',
      'resumed 13',
      'compacted 45 list 50',
      'delete b@39!',
      'put b@42!',
      'put c@43!',
      'delete e@50!',
    ])
    const stream = second!.watches.at(-1)!
    const { createRequest } = stream.received.at(-1)!
    expect(createRequest!.startRevision).toBe(51)
    stream.send({ watchId: createRequest!.watchId, events: [put('f', 51)] })
    await settled()
    expect(heard.at(-1)).toBe('put f@51')
  })

  test('knows what its filters leave out, and does not tell it', async () => {
    const { client, clock, members } = fakeMembers(2)
    const [first, second] = members
    creates(first!, 10)
    lists(first!, 10, [kv('a', 3)])
    const options = { onCompacted: 'relist', filters: ['noPut'] } as const
    const watcher = client.watch({ prefix: '' }, options)
    const heard = listen(watcher)
    await watcher.created
    expect(first!.watches[0]!.received[0]!.createRequest!.filters).toEqual([])
    first!.watches[0]!.send({ watchId: 1, events: [put('b', 11)] })
    creates(second!, 50, 45)
    lists(second!, 50, [kv('c', 43)])
    await settled()
    first!.watches[0]!.fail(etcdErrors.stopped.error())
    await clock.run(200)
    await settled()
    expect(heard.filter((one) => /put|delete/.test(one))).toEqual(['delete a@50!', 'delete b@50!'])
  })

  test('from a compacted start tells all that there is, and says that it cannot know more', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 90, 60)
    lists(first, 90, [kv('a', 3), kv('b', 70)], 60)
    const watcher = client.watch({ prefix: '' }, { onCompacted: 'relist', startRevision: 20 })
    const heard = listen(watcher)
    await settled()
    expect(heard).toEqual([
      'compacted 60 list 90 incomplete',
      'put a@3!',
      'put b@70!',
      'progress 90',
    ])
  })

  test('from a start that is still to come tells nothing before it', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 10)
    lists(first, 10, [kv('a', 3)])
    const watcher = client.watch({ prefix: '' }, { onCompacted: 'relist', startRevision: 15 })
    const heard = listen(watcher)
    await settled()
    const { createRequest } = first.watches[0]!.received[0]!
    expect(createRequest!.startRevision).toBe(11)
    first.watches[0]!.send({ watchId: 1, events: [put('b', 14), put('b', 15)] })
    await settled()
    expect(heard).toEqual(['put b@15'])
  })

  test('waits for its reader between the pages of a list', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 90, 60)
    const kvs = Array.from({ length: 700 }, (_, i) => kv(`k${1000 + i}`, 70))
    let pages = 0
    first.onRange = ({ revision, limit, key }) => {
      if (revision === 19) throw etcdErrors.compacted.error()
      pages++
      const rest = kvs.filter((one) => Buffer.compare(one.key, key) >= 0)
      const page = rest.slice(0, limit)
      return { header: { revision: 90 }, count: 700, kvs: page, more: rest.length > page.length }
    }
    const options = { onCompacted: 'relist', startRevision: 20, bufferEventsMax: 10 } as const
    const watcher = client.watch({ prefix: '' }, options)
    await settled()
    expect(pages).toBe(1)
    let told = 0
    for await (const { events, revision } of watcher.batches()) {
      told += events.length
      if (revision === 90) break
    }
    expect([told, pages]).toEqual([700, 2])
  })
})

test('100,000 events and a slow reader: what waits is bounded, and all is told', async () => {
  const { client, first } = fakeMembers(1)
  const last = 100_001
  let inFlight = 0
  first.onWatch = ({ createRequest, cancelRequest }, stream) => {
    if (cancelRequest !== undefined) inFlight = 0
    if (createRequest === undefined) return
    const { watchId, startRevision } = createRequest
    stream.send({ watchId, created: true, header: { revision: 1 } })
    // A server sends until it is told to stop; here at most three messages later.
    for (let at = Math.max(2, startRevision), n = 0; at <= last && n < 13; at += 100, n++) {
      const length = Math.min(100, last - at + 1)
      stream.send({ watchId, events: Array.from({ length }, (_, i) => put('k', at + i)) })
      inFlight += length
    }
  }
  const watcher = client.watch('k', { bufferEventsMax: 1_000 })
  await watcher.created
  await settled()
  expect(inFlight).toBeLessThanOrEqual(1_300)
  let next = 2
  for await (const { kv } of watcher) {
    if (kv.modRevision !== next) throw new Error(`${kv.modRevision} instead of ${next}`)
    if (next++ === last) break
  }
  expect(next).toBe(last + 1)
})

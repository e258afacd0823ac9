/** Large ranges, guarded writes and the door of the key-value service, against a member in this process. */

import { describe, expect, test } from '@jest/globals'
import { oneMember } from '../test/client/one-member.js'
import { failure } from '../test/client/outcome.js'
import { VirtualClock } from '../test/sim/virtual-clock.js'
import type { Calls, Streams } from './calls.js'
import { failedStream } from './host/stream-failed.js'
import { type Client, ConclaveError, type KeyValue } from './index.js'
import { KvClient } from './kv.js'
import type { Init } from './wire/codec.js'
import type { RangeRequest } from './wire/generated/rpc.js'
import { KV } from './wire/methods.js'
import { RpcError, Status } from './wire/status.js'

let client: Client

oneMember((made) => {
  client = made
})

const nameOf = (i: number) => `k/${String(i).padStart(4, '0')}`
const fill = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => client.kv.put(nameOf(i), `${i}`)))
const names = (kvs: readonly KeyValue[]) => kvs.map((kv) => kv.keyString)
const allNames = (count: number) => Array.from({ length: count }, (_, i) => nameOf(i))
async function gathered<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of from) all.push(one)
  return all
}

/** A key-value service whose requests are written down; `before` runs before each range. */
function recorded(before: () => Promise<unknown> = async () => {}) {
  const ranges: Init<RangeRequest>[] = []
  const calls: Calls = {
    async call(method, request, intent, options) {
      if ((method as unknown) === KV.range) {
        await before()
        ranges.push(request as Init<RangeRequest>)
      }
      return client.rpc(method, request, { ...options, intent })
    },
  }
  const streams: Streams = {
    clock: client.clock,
    timeoutMs: 5_000,
    stream: (method, options) => {
      opened.push(method.path)
      return client.stream(method, options)
    },
  }
  const opened: string[] = []
  return { kv: new KvClient(calls, streams), ranges, opened, calls, streams }
}

describe('pages of a range', () => {
  test('have each key once, of one revision, whatever is written meanwhile', async () => {
    await fill(25)
    const { revision } = await client.kv.put('other', '')
    let i = 0
    const { kv, ranges } = recorded(async () => {
      if (i++ === 0) return
      await client.kv.delete(nameOf(24))
      await client.kv.put(`${nameOf(23)}x`, 'new')
      await client.kv.put(nameOf(20), 'changed')
    })
    const pages = await gathered(kv.pages('k/', { pageSize: 10 }))
    expect(pages.map((page) => page.kvs.length)).toEqual([10, 10, 5])
    expect(pages.flatMap((page) => names(page.kvs))).toEqual(allNames(25))
    expect(pages[2]?.kvs[0]?.text()).toBe('20')
    expect(pages.map((page) => [page.revision, page.count, page.more])).toEqual([
      [revision, 25, true],
      [revision, 25, true],
      [revision, 25, false],
    ])
    expect(ranges.length).toBe(3)
  })

  test('say so when their revision is compacted meanwhile', async () => {
    await fill(25)
    let i = 0
    const { kv } = recorded(async () => {
      if (i++ !== 2) return
      const { revision } = await client.kv.put('other', '')
      await client.kv.compact(revision)
    })
    const pages = kv.pages('k/', { pageSize: 10 })
    await pages.next()
    await pages.next()
    const error = await failure(pages.next())
    expect(error).toMatchObject({ code: 'compacted', cause: { code: 'compacted' } })
    expect(error.message).toMatch(/^Revision \d+, at which the range is read, was compacted/)
    expect(await pages.next()).toMatchObject({ done: true })
  })

  test('of a revision that was compacted before are refused like any read', async () => {
    const [first] = await fill(2)
    const { revision } = await client.kv.put('other', '')
    await client.kv.compact(revision)
    const error = await failure(gathered(client.kv.pages('k/', { revision: first!.revision })))
    expect(error.code).toBe('compacted')
    expect(error.message).not.toMatch(/meanwhile/)
  })

  test('come in either order, up to a limit, filtered, and without values', async () => {
    const puts = await fill(25)
    const keysOf = async (options: Parameters<KvClient['pages']>[1]) =>
      (await gathered(client.kv.pages('k/', { pageSize: 10, ...options }))).flatMap((page) =>
        names(page.kvs),
      )
    expect(await keysOf({ order: 'descending' })).toEqual(allNames(25).reverse())
    expect(await keysOf({ limit: 12 })).toEqual(allNames(12))
    expect(await keysOf({ limit: 12, order: 'descending' })).toEqual(
      allNames(25).reverse().slice(0, 12),
    )
    expect(await keysOf({ minModRevision: puts[5]!.revision, pageSize: 3 })).toEqual(
      allNames(25).slice(5),
    )
    expect(await keysOf({ revision: puts[20]!.revision })).toEqual(allNames(21))
    const bare = await gathered(client.kv.pages('k/', { keysOnly: true }))
    expect(bare[0]?.kvs.every((kv) => kv.value.length === 0)).toBe(true)
  })

  test('of nothing are one that is empty', async () => {
    const pages = await gathered(client.kv.pages({ all: true }))
    expect(pages).toMatchObject([{ kvs: [], count: 0, more: false }])
  })

  test('are not asked for any more when the loop is left', async () => {
    await fill(25)
    const { kv, ranges } = recorded()
    for await (const _ of kv.pages('k/', { pageSize: 10 })) break
    expect(ranges.length).toBe(1)
  })

  test('end with cancelled when their signal aborts', async () => {
    await fill(25)
    const aborter = new AbortController()
    const pages = client.kv.pages('k/', { pageSize: 10, signal: aborter.signal })
    await pages.next()
    aborter.abort()
    expect(await failure(pages.next())).toMatchObject({ code: 'cancelled' })
  })

  test('that come from a member that is behind are asked for anew', async () => {
    await fill(25)
    const { calls } = recorded()
    const serializable: (boolean | undefined)[] = []
    const kv = new KvClient({
      async call(method, request, intent, options) {
        const range = request as Init<RangeRequest>
        serializable.push(range.serializable)
        if (serializable.length === 2) throw new ConclaveError('future-revision', 'not yet')
        return calls.call(method, request, intent, options)
      },
    })
    const pages = await gathered(kv.pages('k/', { pageSize: 20, serializable: true }))
    expect(pages.flatMap((page) => names(page.kvs))).toEqual(allNames(25))
    expect(serializable).toEqual([true, true, false])
  })
})

describe('a range key by key', () => {
  test('is one call when it is short', async () => {
    await fill(20)
    const { kv, ranges, opened } = recorded()
    expect(names(await gathered(kv.stream('k/')))).toEqual(allNames(20))
    expect([ranges.length, opened]).toEqual([1, []])
  })

  test('comes on a stream when it is long, of one revision', async () => {
    await fill(500)
    const { kv, ranges, opened } = recorded()
    const seen: KeyValue[] = []
    for await (const one of kv.stream('k/')) {
      if (seen.length === 10) await client.kv.put(nameOf(499), 'changed')
      seen.push(one)
    }
    expect(names(seen)).toEqual(allNames(500))
    expect(seen[499]?.text()).toBe('499')
    expect([ranges.length, opened.length]).toEqual([1, 1])
  })

  test('comes in pages, and the server is asked once, where streams are unknown', async () => {
    await fill(500)
    const { calls, ranges, streams } = recorded()
    let opened = 0
    const unknown = new RpcError(Status.UNIMPLEMENTED, 'unknown method RangeStream')
    const kv = new KvClient(calls, {
      ...streams,
      stream: () => {
        opened++
        return failedStream(unknown)
      },
    })
    for (const _ of [1, 2]) expect(names(await gathered(kv.stream('k/')))).toEqual(allNames(500))
    expect(opened).toBe(1)
    expect(ranges.length).toBeLessThan(20)
  })

  test('goes on behind the last key when the stream breaks', async () => {
    await fill(500)
    const { calls, streams } = recorded()
    let opened = 0
    const kv = new KvClient(calls, {
      ...streams,
      stream: (method, options) => {
        opened++
        const stream = client.stream(method, options)
        if (opened > 2) return stream
        return {
          ...bound(stream),
          receive: (receiver) => {
            let pieces = 0
            stream.receive({
              message: (message) => {
                if (pieces++ < 2) receiver.message(message)
                else stream.fail(new RpcError(Status.UNAVAILABLE, 'the member is gone'))
              },
              close: (error) => receiver.close(error),
            })
          },
        }
      },
    })
    const seen: KeyValue[] = []
    for await (const one of kv.stream('k/')) {
      if (seen.length === 5) await client.kv.put(nameOf(499), 'changed')
      seen.push(one)
    }
    expect(names(seen)).toEqual(allNames(500))
    expect(seen[499]?.text()).toBe('499')
    expect(opened).toBe(3)
  })

  test('comes in a page when the stream says nothing in time', async () => {
    await fill(100)
    const { calls, ranges } = recorded()
    const clock = new VirtualClock()
    const silent: Streams = {
      clock,
      timeoutMs: 3_000,
      stream: (method) => {
        const stream = client.stream(method)
        return { ...bound(stream), receive: () => {} }
      },
    }
    const kv = new KvClient(calls, silent)
    const reading = gathered(kv.stream('k/'))
    for (let i = 0; i < 10; i++) await clock.run(1_000)
    expect(names(await reading)).toEqual(allNames(100))
    expect(ranges.length).toBe(3)
    expect(ranges.every((range) => range.revision === ranges[1]!.revision || !range.revision)).toBe(
      true,
    )
  })

  test('comes in pages when the order is not that of a stream', async () => {
    await fill(100)
    const { kv, opened } = recorded()
    const seen = names(await gathered(kv.stream('k/', { order: 'descending', limit: 90 })))
    expect(seen).toEqual(allNames(100).reverse().slice(0, 90))
    expect(opened).toEqual([])
  })

  test('takes as many keys as its limit says', async () => {
    await fill(100)
    for (const limit of [1, 32, 33, 99, 100, 101])
      expect(names(await gathered(client.kv.stream('k/', { limit })))).toEqual(
        allNames(Math.min(100, limit)),
      )
  })

  test('ends on the server when the loop is left', async () => {
    await fill(500)
    const { calls, streams } = recorded()
    const failed: RpcError[] = []
    const kv = new KvClient(calls, {
      ...streams,
      stream: (method, options) => {
        const stream = client.stream(method, options)
        return { ...bound(stream), fail: (error) => failed.push(error) && stream.fail(error) }
      },
    })
    let taken = 0
    for await (const _ of kv.stream('k/')) if (++taken === 50) break
    expect(failed).toMatchObject([{ code: Status.CANCELLED }])
  })

  test('ends with cancelled at the next key when its signal aborts', async () => {
    await fill(100)
    const aborter = new AbortController()
    let taken = 0
    const reading = (async () => {
      for await (const _ of client.kv.stream('k/', { signal: aborter.signal }))
        if (++taken === 50) aborter.abort()
    })()
    expect(await failure(reading)).toMatchObject({ code: 'cancelled' })
    expect(taken).toBe(50)
  })

  test('says so when its revision is compacted between two pages', async () => {
    await fill(100)
    const { calls } = recorded()
    const error = await failure(
      (async () => {
        let taken = 0
        for await (const _ of new KvClient(calls).stream('k/')) {
          if (++taken !== 5) continue
          const { revision } = await client.kv.put('other', '')
          await client.kv.compact(revision)
        }
      })(),
    )
    expect(error.message).toMatch(/^Revision \d+, at which the range is read, was compacted/)
  })
})

/** The methods of a stream, so that a test can replace some. */
function bound<T extends ReturnType<Streams['stream']>>(stream: T) {
  return {
    send: stream.send.bind(stream),
    sendBytes: stream.sendBytes.bind(stream),
    end: stream.end.bind(stream),
    fail: stream.fail.bind(stream),
    receive: stream.receive.bind(stream),
    pause: stream.pause.bind(stream),
    resume: stream.resume.bind(stream),
  } as unknown as T
}

describe('a guarded write', () => {
  test('creates a key once, and says who has it', async () => {
    const { kv } = client
    const first = await kv.create('a', '1')
    expect(first.succeeded).toBe(true)
    expect((await kv.get('a'))?.modRevision).toBe(first.revision)
    const second = await kv.create('a', '2')
    expect(!second.succeeded && second.existing.text()).toBe('1')
    expect((await kv.get('a'))?.text()).toBe('1')
  })

  test('replaces what was read, and nothing else', async () => {
    const { kv } = client
    const { revision } = await kv.put('a', '1')
    expect(await kv.replace('a', '2', revision)).toMatchObject({ succeeded: true })
    const late = await kv.replace('a', '3', revision)
    expect(!late.succeeded && late.existing?.text()).toBe('2')
    const none = await kv.replace('none', '3', revision)
    expect(none).toMatchObject({ succeeded: false, existing: null })
  })

  test('leaves a key with its lease unless one is given', async () => {
    const { kv, lease } = client
    const [one, two] = [await lease.grant(60), await lease.grant(60)]
    const leaseOf = async () => (await kv.get('a'))?.lease
    await kv.create('a', '1', { lease: one.id })
    expect(await leaseOf()).toBe(one.id)
    await kv.update('a', () => '2')
    expect(await leaseOf()).toBe(one.id)
    await kv.update('a', () => '3', { lease: two.id })
    expect(await leaseOf()).toBe(two.id)
    await kv.update('a', () => '4', { lease: 0n })
    expect(await leaseOf()).toBe(0n)
  })

  test('updates from many sides lose nothing', async () => {
    const { kv } = client
    const increment = () => kv.update('n', (n) => String(Number(n?.text() ?? 0) + 1))
    await Promise.all(Array.from({ length: 30 }, increment))
    expect((await kv.get('n'))?.text()).toBe('30')
  })

  test('an update that asks for no change writes nothing', async () => {
    const { kv } = client
    const { revision } = await kv.put('a', '1')
    const same = await kv.update('a', () => undefined)
    expect(same).toMatchObject({ changed: false, revision, prev: { modRevision: revision } })
    expect(await kv.update('none', async () => undefined)).toMatchObject({ revision: 0 })
    expect((await kv.get('a'))?.version).toBe(1)
  })

  test('an update gives up when others are always faster', async () => {
    const { kv } = client
    let tries = 0
    const error = await failure(
      kv.update(
        'a',
        async () => {
          await kv.put('a', `${++tries}`)
          return 'mine'
        },
        { attempts: 5 },
      ),
    )
    expect([error.code, tries]).toEqual(['conflict', 5])
    expect((await kv.get('a'))?.text()).toBe('5')
  })

  test('an update follows a key that is deleted and created meanwhile', async () => {
    const { kv } = client
    await kv.put('a', 'old')
    const seen: (string | undefined)[] = []
    await kv.update('a', async (current) => {
      seen.push(current?.text())
      if (seen.length === 1) await kv.delete('a')
      if (seen.length === 2) await kv.put('a', 'new')
      return `${current?.text()}+`
    })
    expect(seen).toEqual(['old', undefined, 'new'])
    expect((await kv.get('a'))?.text()).toBe('new+')
  })
})

describe('at the door, before anything is sent', () => {
  const nobody = new KvClient({
    call() {
      throw new Error('it was sent')
    },
  })
  const half = 'a\uD83D'
  const kv = nobody
  const bad: readonly (readonly [string, () => unknown])[] = [
    ['an empty key', () => kv.put('', 'v')],
    ['a key that is a number', () => kv.get(7 as never)],
    ['a key with half a surrogate pair', () => kv.put(half, 'v')],
    ['a prefix with half a surrogate pair', () => kv.getAll(half)],
    ['a range with half a surrogate pair', () => kv.delete({ from: 'a', to: half })],
    ['a value with half a surrogate pair', () => kv.put('a', half)],
    ['a value that is no bytes', () => kv.put('a', { v: 1 } as never)],
    ['a value that is nothing', () => kv.put('a', undefined as never)],
    ['a value that is a plain buffer', () => kv.put('a', new ArrayBuffer(1) as never)],
    ['a range whose end is not behind its start', () => kv.getAll({ from: 'b', to: 'a' })],
    ['a range that is none', () => kv.delete({} as never)],
    ['a negative limit', () => kv.getAll('a', { limit: -1 })],
    ['a limit that is no number', () => kv.getAll('a', { limit: Number.NaN })],
    ['a broken limit', () => kv.pages('a', { limit: 1.5 })],
    ['a negative revision', () => kv.get('a', { revision: -1 })],
    ['an infinite revision', () => kv.count('a', { revision: Number.POSITIVE_INFINITY })],
    ['a revision that is a string', () => kv.stream('a', { revision: '7' as never })],
    ['an unknown order', () => kv.getAll('a', { order: 'up' as never })],
    ['something unknown to sort by', () => kv.getAll('a', { sort: 'toString' as never })],
    ['a lease that is a number', () => kv.put('a', 'v', { lease: 7 as never })],
    ['a negative lease', () => kv.put('a', 'v', { lease: -1n })],
    ['a value where none may be', () => kv.put('a', 'v', { ignoreValue: true })],
    ['a lease where none may be', () => kv.put('a', 'v', { ignoreLease: true, lease: 1n })],
    ['an empty page', () => kv.pages('a', { pageSize: 0 })],
    ['pages of another order', () => kv.pages('a', { sort: 'value' } as never)],
    ['pages of a count', () => kv.stream('a', { countOnly: true } as never)],
    ['a compaction of nothing', () => kv.compact(0)],
    ['a replacement of what never was', () => kv.replace('a', 'v', 0)],
    ['an update without a try', () => kv.update('a', () => 'v', { attempts: 0 })],
    ['an update of an empty key', () => kv.update('', () => 'v')],
    ['a codec that is none', () => kv.withCodec({} as never)],
    ['a signal that is none', () => client.kv.get('a', { signal: new AbortController() as never })],
    ['a signal that is null', () => client.kv.put('a', 'v', { signal: null as never })],
    ['a watch whose signal is none', () => client.watch('a', { signal: {} as never })],
    ['a cache whose signal is none', () => client.cache('a', { signal: {} as never })],
    ['a name that is no metadata', () => client.kv.get('a', { metadata: { 'no name': 'v' } })],
    ['metadata of gRPC', () => client.kv.get('a', { metadata: { 'grpc-timeout': '1S' } })],
    ['binary metadata', () => client.kv.put('a', 'v', { metadata: { 'x-bin': 'v' } })],
    ['metadata that is no text', () => client.kv.put('a', 'v', { metadata: { x: 'ü' } })],
    ['filters that are no list', () => client.watch('a', { filters: 'noPut' as never })],
    ['a lease without a TTL', () => client.lease.keepAlive({ id: 7n } as never)],
    ['a lease that is nothing', () => client.lease.keepAlive(undefined as never)],
    ['the defragmentation of nobody', () => client.maintenance.defragment(undefined as never)],
    ['a snapshot into nothing', () => client.maintenance.saveSnapshot(undefined as never)],
    ['a renewal without time', () => client.lease.keepAliveOnce(7n, { timeoutMs: Number.NaN })],
    [
      'a renewal whose signal is none',
      () => client.lease.keepAliveOnce(7n, { signal: {} as never }),
    ],
  ]
  test.each(bad)('%s is refused', async (_name, run) => {
    expect(await failure((async () => run())())).toMatchObject({
      code: 'invalid-argument',
      outcomeUnknown: false,
    })
  })

  test('keys beyond the basic plane are text like any other', async () => {
    await client.kv.put('a😀', 'v😀')
    const kv = await client.kv.get('a😀')
    expect([kv?.keyString, kv?.text()]).toEqual(['a😀', 'v😀'])
  })
})

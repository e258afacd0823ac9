/** A cache against members played by hand: what it reads, when, and how it ends; in virtual time. */

import { describe, expect, test } from '@jest/globals'
import { type FakeMember, fakeMembers, settled } from '../test/client/fake-members.js'
import { reportsInOrder } from './cache-level.js'
import type { ConclaveError } from './errors.js'
import { etcdErrors } from './wire/etcd-errors.js'
import { EventType } from './wire/generated/kv.js'

const kv = (key: string, modRevision: number, value = `v${modRevision}`, createRevision = 1) => ({
  key: Buffer.from(key),
  value: Buffer.from(value),
  modRevision,
  createRevision,
})
const put = (key: string, revision: number) => ({ kv: kv(key, revision) })
const deletion = (key: string, revision: number) => ({
  type: EventType.DELETE,
  kv: { key: Buffer.from(key), modRevision: revision },
})

/** The member has these keys at this revision, and watches from anywhere. */
const holds = (member: FakeMember, revision: number, ...kvs: ReturnType<typeof kv>[]) => {
  member.onRange = ({ countOnly, minModRevision }) => ({
    header: { revision },
    count: kvs.length,
    kvs: countOnly ? [] : kvs.filter((one) => one.modRevision >= minModRevision),
  })
  member.onWatch = ({ createRequest }, stream) => {
    if (createRequest === undefined) return
    stream.send({ watchId: createRequest.watchId, created: true, header: { revision } })
  }
}

/** A cache of `k/` that is ready, and the stream that it watches on. */
const ready = async (...kvs: ReturnType<typeof kv>[]) => {
  const world = fakeMembers(2, { pipeline: 'off' })
  for (const member of world.members) holds(member, 10, ...kvs)
  const cache = world.client.cache('k/')
  const heard: string[] = []
  cache.on('change', ({ type, keyString, before, after, synthetic }) => {
    heard.push(`${type} ${keyString} ${before?.text()} ${after?.text()}${synthetic ? ' !' : ''}`)
  })
  await cache.ready()
  await settled()
  const stream = world.first.watches[0]!
  const watchId = stream.received[0]!.createRequest!.watchId
  return { ...world, cache, heard, stream, watchId }
}

const code = (promise: Promise<unknown>) =>
  promise.then(String, (error: ConclaveError) => error.code)
const codeOf = (read: () => unknown) => {
  try {
    return read()
  } catch (error) {
    return (error as ConclaveError).code
  }
}

describe('a cache', () => {
  test('has what was listed, and what is told from the next revision on', async () => {
    const { cache, heard, stream, watchId } = await ready(kv('k/b', 4), kv('k/a', 7))
    expect(stream.received[0]!.createRequest!.startRevision).toBe(11)
    expect([cache.revision, cache.size]).toEqual([10, 2])
    expect([cache.get('k/a')?.text(), cache.get('k/x'), cache.has('k/b')]).toEqual([
      'v7',
      undefined,
      true,
    ])
    stream.send({ watchId, events: [put('k/c', 11), deletion('k/b', 12)] })
    await settled()
    expect([...cache.entries()].map(([key, { modRevision }]) => [key, modRevision])).toEqual([
      ['k/a', 7],
      ['k/c', 11],
    ])
    expect(cache.revision).toBe(12)
    expect(heard).toEqual(['put k/c undefined v11', 'delete k/b v4 undefined'])
  })

  test('shows all of a revision when the first of its changes is told, and nothing of the next', async () => {
    const { cache, stream, watchId } = await ready()
    const seen: unknown[] = []
    cache.on('change', ({ revision }) => seen.push([revision, cache.revision, cache.size]))
    stream.send({ watchId, events: [put('k/a', 11), put('k/b', 11), put('k/c', 12)] })
    await settled()
    expect(seen).toEqual([
      [11, 11, 2],
      [11, 11, 2],
      [12, 12, 3],
    ])
  })

  test('gives out parts of its range, and refuses what lies outside', async () => {
    const { cache } = await ready(kv('k/a/1', 1), kv('k/a/2', 2), kv('k/b', 3))
    expect(cache.getAll('k/a/').map((one) => one.modRevision)).toEqual([1, 2])
    expect(cache.getAll({ from: 'k/a/2', to: 'k/c' }).map((one) => one.modRevision)).toEqual([2, 3])
    for (const read of [() => cache.get('other'), () => cache.getAll('k'), () => cache.get('')])
      expect(codeOf(read)).toBe('invalid-argument')
  })

  test('decodes a value once, when it is first asked for', async () => {
    const { client, first } = fakeMembers(1, { pipeline: 'off' })
    holds(first, 10, kv('k/a', 4, '{"x":1}'), kv('k/b', 5, 'no json'))
    let times = 0
    const cache = client.cache('k/', {
      decode: (one) => {
        times++
        return one.json<{ x: number }>()
      },
    })
    await cache.ready()
    expect([times, cache.get('k/a')?.x, cache.get('k/a')?.x, times]).toEqual([0, 1, 1, 1])
    expect(() => cache.get('k/b')).toThrow(SyntaxError)
    expect(cache.size).toBe(2)
  })

  test('is not read before it is ready, and not after it was closed', async () => {
    const { client, clock, first } = fakeMembers(1, { pipeline: 'off' })
    holds(first, 10)
    const cache = client.cache('k/')
    const waiting = code(cache.waitFor(99))
    expect(codeOf(() => cache.get('k/a'))).toBe('failed-precondition')
    await cache.ready()
    cache.close()
    expect(codeOf(() => cache.get('k/a'))).toBe('closed')
    expect(() => cache.get('k/a')).toThrow(/cache is closed/)
    expect(await waiting).toBe('closed')
    expect(await code(cache.ready())).toBe('closed')
    await settled()
    expect(clock.timerCount).toBe(0)
  })

  test('ends when its range has too many keys, at once or later', async () => {
    const { client, first } = fakeMembers(1, { pipeline: 'off' })
    holds(first, 10, kv('k/a', 1), kv('k/b', 2))
    expect(await code(client.cache('k/', { keysMax: 1 }).ready())).toBe('too-many-keys')
    const cache = client.cache('k/', { keysMax: 2 })
    const errors: string[] = []
    cache.on('error', (error) => errors.push(error.code))
    await cache.ready()
    await settled()
    const stream = first.watches.at(-1)!
    const { watchId } = stream.received.at(-1)!.createRequest!
    stream.send({ watchId, events: [put('k/c', 11)] })
    await settled()
    expect(errors).toEqual(['too-many-keys'])
    expect(codeOf(() => cache.size)).toBe('too-many-keys')
  })

  test('ends with the client, without a failure', async () => {
    const { cache, client, clock } = await ready(kv('k/a', 1))
    const heard: string[] = []
    cache.on('end', () => heard.push('end'))
    client.close()
    await settled()
    expect(codeOf(() => cache.get('k/a'))).toBe('closed')
    expect(heard).toEqual(['end'])
    expect(clock.timerCount).toBe(0)
  })
})

describe('after a break', () => {
  test('it stays as it was, and goes on behind its revision', async () => {
    const { cache, clock, members, stream, watchId } = await ready(kv('k/a', 1))
    const heard: string[] = []
    cache.on('disconnected', () => heard.push('disconnected'))
    cache.on('resumed', () => heard.push('resumed'))
    stream.send({ watchId, events: [put('k/b', 15)] })
    await settled()
    stream.fail(etcdErrors.stopped.error())
    await settled()
    expect(cache.size).toBe(2)
    await clock.run(100)
    const [again] = members[1]!.watches[0]!.received
    expect(again!.createRequest!.startRevision).toBe(16)
    await settled()
    expect(heard).toEqual(['disconnected', 'resumed'])
  })

  test('it finds out by a new list what was compacted meanwhile', async () => {
    const { cache, clock, heard, members, stream } = await ready(
      kv('k/a', 1),
      kv('k/b', 2),
      kv('k/c', 3),
    )
    const relisted: unknown[] = []
    cache.on('relisted', (what) => relisted.push(what))
    holds(members[1]!, 50, kv('k/a', 1), kv('k/c', 40), kv('k/d', 41))
    const { onWatch } = members[1]!
    members[1]!.onWatch = (request, other) => {
      onWatch(request, other)
      const { watchId, startRevision = 0 } = request.createRequest ?? {}
      if (startRevision < 45) other.send({ watchId: watchId!, canceled: true, compactRevision: 45 })
    }
    stream.fail(etcdErrors.stopped.error())
    await clock.run(100)
    await settled()
    expect(relisted).toEqual([{ revision: 50, compactRevision: 45 }])
    expect(heard).toEqual([
      'put k/c v3 v40 !',
      'put k/d undefined v41 !',
      'delete k/b v2 undefined !',
    ])
    expect([...cache.entries()].map(([key]) => key)).toEqual(['k/a', 'k/c', 'k/d'])
    const creates = members[1]!.watches.flatMap(({ received }) => received)
    expect(creates.at(-1)!.createRequest!.startRevision).toBe(51)
  })
})

describe('consistent reads', () => {
  test('are only those that ask for it', async () => {
    const { cache, first } = await ready(kv('k/a', 4))
    const { ranges } = first
    expect(cache.get('k/a', { consistent: false })).toBe(cache.get('k/a'))
    expect(cache.getAll(undefined, { consistent: false })).toEqual(cache.getAll())
    const wrong = expect.objectContaining({ code: 'invalid-argument' })
    expect(() => cache.get('k/a', { consistent: 'no' as never })).toThrow(wrong)
    await settled()
    expect(first.ranges).toBe(ranges)
  })

  test('of one turn share one read, and wait for what it saw', async () => {
    const { cache, first, stream, watchId } = await ready(kv('k/a', 1))
    const before = first.ranges
    first.onRange = () => ({ header: { revision: 13 }, count: 0 })
    const reads = ['k/a', 'k/b', 'k/c'].map((key) => cache.get(key, { consistent: true }))
    await settled()
    stream.send({ watchId, events: [put('k/b', 12)] })
    await settled()
    let done = false
    void Promise.all(reads).then(() => {
      done = true
    })
    await settled()
    expect(done).toBe(false)
    stream.send({ watchId, events: [put('k/c', 13)] })
    const values = await Promise.all(reads)
    expect(values.map((one) => one?.modRevision)).toEqual([1, 12, 13])
    // One for the revision; the others compare, since this member tells no version.
    expect(first.ranges - before).toBeLessThanOrEqual(4)
  })

  test('of a quiet range learn from the store that nothing has happened', async () => {
    const { cache, first } = await ready(kv('k/a', 1))
    holds(first, 30, kv('k/a', 1))
    const read = cache.get('k/a', { consistent: true })
    await settled()
    expect((await read)?.modRevision).toBe(1)
    expect(cache.revision).toBe(30)
  })

  test('do not take a deletion that is still to come for silence', async () => {
    const { cache, clock, first, stream, watchId } = await ready(kv('k/a', 1), kv('k/b', 2))
    holds(first, 30, kv('k/a', 1))
    const read = cache.get('k/b', { consistent: true })
    await clock.run(300)
    expect(cache.revision).toBe(10)
    stream.send({ watchId, events: [deletion('k/b', 29)] })
    await clock.run(100)
    expect(await read).toBeUndefined()
  })

  test('end in time when no revision comes', async () => {
    const { cache, clock, first } = await ready(kv('k/a', 1))
    first.onRange = () => ({ header: { revision: 30 }, count: 7 })
    const read = code(cache.get('k/a', { consistent: true, timeoutMs: 400 }))
    await clock.run(600)
    expect(await read).toBe('deadline-exceeded')
    expect(cache.get('k/a')?.modRevision).toBe(1)
    await clock.run(600)
    await settled()
    expect(clock.timerCount).toBe(0)
  })

  test('believe reports of progress of those servers that make them in order', () => {
    const versions = ['3.4.23', '3.4.25', '3.5.7', '3.5.8', '3.6.0', '3.7.1', '4.0.0', '']
    expect(versions.filter(reportsInOrder)).toEqual(['3.4.25', '3.5.8', '3.6.0', '3.7.1', '4.0.0'])
  })
})

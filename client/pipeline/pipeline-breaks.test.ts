/** What becomes of calls when their stream breaks, is silent, or their callers give up; in virtual time. */

import { getEventListeners } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { settled } from '../../test/client/fake-members.js'
import { fakePipeline } from '../../test/client/fake-pipeline.js'
import { failure } from '../../test/client/outcome.js'
import { channelClosed } from '../host/failure.js'
import { RpcError, Status } from '../wire/status.js'
import { SILENCE_MS_MAX, SILENCE_MS_MIN } from './patience.js'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

/** A client with a session, and members of which the first has gone mute. */
async function withMute(count = 2, options = {}) {
  const world = fakePipeline(count, { timeoutMs: 30_000, ...options })
  await world.client.kv.put('first', '')
  world.first.manner = 'mute'
  return world
}

describe('a stream that breaks', () => {
  test('costs nothing: what was sent is sent again elsewhere and applied once', async () => {
    const { client, clock, cluster, first, members } = await withMute()
    const puts = numbers(5).map((i) => client.kv.put(`k${i}`, ''))
    await clock.run(10)
    expect(cluster.applied).toHaveLength(6)
    first.breakStreams()
    await Promise.all(puts)
    expect(members[1]!.stream.calls.map(({ sequence }) => sequence)).toEqual([2, 3, 4, 5, 6])
    expect(cluster.applied).toHaveLength(6)
    expect((await client.kv.put('next', '')).revision).toBe(8)
  })

  test('is followed by one with the same session', async () => {
    const { client, cluster, first, members } = await withMute()
    const put = client.kv.put('a', '1')
    first.breakStreams()
    await put
    expect(members[1]!.stream.session).toBe(first.stream.session)
    expect(cluster.leases.size).toBe(1)
  })

  test('keeps the order, of what was sent before what was not', async () => {
    const { client, clock, cluster, first } = await withMute()
    first.manner = 'deaf'
    const before = numbers(3).map((i) => client.kv.put(`before${i}`, ''))
    await clock.run(10)
    first.breakStreams()
    const after = numbers(3).map((i) => client.kv.put(`after${i}`, ''))
    await Promise.all([...before, ...after])
    expect(cluster.applied.slice(1)).toEqual([
      ...numbers(3).map((i) => `put before${i}=`),
      ...numbers(3).map((i) => `put after${i}=`),
    ])
  })

  test('is followed by one on which nothing is said before its welcome', async () => {
    const { client, clock, first, members } = await withMute()
    members[1]!.manner = 'deaf'
    first.breakStreams()
    // It is to be sent at the end of this turn, when the stream is another.
    const put = client.kv.put('a', '1')
    await settled()
    expect(members[1]!.stream.calls).toEqual([])
    first.manner = 'answers'
    await clock.run(SILENCE_MS_MIN + 100)
    await put
  })

  test('is opened again when it refused its greeting', async () => {
    const { client, first, members } = fakePipeline(2)
    first.refuseGreeting = () => new RpcError(Status.UNAVAILABLE, 'etcdserver: not ready')
    await client.kv.put('a', '1')
    expect(members[1]!.streams).toHaveLength(2)
  })

  test('lets calls wait for their time, and what never left did not happen', async () => {
    const { client, clock, cluster, first } = fakePipeline(1, { timeoutMs: 3_000 })
    first.up = false
    const put = failure(client.kv.put('a', '1'))
    const later = client.kv.put('b', '2', { timeoutMs: 6_000 })
    await clock.run(3_001)
    expect(await put).toMatchObject({ code: 'unavailable', outcomeUnknown: false })
    first.up = true
    await clock.run(2_500)
    await later
    expect(cluster.applied).toEqual(['put b=2'])
  })

  test('with its connection, which was given up, is not told as cancelled', async () => {
    const { client, clock, first } = await withMute(1)
    first.manner = 'deaf'
    first.breakStreams(channelClosed(false))
    await clock.run(10)
    const put = failure(client.kv.put('a', '1', { timeoutMs: 1_000 }))
    await clock.run(1_001)
    expect(await put).toMatchObject({ code: 'unavailable', outcomeUnknown: false })
  })

  test('by an answer to nothing is left', async () => {
    const { client, first, members } = fakePipeline(2)
    await client.kv.put('a', '1')
    first.stream.stream.send({ answers: [new Uint8Array(0)] })
    await client.kv.put('b', '2')
    expect(members[1]!.stream.calls).toHaveLength(1)
  })

  test('is left when its member has forgotten what was answered', async () => {
    const { client, clock, cluster, first, members } = fakePipeline(2)
    await client.kv.put('a', '1')
    await client.kv.put('b', '2')
    first.breakStreams()
    members[1]!.applied = () => 1
    const put = client.kv.put('c', '3')
    await clock.run(100)
    await put
    expect(members[1]!.streams.flatMap(({ calls }) => calls)).toEqual([])
    expect(members[1]!.streams.length).toBeGreaterThan(0)
    expect(cluster.applied).toEqual(['put a=1', 'put b=2', 'put c=3'])
  })
})

describe('a long line', () => {
  test('is not walked for every caller that is impatient', async () => {
    const { client, clock } = await withMute(1)
    const long = numbers(20_000).map((i) => client.kv.put(`k${i}`, '').catch(() => undefined))
    const moments = new Set<number>()
    const short = []
    for (let i = 0; i < 15; i++) {
      const get = failure(client.kv.get('a', { timeoutMs: 1 }))
      short.push(get.then(() => moments.add(clock.now())))
      await clock.run(1)
    }
    await clock.run(50)
    await Promise.all(short)
    expect(moments.size).toBeLessThan(4)
    client.close()
    await Promise.all(long)
  })
})

describe('a stream that is silent', () => {
  test('is left for another, and nothing is applied twice', async () => {
    const { client, clock, cluster, members } = await withMute()
    const put = client.kv.put('a', '1')
    await clock.run(SILENCE_MS_MIN - 10)
    expect(members[1]!.streams).toHaveLength(0)
    await clock.run(20)
    await put
    expect(cluster.applied).toEqual(['put first=', 'put a=1'])
  })

  test('before its welcome is left, too', async () => {
    const { client, clock, first, members } = fakePipeline(2)
    first.manner = 'deaf'
    const put = client.kv.put('a', '1')
    await clock.run(SILENCE_MS_MIN + 10)
    await put
    expect(members[1]!.stream.calls).toHaveLength(1)
  })

  test('is not left while it answers, nor when nothing is asked', async () => {
    const { client, clock, first, members } = await withMute()
    first.manner = 'answers'
    await client.kv.put('a', '1')
    await clock.run(60_000)
    for (let i = 0; i < 5; i++) {
      await clock.run(SILENCE_MS_MIN - 500)
      await client.kv.put('a', `${i}`)
    }
    expect(first.streams).toHaveLength(2)
    expect(members[1]!.streams).toHaveLength(0)
  })

  test('has its time from when it was asked, however long nothing was', async () => {
    const { client, clock, first, members } = await withMute()
    await clock.run(60_000)
    const put = client.kv.put('a', '1')
    await clock.run(SILENCE_MS_MIN - 500)
    first.speak()
    await put
    expect(members[1]!.streams).toHaveLength(0)
  })

  test('is given no more time than at first once there was an answer', async () => {
    const { client, clock, members } = await withMute(2)
    for (const member of members) member.manner = 'deaf'
    const put = client.kv.put('a', '1')
    await clock.run(3 * SILENCE_MS_MIN)
    for (const member of members) member.manner = 'answers'
    await clock.run(2 * SILENCE_MS_MAX)
    await put
    for (const member of members) member.manner = 'mute'
    const count = () => members.reduce((sum, { streams }) => sum + streams.length, 0)
    const before = count()
    const next = client.kv.put('b', '2')
    await clock.run(SILENCE_MS_MIN + 100)
    expect(count()).toBe(before + 1)
    for (const member of members) member.manner = 'answers'
    await clock.run(2 * SILENCE_MS_MAX)
    await next
  })

  test('is given ever more time while nobody answers, as without a leader', async () => {
    const { client, clock, members } = await withMute(3, { timeoutMs: 60_000 })
    for (const member of members) member.manner = 'deaf'
    const put = client.kv.put('a', '1')
    const opened: number[] = []
    for (let ms = 0; ms < 28_000; ms += 100) {
      const count = members.reduce((sum, { streams }) => sum + streams.length, 0)
      await clock.run(100)
      const now = members.reduce((sum, { streams }) => sum + streams.length, 0)
      if (now > count) opened.push(clock.now())
    }
    const pauses = opened.slice(1).map((at, i) => at - opened[i]!)
    expect(opened[0]).toBeLessThanOrEqual(SILENCE_MS_MIN + 100)
    expect(pauses.every((pause) => pause <= SILENCE_MS_MAX + 100)).toBe(true)
    expect(pauses[0]).toBeGreaterThanOrEqual(2 * SILENCE_MS_MIN - 100)
    expect(opened.length).toBeLessThan(6)
    for (const member of members) member.manner = 'answers'
    await clock.run(SILENCE_MS_MAX)
    await put
  })
})

describe('a caller that gives up', () => {
  test('on a write that left does not know its outcome, and the write keeps its number', async () => {
    const { client, clock, cluster, first, members } = await withMute()
    const put = failure(client.kv.put('a', '1', { timeoutMs: 500 }))
    await clock.run(501)
    expect(await put).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    first.breakStreams()
    await client.kv.put('b', '2')
    expect(members[1]!.stream.calls.map(({ sequence }) => sequence)).toEqual([2, 3])
    expect(cluster.applied.slice(1)).toEqual(['put a=1', 'put b=2'])
  })

  test('on a write that never left takes it out, and it has no number', async () => {
    const { client, clock, cluster, first } = await withMute(1)
    first.window = { callsMax: 1, bytesMax: 1_000 }
    first.breakStreams()
    const one = client.kv.put('one', '')
    await clock.run(100)
    const two = failure(client.kv.put('two', '', { timeoutMs: 500 }))
    const three = client.kv.put('three', '')
    await clock.run(501)
    expect(await two).toMatchObject({ code: 'deadline-exceeded', outcomeUnknown: false })
    first.speak()
    await Promise.all([one, three])
    expect(cluster.applied.slice(1)).toEqual(['put one=', 'put three='])
  })

  test('on a read has it not sent again', async () => {
    const { client, clock, first, members } = await withMute()
    const get = failure(client.kv.get('a', { timeoutMs: 500 }))
    const other = client.kv.get('b')
    await clock.run(501)
    expect((await get).code).toBe('deadline-exceeded')
    first.breakStreams()
    await other
    expect(members[1]!.stream.calls.map(({ range }) => Buffer.from(range!.key).toString())).toEqual(
      ['b'],
    )
  })

  test('on the last read leaves nothing to open a stream for', async () => {
    const { client, clock, first, members } = await withMute()
    const get = failure(client.kv.get('a', { timeoutMs: 500 }))
    await clock.run(501)
    await get
    first.breakStreams()
    await clock.run(10_000)
    expect(members[1]!.streams).toHaveLength(0)
  })

  test('has it ended at its own deadline, in whichever order deadlines come', async () => {
    const { client, clock } = await withMute()
    const ended: number[] = []
    const times = [700, 100, 400, 900, 300]
    const gets = times.map((timeoutMs) =>
      failure(client.kv.get('a', { timeoutMs })).then(() => ended.push(clock.now())),
    )
    await clock.run(1_000)
    await Promise.all(gets)
    expect(ended).toEqual([100, 300, 400, 700, 900])
  })

  test('by its signal is told at once', async () => {
    const { client, clock, cluster, first } = await withMute()
    const abort = new AbortController()
    const { signal } = abort
    const calls = [client.kv.put('a', '1', { signal }), client.kv.get('a', { signal })]
    const ends = calls.map(failure)
    await clock.run(10)
    const unsent = failure(client.kv.put('b', '2', { signal }))
    abort.abort(new Error('enough'))
    const [put, get] = await Promise.all(ends)
    expect(put).toMatchObject({
      code: 'cancelled',
      outcomeUnknown: true,
      cause: { message: 'enough' },
    })
    expect(get).toMatchObject({ code: 'cancelled', outcomeUnknown: false })
    expect(await unsent).toMatchObject({ code: 'cancelled', outcomeUnknown: false })
    first.speak()
    await client.kv.put('c', '3')
    expect(cluster.applied.slice(1)).toEqual(['put a=1', 'put c=3'])
  })

  test('by its signal leaves nothing behind on it, nor does one that was answered', async () => {
    const { client, first } = fakePipeline()
    const { signal } = new AbortController()
    await Promise.all([client.kv.put('a', '1', { signal }), client.kv.get('a', { signal })])
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    first.manner = 'mute'
    const get = failure(client.kv.get('a', { signal }))
    client.close()
    await get
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('before the call was made gets it not made', async () => {
    const { client, cluster } = fakePipeline()
    const { code } = await failure(client.kv.put('a', '1', { signal: AbortSignal.abort() }))
    expect([code, cluster.applied]).toEqual(['cancelled', []])
  })
})

describe('a message that is too large for the server', () => {
  const tooLarge = new RpcError(
    Status.RESOURCE_EXHAUSTED,
    'grpc: received message larger than max (700000 vs. 600000)',
  )

  test('fails its call, and its number is used by an empty one', async () => {
    const { client, clock, cluster, first } = await withMute(1)
    first.manner = 'deaf'
    const large = failure(client.kv.put('large', Buffer.alloc(700_000)))
    const small = client.kv.put('small', '')
    await clock.run(10)
    first.manner = 'answers'
    first.breakStreams(tooLarge)
    expect(await large).toMatchObject({ code: 'request-too-large', outcomeUnknown: false })
    await clock.run(100)
    await small
    expect(cluster.applied.slice(1)).toEqual(['empty', 'put small='])
    expect(first.stream.calls.map(({ sequence }) => sequence)).toEqual([2, 3])
  })

  test('but not for the one before it: nobody knows whether it was applied there', async () => {
    const { client, clock, cluster, first, members } = await withMute()
    members[1]!.manner = 'mute'
    const large = failure(client.kv.put('large', Buffer.alloc(700_000)))
    await clock.run(10)
    first.breakStreams()
    await clock.run(100)
    members[1]!.manner = 'answers'
    members[1]!.breakStreams(tooLarge)
    expect(await large).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    await clock.run(100)
    await client.kv.put('next', '')
    expect(cluster.applied.slice(1).map((told) => told.slice(0, 9))).toEqual([
      'put large',
      'put next=',
    ])
  })
})

describe('a refusal of who the client is', () => {
  test('fails all calls with it, and the writes that left with an unknown outcome', async () => {
    const { client, clock, cluster, first } = await withMute(1)
    const left = failure(client.kv.put('left', ''))
    await clock.run(10)
    const stayed = failure(client.kv.get('stayed'))
    first.breakStreams(new RpcError(Status.PERMISSION_DENIED, 'etcdserver: permission denied'))
    await clock.run(10)
    expect(await left).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    expect(await stayed).toMatchObject({ code: 'permission-denied', outcomeUnknown: false })
    first.manner = 'answers'
    await client.kv.put('next', '')
    expect(cluster.applied.slice(1)).toEqual(['put left=', 'put next='])
  })
})

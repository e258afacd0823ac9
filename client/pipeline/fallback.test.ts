/** Servers without a pipeline, what a client knows of them, and its end; in virtual time. */

import { describe, expect, test } from '@jest/globals'
import { settled } from '../../test/client/fake-members.js'
import { fakePipeline } from '../../test/client/fake-pipeline.js'
import { failure } from '../../test/client/outcome.js'
import { connect } from '../index.js'
import { RpcError, Status } from '../wire/status.js'
import { PIPELINED, UNARY, UNSETTLED } from './guarantees.js'

describe('a server without a pipeline', () => {
  test('gets each call alone, in order of issue, from then on', async () => {
    const { client, first } = fakePipeline()
    first.manner = 'without-pipeline'
    await Promise.all([client.kv.put('a', ''), client.kv.get('a'), client.kv.put('b', '')])
    expect(first.unary).toEqual(['put a', 'range', 'put b'])
    first.manner = 'answers'
    await client.kv.put('c', '')
    expect([first.unary.slice(3), first.streams.length]).toEqual([['put c'], 0])
    expect(client.guarantees).toEqual(UNARY)
  })

  test('is not taken for sick: the call goes to the same endpoint at once', async () => {
    const { client, members } = fakePipeline(2)
    for (const member of members) member.manner = 'without-pipeline'
    await client.kv.put('a', '')
    expect(members.map(({ unary }) => unary)).toEqual([['put a'], []])
  })

  test('does not get what was given up before that was known', async () => {
    const { client, clock, first } = fakePipeline()
    first.manner = 'deaf'
    const abort = new AbortController()
    const put = failure(client.kv.put('a', '', { signal: abort.signal }))
    const other = client.kv.put('b', '')
    const third = client.kv.put('c', '')
    await clock.run(10)
    abort.abort()
    first.manner = 'without-pipeline'
    first.breakStreams(new RpcError(Status.UNIMPLEMENTED, 'unknown service'))
    await Promise.all([other, third])
    expect([(await put).code, first.unary]).toEqual(['cancelled', ['put b', 'put c']])
  })

  test('is refused by a client that requires one', async () => {
    const { client, first } = fakePipeline(1, { pipeline: 'require' })
    first.manner = 'without-pipeline'
    const put = failure(client.kv.put('a', ''))
    expect(await put).toMatchObject({ code: 'unimplemented', outcomeUnknown: false })
    expect((await failure(client.ready())).code).toBe('unimplemented')
    expect(first.unary).toEqual([])
    first.manner = 'answers'
    await client.kv.put('a', '')
  })

  test('beside one with a pipeline is left for that', async () => {
    const { client, clock, cluster, first, members } = fakePipeline(2)
    await client.kv.put('a', '')
    members[1]!.manner = 'without-pipeline'
    first.up = false
    first.breakStreams()
    const put = client.kv.put('b', '')
    await clock.run(2_000)
    first.up = true
    await clock.run(2_000)
    await put
    expect(client.guarantees).toEqual(PIPELINED)
    expect(cluster.applied).toEqual(['put a=', 'put b='])
  })

  test('in the place of one that had it: what left is unknown, the rest goes alone', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await client.kv.put('a', '')
    first.manner = 'mute'
    const left = failure(client.kv.put('b', ''))
    await clock.run(10)
    first.manner = 'without-pipeline'
    first.breakStreams()
    await settled()
    const unsent = client.kv.put('c', '')
    await clock.run(100)
    await unsent
    expect(await left).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    expect(first.unary.slice(-1)).toEqual(['put c'])
    expect([client.guarantees, cluster.applied]).toEqual([UNARY, ['put a=', 'put b=']])
  })
})

describe('guarantees', () => {
  test('are unknown, then what the server offers', async () => {
    const { client } = fakePipeline()
    expect(client.guarantees).toEqual(UNSETTLED)
    await client.kv.get('a')
    expect(client.guarantees).toEqual(PIPELINED)
  })

  test('are those of single calls when the pipeline is off', async () => {
    const { client, first } = fakePipeline(1, { pipeline: 'off' })
    expect(client.guarantees).toEqual(UNARY)
    expect(await client.ready()).toEqual(UNARY)
    await client.kv.put('a', '')
    expect([first.unary, first.streams.length]).toEqual([['status', 'put a'], 0])
  })

  test('are settled by ready, which makes no session', async () => {
    const { client, cluster } = fakePipeline()
    expect(await client.ready()).toEqual(PIPELINED)
    expect(cluster.leases.size).toBe(0)
    const { client: other, first } = fakePipeline()
    first.manner = 'without-pipeline'
    expect(await other.ready()).toEqual(UNARY)
  })

  test('wait for a member that can be reached', async () => {
    const { client, clock, first } = fakePipeline()
    first.up = false
    const ready = client.ready()
    await clock.run(1_000)
    first.up = true
    await clock.run(2_000)
    expect(await ready).toEqual(PIPELINED)
  })

  test('stay unknown when no member can be reached in time, or nobody waits any more', async () => {
    const { client, clock, first } = fakePipeline()
    first.up = false
    const ready = failure(client.ready({ timeoutMs: 1_000 }))
    const abort = new AbortController()
    const aborted = failure(client.ready({ signal: abort.signal }))
    await clock.run(500)
    abort.abort()
    expect((await aborted).code).toBe('cancelled')
    await clock.run(501)
    expect((await ready).code).toBe('unavailable')
    expect(client.guarantees).toEqual(UNSETTLED)
    await clock.run(10_000)
    expect(clock.timerCount).toBe(0)
  })

  test('are asked for with words that are known', async () => {
    const wrong = (options: object) => failure(() => connect({ endpoints: 'a', ...options }))
    expect((await wrong({ pipeline: 'maybe' })).code).toBe('invalid-argument')
    expect((await wrong({ sessionTtlSeconds: 0.5 })).code).toBe('invalid-argument')
  })
})

describe('close', () => {
  test('ends all calls: only writes that left may have happened', async () => {
    const { client, clock, first } = fakePipeline()
    await client.kv.put('a', '')
    first.manner = 'mute'
    const left = failure(client.kv.put('b', ''))
    const read = failure(client.kv.get('b'))
    await clock.run(10)
    const unsent = failure(client.kv.put('c', ''))
    const ready = failure(client.kv.get('c'))
    client.close()
    expect(await left).toMatchObject({ code: 'closed', outcomeUnknown: true })
    for (const end of [read, unsent, ready])
      expect(await end).toMatchObject({ code: 'closed', outcomeUnknown: false })
    expect((await failure(client.kv.put('d', ''))).code).toBe('closed')
    expect((await failure(client.ready())).code).toBe('closed')
  })

  test('ends calls that wait for a session, and who waits for the server', async () => {
    const { client, clock, first } = fakePipeline()
    first.onGrant = () => new Promise(() => {})
    const put = failure(client.kv.put('a', ''))
    await clock.run(10)
    client.close()
    expect((await put).code).toBe('closed')
    const { client: other, clock: time, first: away } = fakePipeline()
    away.up = false
    const ready = failure(other.ready())
    await settled()
    other.close()
    expect((await ready).code).toBe('closed')
    await Promise.all([clock.run(10), time.run(10)])
    expect([clock.timerCount, time.timerCount]).toEqual([0, 0])
  })

  test('ends the session', async () => {
    const { client, clock, cluster } = fakePipeline()
    await client.kv.put('a', '')
    client.close()
    await clock.run(10)
    expect([cluster.leases.size, clock.timerCount]).toEqual([0, 0])
  })

  test('says no last word to a member that it does not reach', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await client.kv.put('a', '')
    first.up = false
    first.breakStreams(new RpcError(Status.UNAVAILABLE, 'gone'))
    await settled()
    client.close()
    await clock.run(10)
    expect([cluster.leases.size, clock.timerCount]).toEqual([1, 0])
  })
})

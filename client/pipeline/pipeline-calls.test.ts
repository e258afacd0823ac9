/** Calls on the pipeline: gathered, in order, within the window; with members played by hand, in virtual time. */

import { describe, expect, test } from '@jest/globals'
import { fakePipeline } from '../../test/client/fake-pipeline.js'
import { failure } from '../../test/client/outcome.js'
import { op } from '../index.js'
import { encodeBytes } from '../wire/codec.js'
import { etcdErrors } from '../wire/etcd-errors.js'
import { PipelineAnswer, PipelineCall, PipelineRequest } from '../wire/generated/pipeline.js'
import { KV } from '../wire/methods.js'
import { answerTooLarge } from '../wire/pipeline-errors.js'
import { RpcError, Status } from '../wire/status.js'
import { encodeBatch } from './batch.js'
import { CALLS_BYTES_MAX } from './call-line.js'
import { ACKNOWLEDGE_BYTES, ACKNOWLEDGE_CALLS } from './exchange.js'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('calls', () => {
  test('are applied in the order in which they were made, awaited or not', async () => {
    const { client, cluster } = fakePipeline()
    await Promise.all([
      client.kv.put('a', '1'),
      client.kv.delete('a'),
      client.txn().then(op.put('b', '2')).commit(),
      client.kv.put('a', '3'),
    ])
    expect(cluster.applied).toEqual(['put a=1', 'delete a', 'txn of 1', 'put a=3'])
  })

  test('are answered each with its own answer, under a header of its own', async () => {
    const { client } = fakePipeline()
    const [one, two, kv, { deleted }] = await Promise.all([
      client.kv.put('a', '1'),
      client.kv.put('b', '2'),
      client.kv.get('c'),
      client.kv.delete('a'),
    ])
    expect([one.revision, two.revision]).toEqual([2, 3])
    expect(one.header).toEqual({ clusterId: 7n, memberId: 8n, revision: 2, raftTerm: 9 })
    expect([kv?.keyString, kv?.version, deleted]).toEqual(['c', 3, 1])
  })

  test('see what the calls before them did', async () => {
    const { client } = fakePipeline()
    void client.kv.put('a', '1')
    const kv = client.kv.get('a')
    void client.kv.put('a', '2')
    expect((await kv)?.version).toBe(2)
  })

  test('of one turn share a message, up to a bound', async () => {
    const { client, first } = fakePipeline()
    await client.kv.put('first', '')
    await Promise.all(numbers(300).map((i) => client.kv.put(`k${i}`, 'v')))
    expect(first.stream.batches).toEqual([1, 128, 128, 44])
  })

  test('share a message only up to a number of bytes', async () => {
    const { client, first } = fakePipeline()
    await client.kv.put('first', '')
    const value = 'x'.repeat(100 * 1024)
    await Promise.all(numbers(4).map((i) => client.kv.put(`k${i}`, value)))
    await client.kv.put('large', 'x'.repeat(300 * 1024))
    expect(first.stream.batches).toEqual([1, 2, 2, 1])
  })

  test('larger than all that may be under way are refused at once, and did not happen', async () => {
    const { client, cluster, first } = fakePipeline()
    await client.kv.put('first', '')
    const small = client.kv.put('small', '')
    const error = await failure(client.kv.put('huge', Buffer.alloc(CALLS_BYTES_MAX)))
    expect(error).toMatchObject({ code: 'request-too-large', outcomeUnknown: false })
    expect(error.message).toMatch(/^The request has 671088\d\d bytes, and 67108864 are the most/)
    await small
    expect(cluster.applied).toEqual(['put first=', 'put small='])
    expect(first.stream.batches).toEqual([1, 1])
  })

  test('go as they were when they were made', async () => {
    const { client, cluster } = fakePipeline()
    const value = Buffer.from('before')
    const put = client.kv.put('a', value)
    value.write('after ')
    await put
    expect(cluster.applied).toEqual(['put a=before'])
  })

  test('that are refused fail as they would alone, and their outcome is known', async () => {
    const { client, cluster, first } = fakePipeline()
    cluster.refuse = (call) =>
      call.put?.lease === 5n ? etcdErrors.leaseNotFound.error() : undefined
    const refused = failure(client.kv.put('a', '1', { lease: 5n }))
    const next = client.kv.put('b', '2')
    expect(await refused).toMatchObject({
      code: 'lease-not-found',
      outcomeUnknown: false,
      etcd: { text: 'etcdserver: requested lease not found' },
    })
    await next
    cluster.refuse = () => etcdErrors.noSpace.error()
    expect(await failure(client.kv.put('c', '3'))).toMatchObject({
      code: 'no-space',
      outcomeUnknown: false,
    })
    expect(first.stream.calls.map(({ sequence }) => sequence)).toEqual([1, 2, 3])
  })

  test('that were carried out and cannot be answered are not told as refused', async () => {
    const { client, cluster } = fakePipeline()
    cluster.refuse = () => answerTooLarge.error()
    expect(await failure(client.kv.delete('a', { prevKv: true }))).toMatchObject({
      code: 'answer-too-large',
      outcomeUnknown: true,
      etcd: { text: answerTooLarge.text },
    })
  })

  test('that the pipeline does not carry go alone', async () => {
    const { client, first } = fakePipeline()
    await client.kv.put('a', '1')
    await client.kv.get('a', { serializable: true })
    await client.kv.compact(1, { physical: true })
    await client.kv.put('b', '2', { metadata: { mine: 'yes' } })
    expect(first.unary.slice(1)).toEqual(['range', 'compact', 'put b'])
    await client.kv.compact(1)
    expect(first.stream.calls).toHaveLength(2)
  })

  test('have a number when the server takes them for writes, whatever they are said to be', async () => {
    const { client, first } = fakePipeline()
    const read = op.txn({ success: [op.get('a')] })
    await client.txn().then(op.get('a')).commit()
    await client.txn().then(read).commit()
    await client.rpc(KV.range, { key: Buffer.from('a') }, { intent: 'write' })
    await client.rpc(KV.put, { key: Buffer.from('a') }, { intent: 'read' })
    const calls = first.streams.flatMap(({ calls }) => calls)
    expect(calls.map(({ sequence }) => sequence)).toEqual([0, 1, 0, 2])
  })

  test('that grant a lease choose its id, so that they may be sent again', async () => {
    const { client, cluster } = fakePipeline()
    const lease = await client.lease.grant(30)
    expect(lease.id).toBeGreaterThan(0n)
    expect(cluster.applied).toEqual([`grant ${lease.id}`])
    await client.lease.revoke(lease.id)
    expect(cluster.applied[1]).toBe(`revoke ${lease.id}`)
  })
})

describe('the window', () => {
  test('bounds what is unanswered, and the rest follows as answers come', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    first.window = { callsMax: 3, bytesMax: 1_000_000 }
    await client.kv.put('first', '')
    first.manner = 'mute'
    const puts = numbers(8).map((i) => client.kv.put(`k${i}`, ''))
    await clock.run(10)
    expect(cluster.applied).toHaveLength(4)
    first.speak()
    await Promise.all(puts)
    expect(cluster.applied.slice(1)).toEqual(numbers(8).map((i) => `put k${i}=`))
  })

  test('bounds the bytes that are unanswered, but lets one large call through', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    first.window = { callsMax: 100, bytesMax: 1_000 }
    await client.kv.put('large', 'x'.repeat(5_000))
    first.manner = 'mute'
    const puts = numbers(5).map((i) => client.kv.put(`k${i}`, 'x'.repeat(400)))
    await clock.run(10)
    expect(cluster.applied).toHaveLength(3)
    first.speak()
    await Promise.all(puts)
  })

  test('refuses calls when too many wait', async () => {
    const { client, clock, first } = fakePipeline()
    first.manner = 'deaf'
    const value = Buffer.alloc(24 * 1024 * 1024)
    const puts = numbers(2).map((i) => failure(client.kv.put(`k${i}`, value)))
    expect(await failure(client.kv.put('k3', value))).toMatchObject({
      code: 'too-many-requests',
      outcomeUnknown: false,
    })
    await clock.run(5_001)
    expect((await Promise.all(puts)).map(({ code }) => code)).toEqual(
      numbers(2).map(() => 'unavailable'),
    )
    // There is room again for what was answered, or given up.
    const put = failure(client.kv.put('k4', value))
    client.close()
    expect((await put).code).toBe('closed')
  })
})

describe('answers', () => {
  test('are acknowledged with the next message', async () => {
    const { client, cluster } = fakePipeline()
    for (let i = 0; i < 4; i++) await client.kv.put('a', `${i}`)
    expect([...cluster.sessions.values()][0]).toMatchObject({ applied: 4, acknowledged: 3 })
  })

  test('are acknowledged without one when many are kept', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await Promise.all(numbers(ACKNOWLEDGE_CALLS).map((i) => client.kv.put(`k${i}`, '')))
    await clock.run(1)
    expect([...cluster.sessions.values()][0]!.acknowledged).toBe(ACKNOWLEDGE_CALLS)
    await client.kv.get('a')
    const said = first.stream.stream.received.map(({ acknowledged }) => acknowledged)
    expect(said.filter((upTo) => upTo > 0)).toEqual([ACKNOWLEDGE_CALLS])
  })

  test('are acknowledged without one when those that are kept are large', async () => {
    const { client, clock, cluster } = fakePipeline()
    cluster.refuse = () => new RpcError(Status.FAILED_PRECONDITION, 'x'.repeat(ACKNOWLEDGE_BYTES))
    await failure(client.kv.put('a', ''))
    await clock.run(1)
    expect([...cluster.sessions.values()][0]!.acknowledged).toBe(1)
  })

  test('are acknowledged again when the stream broke with the message that said so', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await client.kv.put('a', '')
    await client.kv.put('b', '')
    first.manner = 'deaf'
    const put = client.kv.put('c', '')
    await clock.run(10)
    first.manner = 'answers'
    first.breakStreams()
    await clock.run(100)
    await put
    expect([...cluster.sessions.values()][0]!.acknowledged).toBe(2)
  })

  test('of a kind that was not asked for, and such that cannot be read, fail their calls alone', async () => {
    const { client, clock, first } = fakePipeline()
    await client.kv.put('a', '')
    first.manner = 'mute'
    const puts = [failure(client.kv.put('b', '')), failure(client.kv.put('c', ''))]
    const get = client.kv.get('d')
    await clock.run(10)
    const wrong = encodeBytes(PipelineAnswer, { revision: 3, deleteRange: {} })
    first.stream.withheld.splice(0, 2, wrong, new Uint8Array([0xff]))
    first.speak()
    for (const put of puts)
      expect(await put).toMatchObject({ code: 'internal', outcomeUnknown: true })
    expect((await get)?.keyString).toBe('d')
  })
})

describe('a message', () => {
  test('is what the codec would make of it', () => {
    const parts = [
      { put: { key: Buffer.from('k'), value: Buffer.alloc(300, 1) }, sequence: 0x7f },
      { range: { key: Buffer.from('r') }, sequence: 0 },
      { put: { key: Buffer.from('k') }, sequence: 0x80 },
      { deleteRange: { key: Buffer.alloc(20_000) }, sequence: 2 ** 53 - 1 },
    ]
    const calls = parts.map(({ sequence, ...call }) => ({
      sequence,
      bytes: encodeBytes(PipelineCall, call),
    }))
    for (const acknowledged of [0, 1, 300, 2 ** 40]) {
      const request = PipelineRequest.decode(encodeBatch(calls, acknowledged))
      expect(request.acknowledged).toBe(acknowledged)
      const decoded = request.calls.map((bytes) => PipelineCall.decode(bytes))
      expect(decoded).toEqual(
        parts.map((part) => PipelineCall.decode(encodeBytes(PipelineCall, part))),
      )
    }
  })
})

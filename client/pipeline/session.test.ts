/** The session: when it is granted, renewed, lost and ended, and what that means for writes; in virtual time. */

import { describe, expect, test } from '@jest/globals'
import { settled } from '../../test/client/fake-members.js'
import { fakePipeline } from '../../test/client/fake-pipeline.js'
import { failure } from '../../test/client/outcome.js'
import { etcdErrors } from '../wire/etcd-errors.js'
import { RpcError, Status } from '../wire/status.js'

const TTL_MS = 60_000

describe('a session', () => {
  test('is not granted to a client that only reads', async () => {
    const { client, cluster, first } = fakePipeline()
    await client.kv.get('a')
    await client.txn().commit()
    expect([cluster.leases.size, first.stream.session]).toEqual([0, 0n])
  })

  test('is granted for the first write, and the reads under way are answered all the same', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    first.manner = 'mute'
    const get = client.kv.get('a')
    await clock.run(1)
    first.manner = 'answers'
    const put = client.kv.put('a', '1')
    await Promise.all([get, put])
    expect([...cluster.leases]).toEqual([[first.stream.session, 60]])
    expect(first.stream.calls.map(({ sequence }) => sequence)).toEqual([0, 1])
  })

  test('has the TTL that is asked for', async () => {
    const { client, cluster } = fakePipeline(1, { sessionTtlSeconds: 15 })
    await client.kv.put('a', '1')
    expect([...cluster.leases.values()]).toEqual([15])
  })

  test('is granted with the same id again when the outcome is unknown', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    first.onGrant = () => {
      // It is granted, and the answer is lost.
      first.onGrant = () => {}
      cluster.grant(BigInt(first.unary[0]!.slice('grant '.length)), 60)
      throw new RpcError(Status.UNAVAILABLE, 'the connection broke')
    }
    const put = client.kv.put('a', '1')
    await clock.run(500)
    await put
    expect(first.unary).toEqual([first.unary[0], first.unary[0]])
    expect(cluster.leases.size).toBe(1)
  })

  test('takes another id when its own is in use by somebody else', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    first.onGrant = () => {
      first.onGrant = () => {}
      throw etcdErrors.leaseExist.error()
    }
    const put = client.kv.put('a', '1')
    await clock.run(500)
    await put
    expect(new Set(first.unary).size).toBe(2)
    expect(cluster.leases.size).toBe(1)
  })

  test('that cannot be granted for now makes writes wait within their time', async () => {
    const { client, clock, first } = fakePipeline(1, { timeoutMs: 3_000 })
    first.onGrant = () => {
      throw etcdErrors.requestTooManyRequests.error()
    }
    const put = failure(client.kv.put('a', '1'))
    await clock.run(3_001)
    expect(await put).toMatchObject({ code: 'too-many-requests', outcomeUnknown: false })
    expect(first.unary.length).toBeLessThan(10)
    await clock.run(10_000)
    const tries = first.unary.length
    await clock.run(10_000)
    expect(first.unary).toHaveLength(tries)
  })

  test('that is refused fails the writes that wait for it, and not the reads', async () => {
    const { client, first } = fakePipeline()
    first.onGrant = () => {
      throw etcdErrors.permissionDenied.error()
    }
    const put = failure(client.kv.put('a', '1'))
    const get = client.kv.get('a')
    expect(await put).toMatchObject({ code: 'permission-denied', outcomeUnknown: false })
    await get
  })

  test('that a full cluster refuses lets writes go alone', async () => {
    const { client, first } = fakePipeline()
    first.onGrant = () => {
      throw etcdErrors.noSpace.error()
    }
    await client.kv.compact(5)
    expect(first.unary.slice(-1)).toEqual(['compact'])
  })

  test('is renewed as long as the client lives', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await client.kv.put('a', '1')
    let renewals = 0
    first.keepAliveTtl = () => {
      renewals++
      return 60
    }
    await clock.run(10 * TTL_MS)
    expect(renewals).toBeGreaterThan(25)
    await client.kv.put('a', '2')
    expect(cluster.leases.size).toBe(1)
  })
})

/** A client that hears nothing of a write and a read behind it, nor of its session, which is lost within its TTL. */
async function lostSession() {
  const bed = fakePipeline(1, { timeoutMs: 4 * TTL_MS })
  const { client, clock, first } = bed
  await client.kv.put('a', '1')
  first.keepAliveTtl = () => undefined
  first.manner = 'deaf'
  const left = failure(client.kv.put('b', '2'))
  const read = client.kv.get('b')
  await clock.run(1)
  return { ...bed, left, read }
}

describe('a session that is lost', () => {
  test('leaves writes that left unknown, and the others go on in a new one', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await client.kv.put('a', '1')
    const [id] = cluster.leases.keys()
    first.manner = 'deaf'
    const left = failure(client.kv.put('b', '2'))
    const read = client.kv.get('b')
    await clock.run(10)
    cluster.revoke(id!)
    first.manner = 'answers'
    first.breakStreams()
    await settled()
    const unsent = client.kv.put('c', '3')
    await clock.run(100)
    expect(await left).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    await Promise.all([read, unsent])
    expect(cluster.applied).toEqual(['put a=1', 'put c=3'])
    expect(first.stream.session).not.toBe(id)
    expect(first.stream.calls.find(({ put }) => put)!.sequence).toBe(1)
    expect(first.unary.filter((call) => call.startsWith('revoke'))).toEqual([])
  })

  test('is noticed by its renewal', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await client.kv.put('a', '1')
    const [id] = cluster.leases.keys()
    cluster.revoke(id!)
    await clock.run(TTL_MS)
    await client.kv.put('b', '2')
    expect(first.stream.session).not.toBe(id)
    expect(cluster.leases.size).toBe(1)
  })

  test('but may still live is ended before the next begins: no write of it comes later', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await client.kv.put('a', '1')
    const [id] = cluster.leases.keys()
    first.keepAliveTtl = () => undefined
    await clock.run(TTL_MS + 1)
    // The endpoint that did not renew is left alone for a moment.
    const put = client.kv.put('b', '2')
    await clock.run(3_000)
    await put
    expect(first.unary.slice(-2).map((call) => call.split(' ')[0])).toEqual(['revoke', 'grant'])
    expect([...cluster.leases.keys()]).toEqual([first.stream.session])
    expect(first.stream.session).not.toBe(id)
  })

  test('but may still live is ended before a read goes on: it sees a write that came late', async () => {
    const { clock, cluster, first, left, read } = await lostSession()
    const revoke = cluster.revoke.bind(cluster)
    cluster.revoke = (id) => {
      cluster.applied.push('put b=2')
      revoke(id)
    }
    await clock.run(TTL_MS)
    first.manner = 'answers'
    await clock.run(10_000)
    expect(await left).toMatchObject({ code: 'outcome-unknown' })
    expect(await read).toMatchObject({ version: 3 })
  })

  test('and cannot be ended for now lets no read go on, until it can', async () => {
    const { clock, cluster, first, read } = await lostSession()
    const revoke = cluster.revoke.bind(cluster)
    cluster.revoke = () => {
      throw etcdErrors.noLeader.error()
    }
    await clock.run(TTL_MS)
    first.manner = 'answers'
    let isAnswered = false
    void read.then(() => {
      isAnswered = true
    })
    await clock.run(10_000)
    expect(isAnswered).toBe(false)
    cluster.revoke = revoke
    await clock.run(10_000)
    await read
  })

  test('and may not be ended fails reads with the reason', async () => {
    const { client, clock, cluster, read } = await lostSession()
    cluster.revoke = () => {
      throw etcdErrors.permissionDenied.error()
    }
    const refused = failure(read)
    await clock.run(TTL_MS)
    expect(await refused).toMatchObject({ code: 'permission-denied', outcomeUnknown: false })
    expect(await failure(client.ready())).toMatchObject({ code: 'permission-denied' })
  })

  test('and has ended by itself meanwhile needs no end', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await client.kv.put('a', '1')
    const [id] = cluster.leases.keys()
    first.keepAliveTtl = () => undefined
    await clock.run(TTL_MS + 1)
    cluster.revoke(id!)
    // The endpoint that did not renew is left alone for a moment.
    const put = client.kv.put('b', '2')
    await clock.run(3_000)
    await put
    expect(cluster.leases.size).toBe(1)
  })

  test('because a member refuses to go on with it is ended and replaced', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await client.kv.put('a', '1')
    const [id] = cluster.leases.keys()
    first.manner = 'deaf'
    const left = failure(client.kv.put('b', '2'))
    await clock.run(10)
    first.manner = 'answers'
    first.breakStreams(new RpcError(Status.INVALID_ARGUMENT, 'write 2 does not follow'))
    await clock.run(10)
    expect(await left).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    const put = client.kv.put('c', '3')
    await clock.run(100)
    await put
    expect([cluster.leases.has(id!), cluster.applied]).toEqual([false, ['put a=1', 'put c=3']])
  })

  test('because the cluster was restored from before its last answers is replaced', async () => {
    const { client, clock, cluster, first, members } = fakePipeline(2)
    await client.kv.put('a', '1')
    await client.kv.put('b', '2')
    const [id] = cluster.leases.keys()
    cluster.sessions.get(id!)!.applied = 1
    for (const { streams } of members)
      for (const { stream } of streams) stream.fail(new RpcError(Status.UNAVAILABLE, 'restored'))
    await settled()
    const put = client.kv.put('c', '3')
    await clock.run(5_000)
    await put
    expect(cluster.leases.has(id!)).toBe(false)
    expect(cluster.applied).toEqual(['put a=1', 'put b=2', 'put c=3'])
    expect(first.streams.length + members[1]!.streams.length).toBeLessThan(8)
  })

  test('because a member knows of more writes than were made is replaced', async () => {
    const { client, clock, cluster, first } = fakePipeline()
    await client.kv.put('a', '1')
    const [id] = cluster.leases.keys()
    cluster.sessions.get(id!)!.applied = 7
    first.breakStreams()
    await settled()
    const put = client.kv.put('b', '2')
    await clock.run(100)
    await put
    expect(cluster.leases.has(id!)).toBe(false)
    expect(cluster.applied).toEqual(['put a=1', 'put b=2'])
  })
})

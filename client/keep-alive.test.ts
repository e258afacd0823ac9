/** Renewal of leases: when, over which member, and when a lease counts as lost; in virtual time. */

import { describe, expect, jest, test } from '@jest/globals'
import { type FakeMember, fakeMembers, settled, silence } from '../test/client/fake-members.js'
import { compare } from './compare.js'
import type { ConclaveError } from './errors.js'
import type { KeepAliveListener } from './keep-alive.js'
import { etcdErrors } from './wire/etcd-errors.js'
import { RpcError, Status } from './wire/status.js'

const TTL_SECONDS = 9
const lease = { id: 7n, ttlSeconds: TTL_SECONDS, grantedAtMs: 0 }

/** Answers every renewal at once. */
const renews = (member: FakeMember, ttlSeconds = TTL_SECONDS) => {
  member.onKeepAlive = ({ ID }, stream) => stream.send({ ID, TTL: ttlSeconds })
}

const record = () => {
  const renewed: number[] = []
  const lost: ConclaveError[] = []
  const listener: KeepAliveListener = {
    onRenewed: (sentAtMs) => renewed.push(sentAtMs),
    onLost: (error) => lost.push(error),
  }
  return { renewed, lost, listener }
}

const asked = (member: FakeMember) =>
  member.keepAlives.flatMap((stream) => stream.received.map((request) => request.ID))

describe('a lease under renewal', () => {
  test('is renewed at once, and then after each third of its TTL', async () => {
    const { client, clock, first } = fakeMembers(1)
    renews(first)
    const { renewed, lost, listener } = record()
    const keepAlive = client.lease.keepAlive(lease, listener)
    await clock.run(10_000)
    expect(renewed).toEqual([0, 3_000, 6_000, 9_000])
    expect(keepAlive.aliveUntilMs).toBe(18_000)
    expect(lost).toEqual([])
  })

  test('lives from when the renewal was sent, not from when it was answered', async () => {
    const { client, clock, first } = fakeMembers(1)
    first.onKeepAlive = ({ ID }, stream) =>
      clock.after(1_000, () => stream.send({ ID, TTL: TTL_SECONDS }))
    const { renewed, listener } = record()
    const keepAlive = client.lease.keepAlive(lease, listener)
    await clock.run(1_500)
    expect(renewed).toEqual([0])
    expect(keepAlive.aliveUntilMs).toBe(9_000)
  })

  test('shares its stream with all others', async () => {
    const { client, clock, first } = fakeMembers(1)
    renews(first)
    const { renewed, listener } = record()
    for (let id = 1n; id <= 20n; id++) client.lease.keepAlive({ ...lease, id }, listener)
    await clock.run(3_100)
    expect(first.keepAlives).toHaveLength(1)
    expect(renewed).toHaveLength(40)
  })

  test('may be renewed by two parties, each of which is told of its own renewals', async () => {
    const { client, clock, first } = fakeMembers(1)
    renews(first)
    const one = record()
    const two = record()
    client.lease.keepAlive(lease, one.listener)
    await clock.run(1_000)
    client.lease.keepAlive(lease, two.listener)
    await clock.run(3_500)
    expect(one.renewed).toEqual([0, 3_000])
    expect(two.renewed).toEqual([1_000, 4_000])
  })

  test('renewed by two parties answers the one who asked first', async () => {
    const { client, clock, first } = fakeMembers(1)
    first.onKeepAlive = ({ ID }, stream) =>
      clock.after(2_000, () => stream.send({ ID, TTL: TTL_SECONDS }))
    const one = record()
    const two = record()
    client.lease.keepAlive(lease, one.listener)
    await clock.run(1_000)
    client.lease.keepAlive(lease, two.listener)
    await clock.run(1_500)
    expect([one.renewed, two.renewed]).toEqual([[0], []])
    await clock.run(1_000)
    expect([one.renewed, two.renewed]).toEqual([[0], [1_000]])
  })

  test('is not renewed by the answer to somebody who has left', async () => {
    const { client, clock, first } = fakeMembers(1)
    const answers: (() => void)[] = []
    first.onKeepAlive = ({ ID }, stream) =>
      answers.push(() => stream.send({ ID, TTL: TTL_SECONDS }))
    const other = client.lease.keepAlive({ ...lease, id: 8n }, {})
    const gone = record()
    const leaving = client.lease.keepAlive(lease, gone.listener)
    await clock.run(1_000)
    leaving.close()
    const { renewed, listener } = record()
    client.lease.keepAlive(lease, listener)
    await clock.run(10)
    answers[1]!()
    await clock.run(10)
    expect([renewed, gone.renewed]).toEqual([[], []])
    answers[2]!()
    await clock.run(10)
    expect(renewed).toEqual([1_000])
    other.close()
  })

  test('goes to another member when requests of many who left stay unanswered', async () => {
    const { client, clock, members } = fakeMembers(2)
    renews(members[1]!)
    const other = client.lease.keepAlive({ ...lease, id: 8n, ttlSeconds: 1_000 }, {})
    await clock.run(1)
    for (let i = 0; i < 64; i++) client.lease.keepAlive(lease, {}).close()
    const { renewed, listener } = record()
    client.lease.keepAlive(lease, listener)
    await clock.run(1_000)
    expect(members[0]!.keepAlives[0]!.closed).toBeUndefined()
    await clock.run(2_500)
    expect(members[0]!.keepAlives[0]!.closed).toBeDefined()
    expect(renewed).toHaveLength(1)
    other.close()
  })

  test('goes to another member when all who ask leave before it is clear that nobody answers', async () => {
    const { client, clock, members } = fakeMembers(2)
    renews(members[1]!)
    const other = client.lease.keepAlive({ ...lease, id: 8n, ttlSeconds: 1_000 }, {})
    for (let i = 0; i < 100; i++) {
      client.lease.keepAlive(lease, {}).close()
      await clock.run(40)
    }
    expect(members[0]!.keepAlives[0]!.closed).toBeDefined()
    other.close()
  })

  test('is renewed by hundreds at once, on one stream, and no other lease suffers', async () => {
    const { client, clock, first } = fakeMembers(1)
    first.onKeepAlive = ({ ID }, stream) =>
      clock.after(5, () => stream.send({ ID, TTL: TTL_SECONDS }))
    const other = record()
    client.lease.keepAlive({ ...lease, id: 8n }, other.listener)
    const many = record()
    for (let i = 0; i < 300; i++) client.lease.keepAlive(lease, many.listener)
    const once = Array.from({ length: 300 }, () => client.lease.keepAliveOnce(7n))
    await clock.run(20)
    expect(await Promise.all(once)).toEqual(once.map(() => TTL_SECONDS))
    await clock.run(9_000)
    expect(many.renewed.filter((sentAtMs) => sentAtMs === 0)).toHaveLength(300)
    expect([...many.lost, ...other.lost]).toEqual([])
    expect(first.keepAlives).toHaveLength(1)
    expect(client.metrics().endpointFailures).toBe(0)
  })

  test('is renewed and lost whatever the callbacks of another one throw', async () => {
    const { client, clock, first } = fakeMembers(1)
    renews(first)
    const thrown: unknown[] = []
    const queue = globalThis.queueMicrotask
    const spy = jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((run) =>
      queue(() => {
        try {
          run()
        } catch (error) {
          thrown.push((error as Error).message)
        }
      }),
    )
    const bad: KeepAliveListener = {
      onRenewed() {
        throw new Error('renewed')
      },
      onLost() {
        throw new Error('lost')
      },
    }
    client.lease.keepAlive({ ...lease, id: 8n }, bad)
    const { renewed, lost, listener } = record()
    client.lease.keepAlive(lease, listener)
    await clock.run(3_100)
    expect(renewed).toEqual([0, 3_000])
    client.close()
    expect(lost.map(({ code }) => code)).toEqual(['closed'])
    await settled()
    spy.mockRestore()
    expect(thrown).toEqual(['renewed', 'renewed', 'lost'])
  })

  test('is lost when the server knows it no more', async () => {
    const { client, clock, first } = fakeMembers(1)
    renews(first)
    const { lost, listener } = record()
    client.lease.keepAlive(lease, listener)
    await clock.run(1_000)
    renews(first, 0)
    await clock.run(5_000)
    expect(lost.map((error) => error.code)).toEqual(['lease-not-found'])
    expect(clock.timerCount).toBe(0)
  })

  test('is lost when nobody answers until its TTL is over, and not before', async () => {
    const { client, clock, members } = fakeMembers(3)
    renews(members[0]!)
    const { lost, listener } = record()
    client.lease.keepAlive(lease, listener)
    await clock.run(100)
    for (const member of members) member.onKeepAlive = () => {}
    await clock.run(8_899)
    expect(lost).toEqual([])
    await clock.run(2)
    expect(lost.map((error) => error.code)).toEqual(['lease-expired'])
    expect(clock.timerCount).toBe(0)
  })

  test('goes to another member when the first falls silent', async () => {
    const { client, clock, members } = fakeMembers(3)
    renews(members[0]!)
    renews(members[1]!)
    const { renewed, lost, listener } = record()
    client.lease.keepAlive(lease, listener)
    await clock.run(100)
    members[0]!.onKeepAlive = () => {}
    await clock.run(29_900)
    expect(lost).toEqual([])
    expect(renewed.slice(0, 3)).toEqual([0, 4_500, 7_500])
    expect(members[0]!.keepAlives[0]!.closed).toBeDefined()
    expect(asked(members[1]!).length).toBeGreaterThan(5)
  })

  test('of five seconds lives on when two members of three are silent, one after the other', async () => {
    const { client, clock, members } = fakeMembers(3)
    for (const member of members) renews(member, 5)
    const { renewed, lost, listener } = record()
    client.lease.keepAlive({ ...lease, ttlSeconds: 5 }, listener)
    await clock.run(100)
    for (const member of members.slice(0, 2)) {
      member.onKeepAlive = () => {}
      member.onStatus = silence
    }
    await clock.run(60_000)
    expect(lost).toEqual([])
    expect(renewed[1]).toBeLessThan(5_000 * (2 / 3) + 100)
    expect(renewed.length).toBeGreaterThan(30)
  })

  test('does not come back to a silent member while others only lack a leader', async () => {
    const { client, clock, members } = fakeMembers(3)
    for (const member of members) renews(member, 5)
    const { renewed, lost, listener } = record()
    client.lease.keepAlive({ ...lease, ttlSeconds: 5 }, listener)
    await clock.run(100)
    members[0]!.onKeepAlive = () => {}
    members[0]!.onStatus = silence
    for (const member of members.slice(1))
      member.onKeepAlive = (_request, stream) => stream.fail(etcdErrors.noLeader.error())
    await clock.run(3_000)
    for (const member of members.slice(1)) renews(member, 5)
    await clock.run(1_000)
    expect(members[0]!.keepAlives).toHaveLength(1)
    expect(lost).toEqual([])
    expect(renewed).toHaveLength(2)
  })

  test('is renewed by members that are slow to answer, too', async () => {
    const { client, clock, members } = fakeMembers(3)
    for (const member of members)
      member.onKeepAlive = ({ ID }, stream) => clock.after(1_600, () => stream.send({ ID, TTL: 5 }))
    const { lost, listener } = record()
    client.lease.keepAlive({ ...lease, ttlSeconds: 5 }, listener)
    await clock.run(60_000)
    expect(lost).toEqual([])
  })

  test('goes to another member when the stream breaks, without loss', async () => {
    const { client, clock, members } = fakeMembers(2)
    for (const member of members) renews(member)
    const { renewed, lost, listener } = record()
    client.lease.keepAlive(lease, listener)
    await clock.run(1_000)
    members[0]!.keepAlives[0]!.fail(etcdErrors.stopped.error())
    await clock.run(10)
    expect(renewed).toEqual([0, 1_000])
    expect(lost).toEqual([])
  })

  test('takes an answer of a broken stream for nothing', async () => {
    const { client, clock, members } = fakeMembers(2)
    members[0]!.onKeepAlive = () => {}
    const { renewed, lost, listener } = record()
    client.lease.keepAlive(lease, listener)
    await clock.run(100)
    const [old] = members[0]!.keepAlives
    members[1]!.up = false
    members[0]!.up = false
    old!.fail(etcdErrors.stopped.error())
    old!.send({ ID: 7n, TTL: 9 })
    await clock.run(8_800)
    expect(renewed).toEqual([])
    await clock.run(200)
    expect(lost.map((error) => error.code)).toEqual(['lease-expired'])
  })

  test('is found lost after the process was frozen past its TTL', async () => {
    const { client, clock, members } = fakeMembers(1)
    const { lost, listener } = record()
    members[0]!.up = false
    client.lease.keepAlive({ ...lease, grantedAtMs: -20_000 }, listener)
    await clock.run(1)
    expect(lost.map((error) => error.code)).toEqual(['lease-expired'])
  })

  test('whose TTL is not known waits for the first answer, on one member after another', async () => {
    const { client, clock, members } = fakeMembers(2)
    renews(members[1]!)
    const { renewed, lost, listener } = record()
    const keepAlive = client.lease.keepAlive(7n, listener)
    expect(keepAlive.aliveUntilMs).toBeUndefined()
    await clock.run(3_500)
    expect(renewed).toEqual([2_000])
    expect(lost).toEqual([])
  })

  test('is not asked about any more once it is closed', async () => {
    const { client, clock, first } = fakeMembers(1)
    renews(first)
    const { lost, listener } = record()
    const keepAlive = client.lease.keepAlive(lease, listener)
    await clock.run(100)
    keepAlive.close()
    keepAlive.close()
    await clock.run(20_000)
    expect(asked(first)).toEqual([7n])
    expect(lost).toEqual([])
    expect(first.keepAlives[0]!.closed).toBeDefined()
    expect(clock.timerCount).toBe(0)
  })

  test('is given up when the credentials are refused', async () => {
    const { client, clock, members } = fakeMembers(2)
    members[0]!.onKeepAlive = (_request, stream) =>
      stream.fail(new RpcError(Status.UNAUTHENTICATED, 'etcdserver: invalid auth token'))
    const { lost, listener } = record()
    client.lease.keepAlive(lease, listener)
    await clock.run(10)
    expect(lost.map((error) => error.code)).toEqual(['unauthenticated'])
    expect(clock.timerCount).toBe(0)
  })
})

test('a renewal is closed at the end of its block', async () => {
  const { client, clock, first } = fakeMembers(1)
  renews(first)
  {
    await using _alive = client.lease.keepAlive(lease)
    await clock.run(10)
  }
  await clock.run(10)
  expect(first.keepAlives[0]!.closed).toBeDefined()
  expect(clock.timerCount).toBe(0)
})

test('what is no lease is refused, and named', async () => {
  const { client } = fakeMembers(1)
  const odd = (value: unknown) => value as bigint
  for (const refuse of [
    async (value: bigint) => client.lease.revoke(value),
    async (value: bigint) => client.lease.timeToLive(value),
    async (value: bigint) => client.lease.keepAliveOnce(value),
    async (value: bigint) => client.lease.keepAlive(value),
    async (value: bigint) => client.kv.put('a', '1', { lease: value }),
    async (value: bigint) => compare('a').lease('=', value),
  ]) {
    await expect(refuse(odd('7'))).rejects.toThrow("not the string '7'.")
    await expect(refuse(odd({ id: '7' }))).rejects.toThrow("an object whose id is the string '7'.")
    await expect(refuse(odd(new Date(0)))).rejects.toThrow('class Date whose id is undefined.')
    await expect(refuse(-1n)).rejects.toMatchObject({ code: 'invalid-argument' })
  }
  expect(() => client.lease.keepAlive({ ...lease, ttlSeconds: Number.NaN })).toThrow(
    'an object whose ttlSeconds is NaN.',
  )
})

describe('a single renewal', () => {
  test('answers with the TTL', async () => {
    const { client, first } = fakeMembers(1)
    renews(first, 33)
    expect(await client.lease.keepAliveOnce(7n)).toBe(33)
  })

  test('fails in time when nobody answers, and leaves nothing behind', async () => {
    const { client, clock } = fakeMembers(2)
    const once = client.lease.keepAliveOnce(7n, { timeoutMs: 500 }).catch((error) => error)
    await clock.run(501)
    expect((await once).code).toBe('deadline-exceeded')
    expect(clock.timerCount).toBe(0)
  })

  test('is aborted at once', async () => {
    const { client, clock } = fakeMembers(1)
    const abort = new AbortController()
    const once = client.lease.keepAliveOnce(7n, { signal: abort.signal }).catch((error) => error)
    await settled()
    abort.abort()
    expect((await once).code).toBe('cancelled')
    expect(clock.timerCount).toBe(0)
  })
})

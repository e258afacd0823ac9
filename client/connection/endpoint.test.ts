/** Which endpoint is used: silent ones are left, members without a leader, too; with members played by hand. */

import { describe, expect, test } from '@jest/globals'
import { fakeMembers, settled, silence } from '../../test/client/fake-members.js'
import { failure } from '../../test/client/outcome.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { connect } from '../client.js'
import { type ServiceTable, streaming, unary } from '../host/service.js'
import type { Transport } from '../host/transport.js'
import { InProcessTransport } from '../host/transport-inprocess.js'
import type { ConnectOptions } from '../options.js'
import { etcdErrors } from '../wire/etcd-errors.js'
import { Cluster, KV, Maintenance, Watch } from '../wire/methods.js'

/** A member that tells how it is. */
class Told {
  /** Undefined: it tells nothing. */
  leader: bigint | undefined = 1n
  silent = false
  reads = 0
  writes = 0
  asked = 0
  watches = 0
  members: { name: string; clientURLs: string[]; isLearner?: boolean }[] = []
  /** The member refuses who needs a leader, as etcd does. */
  needsLeader: string[] = []

  readonly services: ServiceTable = [
    unary(KV.range, async (_request, { metadata }) => {
      this.reads++
      this.#gate(metadata['hasleader'])
      return this.silent ? silence() : {}
    }),
    unary(KV.put, async (_request, { metadata }) => {
      this.writes++
      this.#gate(metadata['hasleader'])
      return this.silent ? silence() : {}
    }),
    unary(Maintenance.status, () => {
      this.asked++
      return this.leader === undefined ? silence() : { leader: this.leader }
    }),
    unary(Cluster.memberList, () => ({ members: this.members })),
    streaming(Watch.watch, (stream) => {
      this.watches++
      stream.receive({
        message: ({ createRequest: watch }) =>
          watch && stream.send({ watchId: watch.watchId, created: true }),
        close() {},
      })
    }),
  ]

  #gate(hasLeader: string | undefined): void {
    this.needsLeader.push(hasLeader ?? 'no')
    if (hasLeader === 'true' && this.leader === 0n) throw etcdErrors.noLeader.error()
  }
}

function told(count: number, options: Partial<ConnectOptions> = {}) {
  const clock = new VirtualClock()
  const members = Array.from({ length: count }, () => new Told())
  const names = members.map((_, i) => String.fromCharCode(97 + i))
  const nameOf = (address: string) => address.replace(/^https?:\/\//, '')
  const connected: string[] = []
  const inner = new InProcessTransport({
    clock,
    services: (address) => members[names.indexOf(nameOf(address))]?.services,
  })
  const transport: Transport = {
    connect(address) {
      connected.push(address)
      return inner.connect(address)
    },
  }
  const random = { next: () => 0, bytes: (length: number) => new Uint8Array(length) }
  const base = { endpoints: names, transport, clock, random, pipeline: 'off' } as const
  const client = connect({ ...base, ...options })
  return { client, clock, connected, a: members[0]!, b: members[1]!, members }
}

describe('a silent endpoint', () => {
  test('is left by a read within two seconds, however long the read may take', async () => {
    const { client, clock, a, b } = told(2, { timeoutMs: 600_000 })
    Object.assign(a, { silent: true, leader: undefined })
    const got = client.kv.get('k')
    await clock.run(2_100)
    expect(await got).toBeNull()
    expect([a.reads, b.reads]).toEqual([1, 1])
  })

  test('is not given new writes, and the write that waits stays where it is', async () => {
    const { client, clock, a, b } = told(2, { timeoutMs: 10_000 })
    Object.assign(a, { silent: true, leader: undefined })
    const first = failure(client.kv.put('k', '1'))
    await clock.run(2_100)
    await client.kv.put('k', '2')
    expect([a.writes, b.writes]).toEqual([1, 1])
    await clock.run(8_000)
    expect(await first).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    expect([a.writes, b.writes]).toEqual([1, 1])
    client.close()
    expect(clock.timerCount).toBe(0)
  })

  test('gets a new connection, since the old one may be half-open', async () => {
    const { client, clock, a, connected } = told(1, { timeoutMs: 60_000 })
    Object.assign(a, { silent: true, leader: undefined })
    const got = client.kv.get('k')
    await clock.run(1_900)
    expect(connected).toEqual(['a'])
    Object.assign(a, { silent: false, leader: 1n })
    await clock.run(300)
    expect(await got).toBeNull()
    expect(connected).toEqual(['a', 'a'])
  })

  test('that is well keeps its calls, and is asked ever less often', async () => {
    const { client, clock, a, b } = told(2, { timeoutMs: 300_000 })
    a.silent = true
    const put = failure(client.kv.put('k', '1'))
    await clock.run(60_000)
    expect(a.asked).toBeGreaterThan(5)
    expect(a.asked).toBeLessThan(12)
    expect(b.writes).toBe(0)
    client.close()
    expect((await put).code).toBe('closed')
    await settled()
    expect(clock.timerCount).toBe(0)
  })

  test('is not asked while others are answered', async () => {
    const { client, clock, a } = told(1, { timeoutMs: 60_000 })
    for (let i = 0; i < 20; i++) {
      await client.kv.get('k')
      await clock.run(500)
    }
    expect(a.asked).toBe(0)
    expect(clock.timerCount).toBe(0)
  })

  test('that has lost its leader is left, too', async () => {
    const { client, clock, a, b } = told(2, { timeoutMs: 600_000 })
    Object.assign(a, { silent: true, leader: 0n })
    const got = client.kv.get('k')
    await clock.run(1_100)
    expect(await got).toBeNull()
    expect([a.reads, b.reads]).toEqual([1, 1])
  })
})

describe('a cluster without a leader', () => {
  test('is told as that to a read', async () => {
    const { client, clock, members } = told(3, { timeoutMs: 5_000 })
    for (const member of members) Object.assign(member, { silent: true, leader: 0n })
    const got = failure(client.kv.get('k'))
    await clock.run(5_100)
    expect(await got).toMatchObject({ code: 'no-leader', outcomeUnknown: false })
  })

  test('is told at once to who requires one, and another member is asked', async () => {
    const { client, a, b } = told(2, { requireLeader: true })
    Object.assign(a, { silent: true, leader: 0n })
    await client.kv.put('k', 'v')
    await client.kv.get('k')
    expect([a.writes, b.writes, b.reads]).toEqual([1, 1, 1])
    expect(b.needsLeader).toEqual(['true', 'true'])
  })

  test('refuses a write, which then certainly did not happen', async () => {
    const { client, clock, members } = told(2)
    for (const member of members) member.leader = 0n
    const put = failure(client.kv.put('k', 'v', { requireLeader: true, timeoutMs: 1_000 }))
    await clock.run(1_100)
    expect(await put).toMatchObject({ code: 'no-leader', outcomeUnknown: false })
  })
})

describe('retries', () => {
  test('are as many as allowed', async () => {
    const { client, clock, members } = fakeMembers(2, { retry: { attemptsMax: 3 } })
    for (const member of members) member.up = false
    const failed = failure(client.kv.get('k'))
    await clock.run(1_000)
    expect((await failed).code).toBe('unavailable')
    expect(client.metrics().retries).toBe(2)
    expect(clock.timerCount).toBe(0)
  })

  test('pause as long as told', async () => {
    const retry = { backoffMinMs: 1_000, backoffMaxMs: 1_000 }
    const { client, clock, first } = fakeMembers(1, { retry })
    first.up = false
    const got = client.kv.get('k')
    await clock.run(499)
    first.up = true
    expect(first.ranges).toBe(0)
    await clock.run(2)
    expect(await got).toBeNull()
  })

  test.each([
    { attemptsMax: 0 },
    { attemptsMax: 1.5 },
    { backoffMinMs: 0 },
    { backoffMinMs: 9_999, backoffMaxMs: 10 },
  ])('%j is refused', (retry) => {
    expect(() => fakeMembers(1, { retry })).toThrow(/retry\./)
  })
})

describe('endpoints that follow the members', () => {
  const named = (...names: string[]) => names.map((name) => ({ name, clientURLs: [name] }))

  test('are those of the voters, and a stream on one that stays goes on', async () => {
    const { client, clock, a, b } = told(3, { endpoints: ['a'] })
    a.members = [...named('a', 'b'), { name: 'c', clientURLs: ['c'], isLearner: true }]
    const watcher = client.watch('k')
    await watcher.created
    expect(await client.cluster.sync()).toEqual(['a', 'b'])
    expect(client.endpoints).toEqual(['a', 'b'])
    await clock.run(10_000)
    expect([a.watches, b.watches]).toEqual([1, 0])
    a.members = named('b')
    await client.cluster.sync()
    await clock.run(3_000)
    await client.kv.get('k')
    expect([b.watches, b.reads]).toEqual([1, 1])
    client.close()
  })

  test('let a call on one that leaves come to its end', async () => {
    const { client, clock, a } = told(2, { endpoints: ['a'] })
    a.silent = true
    const put = failure(client.kv.put('k', 'v'))
    await settled()
    a.members = named('b')
    await client.cluster.sync()
    await clock.run(5_100)
    expect(await put).toMatchObject({ code: 'outcome-unknown' })
    client.close()
    expect(clock.timerCount).toBe(0)
  })

  test('stay as they are when no member tells any', async () => {
    const { client, a } = told(2)
    a.members = []
    expect(await client.cluster.sync()).toEqual(['a', 'b'])
  })

  test('keep to TLS when they began with it', async () => {
    const { client, a } = told(2, { endpoints: ['https://a'] })
    a.members = [{ name: 'a', clientURLs: ['https://a', 'http://a', 'b'] }, ...named('http://b')]
    expect(await client.cluster.sync()).toEqual(['https://a'])
    a.members = [...named('http://b'), ...named('https://b')]
    expect(await client.cluster.sync()).toEqual(['https://b'])
    client.close()
  })

  test('are asked for every so often, and until the end', async () => {
    const { client, clock, a } = told(2, { endpoints: ['a'], syncIntervalMs: 1_000 })
    a.members = named('a', 'b')
    await clock.run(1_100)
    expect(client.endpoints).toEqual(['a', 'b'])
    client.close()
    expect(clock.timerCount).toBe(0)
  })

  test('are those of the beginning, too, when none of the members can be reached', async () => {
    const { client, clock, a } = told(1, { syncIntervalMs: 10_000 })
    a.members = named('nowhere')
    await clock.run(10_100)
    expect(client.endpoints).toEqual(['nowhere'])
    await clock.run(20_000)
    expect(client.endpoints).toContain('a')
    client.close()
  })
})

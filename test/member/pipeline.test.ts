/** Stories about pipelines: what a client sees of one stream, and of several in a row, while members come and go. */

import { afterEach, describe, expect, test } from '@jest/globals'
import type { Init } from '../../client/wire/codec.js'
import type { PipelineCall } from '../../client/wire/generated/pipeline.js'
import { KV, Lease } from '../../client/wire/methods.js'
import { PIPELINE_CALLS_MAX } from '../../server/limits.js'
import { type Machine, MemberWorld } from '../sim/member-world.js'
import { get, put, RawPipeline } from './raw-pipeline.js'

const SESSION = 77n

let world: MemberWorld

afterEach(async () => {
  await world.stop()
})

async function grant(machine: Machine, ID = SESSION, TTL = 600): Promise<void> {
  await world.answered(world.client(machine).call(Lease.leaseGrant, { ID, TTL }))
}

/** A welcomed stream of the session. */
async function open(machine: Machine, session = SESSION): Promise<RawPipeline> {
  const pipeline = new RawPipeline(world.client(machine), session)
  await world.until('a welcome', () => pipeline.welcome !== undefined)
  return pipeline
}

/** The stream has so many answers. */
async function answered(pipeline: RawPipeline, count: number): Promise<void> {
  await world.until(`${count} answers`, () => pipeline.answers.length >= count)
}

async function closed(pipeline: RawPipeline): Promise<string> {
  await world.until('the end of the stream', () => pipeline.closed !== undefined)
  return pipeline.closed?.error?.message ?? 'a good end'
}

/** A cluster with a session, its leader first. */
async function start(size: number, options = {}): Promise<Machine[]> {
  world = await MemberWorld.start(size, options)
  const leader = await world.leader()
  await grant(leader)
  return [leader, ...world.machines.filter((machine) => machine !== leader)]
}

const key = (text: string) => Buffer.from(text)

async function version(machine: Machine, name: string): Promise<number> {
  const { kvs } = await world.range(machine, { key: key(name) })
  return kvs[0]?.version ?? 0
}

describe('a stream', () => {
  test('answers in the order of issue, and its reads see the writes before them and none behind', async () => {
    const [leader, follower] = await start(3)
    for (const machine of [leader!, follower!]) {
      const from = world.machines.indexOf(machine) * 100
      await grant(machine, BigInt(1000 + from))
      const pipeline = await open(machine, BigInt(1000 + from))
      expect(pipeline.welcome?.applied).toBe(0)
      const k = `k${from}`
      const readTxn: Init<PipelineCall> = {
        txn: { success: [{ requestRange: { key: key(k) } }] },
      }
      pipeline.send([get(k), put(1, k), get(k), put(2, k), readTxn, put(3, k), put(4, k), get(k)])
      pipeline.send([put(5, k), get(k)])
      await answered(pipeline, 10)
      expect(pipeline.words).toEqual(['-', 'put', '1', 'put', '2', 'put', 'put', '4', 'put', '5'])
      const revisions = pipeline.answers.map(({ revision }) => revision)
      expect([...revisions].sort((a, b) => a - b)).toEqual(revisions)
    }
  })

  test('reads what another client wrote before', async () => {
    const [leader, follower] = await start(3)
    const pipeline = await open(follower!, 0n)
    for (let i = 0; i < 5; i++) {
      await world.put(leader!, 'k', `${i}`)
      pipeline.send([get('k')])
      await answered(pipeline, i + 1)
      expect(pipeline.words.at(-1)).toBe(`${i}`)
    }
  })

  test('takes all kinds of calls', async () => {
    const [, follower] = await start(3)
    const pipeline = await open(follower!)
    pipeline.send([
      { sequence: 1, leaseGrant: { ID: 5n, TTL: 1 } },
      { sequence: 2, put: { key: key('a'), value: key('x'), lease: 5n } },
      { sequence: 3, txn: { success: [{ requestPut: { key: key('b'), value: key('y') } }] } },
      { sequence: 4, deleteRange: { key: key('b') } },
      { sequence: 5, leaseRevoke: { ID: 5n } },
      get('a'),
      { sequence: 6, compaction: { revision: 2 } },
      { range: { key: key('a'), serializable: true } },
    ])
    await answered(pipeline, 8)
    const kinds = ['leaseGrant', 'put', '-', 'deleteRange', 'leaseRevoke', '-', 'compaction', '-']
    expect(pipeline.words).toEqual(kinds)
    // The shortest TTL is the member's, as for a unary grant.
    expect(pipeline.answers[0]?.leaseGrant?.TTL).toBe(follower!.member!.minTtlSeconds)
    expect(pipeline.answers[3]?.deleteRange?.deleted).toBe(1)
  })

  test('refuses what the door refuses, and the refused write uses up its number', async () => {
    const [leader, follower] = await start(3, { maxRequestBytes: 10_000 })
    const pipeline = await open(leader!)
    const calls = [
      put(1, ''),
      { sequence: 2, put: { key: key('big'), value: new Uint8Array(20_000) } },
      { sequence: 3, leaseGrant: { TTL: 10 } },
      { sequence: 4, compaction: { revision: 1, physical: true } },
      { sequence: 5 },
      { sequence: 6, range: { key: key('k') } },
      { range: { key: key('') } },
      { put: { key: key('k') } },
      put(7, 'k'),
    ]
    pipeline.send(calls)
    await answered(pipeline, calls.length)
    const words = [
      'etcdserver: key is not provided',
      'etcdserver: request is too large',
      expect.stringMatching(/needs an id/),
      expect.stringMatching(/physical compaction/),
      expect.stringMatching(/no such call/),
      expect.stringMatching(/no sequence number/),
      'etcdserver: key is not provided',
      expect.stringMatching(/needs a sequence number/),
      'put',
    ]
    expect(pipeline.words).toEqual(words)
    // Sent again, elsewhere: the writes are answered the same.
    const again = await open(follower!)
    expect(again.welcome?.applied).toBe(7)
    again.send(calls.filter((call) => (call.sequence ?? 0) > 0))
    await answered(again, 7)
    expect(again.words).toEqual(words.filter((_, i) => i !== 6 && i !== 7))
    expect(await version(leader!, 'k')).toBe(1)
  })

  test('that is sent more than may be unanswered loses nothing', async () => {
    const [leader, ...followers] = await start(3)
    const pipeline = await open(leader!)
    for (const { name } of followers) world.network.isolate(leader!.name, [name])
    const half = PIPELINE_CALLS_MAX / 2
    const batch = (n: number) => Array.from({ length: half }, (_, i) => put(n * half + i + 1, 'k'))
    for (let n = 0; n < 4; n++) pipeline.send(batch(n))
    await world.run(50)
    world.network.heal()
    await answered(pipeline, 4 * half)
    expect(pipeline.words.every((word) => word === 'put')).toBe(true)
    expect(await version(leader!, 'k')).toBe(4 * half)
  })
})

describe('a client that does not keep to the protocol', () => {
  test('is told what is wrong, and its stream ends', async () => {
    const [leader] = await start(1)
    const wrongs: [string, (pipeline: RawPipeline) => void, RegExp][] = [
      [
        'a number left out',
        (p) => p.send([put(1, 'a'), put(3, 'a')]),
        /write 3 does not follow on 1/,
      ],
      ['a number twice', (p) => p.send([put(1, 'a'), put(1, 'a')]), /write 1 does not follow on 1/],
      ['a gap at the beginning', (p) => p.send([put(9, 'a')]), /write 9 does not follow on 0/],
      ['two greetings', (p) => p.stream.send({ hello: { session: SESSION } }), /greeted once/],
      [
        'no call',
        (p) => p.stream.send({ calls: [Buffer.from([0xff])] }),
        /call 1 .* cannot be read/,
      ],
      [
        'too many calls',
        (p) => p.send(Array.from({ length: PIPELINE_CALLS_MAX + 1 }, () => get('a'))),
        /more than 8192 calls/,
      ],
    ]
    for (const [what, doWrong, text] of wrongs) {
      const pipeline = await open(leader!)
      doWrong(pipeline)
      expect([what, await closed(pipeline)]).toEqual([what, expect.stringMatching(text)])
    }
    const readOnly = await open(leader!, 0n)
    readOnly.send([put(1, 'a')])
    expect(await closed(readOnly)).toMatch(/needs a session/)
    const rude = new RawPipeline(world.client(leader!), 0n, { calls: [] })
    expect(await closed(rude)).toMatch(/begins with a greeting/)
    const unknown = new RawPipeline(world.client(leader!), 4711n)
    expect(await closed(unknown)).toBe('etcdserver: requested lease not found')
  })

  test('cannot have again what it has acknowledged', async () => {
    const [leader] = await start(1)
    const pipeline = await open(leader!)
    pipeline.send([put(1, 'a')])
    await answered(pipeline, 1)
    pipeline.send([put(2, 'a')], 1)
    await answered(pipeline, 2)
    const again = await open(leader!)
    again.send([put(1, 'a')])
    expect(await closed(again)).toMatch(/write 1 was acknowledged/)
  })
})

describe('exactly once', () => {
  test('over the death of a leader: the stream on another member goes on', async () => {
    const [leader, follower] = await start(3)
    const pipeline = await open(follower!)
    for (let i = 1; i <= 10; i++) pipeline.send([put(2 * i - 1, 'k'), put(2 * i, 'k'), get('k')])
    await world.run(0)
    await world.kill(leader!)
    for (let i = 11; i <= 20; i++) pipeline.send([put(2 * i - 1, 'k'), put(2 * i, 'k'), get('k')])
    await answered(pipeline, 60)
    const expected = Array.from({ length: 20 }, (_, i) => ['put', 'put', `${2 * i + 2}`]).flat()
    expect(pipeline.words).toEqual(expected)
    expect(await version(follower!, 'k')).toBe(40)
  })

  test('over what a follower passed on in vain', async () => {
    const [leader, follower] = await start(3)
    const pipeline = await open(follower!)
    // Its words do not reach the leader, whose words reach it: it has a leader all the time.
    world.network.cut(follower!.name, leader!.name)
    pipeline.send([put(1, 'k'), put(2, 'k')])
    pipeline.send([put(3, 'k')])
    await world.run(500)
    expect(pipeline.answers).toEqual([])
    world.network.heal()
    await answered(pipeline, 3)
    expect(await version(leader!, 'k')).toBe(3)
  })

  test('when a client sends everything again on another member', async () => {
    const [leader, follower, other] = await start(3)
    const first = await open(leader!)
    const calls = Array.from({ length: 30 }, (_, i) => put(i + 1, 'k'))
    first.send(calls)
    // Some way between sent and answered.
    await world.run(0)
    await world.kill(leader!)
    await world.leader([follower!, other!])
    const second = await open(follower!)
    second.send(calls.slice(0, 20))
    second.send([get('k'), ...calls.slice(20)])
    await answered(second, 31)
    expect(await version(other!, 'k')).toBe(30)
    const revisions = second.answers.map(({ revision }) => revision)
    const third = await open(other!)
    third.send(calls)
    await answered(third, 30)
    expect(third.answers.map(({ revision }) => revision)).toEqual(revisions.toSpliced(20, 1))
    expect(await version(other!, 'k')).toBe(30)
    expect((await world.fingerprints()).size).toBe(1)
  })

  test('with two streams of one session at a time', async () => {
    const [leader, follower] = await start(3)
    const streams = [await open(leader!), await open(follower!), await open(follower!)]
    for (let i = 1; i <= 20; i++) for (const stream of streams) stream.send([put(i, 'k')])
    for (const stream of streams) await answered(stream, 20)
    expect(await version(leader!, 'k')).toBe(20)
    const revisions = streams.map(({ answers }) => answers.map(({ revision }) => revision).join())
    expect(new Set(revisions).size).toBe(1)
  })
})

describe('a stream ends so that its client goes elsewhere', () => {
  test('when its member has had no leader for the time of a request', async () => {
    const [leader, follower, other] = await start(3)
    const idle = await open(follower!, 0n)
    const busy = await open(follower!)
    world.network.isolate(follower!.name, [leader!.name, other!.name])
    busy.send([put(1, 'k'), get('k')])
    expect(await closed(busy)).toMatch(/etcdserver: request timed out/)
    expect(await closed(idle)).toMatch(/etcdserver: request timed out/)
    const elsewhere = await open(other!)
    elsewhere.send([put(1, 'k'), get('k')])
    await answered(elsewhere, 2)
    world.network.heal()
    await world.run(3000)
    expect(await version(leader!, 'k')).toBe(1)
  })

  test('when its session expires, or is revoked; the revocation itself is answered', async () => {
    const [leader, follower] = await start(3)
    await grant(leader!, 9n, 2)
    const expiring = await open(follower!, 9n)
    expiring.send([put(1, 'k')])
    expect(await closed(expiring)).toBe('etcdserver: requested lease not found')
    expect(expiring.words).toEqual(['put'])
    const pipeline = await open(follower!)
    pipeline.send([put(1, 'k'), { sequence: 2, leaseRevoke: { ID: SESSION } }, put(3, 'k')])
    expect(await closed(pipeline)).toBe('etcdserver: requested lease not found')
    expect(pipeline.words).toEqual(['put', 'leaseRevoke'])
  })

  test('when a snapshot replaces the state under it; the answers are in the snapshot', async () => {
    const options = { snapshotCount: 50, snapshotCatchupEntries: 10 }
    const [leader, follower, other] = await start(3, options)
    const behind = await open(follower!)
    behind.send([put(1, 'k')])
    await answered(behind, 1)
    world.network.isolate(follower!.name, [leader!.name, other!.name])
    behind.send([put(2, 'k')])
    const ahead = await open(leader!)
    ahead.send([put(2, 'k'), put(3, 'k')])
    await answered(ahead, 2)
    for (let i = 0; i < 200; i++) await world.put(leader!, 'other', `${i}`)
    world.network.heal()
    expect(await closed(behind)).toMatch(/server stopped|timed out/)
    await world.until('the follower to be level', () => {
      const { member } = follower!
      return member!.machine.appliedIndex >= leader!.member!.machine.appliedIndex
    })
    const again = await open(follower!)
    expect(again.welcome?.applied).toBe(3)
    again.send([put(2, 'k'), put(3, 'k'), put(4, 'k'), get('k')])
    await answered(again, 4)
    const [two, three] = ahead.answers
    expect(again.answers.slice(0, 2)).toEqual([two, three])
    expect(again.words.at(-1)).toBe('4')
    expect(await version(leader!, 'k')).toBe(4)
  })

  test('when its member stops: what it took is answered before', async () => {
    const [leader] = await start(3)
    const pipeline = await open(leader!)
    const idle = await open(leader!, 0n)
    pipeline.send([put(1, 'k'), get('k'), put(2, 'k')])
    await world.run(0)
    const drained = leader!.member!.drained(2000)
    await world.answered(drained)
    expect(await closed(pipeline)).toBe('etcdserver: server stopped')
    expect(pipeline.words).toEqual(['put', '1', 'put'])
    expect(await closed(idle)).toBe('etcdserver: server stopped')
    const late = new RawPipeline(world.client(leader!), SESSION)
    expect(await closed(late)).toBe('etcdserver: server stopped')
  })

  test('when the client asks no more, after all is answered', async () => {
    const [leader] = await start(1)
    const pipeline = await open(leader!)
    pipeline.send([put(1, 'k'), get('k')])
    pipeline.stream.end()
    expect(await closed(pipeline)).toBe('a good end')
    expect(pipeline.words).toEqual(['put', '1'])
    expect(leader!.member!.pipelines.size).toBe(0)
  })
})

test('a database over its quota refuses puts, and says so again to who sends them again', async () => {
  const [leader] = await start(1, { quotaBackendBytes: 60_000 })
  const pipeline = await open(leader!)
  const fill = (sequence: number): Init<PipelineCall> => ({
    sequence,
    put: { key: key(`k${sequence}`), value: new Uint8Array(5000) },
  })
  for (let i = 1; i <= 40; i++) {
    pipeline.send([fill(i)])
    await world.run(10)
  }
  await answered(pipeline, 40)
  expect(pipeline.words[0]).toBe('put')
  expect(pipeline.words.at(-1)).toBe('etcdserver: mvcc: database space exceeded')
  const again = await open(leader!)
  again.send(Array.from({ length: 40 }, (_, i) => fill(i + 1)))
  await answered(again, 40)
  expect(again.words).toEqual(pipeline.words)
  const { count } = await world.range(leader!, {
    key: key('k'),
    rangeEnd: key('l'),
    countOnly: true,
  })
  expect(count).toBe(pipeline.words.filter((word) => word === 'put').length)
  await expect(
    world.answered(world.client(leader!).call(KV.put, { key: key('k'), value: key('v') })),
  ).rejects.toThrow(/space exceeded/)
})

/**
 * A namespace is indistinguishable from a store of its own.
 *
 * Two members get the same requests: one through a namespace, with other keys all around
 * it, one without. Every answer and every event must be the same, down to the revisions,
 * and what is around the namespace must stay as it was.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Cluster, startCluster } from '../server/index.js'
import {
  type Client,
  type Compare,
  compare,
  connect,
  type Keyspace,
  type Op,
  op,
  type Range,
} from './index.js'

const BYTES = [0x00, 0x01, 0x61, 0xfe, 0xff]
const keys = fc
  .array(fc.constantFrom(...BYTES), { minLength: 1, maxLength: 3 })
  .map((bytes) => Uint8Array.from(bytes))
const closedRanges: fc.Arbitrary<Uint8Array | Range> = fc.oneof(
  keys,
  fc
    .tuple(keys, keys)
    .map(([a, b]) => (Buffer.compare(a, b) < 0 ? [a, b] : [b, a]))
    .filter(([from, to]) => Buffer.compare(from!, to!) !== 0)
    .map(([from, to]) => ({ from: from!, to: to! })),
)
const ranges: fc.Arbitrary<Uint8Array | Range> = fc.oneof(
  closedRanges,
  keys.map((prefix) => ({ prefix })),
  keys.map((fromKey) => ({ fromKey })),
  fc.constant({ all: true } as const),
  fc.constant({ prefix: '' }),
)
const values = fc.constantFrom('', 'v', 'w')
const counts = fc.nat({ max: 3 })
const reads = fc.record({
  limit: counts,
  order: fc.constantFrom('ascending', 'descending'),
  sort: fc.constantFrom('key', 'modRevision', 'version'),
  keysOnly: fc.boolean(),
} as const)
const operators = fc.constantFrom('=', '!=', '<', '>')
const compares: fc.Arbitrary<Compare> = fc
  .tuple(ranges, operators, fc.nat({ max: 4 }), counts, values)
  .map(([range, operator, target, count, value]) => {
    const of = compare(range)
    if (target === 0) return of.version(operator, count)
    if (target === 1) return of.value(operator, value)
    if (target === 2) return of.lease(operator, 0n)
    return target === 3 ? of.exists() : of.missing()
  })
const { ops } = fc.letrec<{ op: Op; ops: Op[] }>((tie) => ({
  op: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(ranges, reads).map(([range, options]) => op.get(range, options)),
    fc.tuple(keys, values).map(([key, value]) => op.put(key, value, { prevKv: true })),
    // etcd does not see that a range with an open end overlaps a put; a namespace closes it.
    closedRanges.map((range) => op.delete(range, { prevKv: true })),
    fc
      .tuple(fc.array(compares, { maxLength: 2 }), tie('ops'), tie('ops'))
      .map(([compare, success, failure]) => op.txn({ compare, success, failure })),
  ),
  ops: fc.array(tie('op') as fc.Arbitrary<Op>, { maxLength: 3 }),
}))

type Request = (space: Keyspace) => Promise<unknown>
const requests: fc.Arbitrary<Request> = fc.oneof(
  fc.tuple(keys, values).map(
    ([key, value]): Request =>
      ({ kv }) =>
        kv.put(key, value, { prevKv: true }),
  ),
  fc.tuple(ranges, reads).map(
    ([range, options]): Request =>
      ({ kv }) =>
        kv.getAll(range, options),
  ),
  keys.map(
    (key): Request =>
      ({ kv }) =>
        kv.get(key),
  ),
  ranges.map(
    (range): Request =>
      ({ kv }) =>
        kv.count(range),
  ),
  ranges.map(
    (range): Request =>
      ({ kv }) =>
        kv.delete(range, { prevKv: true }),
  ),
  fc.tuple(keys, values).map(
    ([key, value]): Request =>
      ({ kv }) =>
        kv.create(key, value),
  ),
  fc.tuple(ranges, fc.integer({ min: 1, max: 3 })).map(
    ([range, pageSize]): Request =>
      ({ kv }) =>
        gathered(kv.pages(range, { pageSize })),
  ),
  ranges.map(
    (range): Request =>
      ({ kv }) =>
        gathered(kv.stream(range)),
  ),
  fc.tuple(fc.array(compares, { maxLength: 3 }), ops, ops).map(
    ([conditions, then, otherwise]): Request =>
      (space) =>
        space
          .txn()
          .if(...conditions)
          .then(...then)
          .else(...otherwise)
          .commit(),
  ),
)

async function gathered<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of from) all.push(one)
  return all
}

/** What a request brought, but for who answered; the code when it failed. */
async function outcome(request: Request, space: Keyspace): Promise<unknown> {
  try {
    return plain(await request(space))
  } catch (error) {
    return { failed: (error as { code?: unknown }).code }
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([name]) => name !== 'header')
  return Object.fromEntries(entries.map(([name, one]) => [name, plain(one)]))
}

const revisionOf = async ({ kv }: Keyspace) => (await kv.getAll('x', { limit: 1 })).revision

/** All events of a range between two revisions. */
async function events(space: Keyspace, range: Uint8Array | Range, from: number, to: number) {
  const told: unknown[] = []
  const watcher = space.watch(range, { startRevision: from, prevKv: true })
  for await (const batch of watcher.batches()) {
    for (const { type, kv, prev } of batch.events) told.push(plain({ type, kv, prev }))
    if (batch.revision >= to) break
  }
  return told
}

describe.each<[string | Uint8Array, string]>([
  ['app/', 'text'],
  [Uint8Array.from([0x61, 0xff]), 'a byte 255 at its end'],
  [Uint8Array.from([0xff, 0xff]), 'nothing but bytes 255'],
  [Uint8Array.from([0x00]), 'a byte 0'],
])('a namespace %j (%s)', (prefix) => {
  let clusters: Cluster[]
  let clients: Client[]
  let inside: Keyspace
  let alone: Client
  let around: unknown

  /** Everything outside the namespace, whose own keys are left out. */
  const outside = async () => {
    const bytes = Buffer.from(prefix as Uint8Array)
    const { kvs } = await clients[0]!.kv.getAll({ all: true })
    return plain(
      kvs.filter(
        ({ key }) => key.length <= bytes.length || !bytes.equals(key.subarray(0, bytes.length)),
      ),
    )
  }

  /** Creates a key on both sides, at the same revision, which it returns. */
  const level = async (): Promise<number> => {
    for (;;) {
      const gap = (await revisionOf(inside)) - (await revisionOf(alone))
      if (gap === 0) break
      // Puts and the delete that leaves nothing of them: two revisions or more.
      const behind = gap < 0 ? inside : alone
      for (let i = Math.abs(gap) === 1 ? 2 : Math.abs(gap) - 1; i > 0; i--)
        await behind.kv.put('begin', '')
      await behind.kv.delete('begin')
    }
    const { revision } = await alone.kv.put('begin', '')
    expect(await inside.kv.put('begin', '')).toMatchObject({ revision })
    return revision
  }

  beforeAll(async () => {
    const start = () => startCluster({ size: 1, storage: 'memory', sockets: false })
    clusters = [await start(), await start()]
    clients = clusters.map(({ endpoints, transport }) => connect({ endpoints, transport }))
    inside = clients[0]!.namespace(prefix)
    alone = clients[1]!
    const bytes = Buffer.from(prefix as Uint8Array)
    const neighbours = new Set<string>()
    for (const byte of BYTES) {
      neighbours.add(Buffer.from([byte]).toString('hex'))
      neighbours.add(Buffer.concat([bytes.subarray(0, -1), Buffer.from([byte])]).toString('hex'))
    }
    neighbours.add(bytes.toString('hex'))
    for (const hex of neighbours) await clients[0]!.kv.put(Buffer.from(hex, 'hex'), 'outside')
    around = await outside()
  })
  afterAll(async () => {
    for (const client of clients) client.close()
    for (const cluster of clusters) await cluster.stop()
  })

  test('answers and tells what a store of its own would', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(requests, { minLength: 1, maxLength: 8 }),
        ranges,
        async (sequence, watched): Promise<void> => {
          for (const { kv } of [inside, alone]) await kv.delete({ all: true })
          const revision = await level()
          for (const request of sequence)
            expect(await outcome(request, inside)).toEqual(await outcome(request, alone))
          const end = await alone.kv.put('begin', 'end')
          expect(await inside.kv.put('begin', 'end')).toMatchObject({ revision: end.revision })
          const all = { all: true } as const
          const told = await events(inside, all, revision, end.revision)
          expect(told).toEqual(await events(alone, all, revision, end.revision))
          expect(told.length).toBeGreaterThanOrEqual(2)
          expect(await toldOf(inside, watched, revision)).toEqual(
            await toldOf(alone, watched, revision),
          )
          expect(await outside()).toEqual(around)
        },
      ),
      { numRuns: 40 },
    )
  }, 60_000)
})

/** The events of a range so far: a last put inside it ends the watch. */
async function toldOf(space: Keyspace, range: Uint8Array | Range, from: number) {
  const isKey = range instanceof Uint8Array
  const key = isKey ? range : (await space.kv.getAll(range, { limit: 1 })).kvs[0]?.key
  if (key === undefined) return []
  const { revision } = await space.kv.put(key, 'last')
  return events(space, range, from, revision)
}

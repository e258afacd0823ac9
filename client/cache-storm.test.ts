/**
 * Watches and caches of real members while members die, stand still and are cut off, and the
 * history is compacted under them: every change once and in order, and in the end exactly
 * what the store has.
 */

import { afterEach, describe, expect, test } from '@jest/globals'
import { startTestCluster, type TestCluster } from '../server/testing/index.js'
import { SeededRandom } from '../test/model/random.js'
import { type Client, ConclaveError, connect, op, type WatchEvent } from './index.js'

const ends: (() => unknown)[] = []
/** How often all stories together had to list anew. */
const relists = { cache: 0, watch: 0 }

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const PREFIX = 'k/'
const KEYS = 24
const ROUNDS = 6
const TXNS_PER_ROUND = 25

/** What somebody knows who is told changes: key -> revision. */
class Told {
  readonly keys = new Map<string, number>()
  readonly problems: string[] = []
  last = 0

  hear({ type, kv, synthetic }: WatchEvent): void {
    const { keyString: key, modRevision } = kv
    if (!synthetic && modRevision < this.last)
      this.problems.push(`${modRevision} after ${this.last}`)
    if (!synthetic) this.last = modRevision
    const known = this.keys.get(key)
    if (known !== undefined && known >= modRevision)
      this.problems.push(
        `${key} at ${modRevision} after ${known}${synthetic ? ' (synthetic)' : ''}`,
      )
    if (type === 'put') this.keys.set(key, modRevision)
    else if (!this.keys.delete(key)) this.problems.push(`${key} was deleted and not there`)
  }
}

/** The store, through a client that keeps trying. */
const truth = async (client: Client) => {
  const { kvs, revision } = await persist(() => client.kv.getAll(PREFIX))
  return { revision, keys: kvs.map((kv) => [kv.keyString, kv.modRevision] as const) }
}

/** Repeats until it succeeds; what may have happened twice does no harm here. */
async function persist<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof ConclaveError) || error.code === 'invalid-argument') throw error
    }
  }
}

/** Some transactions of puts and deletes; each moves `k/pair-a` and `k/pair-b` together. */
async function write(client: Client, random: SeededRandom, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const key = `${PREFIX}${random.between(1, KEYS)}`
    const value = `${random.between(0, 999_999)}`
    const change = random.chance(0.4) ? op.delete(key) : op.put(key, value)
    const pair = [op.put(`${PREFIX}pair-a`, value), op.put(`${PREFIX}pair-b`, value)]
    await persist(() =>
      client
        .txn()
        .then(change, ...pair)
        .commit(),
    )
  }
}

async function trouble(cluster: TestCluster, random: SeededRandom): Promise<void> {
  const place = cluster.process('watching')
  const member = random.pick(cluster.members)
  const kind = random.pick(['kill', 'cut', 'cutAll', 'none'] as const)
  if (kind === 'kill') {
    await member.kill()
    await member.restart()
  } else if (kind === 'cut') cluster.isolate(place, [member])
  else if (kind === 'cutAll') cluster.isolate(place)
}

async function story(seed: number): Promise<void> {
  const random = new SeededRandom(seed)
  const cluster = await startTestCluster({ size: 3 })
  ends.push(() => cluster.stop())
  const { endpoints } = cluster
  const writer = connect({ endpoints, transport: cluster.transport, timeoutMs: 2_000 })
  const { transport } = cluster.process('watching')
  const client = connect({ endpoints, transport, timeoutMs: 1_000 })
  ends.push(
    () => writer.close(),
    () => client.close(),
  )
  await write(writer, random, 10)

  const cache = client.cache(PREFIX)
  cache.on('relisted', () => relists.cache++)
  await cache.ready({ timeoutMs: 10_000 })
  const torn: string[] = []
  cache.on('change', () => {
    const [a, b] = ['pair-a', 'pair-b'].map((name) => cache.get(PREFIX + name)?.text())
    if (a !== b) torn.push(`${a} and ${b} at ${cache.revision}`)
  })
  const begin = await truth(writer)
  const told = new Told()
  for (const [key, modRevision] of begin.keys) told.keys.set(key, modRevision)
  const startRevision = begin.revision + 1
  const watcher = client.watch({ prefix: PREFIX }, { startRevision, onCompacted: 'relist' })
  let watched = 0
  watcher
    .on('event', (event) => told.hear(event))
    .on('batch', ({ revision }) => {
      watched = revision
    })
  watcher.on('compacted', ({ complete }) => {
    relists.watch++
    expect(complete).toBe(true)
  })
  await watcher.created

  for (let round = 0; round < ROUNDS; round++) {
    await trouble(cluster, random)
    await write(writer, random, TXNS_PER_ROUND)
    if (random.chance(0.6)) {
      const { revision } = await truth(writer)
      await writer.kv.compact(revision - random.between(0, 2)).catch(() => {})
    }
    cluster.heal()
    if (random.chance(0.5)) {
      const value = `last of ${round}`
      const { revision } = await persist(() => writer.kv.put(`${PREFIX}pair-c`, value))
      await cache.waitFor(revision, { timeoutMs: 20_000 })
      expect(cache.get(`${PREFIX}pair-c`)?.text()).toBe(value)
    }
  }
  // Behind all that is to be told.
  await persist(() => writer.kv.put(`${PREFIX}end`, ''))
  const end = await truth(writer)
  const all = await cache.getAll(undefined, { consistent: true, timeoutMs: 20_000 })
  expect(all.map((kv) => [kv.keyString, kv.modRevision])).toEqual(end.keys)
  expect(torn).toEqual([])
  while (watched < end.revision) await new Promise((resolve) => setImmediate(resolve))
  expect(told.problems).toEqual([])
  expect([...told.keys].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(end.keys)
}

describe('while members fail and history is compacted', () => {
  for (const seed of [1, 2, 3, 4])
    test(`a watch misses nothing and a cache is what the store is, story ${seed}`, async () => {
      await story(seed)
    })

  test('and it did come to that', () => {
    expect(relists.cache).toBeGreaterThan(0)
    expect(relists.watch).toBeGreaterThan(0)
  })
})

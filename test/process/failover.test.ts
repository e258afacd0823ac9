/**
 * Three real processes under load; the leader is killed six times, followers stand still
 * now and then. Nothing acknowledged may be lost, no revision given twice, and every
 * watcher sees every change once, in order.
 *
 * Each write goes to a key of its own, so the final state is the whole history: a write
 * without an answer is in it once or not at all.
 */

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Client, ConclaveError, connect } from '../../client/index.js'
import { ProcessCluster, waitFor } from './process-cluster.js'

const KILLS = 6
const WRITERS = 6
const WATCHERS = 3
const WRITES_BETWEEN_FAULTS = 30

interface Acknowledged {
  readonly key: string
  readonly revision: number
}

let cluster: ProcessCluster
const clients: Client[] = []

beforeAll(async () => {
  cluster = await ProcessCluster.start(3, [
    '--snapshot-count=500',
    '--snapshot-catchup-entries=100',
  ])
}, 60_000)

afterAll(async () => {
  for (const client of clients) client.close()
  await cluster.stop()
}, 60_000)

function client(): Client {
  const made = connect({ endpoints: cluster.endpoints, timeoutMs: 3000 })
  clients.push(made)
  return made
}

/** Writes keys of its own, one after another, until it is told to stop. */
class Writer {
  readonly acknowledged: Acknowledged[] = []
  readonly unknown: string[] = []
  #stopped = false
  readonly done: Promise<void>

  constructor(name: string) {
    this.done = this.#run(client(), name)
  }

  stop(): Promise<void> {
    this.#stopped = true
    return this.done
  }

  async #run(through: Client, name: string): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const key = `w/${name}/${i}`
      try {
        const { revision } = await through.kv.put(key, key)
        this.acknowledged.push({ key, revision })
      } catch (error) {
        if (!(error instanceof ConclaveError)) throw error
        this.unknown.push(key)
      }
    }
  }
}

/** Remembers every event under `w/` from the first revision on. */
class Observer {
  readonly seen: Acknowledged[] = []
  readonly done: Promise<void>
  readonly #watcher

  constructor() {
    this.#watcher = client().watch({ prefix: 'w/' }, { startRevision: 2 })
    this.done = this.#run()
  }

  close(): void {
    this.#watcher.close()
  }

  async #run(): Promise<void> {
    for await (const { type, kv } of this.#watcher) {
      expect(type).toBe('put')
      this.seen.push({ key: kv.keyString, revision: kv.modRevision })
    }
  }
}

async function moreWrites(writers: readonly Writer[], count: number): Promise<void> {
  const total = () => writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0)
  const goal = total() + count
  await waitFor(`${count} more writes`, () => total() >= goal)
}

test('six killed leaders and some stalled followers lose nothing', async () => {
  const observers = Array.from({ length: WATCHERS }, () => new Observer())
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(`${i}`))
  await moreWrites(writers, WRITES_BETWEEN_FAULTS)

  for (let kill = 0; kill < KILLS; kill++) {
    const leader = await cluster.leader()
    const stalled = kill % 3 === 1 ? cluster.members.find((member) => member !== leader) : undefined
    if (stalled !== undefined) {
      stalled.signal('SIGSTOP')
      await moreWrites(writers, WRITES_BETWEEN_FAULTS)
      stalled.signal('SIGCONT')
    }
    await leader.end('SIGKILL')
    await cluster.leader()
    await moreWrites(writers, WRITES_BETWEEN_FAULTS)
    leader.start()
    await waitFor(`${leader.name} to be back`, async () => (await leader.status()) !== undefined)
  }

  await cluster.leader()
  await moreWrites(writers, WRITES_BETWEEN_FAULTS)
  await Promise.all(writers.map((writer) => writer.stop()))

  const final = await client().kv.getAll({ prefix: 'w/' }, { timeoutMs: 20_000 })
  const history = final.kvs
    .map((kv) => ({ key: kv.keyString, revision: kv.modRevision }))
    .sort((a, b) => a.revision - b.revision)
  const revisionOf = new Map(history.map(({ key, revision }) => [key, revision]))

  const acknowledged = writers.flatMap((writer) => writer.acknowledged)
  const lost = acknowledged.filter(({ key, revision }) => revisionOf.get(key) !== revision)
  expect(lost).toEqual([])
  expect(new Set(history.map(({ revision }) => revision)).size).toBe(history.length)
  expect(acknowledged.length).toBeGreaterThan(KILLS * WRITES_BETWEEN_FAULTS)

  for (const observer of observers) {
    await waitFor('the watcher to see all', () => observer.seen.length >= history.length)
    observer.close()
    expect(observer.seen).toEqual(history)
  }

  const hashes = new Set<number>()
  await waitFor('all members to be level', async () => {
    const answers = await Promise.all(cluster.members.map((member) => member.status()))
    return new Set(answers.map((answer) => answer?.raftAppliedIndex)).size === 1
  })
  for (const member of cluster.members) hashes.add(await member.hashKv())
  expect(hashes.size).toBe(1)
}, 300_000)

/**
 * Holders of a lock that are stopped for longer than their TTL, again and again, real
 * processes on a real cluster: a resource that refuses smaller tokens never sees writers
 * interleave, and one that takes everything does.
 */

import { resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Crew } from '../../examples/lock/crew.js'
import { FencedResource } from '../../examples/lock/resource.js'
import { type Cluster, startCluster } from '../../server/index.js'

const ROUNDS = 3
const TTL_SECONDS = 2
const WORKERS = ['red', 'green', 'blue']

let cluster: Cluster
beforeEach(async () => {
  cluster = await startCluster({ size: 1, storage: 'memory' })
})
afterEach(() => cluster?.stop())

/** Stops whoever writes until another does, and lets it go on, some rounds long. */
async function storm(write: (token: number) => boolean): Promise<void> {
  const crew = new Crew({
    endpoints: cluster.endpoints,
    ttlSeconds: TTL_SECONDS,
    write,
    program: resolve('dist/examples/lock/worker.js'),
  })
  try {
    for (const worker of WORKERS) crew.start(worker)
    let greatest = 0
    for (let round = 0; round < ROUNDS; round++) {
      // The first write of a turn: there are more to come.
      const first = await crew.next(({ kind, token }) => kind === 'taken' && token > greatest)
      greatest = first.token
      const others = crew.next(({ kind, worker }) => kind === 'taken' && worker !== first.worker)
      const lost = crew.next(({ kind, worker }) => kind === 'lost' && worker === first.worker)
      crew.pause(first.worker)
      greatest = (await others).token
      crew.resume(first.worker)
      await lost
    }
  } finally {
    await crew.close()
  }
}

/** Writes under a smaller token than one before. */
function outOfOrder(tokens: readonly number[]): number {
  return tokens.filter((token, i) => i > 0 && token < Math.max(...tokens.slice(0, i))).length
}

test('a resource that refuses smaller tokens never sees writers interleave', async () => {
  const resource = new FencedResource()
  let refused = 0
  await storm((token) => {
    const taken = resource.write(token)
    if (!taken) refused++
    return taken
  })
  expect(outOfOrder(resource.taken)).toBe(0)
  expect(new Set(resource.taken).size).toBeGreaterThan(ROUNDS)
  // Who was stopped wrote once more before it could know.
  expect(refused).toBeGreaterThan(0)
}, 120_000)

test('a resource that takes everything does see them', async () => {
  const taken: number[] = []
  await storm((token) => taken.push(token) > 0)
  expect(outOfOrder(taken)).toBeGreaterThan(0)
}, 120_000)

/** What is read from memory: a cache, and a registry with very many instances. */

import { Registry } from '../../../recipes/index.js'
import { Tally } from '../closed-loop.js'
import { inParts } from '../driver.js'
import { findingOf, looped, type Scenario } from './scenario.js'

const KEYS = 10_000
const INSTANCES = 10_000
/** Reads between two looks at the clock. */
const READS = 1_000

/** Reads of single keys from a copy of 10,000. */
export const cacheReads: Scenario = async (stage) => {
  const client = stage.client()
  const key = (i: number) => `${stage.scope}cached/${i % KEYS}`
  await inParts(KEYS, (i) => client.kv.put(key(i), 'value'))
  await using cache = client.cache(`${stage.scope}cached/`)
  await cache.ready()
  const tally = new Tally()
  const startedMs = performance.now()
  let reads = 0
  while (performance.now() - startedMs < stage.seconds * 1000)
    for (let i = 0; i < READS; i++) if (cache.get(key(reads++)) === undefined) tally.failures++
  tally.seconds = (performance.now() - startedMs) / 1000
  return { ...findingOf(tally), operations: reads }
}

/** The same, each consistent: it sees every write that was answered before it. */
export const cacheConsistentReads: Scenario = async (stage) => {
  const client = stage.client()
  const key = `${stage.scope}cached/one`
  await client.kv.put(key, 'value')
  await using cache = client.cache(`${stage.scope}cached/`)
  await cache.ready()
  return await looped(stage, 100, () => cache.get(key, { consistent: true }))
}

/**
 * 10,000 instances of one process are registered, while another looks. An operation is a
 * registration; then the view is picked from.
 */
export const registrations: Scenario = async (stage) => {
  const registry = new Registry(stage.client(), `${stage.scope}services`, { ttlSeconds: 60 })
  const viewer = new Registry(stage.client(), `${stage.scope}services`)
  const view = viewer.service('orders', { instancesMax: 2 * INSTANCES })
  await view.ready()
  const seen = new Promise<void>((resolve) => {
    let up = 0
    view.on('up', () => {
      if (++up === INSTANCES) resolve()
    })
  })
  const before = process.memoryUsage().heapUsed
  const tally = new Tally()
  const startedMs = performance.now()
  await inParts(INSTANCES, async (i) => {
    const beganMs = performance.now()
    const instance = { name: 'orders', id: `i${i}`, address: '10.0.0.1', port: 1 + (i % 65_535) }
    await registry.register(instance)
    tally.record(performance.now() - beganMs)
  })
  tally.seconds = (performance.now() - startedMs) / 1000
  const registeredMs = performance.now()
  await seen
  const lagMs = performance.now() - registeredMs
  const bytes = (process.memoryUsage().heapUsed - before) / INSTANCES
  const picks = pickRate(() => view.pick().done(), stage.seconds)
  const notes = { 'view behind ms': lagMs, 'bytes each, both sides': bytes, 'picks/s': picks }
  await viewer.close()
  await registry.close()
  return findingOf(tally, notes)
}

function pickRate(pick: () => void, seconds: number): number {
  const startedMs = performance.now()
  let picks = 0
  while (performance.now() - startedMs < seconds * 1000) {
    for (let i = 0; i < READS; i++) pick()
    picks += READS
  }
  return picks / seconds
}

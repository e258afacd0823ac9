/** Who runs a slot: one of all who ask, whatever becomes of their requests. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld, type Worker } from '../../test/sim/recipe-world.js'
import { RunCoordinator } from './run-coordinator.js'

const TTL_MS = 10_000
const SLOT = 'report:2026-01-01T09:30:00.000Z'
const NEXT = 'report:2026-01-01T09:31:00.000Z'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

function several(count: number): { worker: Worker; coordinator: RunCoordinator }[] {
  return Array.from({ length: count }, (_, i) => {
    const worker = world.worker(`node-${i}`)
    return { worker, coordinator: new RunCoordinator(worker.client, { owner: worker.name }) }
  })
}

function ask(one: { coordinator: RunCoordinator }, slot = SLOT, ttlMs = TTL_MS): Promise<boolean> {
  return world.settle(one.coordinator.shouldRun(slot, ttlMs))
}

/** The slots that are claimed, as their keys have it. */
async function claimed(by: Worker): Promise<string[]> {
  const { kvs } = await world.settle(by.client.kv.getAll('node-cron/'))
  return kvs.map(({ keyString }) => keyString)
}

describe('a slot', () => {
  test('goes to one of those who ask at the same time, and to nobody after', async () => {
    const nodes = several(3)
    const answers = await world.settle(
      Promise.all(nodes.map(({ coordinator }) => coordinator.shouldRun(SLOT, TTL_MS))),
    )
    expect(answers.filter((answer) => answer)).toHaveLength(1)
    for (const node of nodes) expect(await ask(node)).toBe(false)
    const next = await world.settle(
      Promise.all(nodes.map(({ coordinator }) => coordinator.shouldRun(NEXT, TTL_MS))),
    )
    expect(next.filter((answer) => answer)).toHaveLength(1)
  })

  test('goes to one of two coordinators of one process', async () => {
    const [{ worker, coordinator }] = several(1) as [ReturnType<typeof several>[0]]
    const other = new RunCoordinator(worker.client, { owner: worker.name })
    expect(await ask({ coordinator })).toBe(true)
    expect(await ask({ coordinator: other })).toBe(false)
  })

  test('costs one round trip, and one more for the lease in each TTL', async () => {
    const [a] = several(1)
    const before = new Map(a!.worker.calls)
    for (let i = 0; i < 5; i++) expect(await ask(a!, `report:${i}`)).toBe(true)
    const calls = (method: string) => (a!.worker.calls.get(method) ?? 0) - (before.get(method) ?? 0)
    expect([calls('Txn'), calls('LeaseGrant')]).toEqual([5, 1])
    await world.run(TTL_MS)
    expect(await ask(a!, 'report:5')).toBe(true)
    expect([calls('Txn'), calls('LeaseGrant')]).toEqual([6, 2])
  })

  test('stays taken for its TTL, and its key goes away by itself', async () => {
    const [a, b] = several(2)
    expect(await ask(a!)).toBe(true)
    // The last moment at which the lease is used.
    await world.run(TTL_MS - 200)
    expect(await ask(a!, NEXT)).toBe(true)
    await world.run(TTL_MS - 200)
    expect(await ask(b!, NEXT)).toBe(false)
    await world.run(3 * TTL_MS)
    expect(await claimed(b!.worker)).toEqual([])
  })

  test('whose claimer dies is run by nobody else; the next one is', async () => {
    const [a, b] = several(2)
    expect(await ask(a!)).toBe(true)
    world.kill(a!.worker)
    expect(await ask(b!)).toBe(false)
    expect(await ask(b!, NEXT)).toBe(true)
  })
})

describe('a claim that meets a bad fate', () => {
  test('done but not answered: is ours', async () => {
    const [a, b] = several(2)
    void a!.worker.doom('Txn', 'answerLost')
    expect(await ask(a!)).toBe(true)
    expect(a!.worker.calls.get('Txn')).toBe(2)
    expect(await ask(b!)).toBe(false)
  })

  test('arriving when another has the slot: changes nothing', async () => {
    const [a, b] = several(2)
    const sent = a!.worker.doom('Txn', 'held')
    const asking = a!.coordinator.shouldRun(SLOT, TTL_MS)
    const arrive = await sent
    expect(await ask(b!)).toBe(true)
    await world.settle(arrive())
    expect(await world.settle(asking)).toBe(false)
  })

  test('arriving after it was sent again: is one claim', async () => {
    const [a, b] = several(2)
    const sent = a!.worker.doom('Txn', 'arrivesLate')
    expect(await ask(a!)).toBe(true)
    const arrive = await sent
    await world.settle(arrive())
    expect(await claimed(a!.worker)).toEqual([`node-cron/${SLOT}`])
    expect(await ask(b!)).toBe(false)
  })

  test('with a lease that somebody ended: takes another', async () => {
    const [a] = several(1)
    expect(await ask(a!)).toBe(true)
    const { kvs } = await world.settle(a!.worker.client.kv.getAll('node-cron/'))
    await world.settle(a!.worker.client.lease.revoke(kvs[0]!.lease))
    expect(await ask(a!, NEXT)).toBe(true)
    expect(await claimed(a!.worker)).toEqual([`node-cron/${NEXT}`])
  })

  test('cut off: fails in time, and the slot is for the others', async () => {
    const [a, b] = several(2)
    world.cut(a!.worker)
    const beganAtMs = world.now
    const error = await world.failure(a!.coordinator.shouldRun(SLOT, TTL_MS))
    expect(error.code).toBe('deadline-exceeded')
    expect(world.now - beganAtMs).toBeLessThanOrEqual(5_500)
    expect(await ask(b!)).toBe(true)
    world.heal()
    expect(await ask(a!, NEXT)).toBe(true)
  })
})

describe('what is wrong is refused', () => {
  test.each([
    ['an empty prefix', { prefix: '' }],
    ['a prefix that ends in /', { prefix: 'a/' }],
    ['no time', { timeoutMs: 0 }],
    ['an empty owner', { owner: '' }],
  ])('%s', (_what, options) => {
    const worker = world.worker('a')
    expect(() => new RunCoordinator(worker.client, options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })

  test.each([
    ['an empty key', '', 1_000],
    ['no TTL', SLOT, 0],
    ['a TTL that is no number', SLOT, Number.NaN],
    ['a TTL of months', SLOT, 90 * 86_400_000],
  ])('%s', async (_what, slot, ttlMs) => {
    const [a] = several(1)
    const error = await world.failure(a!.coordinator.shouldRun(slot, ttlMs))
    expect(error.code).toBe('invalid-argument')
  })
})

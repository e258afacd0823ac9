/** What becomes of ticks that are due while a run is under way, or that nobody started in time. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Called, type CronNode, CronWorld } from '../../test/sim/cron-world.js'
import type { CronJob } from '../index.js'

const EVERY_SECOND = '* * * * * *'

let world: CronWorld
let node: CronNode

beforeEach(async () => {
  world = await CronWorld.start()
})
afterEach(() => world.stop())

/** A job every second that takes 2.5 s, for ten seconds. */
async function slow(job: Partial<CronJob>, ms = 2_500): Promise<readonly Called[]> {
  node = await world.started('a', { slow: ms })
  await world.put(node, { name: 'slow', schedule: EVERY_SECOND, ...job })
  await world.run(10_500)
  return world.calls
}

/** How many ran at the same time, at most. */
function together(calls: readonly Called[]): number {
  const at = (ms: number) =>
    calls.filter(({ startMs, endMs = Number.POSITIVE_INFINITY }) => startMs <= ms && ms < endMs)
  return Math.max(...calls.map(({ startMs }) => at(startMs).length))
}

const outcomes = async () =>
  (await world.settle(node.cron.history('slow'))).map(({ outcome }) => outcome)

describe('a tick that is due while a run is under way', () => {
  test('skip: is left out, and told', async () => {
    const calls = await slow({})
    expect(together(calls)).toBe(1)
    const [first] = world.ticks('slow')
    expect(world.ticks('slow').map((tick) => tick - first!)).toEqual([0, 3, 6, 9])
    const skipped = node.told.filter(({ name }) => name === 'skipped')
    expect(skipped.length).toBeGreaterThanOrEqual(6)
    const [{ counters }] = (await world.settle(node.cron.jobs())) as [never]
    expect((counters as Record<string, { skipped: number }>)['']!.skipped).toBe(skipped.length)
  })

  test('bufferOne: one waits, and starts as soon as the run has ended', async () => {
    const calls = await slow({ overlap: 'bufferOne' })
    expect(together(calls)).toBe(1)
    for (const [i, { startMs }] of calls.slice(1).entries())
      expect(startMs - calls[i]!.endMs!).toBeLessThan(50)
  })

  test('bufferAll: all wait, in order', async () => {
    await slow({ overlap: 'bufferAll', runsMax: 4 })
    const [first] = world.ticks('slow')
    expect(world.ticks('slow').map((tick) => tick - first!)).toEqual([0, 1, 2, 3])
    expect(together(world.calls)).toBe(1)
  })

  test('cancelOther: the run is told to end, and then the next starts', async () => {
    const calls = await slow({ overlap: 'cancelOther' })
    expect(together(calls)).toBe(1)
    expect(calls.length).toBeGreaterThanOrEqual(9)
    expect(calls[0]!.endMs! - calls[0]!.startMs).toBeLessThan(1_200)
    expect(await outcomes()).toContain('cancelled')
  })

  test('terminateOther: the run loses its claim at once', async () => {
    const calls = await slow({ overlap: 'terminateOther' })
    expect(calls.length).toBeGreaterThanOrEqual(9)
    expect(calls[0]!.context.held).toBe(false)
    const { client } = node.worker
    const guarded = client.txn().if(...calls[0]!.context.guard())
    expect((await world.settle(guarded.commit())).succeeded).toBe(false)
    expect(await outcomes()).toContain('terminated')
  })

  test('allow: both run', async () => {
    expect(together(await slow({ overlap: 'allow' }))).toBe(3)
  })
})

describe('ticks that nobody started in time', () => {
  /** A job every ten seconds; nobody is there for a minute. */
  async function away(job: Partial<CronJob>, awayMs = 60_000): Promise<number[]> {
    const admin = world.node('admin')
    await world.put(admin, { name: 'late', schedule: '*/10 * * * * *', ...job })
    await world.run(awayMs)
    node = await world.started('a', { late: 100 })
    await world.run(3_000)
    return world.ticks('late')
  }
  const missed = () =>
    node.told
      .filter(({ name }) => name === 'missed')
      .reduce((sum, { event }) => sum + (event as { count: number }).count, 0)

  test('skip: only the newest starts', async () => {
    expect(await away({})).toHaveLength(1)
    expect(missed()).toBe(5)
  })

  test('skip, and the newest is too late: none starts', async () => {
    expect(await away({ schedule: '0 0 * * * *', graceMs: 1_000 }, 3_700_000)).toEqual([])
    expect(missed()).toBe(1)
  })

  test('one: the newest starts, however late within the window', async () => {
    const ticks = await away({ schedule: '0 0 * * * *', catchUp: 'one' }, 3 * 3_600_000)
    expect(ticks).toHaveLength(1)
    expect(missed()).toBe(2)
  })

  test('all: each starts, oldest first, one at a time', async () => {
    const ticks = await away({ catchUp: 'all' })
    expect(ticks).toHaveLength(6)
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b))
    expect(together(world.calls)).toBe(1)
    expect(missed()).toBe(0)
  })

  test('all, more than may be: the newest of them start', async () => {
    expect(await away({ catchUp: 'all', catchUpMax: 2 })).toHaveLength(2)
    expect(missed()).toBe(4)
  })

  test('all, longer ago than the window: those do not start', async () => {
    expect(await away({ catchUp: 'all', windowMs: 25_000 })).toHaveLength(3)
  })
})

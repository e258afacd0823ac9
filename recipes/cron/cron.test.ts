/** Cron on virtual time: placement, claims, overlap, and what a user sees of them. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { CronWorld } from '../../test/sim/cron-world.js'

const EVERY_SECOND = '* * * * * *'

let world: CronWorld

beforeEach(async () => {
  world = await CronWorld.start()
})
afterEach(() => world.stop())

/** Consecutive whole seconds from the first one on. */
function consecutive(ticks: readonly number[]): boolean {
  return ticks.every((tick, i) => tick === ticks[0]! + i)
}

describe('a job every second', () => {
  test('runs at each of them, once, on one of three nodes', async () => {
    const a = await world.started('a', { beat: 0 })
    await world.started('b', { beat: 0 })
    await world.started('c', { beat: 0 })
    await world.put(a, { name: 'beat', schedule: EVERY_SECOND })
    await world.run(10_000)
    const ticks = world.ticks('beat')
    expect(ticks).toHaveLength(10)
    expect(consecutive(ticks)).toBe(true)
    for (const { scheduledMs, startMs } of world.calls)
      expect(startMs - (scheduledMs - (world.wallMs - world.now))).toBeLessThan(50)
    expect(new Set(world.calls.map(({ node }) => node)).size).toBe(1)
  })
})

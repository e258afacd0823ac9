/** A process's clock: what it believes of time, and when it stands still. */

import { beforeEach, describe, expect, test } from '@jest/globals'
import { SeededRandom } from '../../model/random.js'
import { VirtualClock } from '../virtual-clock.js'
import { SimClock, type SimClockOptions } from './sim-clock.js'

let time: VirtualClock
let crashes: unknown[]
let clock: SimClock

const options = (): SimClockOptions => ({
  trueClock: time,
  random: new SeededRandom(1),
  onCrash: (error) => crashes.push(error),
})

beforeEach(() => {
  time = new VirtualClock({ turns: 'manual' })
  crashes = []
  clock = new SimClock(options())
})

/** True times at which a timer of so many local milliseconds fires. */
async function firesAt(ms: number, setup: () => void): Promise<number> {
  let at = Number.NaN
  clock.after(ms, () => {
    at = time.now()
    expect(clock.now()).toBeGreaterThanOrEqual(ms)
  })
  setup()
  await time.run(10_000)
  return at
}

describe('drift', () => {
  test('a fast clock fires early and a slow one late, also timers that wait already', async () => {
    expect(
      await firesAt(1000, () => {
        clock.rate = 1.25
      }),
    ).toBeCloseTo(800, 6)
    clock = new SimClock(options())
    expect(
      await firesAt(1000, () => {
        clock.rate = 0.5
      }),
    ).toBeCloseTo(12_000, 6)
  })

  test('no timer sees a time before its own, however the rate rounds', async () => {
    let early = 0
    for (let i = 1; i <= 500; i++) {
      const dueMs = clock.now() + i / 7
      clock.rate = 0.9 + (i % 31) / 100
      clock.after(i / 7, () => {
        if (clock.now() < dueMs) early++
      })
      await time.run(i / 3)
    }
    expect(early).toBe(0)
  })

  test('a rate that changes never takes the time back', async () => {
    let before = clock.now()
    for (const rate of [1.02, 0.9, 3, 0.01, 1]) {
      clock.rate = rate
      await time.run(7)
      expect(clock.now()).toBeGreaterThan(before)
      before = clock.now()
    }
    expect(clock.now()).toBeCloseTo(7 * (1.02 + 0.9 + 3 + 0.01 + 1), 6)
  })
})

describe('the wall', () => {
  test('is stepped both ways and leaves the monotonic time alone', async () => {
    const start = clock.wall()
    clock.stepWall(3_600_000)
    expect(clock.wall() - start).toBe(3_600_000)
    clock.stepWall(-7_200_000)
    await time.run(10)
    expect([clock.wall() - start, clock.now()]).toEqual([-3_600_000 + 10, 10])
  })
})

describe('a frozen clock', () => {
  test('stands still with its timers while the process goes on, and goes on from there', async () => {
    let ran = 0
    clock.soon(() => ran++)
    const at = await firesAt(100, () => {
      time.after(50, () => clock.freeze())
      time.after(80, () => {
        expect(clock.now()).toBe(50)
        clock.after(0, () => ran++)
        clock.soon(() => ran++)
      })
      time.after(450, () => clock.thaw())
    })
    expect([at, ran]).toEqual([500, 3])
  })
})

describe('stutter', () => {
  test('runs ahead by a bound, never back, and true time catches up', async () => {
    clock.stutter = { chance: 0.5, aheadMsMax: 12 }
    let before = 0
    let aheadMs = 0
    for (let i = 0; i < 1000; i++) {
      const now = clock.now()
      expect(now).toBeGreaterThanOrEqual(before)
      aheadMs = Math.max(aheadMs, now - time.now())
      before = now
      if (i % 10 === 0) await time.run(1)
    }
    expect(aheadMs).toBeGreaterThan(6)
    expect(aheadMs).toBeLessThanOrEqual(12)
    clock.stutter = undefined
    await time.run(20)
    expect(clock.now()).toBe(time.now())
  })
})

describe('a process', () => {
  test('that stands still is late for everything, in order, and its clock has gone on', async () => {
    const seen: string[] = []
    clock.after(10, () => seen.push(`timer ${clock.now()}`))
    clock.after(15, () => cancelled.cancel())
    const cancelled = clock.after(20, () => seen.push('cancelled'))
    clock.pause()
    await time.run(30)
    clock.run(() => seen.push('message'))
    clock.rate = 1.5
    clock.rate = 1
    await time.run(70)
    expect(seen).toEqual([])
    clock.resume()
    await time.run(0)
    expect(seen).toEqual(['timer 100', 'message'])
  })

  test('that is dead does nothing more', async () => {
    clock.after(10, () => crashes.push('timer'))
    clock.soon(() => crashes.push('soon'))
    clock.end()
    clock.run(() => crashes.push('message'))
    clock.after(1, () => crashes.push('later'))
    await time.run(100)
    expect([crashes, time.timerCount, clock.isOver]).toEqual([[], 0, true])
  })

  test('that throws is reported, and the world goes on', async () => {
    clock.after(1, () => {
      throw new Error('oops')
    })
    await time.run(2)
    expect(crashes).toEqual([new Error('oops')])
  })

  test('has a successor that goes as it went', async () => {
    clock.rate = 2
    clock.stepWall(500)
    await time.run(100)
    clock.end()
    const next = clock.successor(options())
    await time.run(100)
    expect([next.now(), next.wall() - time.wall(), next.rate]).toEqual([400, 700, 2])
  })
})

/** The virtual clock: order of timers, of turns, and that time stands still otherwise. */

import { describe, expect, test } from '@jest/globals'
import { VirtualClock } from './virtual-clock.js'

describe('virtual clock', () => {
  test('timers run in order of due time, then of creation, each at its own time', () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    const note = (name: string) => () => seen.push(`${name}@${clock.now()}`)
    clock.after(30, note('c'))
    clock.after(10, note('a'))
    clock.after(10, note('b'))
    clock.after(31, note('late'))
    clock.advance(30)
    expect(seen).toEqual(['a@10', 'b@10', 'c@30'])
    expect(clock.nextDueMs).toBe(31)
  })

  test('a timer armed by a timer inside the span runs in the same advance', () => {
    const clock = new VirtualClock()
    let ticks = 0
    const tick = () => {
      ticks++
      clock.after(10, tick)
    }
    clock.after(10, tick)
    clock.advance(100)
    expect(ticks).toBe(10)
  })

  test('a cancelled timer does not run, and cancelling again is harmless', () => {
    const clock = new VirtualClock()
    const timer = clock.after(5, () => {
      throw new Error('ran')
    })
    timer.cancel()
    timer.cancel()
    clock.advance(10)
    expect(clock.timerCount).toBe(0)
  })

  test('soon runs after the timer that asked, before the next one', () => {
    const clock = new VirtualClock({ turns: 'manual' })
    const seen: string[] = []
    clock.after(1, () => {
      seen.push('timer 1')
      clock.soon(() => seen.push('soon'))
    })
    clock.after(1, () => seen.push('timer 2'))
    clock.advance(1)
    expect(seen).toEqual(['timer 1', 'soon', 'timer 2'])
  })

  test('the real event loop runs soon work when nobody moves the time', async () => {
    const clock = new VirtualClock()
    await new Promise<void>((resolve) => clock.soon(resolve))
    expect(clock.now()).toBe(0)
  })

  test('run lets awaits between timers arm new ones', async () => {
    const clock = new VirtualClock()
    const seen: number[] = []
    const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve))
    const done = (async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(10)
        seen.push(clock.now())
      }
    })()
    await clock.run(30)
    await done
    expect(seen).toEqual([10, 20, 30])
  })

  test('a stopped clock runs nothing any more, like a process that died', async () => {
    const clock = new VirtualClock()
    const die = () => {
      throw new Error('ran')
    }
    clock.after(1, die)
    clock.soon(die)
    clock.stop()
    clock.soon(die)
    clock.after(1, die)
    await clock.run(10)
    expect([clock.now(), clock.timerCount]).toEqual([10, 0])
  })

  test('stepping the wall clock leaves monotonic time alone', () => {
    const clock = new VirtualClock({ nowMs: 5, wallMs: 1000 })
    clock.stepWall(-500)
    clock.advance(10)
    expect([clock.now(), clock.wall()]).toEqual([15, 510])
  })
})

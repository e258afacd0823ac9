/** The real clock keeps its promises. */

import { expect, test } from '@jest/globals'
import { nodeClock } from './clock-node.js'

test('a timer never runs before its time', async () => {
  for (const ms of [0, 0.4, 1.5, 7.3]) {
    const start = nodeClock.now()
    await new Promise<void>((resolve) => nodeClock.after(ms, resolve))
    expect(nodeClock.now() - start).toBeGreaterThanOrEqual(ms)
  }
})

test('a cancelled timer does not run, and may be cancelled again', async () => {
  let ran = false
  const timer = nodeClock.after(1, () => {
    ran = true
  })
  timer.cancel()
  timer.cancel()
  await new Promise<void>((resolve) => nodeClock.after(10, resolve))
  expect(ran).toBe(false)
})

test('a wait longer than 32-bit milliseconds does not run at once', async () => {
  let ran = false
  const timer = nodeClock.after(2 ** 32, () => {
    ran = true
  })
  await new Promise<void>((resolve) => nodeClock.after(20, resolve))
  timer.cancel()
  expect(ran).toBe(false)
})

test('soon runs after the promises of this turn and before timers get a chance to pile up', async () => {
  const order: string[] = []
  await new Promise<void>((resolve) => {
    nodeClock.soon(() => {
      order.push('soon')
      resolve()
    })
    Promise.resolve().then(() => order.push('promise'))
    order.push('now')
  })
  expect(order).toEqual(['now', 'promise', 'soon'])
})

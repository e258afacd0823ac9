/** The window of messages in flight, against a plain list. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Inflights } from './inflights.js'

describe('the window', () => {
  test('is full at its count', () => {
    const window = new Inflights(2, 0)
    window.add(1, 1_000_000)
    expect(window.full).toBe(false)
    window.add(2, 1_000_000)
    expect(window.full).toBe(true)
    expect(() => window.add(3, 1)).toThrow('full window')
  })

  test('is full at its bytes, which the last message may exceed', () => {
    const window = new Inflights(100, 10)
    window.add(1, 9)
    expect(window.full).toBe(false)
    window.add(2, 50)
    expect(window.full).toBe(true)
    window.freeTo(1)
    expect(window).toMatchObject({ full: true, bytes: 50, count: 1 })
    window.freeTo(2)
    expect(window).toMatchObject({ full: false, bytes: 0, count: 0 })
  })

  test('behaves like a plain list of messages', () => {
    const step = fc.oneof(
      fc.record({ free: fc.constant(false), size: fc.nat(9) }),
      fc.record({ free: fc.constant(true), size: fc.nat(9) }),
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.nat(40),
        fc.array(step),
        (max, bytes, steps) => {
          const window = new Inflights(max, bytes)
          let twin: { index: number; bytes: number }[] = []
          let last = 0
          for (const { free, size } of steps) {
            const total = twin.reduce((sum, message) => sum + message.bytes, 0)
            expect(window).toMatchObject({
              count: twin.length,
              bytes: total,
              full: twin.length >= max || (bytes > 0 && total >= bytes),
            })
            if (free) {
              window.freeTo(last - size)
              twin = twin.filter((message) => message.index > last - size)
            } else if (!window.full) {
              last += 1 + size
              window.add(last, size)
              twin.push({ index: last, bytes: size })
            }
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

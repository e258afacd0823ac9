/** Overlays: what was written last is seen, in order, whenever a range is first asked for. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Overlay } from './overlay.js'

const write = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  value: fc.option(fc.uint8Array({ maxLength: 3 })),
})

describe('an overlay', () => {
  test('has the last write of each key, in order, also when ranges are read between the writes', () => {
    fc.assert(
      fc.property(fc.array(write), fc.nat(20), (writes, asked) => {
        const overlay = new Overlay()
        const last = new Map<string, Uint8Array | null>()
        for (const [i, { key, value }] of writes.entries()) {
          if (i === asked) [...(overlay.table('t')?.entries({}) ?? [])]
          overlay.set('t', key, value)
          last.set(key, value)
        }
        const expected = [...last].sort(([a], [b]) => (a < b ? -1 : 1))
        const batch = overlay.toBatch().map(({ key, value }) => [key, value ?? null])
        expect(batch).toEqual(expected)
        expect([...(overlay.table('t')?.entries({}) ?? [])]).toEqual(expected)
        expect(overlay.writes).toBe(last.size)
      }),
    )
  })
})

/** The tree against a Map that is sorted on every look. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { KeyRange } from './database.js'
import { OrderedMap } from './ordered-map.js'

function expected(twin: Map<string, number>, range: KeyRange): [string, number][] {
  const all = [...twin].filter(
    ([key]) => key >= (range.from ?? '') && (range.to === undefined || key < range.to),
  )
  all.sort(([a], [b]) => (a < b ? -1 : 1))
  if (range.reverse) all.reverse()
  return all.slice(0, range.limit ?? all.length)
}

const key = fc.integer({ min: 0, max: 2000 }).map((n) => n.toString(36).padStart(3, '0'))
const range = fc.record(
  { from: key, to: key, reverse: fc.boolean(), limit: fc.nat(300) },
  { requiredKeys: [] },
)

describe('ordered map', () => {
  test('agrees with a sorted Map after any run of insertions and deletions', () => {
    const run = fc.record({
      start: fc.nat(2000),
      step: fc.integer({ min: -9, max: 9 }),
      count: fc.nat(400),
    })
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), run }),
      fc.record({ kind: fc.constant('delete' as const), run }),
      fc.record({ kind: fc.constant('look' as const), range }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const map = new OrderedMap<number>()
        const twin = new Map<string, number>()
        const views: { seen: Iterable<readonly [string, number]>; was: unknown }[] = []
        for (const [at, action] of steps.entries()) {
          if (action.kind === 'look') {
            views.push({ seen: map.entries(action.range), was: expected(twin, action.range) })
            continue
          }
          const { start, step, count } = action.run
          for (let i = 0; i < count; i++) {
            const name = (Math.abs(start + i * step) % 2001).toString(36).padStart(3, '0')
            const before = twin.get(name)
            if (action.kind === 'set') {
              if (map.set(name, at) !== before) throw new Error(`set ${name}`)
              twin.set(name, at)
            } else {
              if (map.delete(name) !== before) throw new Error(`delete ${name}`)
              twin.delete(name)
            }
            if (map.get(name) !== twin.get(name)) throw new Error(`get ${name}`)
          }
        }
        expect(map.size).toBe(twin.size)
        expect([...map.entries()]).toEqual(expected(twin, {}))
        expect([...map.entries({ reverse: true })]).toEqual(expected(twin, { reverse: true }))
        // Every view still shows the moment at which it was taken.
        for (const view of views) expect([...view.seen]).toEqual(view.was)
      }),
      { numRuns: 150 },
    )
  })

  test('a clone and its origin go separate ways', () => {
    const origin = new OrderedMap<number>()
    for (let i = 0; i < 1000; i++) origin.set(String(i).padStart(4, '0'), i)
    const copy = origin.clone()
    copy.set('0500', -1)
    origin.delete('0501')
    expect([origin.get('0500'), origin.get('0501'), origin.size]).toEqual([500, undefined, 999])
    expect([copy.get('0500'), copy.get('0501'), copy.size]).toEqual([-1, 501, 1000])
  })
})

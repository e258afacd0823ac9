/** The index against a scan over all watchers. */

import { describe, expect, test } from '@jest/globals'
import { SeededRandom } from '../../test/model/random.js'
import { contains, type Interval, point } from './interval.js'
import { WatcherIndex } from './watcher-index.js'

interface Item {
  readonly id: number
  readonly interval: Interval
}

function randomInterval(random: SeededRandom): Interval {
  const key = () =>
    Array.from({ length: random.between(0, 3) }, () => random.pick(['\0', 'a', 'b', '\xff'])).join(
      '',
    )
  for (;;) {
    const from = key()
    if (random.chance(0.4)) return point(from)
    const to = random.chance(0.15) ? undefined : key()
    if (to === undefined || from < to) return { from, to }
  }
}

function ids(items: readonly Item[]): string {
  const sorted = items.map((item) => item.id).sort((a, b) => a - b)
  return sorted.join()
}

describe('WatcherIndex', () => {
  test('finds what a scan over all watchers finds, while they come and go', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed)
      const index = new WatcherIndex<Item>()
      const all = new Set<Item>()
      for (let step = 0; step < 400; step++) {
        if (all.size > 0 && random.chance(0.4)) {
          const item = random.pick([...all])
          index.delete(item.interval, item)
          all.delete(item)
        } else {
          const item = { id: step, interval: randomInterval(random) }
          index.add(item.interval, item)
          all.add(item)
        }
        const key = randomInterval(random).from
        const scanned = [...all].filter((item) => contains(item.interval, key))
        expect(ids(index.find(key))).toBe(ids(scanned))
        expect(index.size).toBe(all.size)
      }
    }
  })

  test('holds a hundred thousand disjoint ranges added in order without growing deep', () => {
    const index = new WatcherIndex<Item>()
    const items = Array.from({ length: 100_000 }, (_, id) => {
      const from = `key/${String(id).padStart(6, '0')}`
      return { id, interval: { from, to: `${from}/` } }
    })
    for (const item of items) index.add(item.interval, item)
    expect(index.find('key/054321.').map((item) => item.id)).toEqual([54_321])
    for (const item of items) index.delete(item.interval, item)
    expect(index.find('key/054321.')).toEqual([])
  })

  test('refuses an empty interval and an item that it does not hold', () => {
    const index = new WatcherIndex<Item>()
    const item = { id: 1, interval: { from: 'a', to: 'b' } }
    expect(() => index.add({ from: 'b', to: 'a' }, item)).toThrow('empty interval')
    expect(() => index.delete(item.interval, item)).toThrow('not in the index')
    expect(() => index.delete(point('a'), item)).toThrow('not in the index')
  })
})

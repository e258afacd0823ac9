/** The cache's bound, and that nobody ever reads an old value from it. */

import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ALL, StoreWorld } from '../../test/mvcc/store-world.js'
import { KeyEntry } from './key-index.js'
import type { StoredKv } from './stored-kv.js'
import { ValueCache } from './value-cache.js'

function kvOf(entry: KeyEntry, size: number): StoredKv {
  const value = new Uint8Array(size).fill(size)
  return { key: entry.key, createRevision: 2, modRevision: 2, version: 1, value, lease: 0n }
}

test('never holds more than its bound, and forgets the oldest first', () => {
  const reads = fc.array(fc.tuple(fc.nat(30), fc.nat(9000)), { maxLength: 300 })
  fc.assert(
    fc.property(reads, fc.constantFrom(0, 5000, 100_000), (reads, bytesMax) => {
      const cache = new ValueCache(bytesMax)
      const entries = Array.from({ length: 31 }, (_, i) => new KeyEntry(`${i}`))
      for (const [i, size] of reads) {
        const entry = entries[i]!
        if (entry.cached) continue
        const kept = cache.keep(entry, kvOf(entry, size))
        expect(Buffer.alloc(size, size % 256).equals(kept.value)).toBe(true)
        expect(cache.bytes).toBeLessThanOrEqual(bytesMax)
        const held = entries.flatMap(({ cached }) => cached ?? [])
        const bytes = held.reduce((sum, kv) => sum + 200 + kv.key.length + kv.value.length, 0)
        expect(bytes).toBeLessThanOrEqual(cache.bytes)
      }
    }),
  )
})

test('keeps what was read while it has room', () => {
  const cache = new ValueCache(100_000)
  const entries = Array.from({ length: 100 }, (_, i) => new KeyEntry(`${100 + i}`))
  for (const entry of entries) cache.keep(entry, kvOf(entry, 1000 - 203))
  expect(entries.every(({ cached }) => cached?.value.length === 797)).toBe(true)
  cache.keep(new KeyEntry('new'), kvOf(new KeyEntry('new'), 797))
  expect(entries.map(({ cached }) => cached !== undefined)).toEqual([
    false,
    ...Array(99).fill(true),
  ])
})

test('a large value does not drive out the others', () => {
  const cache = new ValueCache(100_000)
  const [small, large] = [new KeyEntry('small'), new KeyEntry('large')]
  cache.keep(small, kvOf(small, 100))
  cache.keep(large, kvOf(large, 5000))
  expect([small.cached?.value.length, large.cached]).toEqual([100, undefined])
})

test('a read after a put, a delete or a compaction never shows what was read before', async () => {
  const world = await StoreWorld.open()
  for (let i = 0; i < 300; i++) {
    world.put('a', `${i}`)
    expect(world.lines(ALL)).toEqual([`a=${i} 2/${i + 2}/${i + 1}`])
    expect(world.lines(ALL)).toEqual([`a=${i} 2/${i + 2}/${i + 1}`])
  }
  world.delete('a')
  expect(world.lines(ALL)).toEqual([])
  expect(world.store.get('a')).toBeUndefined()
})

/** HashKV (behaviour 5.11): one number for what can be read, however far the compaction got. */

import { describe, expect, test } from '@jest/globals'
import { between, StoreWorld, text } from '../../test/mvcc/store-world.js'
import { crc32c } from '../storage/crc32c.js'
import { point } from './interval.js'

/** The same small history everywhere. */
async function story(): Promise<StoreWorld> {
  const world = await StoreWorld.open()
  world.put('a', '1') // 2
  world.put('b', '1') // 3
  world.put('a', '2') // 4
  world.delete('b') // 5
  world.put('c', '1') // 6
  world.put('a', '3') // 7
  world.delete('c') // 8
  world.put('b', '2') // 9
  return world
}

function hashOfRows(world: StoreWorld, keep: (row: string) => boolean = () => true): number {
  const rows = world.rows()
  let hash = crc32c(Buffer.from('key'))
  let at = 0
  for (const [key, record] of world.backend.entries('kv')) {
    if (keep(rows[at++]!)) hash = crc32c(record, crc32c(Buffer.from(key, 'latin1'), hash))
  }
  return hash
}

describe('hash', () => {
  test('of an empty store is the CRC-32C of the word key', async () => {
    const world = await StoreWorld.open()
    expect(await world.store.hash(0)).toEqual({
      hash: crc32c(Buffer.from('key')),
      compactRevision: -1,
      revision: 1,
    })
  })

  test('covers backend keys and records in order, up to the revision', async () => {
    const world = await story()
    const { hash, revision } = await world.store.hash(0)
    expect([hash, revision]).toEqual([hashOfRows(world), 9])
    const early = await world.store.hash(4)
    expect(early).toEqual({
      hash: hashOfRows(world, (row) => Number.parseInt(row, 10) <= 4),
      compactRevision: -1,
      revision: 4,
    })
  })

  test('is refused below the compact revision and above the newest', async () => {
    const world = await story()
    await world.compact(5)
    await expect(world.store.hash(4)).rejects.toThrow('compacted')
    await expect(world.store.hash(10)).rejects.toThrow('future revision')
    expect(await world.store.hash(5)).toMatchObject({ revision: 5, compactRevision: 5 })
  })

  test('up to the compact revision takes what is still newest at the hashed one, no tombstone', async () => {
    const world = await story()
    await world.compact(5)
    // At 9: a is 7.0, b is 9.0; of 4.0 (a) and 5.0t (b) nothing remains.
    expect(world.rows()).toEqual(['4.0 a', '5.0t b', '6.0 c', '7.0 a', '8.0t c', '9.0 b'])
    const late = (row: string) => Number.parseInt(row, 10) > 5
    expect((await world.store.hash(9)).hash).toBe(hashOfRows(world, late))
    // At 6: a is still 4.0.
    const at6 = (row: string) => row === '4.0 a' || row === '6.0 c'
    expect((await world.store.hash(6)).hash).toBe(hashOfRows(world, at6))
  })

  test('is the same before and after the removal, at each revision and each compaction', async () => {
    for (let compact = 2; compact <= 9; compact++) {
      const done = await story()
      await done.compact(compact)
      const pending = await story()
      pending.store.compact(compact)
      for (let revision = compact; revision <= 9; revision++)
        expect(await pending.store.hash(revision)).toEqual(await done.store.hash(revision))
    }
  })

  test('is the same before and after the removal when no key is left', async () => {
    const emptied = async () => {
      const world = await story()
      world.delete(between('')) // 10
      return world
    }
    for (let compact = 2; compact <= 10; compact++) {
      const done = await emptied()
      await done.compact(compact)
      const pending = await emptied()
      pending.store.compact(compact)
      expect(await pending.store.hash(10)).toEqual(await done.store.hash(10))
    }
  })

  test('is not disturbed by writes and compactions that come while it is computed', async () => {
    const grow = async () => {
      const world = await StoreWorld.open()
      for (let i = 0; i < 2500; i++) world.put(`key ${i}`, '1') // 2 to 2501
      // The last keys first, so that a removal begins with what is hashed last.
      for (let i = 2499; i >= 0; i--) world.put(`key ${i}`, '2')
      await world.compact(2501)
      return world
    }
    const calm = await grow()
    const busy = await grow()
    const hashing = busy.store.hash(2501)
    busy.put('key 2400', 'new')
    busy.store.compact(5001)
    expect(await busy.until(hashing)).toEqual(await calm.until(calm.store.hash(2501)))
    await busy.until(busy.store.compacting)
    expect(busy.rows().length).toBe(2501)
  })

  test('gives the numbers that etcd 3.4.23 gave for the same commands', async () => {
    const world = await story()
    const transaction = world.store.begin()
    transaction.deleteRange(point('a'))
    transaction.put('d', text('9'), 0n)
    transaction.deleteRange(point('c'))
    transaction.put('e', text('8'), 0n)
    transaction.end() // 10
    const hash = async (revision: number) => (await world.store.hash(revision)).hash
    expect(await hash(2)).toBe(2587454935)
    expect(await hash(5)).toBe(1416966122)
    expect(await hash(10)).toBe(1816400704)
    await world.compact(4)
    expect([await hash(6), await hash(9)]).toEqual([2664599291, 2234856274])
    await world.compact(5)
    expect([await hash(6), await hash(9)]).toEqual([709067906, 1354552807])
    await world.compact(9)
    expect(await hash(10)).toBe(1168522539)
    world.delete(between('')) // 11
    expect(await hash(11)).toBe(4093068091)
    await world.compact(11)
    expect(await hash(11)).toBe(1084519789)
  })

  test('ends with an error when the store is closed', async () => {
    const world = await StoreWorld.open()
    for (let i = 0; i < 1500; i++) world.put(`key ${i}`, 'x')
    const hashing = world.store.hash(0)
    world.store.close()
    await expect(hashing).rejects.toThrow('closed while it was hashed')
  })
})

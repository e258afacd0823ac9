/** The rules of compaction (behaviour 5.4), each side of each boundary, and what a crash leaves. */

import { describe, expect, test } from '@jest/globals'
import { ALL, changeLine, StoreWorld, text } from '../../test/mvcc/store-world.js'
import { point } from './interval.js'

const COMPACTED = 'required revision has been compacted'

describe('compact', () => {
  test('refuses the compact revision again, and any below', async () => {
    const world = await StoreWorld.open()
    for (let i = 0; i < 4; i++) world.put('a', `${i}`)
    world.store.compact(3)
    expect(() => world.store.compact(3)).toThrow(COMPACTED)
    expect(() => world.store.compact(2)).toThrow(COMPACTED)
    expect(() => world.store.compact(-1)).toThrow(COMPACTED)
    expect(world.store.compactRevision).toBe(3)
  })

  test('refuses a revision above the newest, but takes the newest', async () => {
    const world = await StoreWorld.open()
    world.put('a', '1')
    expect(() => world.store.compact(3)).toThrow('future revision')
    await world.compact(2)
    expect(world.lines()).toEqual(['a=1 2/2/1'])
  })

  test('takes revision 0 and 1 of a fresh store, as etcd does', async () => {
    const world = await StoreWorld.open()
    world.store.compact(0)
    await world.compact(1)
    expect(world.store.compactRevision).toBe(1)
  })

  test('reads below are refused at once, reads at it are answered', async () => {
    const world = await StoreWorld.open()
    for (let i = 0; i < 4; i++) world.put('a', `${i}`)
    world.store.compact(3)
    expect(() => world.lines(ALL, { revision: 2 })).toThrow(COMPACTED)
    expect(world.lines(ALL, { revision: 3 })).toEqual(['a=1 2/3/2'])
    expect(world.lines()).toEqual(['a=3 2/5/4'])
  })

  test('keeps the newest version at or below it of each live key, and all above', async () => {
    const world = await StoreWorld.open()
    world.put('a', '1')
    world.put('b', '1')
    world.put('a', '2')
    world.put('a', '3')
    world.put('a', '4')
    await world.compact(5)
    expect(world.rows()).toEqual(['3.0 b', '5.0 a', '6.0 a'])
  })

  test('of two versions in one transaction the later one counts', async () => {
    const world = await StoreWorld.open()
    world.put('a', '1')
    const transaction = world.store.begin()
    transaction.deleteRange(point('a'))
    transaction.put('a', text('2'), 0n)
    transaction.end()
    await world.compact(3)
    expect(world.rows()).toEqual(['3.1 a'])
    expect(world.lines()).toEqual(['a=2 3/3/1'])
  })
})

describe('a tombstone', () => {
  /** put a at 2, delete a at 3, and something else at 4. */
  async function deleted(): Promise<StoreWorld> {
    const world = await StoreWorld.open()
    world.put('a', '1')
    world.delete('a')
    world.put('b', '1')
    return world
  }

  test('above the compact revision stays, with what it deleted', async () => {
    const world = await deleted()
    await world.compact(2)
    expect(world.rows()).toEqual(['2.0 a', '3.0t a', '4.0 b'])
    expect(world.lines(ALL, { revision: 2 })).toEqual(['a=1 2/2/1'])
  })

  test('exactly at the compact revision stays, what it deleted goes', async () => {
    const world = await deleted()
    await world.compact(3)
    expect(world.rows()).toEqual(['3.0t a', '4.0 b'])
    expect(world.store.history(3, 10).changes.map(changeLine)).toEqual(['3: -a', '4: +b=1'])
  })

  test('below the compact revision goes, and the key with it', async () => {
    const world = await deleted()
    await world.compact(4)
    expect(world.rows()).toEqual(['4.0 b'])
    world.put('a', '2')
    expect(world.lines(point('a'))).toEqual(['a=2 5/5/1'])
  })

  test('that stayed at one compact revision goes with the next', async () => {
    const world = await deleted()
    await world.compact(3)
    await world.compact(4)
    expect(world.rows()).toEqual(['4.0 b'])
  })

  test('below the compact revision goes when the key lives again', async () => {
    const world = await deleted()
    world.put('a', '2')
    await world.compact(4)
    expect(world.rows()).toEqual(['4.0 b', '5.0 a'])
    expect(world.lines(ALL, { revision: 4 })).toEqual(['b=1 4/4/1'])
    await world.compact(5)
    expect(world.lines(point('a'))).toEqual(['a=2 5/5/1'])
  })

  test('survives a restart at its boundary', async () => {
    const world = await deleted()
    await world.compact(3)
    await world.restart()
    expect(world.store.history(3, 10).changes.map(changeLine)).toEqual(['3: -a', '4: +b=1'])
    await world.compact(4)
    expect(world.rows()).toEqual(['4.0 b'])
  })
})

describe('compaction in slices', () => {
  /** 2500 keys put three times: revisions 2 to 7501. */
  async function large(): Promise<StoreWorld> {
    const world = await StoreWorld.open()
    for (let round = 0; round < 3; round++)
      for (let i = 0; i < 2500; i++) world.put(`key ${i}`, `${round}`)
    return world
  }

  test('removes 1000 revisions at a time, and reads are right all the while', async () => {
    const world = await large()
    const before = world.lines(ALL, { revision: 6000 })
    const sizes = new Set<number>()
    world.store.compact(6000)
    let done = false
    world.store.compacting.then(() => {
      done = true
    })
    while (!done) {
      world.clock.advance(10)
      await world.turn()
      sizes.add(world.rows().length)
      expect(world.lines(ALL, { revision: 6000 })).toEqual(before)
    }
    expect(sizes.size).toBeGreaterThanOrEqual(4)
    // What 6000 shows, and what came after it.
    expect(world.rows().length).toBe(2500 + 1501)
  })

  test('writes go on meanwhile', async () => {
    const world = await large()
    world.store.compact(7501)
    while (world.rows().length > 5000) {
      world.clock.advance(10)
      await world.turn()
    }
    world.put('key 0', 'new')
    world.delete('key 1')
    await world.until(world.store.compacting)
    expect(world.lines(point('key 0'))).toEqual(['key 0=new 2/7502/4'])
    expect(world.lines(point('key 0'), { revision: 7501 })).toEqual(['key 0=2 2/5002/3'])
    expect(world.lines(point('key 1'), { revision: 7501 })).toEqual(['key 1=2 3/5003/3'])
    expect(world.rows().length).toBe(2502)
  })

  test('cuts between two versions of one key in one transaction, and keeps the later', async () => {
    const world = await StoreWorld.open()
    world.put('x', '1') // 2
    const transaction = world.store.begin()
    transaction.deleteRange(point('x'))
    for (let i = 0; i < 1500; i++) transaction.put(`key ${i}`, text(''), 0n)
    transaction.put('x', text('2'), 0n)
    transaction.end() // 3
    world.put('y', '1') // 4
    world.put('x', '3') // 5
    await world.compact(4)
    expect(world.lines(point('x'), { revision: 4 })).toEqual(['x=2 3/3/1'])
    expect(world.rows().filter((row) => row.endsWith(' x'))).toEqual(['3.1501 x', '5.0 x'])
  })

  test('scheduled while another runs, each comes to its end', async () => {
    const world = await large()
    world.store.compact(3000)
    const first = world.store.compacting
    world.store.compact(5000)
    world.store.compact(7501)
    await world.until(first)
    expect(world.lines(ALL, { revision: 7501 }).length).toBe(2500)
    await world.until(world.store.compacting)
    expect(world.rows().length).toBe(2500)
  })

  test('a crash at any slice: the revision does not go back, and the rest is removed', async () => {
    for (const slices of [0, 1, 2, 3, 5]) {
      const world = await large()
      world.delete('key 7')
      await world.backend.commit()
      world.store.compact(7502)
      await world.backend.commit()
      for (let i = 0; i < slices; i++) {
        world.clock.advance(10)
        await world.turn()
      }
      await world.backend.commit()
      await world.crash()
      expect([world.store.revision, world.store.compactRevision]).toEqual([7502, 7502])
      expect(world.store.range(ALL, { countOnly: true }).count).toBe(2499)
      await world.until(world.store.compacting)
      expect(world.rows().length).toBe(2500)
      expect(world.put('key 7', 'again')).toBe(7503)
    }
  })

  test('all keys deleted and compacted away: a restart still knows the revision', async () => {
    const world = await StoreWorld.open()
    world.put('a', '1')
    world.delete('a')
    const transaction = world.store.begin()
    transaction.put('b', text('1'), 0n)
    transaction.deleteRange(point('b'))
    transaction.end()
    await world.compact(4)
    await world.restart()
    expect(world.store.revision).toBe(4)
    expect(world.put('c', '1')).toBe(5)
  })

  test('a closed store stops, and the next one goes on', async () => {
    const world = await large()
    world.store.compact(7501)
    await world.turn()
    world.store.close()
    await world.store.compacting
    expect(world.rows().length).toBeGreaterThan(2500)
    await world.restart()
    await world.until(world.store.compacting)
    expect(world.rows().length).toBe(2500)
  })

  test('that is through is not repeated after a restart', async () => {
    const world = await large()
    await world.compact(7501)
    await world.restart()
    world.backend.entries = () => {
      throw new Error('walked again')
    }
    await world.until(world.store.compacting)
    await world.turn()
    expect(world.fatal).toEqual([])
  })

  test('does not walk what an earlier compaction has been through', async () => {
    const world = await large()
    await world.compact(7501)
    world.put('key 0', 'new')
    let seen = 0
    const entries = world.backend.entries.bind(world.backend)
    world.backend.entries = (table, range) => {
      const all = [...entries(table, range)]
      seen += all.length
      return all
    }
    await world.compact(7502)
    expect(seen).toBe(2)
  })
})

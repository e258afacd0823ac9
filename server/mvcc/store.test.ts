/** The rules of etcd's revisions (behaviour 5.1), one test each, and what a restart keeps. */

import { describe, expect, test } from '@jest/globals'
import { ALL, between, changeLine, line, StoreWorld, text } from '../../test/mvcc/store-world.js'
import { point } from './interval.js'
import type { Change, StoreEvent } from './store.js'

function changesOf(world: StoreWorld): Change[] {
  const changes: Change[] = []
  world.store.onChange((change) => changes.push(change))
  return changes
}

describe('revisions', () => {
  test('a fresh store has revision 1 and no compact revision; the first write is revision 2', async () => {
    const world = await StoreWorld.open()
    expect([world.store.revision, world.store.compactRevision]).toEqual([1, -1])
    expect(world.put('a', '1')).toBe(2)
    expect(world.store.revision).toBe(2)
  })

  test('all changes of a transaction have one revision, with subs in order of the changes', async () => {
    const world = await StoreWorld.open()
    const transaction = world.store.begin()
    transaction.put('b', text('1'), 0n)
    transaction.put('a', text('2'), 0n)
    transaction.deleteRange(point('b'))
    expect(transaction.end().revision).toBe(2)
    expect(world.rows()).toEqual(['2.0 b', '2.1 a', '2.2t b'])
  })

  test('a transaction without a change leaves the revision, and publishes nothing', async () => {
    const world = await StoreWorld.open()
    const changes = changesOf(world)
    const transaction = world.store.begin()
    transaction.range(ALL, {})
    expect(transaction.deleteRange(ALL)).toEqual([])
    expect(transaction.end()).toEqual({ revision: 1, events: [] })
    expect([world.store.revision, changes]).toEqual([1, []])
  })

  test('a put on a live key keeps its create revision and counts its version', async () => {
    const world = await StoreWorld.open()
    world.put('a', 'x')
    world.put('a', 'y')
    world.put('a', 'z')
    expect(world.lines()).toEqual(['a=z 2/4/3'])
  })

  test('a put after a delete starts a new generation', async () => {
    const world = await StoreWorld.open()
    world.put('a', 'x')
    world.put('a', 'y')
    world.delete('a')
    world.put('a', 'z')
    expect(world.lines()).toEqual(['a=z 5/5/1'])
  })

  test('a delete and a put in one transaction start a new generation at one revision', async () => {
    const world = await StoreWorld.open()
    world.put('a', 'x')
    const transaction = world.store.begin()
    transaction.deleteRange(point('a'))
    transaction.put('a', text('y'), 0n)
    transaction.end()
    expect(world.lines()).toEqual(['a=y 3/3/1'])
    await world.restart()
    expect(world.lines()).toEqual(['a=y 3/3/1'])
  })

  test('the same value put again is a new revision and an event', async () => {
    const world = await StoreWorld.open()
    const changes = changesOf(world)
    world.put('a', 'x')
    world.put('a', 'x')
    expect(changes.map(changeLine)).toEqual(['2: +a=x', '3: +a=x'])
  })

  test('the event of a delete carries key and modification revision only', async () => {
    const world = await StoreWorld.open()
    world.put('a', 'x', 7n)
    const changes = changesOf(world)
    world.delete('a')
    const nothing = new Uint8Array(0)
    expect(changes[0]!.events[0]!.kv).toEqual({
      key: 'a',
      createRevision: 0,
      modRevision: 3,
      version: 0,
      value: nothing,
      lease: 0n,
    })
  })

  test('deleting nothing leaves the revision', async () => {
    const world = await StoreWorld.open()
    world.put('a', 'x')
    expect(world.delete('b')).toBe(2)
    world.delete('a')
    expect(world.delete('a')).toBe(3)
  })

  test('one range deletion is one revision for all its keys, in key order', async () => {
    const world = await StoreWorld.open()
    for (const key of ['c', 'a', 'b', 'd']) world.put(key, key)
    const changes = changesOf(world)
    expect(world.delete(between('a', 'd'))).toBe(6)
    expect(changes.map(changeLine)).toEqual(['6: -a -b -c'])
    expect(world.lines()).toEqual(['d=d 5/5/1'])
  })

  test('keys of any bytes are kept apart and in byte order', async () => {
    const world = await StoreWorld.open()
    const keys = ['\0', '\0\0', '\x7f', '\x80', '\xff', '\xff\xff', 'a']
    for (const key of keys) world.put(key, 'x')
    expect(world.store.range(ALL, {}).kvs.map(({ key }) => key)).toEqual([...keys].sort())
    expect(world.store.range(point('\0'), {}).count).toBe(1)
  })
})

describe('a write transaction', () => {
  test('sees its own changes, and the state before at the revision before', async () => {
    const world = await StoreWorld.open()
    world.put('a', 'old')
    world.put('b', 'old')
    const transaction = world.store.begin()
    transaction.put('a', text('new'), 0n)
    transaction.deleteRange(point('b'))
    const lines = (revision?: number) =>
      transaction.range(ALL, revision === undefined ? {} : { revision }).kvs.map(line)
    expect(transaction.revision).toBe(3)
    expect(lines()).toEqual(['a=new 2/4/2'])
    expect(lines(4)).toEqual(['a=new 2/4/2'])
    expect(lines(3)).toEqual(['a=old 2/2/1', 'b=old 3/3/1'])
    expect(transaction.range(ALL, { countOnly: true }).count).toBe(1)
    expect([transaction.get('a')?.version, transaction.get('b')]).toEqual([2, undefined])
    transaction.end()
  })

  test('has no revision of its own to read before its first change', async () => {
    const world = await StoreWorld.open()
    const transaction = world.store.begin()
    expect(() => transaction.range(ALL, { revision: 2 })).toThrow('future revision')
    transaction.end()
  })

  test('says what was there before a put and before a delete', async () => {
    const world = await StoreWorld.open()
    world.put('a', '1', 7n)
    world.put('b', '2')
    const transaction = world.store.begin()
    const { kv, prev } = transaction.put('a', text('3'), 8n)
    expect([line(kv), line(prev!)]).toEqual(['a=3 2/4/2 @8', 'a=1 2/2/1 @7'])
    expect(transaction.put('c', text('4'), 0n).prev).toBeUndefined()
    expect(transaction.deleteRange(ALL).map(line)).toEqual([
      'a=3 2/4/2 @8',
      'b=2 3/3/1',
      'c=4 4/4/1',
    ])
    transaction.end()
  })

  test('is refused beside one that was left open, and is dead after its end', async () => {
    const world = await StoreWorld.open()
    const transaction = world.store.begin()
    expect(() => world.store.begin()).toThrow('left open')
    expect(() => world.store.compact(1)).toThrow('into a write transaction')
    transaction.put('a', text('1'), 0n)
    expect(() => world.store.get('a')).toThrow('middle of a write transaction')
    transaction.end()
    expect(() => transaction.put('b', text('2'), 0n)).toThrow('has ended')
    expect(() => transaction.end()).toThrow('has ended')
  })
})

describe('changes', () => {
  test('are told in the same turn, to everyone who still listens', async () => {
    const world = await StoreWorld.open()
    const first = changesOf(world)
    const second: number[] = []
    const stop = world.store.onChange(({ revision }) => second.push(revision, world.store.revision))
    world.put('a', '1')
    stop()
    world.put('a', '2')
    expect(first.map(changeLine)).toEqual(['2: +a=1', '3: +a=2'])
    expect(second).toEqual([2, 2])
  })

  test('have the version before as prev; a creation has none', async () => {
    const world = await StoreWorld.open()
    const changes = changesOf(world)
    world.put('a', '1')
    world.put('a', '2')
    world.delete('a')
    world.put('a', '3')
    const prev = (event: StoreEvent) => event.prev && line(event.prev)
    expect(changes.flatMap(({ events }) => events.map(prev))).toEqual([
      undefined,
      'a=1 2/2/1',
      'a=2 2/3/2',
      undefined,
    ])
  })

  test('have no prev any more when it is compacted', async () => {
    const world = await StoreWorld.open()
    const changes = changesOf(world)
    world.put('a', '1')
    world.put('a', '2')
    world.put('a', '3')
    world.store.compact(3)
    const [, second, third] = changes.map(({ events }) => events[0]!)
    expect([second!.prev, line(third!.prev!)]).toEqual([undefined, 'a=2 2/3/2'])
  })
})

describe('history', () => {
  async function story(): Promise<StoreWorld> {
    const world = await StoreWorld.open()
    world.put('a', '1')
    const transaction = world.store.begin()
    transaction.put('b', text('2'), 0n)
    transaction.put('c', text('3'), 0n)
    transaction.end()
    world.delete(between('a', 'c'))
    world.put('a', '4')
    return world
  }

  test('tells again what the listeners were told, from any revision on', async () => {
    const world = await story()
    const { changes, next } = world.store.history(2, 100)
    expect(changes.map(changeLine)).toEqual(['2: +a=1', '3: +b=2 +c=3', '4: -a -b', '5: +a=4'])
    expect(next).toBe(6)
    expect(changes[2]!.events.map(({ prev }) => line(prev!))).toEqual(['a=1 2/2/1', 'b=2 3/3/1'])
    expect(world.store.history(5, 100).changes.map(changeLine)).toEqual(['5: +a=4'])
    expect(world.store.history(6, 100)).toEqual({ changes: [], next: 6 })
  })

  test('ends at the limit, but never within a revision', async () => {
    const world = await story()
    for (const limit of [2, 3]) {
      const { changes, next } = world.store.history(2, limit)
      expect(changes.map(changeLine)).toEqual(['2: +a=1', '3: +b=2 +c=3'])
      expect(next).toBe(4)
    }
  })

  test('is refused below the compact revision', async () => {
    const world = await story()
    await world.compact(4)
    expect(() => world.store.history(3, 10)).toThrow('compacted')
    expect(world.store.history(4, 10).changes.map(changeLine)).toEqual(['4: -a -b', '5: +a=4'])
  })
})

describe('a restart', () => {
  test('gives the same answers at every revision', async () => {
    const world = await StoreWorld.open()
    world.put('a', '1', 5n)
    world.put('b', '2')
    world.put('a', '3')
    world.delete('b')
    world.put('b', '4', 6n)
    const answers = () => [2, 3, 4, 5, 6].map((revision) => world.lines(ALL, { revision }))
    const before = answers()
    await world.restart()
    expect(answers()).toEqual(before)
    expect([world.store.revision, world.store.keyCount]).toEqual([6, 2])
    expect(world.put('b', '5')).toBe(7)
    expect(world.lines()).toEqual(['a=3 2/4/2', 'b=5 6/7/2'])
  })

  test('tells which live keys are attached to which lease', async () => {
    const world = await StoreWorld.open()
    world.put('b', '1', 5n)
    world.put('a', '1', 6n)
    world.put('c', '1', 5n)
    world.put('d', '1', 5n)
    world.put('c', '2')
    world.delete('d')
    const attached = [
      { key: 'a', lease: 6n },
      { key: 'b', lease: 5n },
    ]
    expect(world.store.leaseKeys()).toEqual(attached)
    await world.restart()
    expect(world.store.leaseKeys()).toEqual(attached)
  })

  test('a crash loses what was not committed, data and revision together', async () => {
    const world = await StoreWorld.open()
    world.put('a', '1')
    await world.backend.commit()
    world.put('a', '2')
    world.put('b', '3')
    await world.crash()
    expect([world.store.revision, world.lines()]).toEqual([2, ['a=1 2/2/1']])
  })

  test('a backend whose data is beyond its revision is refused', async () => {
    const world = await StoreWorld.open()
    world.put('a', '1')
    world.backend.delete('meta', 'mvcc/revision')
    await expect(world.restart()).rejects.toThrow('beyond the newest')
  })

  test('takes many keys in slices, and other work gets its turn', async () => {
    const world = await StoreWorld.open()
    for (let i = 0; i < 3500; i++) world.put(`key ${i}`, 'x')
    let open = true
    let turns = 0
    const count = () => {
      turns++
      if (open) setImmediate(count)
    }
    world.store.close()
    await world.backend.close()
    setImmediate(count)
    await world.restart()
    open = false
    expect(world.store.keyCount).toBe(3500)
    expect(turns).toBeGreaterThanOrEqual(3)
  })

  test('reopen takes everything from another backend', async () => {
    const world = await StoreWorld.open()
    const other = await StoreWorld.open()
    world.put('a', '1')
    other.put('b', '2', 3n)
    other.put('b', '3', 3n)
    await other.compact(3)
    const changes = changesOf(world)
    const reopened = world.store.reopen(other.backend)
    expect(() => world.store.begin()).toThrow('came into a reopen')
    await reopened
    expect(world.lines()).toEqual(['b=3 2/3/2 @3'])
    expect([world.store.revision, world.store.compactRevision]).toEqual([3, 3])
    world.put('c', '4')
    expect(changes.map(changeLine)).toEqual(['4: +c=4'])
  })
})

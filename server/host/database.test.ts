/** What every database promises, put to each implementation. */

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { DatabaseReader, Databases, DatabaseWrite, KeyRange } from './database.js'
import { LmdbDatabases } from './database-lmdb.js'
import { MemoryDatabases } from './database-memory.js'

const TABLES = ['a', 'b', 'c']
const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString()
const put = (table: string, key: string, value: string): DatabaseWrite => ({
  table,
  key,
  value: bytes(value),
})
const drop = (table: string, key: string): DatabaseWrite => ({ table, key, value: undefined })
const read = (reader: DatabaseReader, table: string, range?: KeyRange) =>
  [...reader.entries(table, range)].map(([key, value]) => `${key}=${text(value)}`)

let directory = ''
let count = 0
const fresh = () => join(directory, `${++count}.db`)
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'databases-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const implementations: [string, () => Databases][] = [
  ['memory', () => new MemoryDatabases()],
  ['LMDB', () => new LmdbDatabases()],
  ['LMDB in a map that must grow', () => new LmdbDatabases({ mapBytes: 2 ** 17 })],
]

describe.each(implementations)('database: %s', (_, make) => {
  test('a new one is empty, in every table', async () => {
    const database = await make().open(fresh(), TABLES)
    for (const table of TABLES) {
      expect(database.get(table, 'x')).toBeUndefined()
      expect(read(database, table)).toEqual([])
      expect(read(database, table, { reverse: true })).toEqual([])
    }
    await database.close()
  })

  test('ranges are half-open, in both directions, with a limit', async () => {
    const database = await make().open(fresh(), TABLES)
    await database.write(['b', 'd', 'a', 'c'].map((key) => put('a', key, key.toUpperCase())))
    expect(read(database, 'a')).toEqual(['a=A', 'b=B', 'c=C', 'd=D'])
    expect(read(database, 'a', { from: 'b', to: 'd' })).toEqual(['b=B', 'c=C'])
    expect(read(database, 'a', { from: 'b', to: 'd', reverse: true })).toEqual(['c=C', 'b=B'])
    expect(read(database, 'a', { from: 'bb', to: 'cc', reverse: true })).toEqual(['c=C'])
    expect(read(database, 'a', { reverse: true, limit: 1 })).toEqual(['d=D'])
    expect(read(database, 'a', { to: 'c', reverse: true, limit: 1 })).toEqual(['b=B'])
    expect(read(database, 'a', { limit: 0 })).toEqual([])
    expect(read(database, 'a', { from: 'c', to: 'b' })).toEqual([])
    expect(read(database, 'a', { from: 'c', to: 'b', reverse: true })).toEqual([])
    expect(read(database, 'a', { from: 'e' })).toEqual([])
    expect(read(database, 'a', { to: 'a', reverse: true })).toEqual([])
    await database.close()
  })

  test('every byte may be in a key, and keys order as bytes', async () => {
    const database = await make().open(fresh(), TABLES)
    const keys = [...Array(256).keys()].flatMap((n) => [
      String.fromCharCode(n),
      String.fromCharCode(n, 0),
      String.fromCharCode(n, 255),
    ])
    await database.write(keys.toReversed().map((key) => ({ table: 'a', key, value: bytes(key) })))
    expect([...database.entries('a')].map(([key]) => key)).toEqual(keys)
    expect([...database.entries('a', { reverse: true })].map(([key]) => key)).toEqual(
      keys.toReversed(),
    )
    for (const key of keys) expect(text(database.get('a', key))).toBe(key)
    await database.close()
  })

  test('values of any size come back, and stay what they were', async () => {
    const databases = make()
    const path = fresh()
    const sizes = [0, 1, 2000, 4096, 16_384, 16_385, 40_000, 300_000, 1_500_000]
    // Twice on one path: the second map may lie where the first one was.
    for (const fill of [7, 8]) {
      const database = await databases.open(path, TABLES)
      const value = (size: number) => new Uint8Array(size).fill(fill)
      await database.write(
        sizes.map((size) => ({ table: 'b', key: String(size), value: value(size) })),
      )
      const got = new Map(sizes.map((size) => [String(size), database.get('b', String(size))]))
      const listed = new Map(database.entries('b'))
      await database.write(sizes.map((size) => drop('b', String(size))))
      await database.write([put('c', 'other', 'x'.repeat(2_000_000))])
      for (const size of sizes) {
        expect(Buffer.compare(got.get(String(size))!, value(size))).toBe(0)
        expect(Buffer.compare(listed.get(String(size))!, value(size))).toBe(0)
      }
      await database.close()
    }
  })

  test('a value inside a larger buffer is stored alone', async () => {
    const database = await make().open(fresh(), TABLES)
    const large = new Uint8Array(1000).fill(1)
    large.set([65, 66, 67], 500)
    await database.write([{ table: 'a', key: 'k', value: large.subarray(500, 503) }])
    expect(text(database.get('a', 'k'))).toBe('ABC')
    await database.close()
  })

  test('agrees with a Map after any batches, and snapshots stay frozen meanwhile', async () => {
    const databases = make()
    const key = fc.integer({ min: 1, max: 40 }).map((n) => n.toString(36))
    const value = fc.string({ minLength: 0, maxLength: 30, unit: 'binary-ascii' })
    const write = fc.tuple(
      fc.constantFrom(...TABLES),
      key,
      fc.option(value, { freq: 3, nil: undefined }),
    )
    const range = fc.record(
      { from: key, to: key, reverse: fc.boolean(), limit: fc.nat(20) },
      { requiredKeys: [] },
    )
    const step = fc.record({
      batch: fc.array(write, { maxLength: 25 }),
      table: fc.constantFrom(...TABLES),
      range,
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const database = await databases.open(fresh(), TABLES)
        const twin = new Map(TABLES.map((table) => [table, new Map<string, string>()]))
        const expected = (table: string, { from = '', to, reverse, limit }: KeyRange) => {
          const all = [...twin.get(table)!]
            .filter(([key]) => key >= from && (to === undefined || key < to))
            .sort(([a], [b]) => (a < b ? -1 : 1))
          if (reverse) all.reverse()
          return all.slice(0, limit ?? all.length).map(([key, value]) => `${key}=${value}`)
        }
        const frozen: (() => void)[] = []
        for (const { batch, table, range } of steps) {
          await database.write(
            batch.map(([table, key, value]) => ({
              table,
              key,
              value: value === undefined ? undefined : bytes(value),
            })),
          )
          for (const [table, key, value] of batch) {
            if (value === undefined) twin.get(table)!.delete(key)
            else twin.get(table)!.set(key, value)
          }
          expect(read(database, table, range)).toEqual(expected(table, range))
          const snapshot = database.snapshot()
          const was = expected(table, range)
          const some = [...twin.get(table)!.entries()][0]
          frozen.push(() => {
            expect(read(snapshot, table, range)).toEqual(was)
            if (some) expect(text(snapshot.get(table, some[0]))).toBe(some[1])
            snapshot.close()
          })
        }
        for (const check of frozen) check()
        await database.close()
      }),
      { numRuns: 30 },
    )
  })

  test('what resolved is there when the path is opened again; a batch of many tables is one', async () => {
    const databases = make()
    const path = fresh()
    for (let round = 0; round < 3; round++) {
      const database = await databases.open(path, TABLES)
      expect(read(database, 'c')).toEqual(round === 0 ? [] : [`last=${round - 1}`])
      expect(read(database, 'a')).toHaveLength(1000 * round)
      const writes = [...Array(1000).keys()].map((n) => put('a', `${round}-${n}`, 'v'))
      await database.write([...writes, put('c', 'last', String(round))])
      await database.close()
    }
  })

  test('a read just after a commit sees it, also in a turn that has read before', async () => {
    const database = await make().open(fresh(), TABLES)
    for (let n = 0; n < 50; n++) {
      const writing = database.write([put('a', 'n', String(n))])
      database.get('a', 'n')
      await writing
      expect(text(database.get('a', 'n'))).toBe(String(n))
      expect(read(database, 'a')).toEqual([`n=${n}`])
      const snapshot = database.snapshot()
      expect(text(snapshot.get('a', 'n'))).toBe(String(n))
      snapshot.close()
    }
    await database.close()
  })

  test('batches that are written without waiting are applied in order', async () => {
    const database = await make().open(fresh(), TABLES)
    await Promise.all([...Array(20).keys()].map((n) => database.write([put('a', 'n', String(n))])))
    expect(text(database.get('a', 'n'))).toBe('19')
    await database.close()
  })

  test('an iteration may be left early, many times', async () => {
    const database = await make().open(fresh(), TABLES)
    await database.write([...Array(100).keys()].map((n) => put('a', `k${n}`, 'v')))
    for (let n = 0; n < 500; n++) {
      for (const [key] of database.entries('a')) if (key === 'k10') break
      if (n % 50 === 0) await database.write([put('b', String(n), 'v')])
    }
    expect(read(database, 'a')).toHaveLength(100)
    await database.close()
  })

  test('a bad write is refused as a whole', async () => {
    const database = await make().open(fresh(), TABLES)
    const good = put('a', 'good', 'v')
    for (const bad of [
      put('a', '', 'empty key'),
      put('a', 'x'.repeat(1979), 'long key'),
      put('a', 'snow\u2603man', 'not latin1'),
      put('z', 'k', 'no such table'),
    ]) {
      await expect(async () => database.write([good, bad])).rejects.toThrow()
    }
    await database.write([put('a', 'x'.repeat(1978), 'longest')])
    expect(read(database, 'a')).toEqual([`${'x'.repeat(1978)}=longest`])
    expect(() => database.get('z', 'k')).toThrow('no table z')
    await database.close()
  })

  test('sizes grow with the data, and what was deleted is not used any more', async () => {
    const database = await make().open(fresh(), TABLES)
    const empty = database.sizes()
    await database.write([...Array(500).keys()].map((n) => put('a', `k${n}`, 'x'.repeat(1000))))
    const full = database.sizes()
    expect(full.usedBytes - empty.usedBytes).toBeGreaterThan(500_000)
    expect(full.totalBytes).toBeGreaterThanOrEqual(full.usedBytes)
    await database.write([...Array(500).keys()].map((n) => drop('a', `k${n}`)))
    expect(database.sizes().usedBytes).toBeLessThan(100_000)
    expect(database.sizes().totalBytes).toBeGreaterThanOrEqual(full.totalBytes)
    await database.close()
  })

  test('replace moves one database over another', async () => {
    const databases = make()
    const [from, to] = [fresh(), fresh()]
    for (const path of [from, to]) {
      const database = await databases.open(path, TABLES)
      await database.write([put('a', 'path', path), put('b', path, 'only here')])
      await database.close()
    }
    await databases.replace(from, to)
    const moved = await databases.open(to, TABLES)
    expect(read(moved, 'a')).toEqual([`path=${from}`])
    expect(read(moved, 'b')).toEqual([`${from}=only here`])
    await moved.close()
    const gone = await databases.open(from, TABLES)
    expect(read(gone, 'a')).toEqual([])
    await gone.close()
    await expect(databases.replace(fresh(), to)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('remove leaves nothing, and is content with nothing', async () => {
    const databases = make()
    const path = fresh()
    const database = await databases.open(path, TABLES)
    await database.write([put('a', 'k', 'v')])
    await database.close()
    await databases.remove(path)
    await databases.remove(path)
    const again = await databases.open(path, TABLES)
    expect(read(again, 'a')).toEqual([])
    await again.close()
  })

  test('an open database cannot be opened, replaced or removed, and a closed one not used', async () => {
    const databases = make()
    const [path, other] = [fresh(), fresh()]
    const database = await databases.open(path, TABLES)
    const snapshot = database.snapshot()
    await expect(databases.open(path, TABLES)).rejects.toThrow('already open')
    await expect(databases.remove(path)).rejects.toThrow('is open')
    await expect(databases.replace(path, other)).rejects.toThrow('is open')
    await expect(databases.replace(other, path)).rejects.toThrow('is open')
    await database.close()
    await database.close()
    expect(() => database.get('a', 'k')).toThrow('closed')
    expect(() => database.entries('a')).toThrow('closed')
    expect(() => database.snapshot()).toThrow('closed')
    await expect(async () => database.write([])).rejects.toThrow('closed')
    snapshot.close()
    expect(() => snapshot.get('a', 'k')).toThrow('closed')
  })

  test('closing waits for what is being written', async () => {
    const databases = make()
    const path = fresh()
    const database = await databases.open(path, TABLES)
    const writing = database.write([put('a', 'k', 'v')])
    await database.close()
    await writing
    const again = await databases.open(path, TABLES)
    expect(text(again.get('a', 'k'))).toBe('v')
    await again.close()
  })
})

test('LMDB files are for their owner only, and no drafts are left', async () => {
  const path = fresh()
  const database = await new LmdbDatabases().open(path, TABLES)
  const names = readdirSync(directory).filter((name) => name.startsWith(`${count}.`))
  expect(names.sort()).toEqual([`${count}.db`, `${count}.db-lock`])
  for (const name of names) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600)
  await database.close()
})

test('a crash of a memory database keeps what resolved, and any first part of the rest, whole', async () => {
  for (const survivors of [0, 1, 2]) {
    const waiting: (() => void)[] = []
    const databases = new MemoryDatabases({ schedule: (commit) => waiting.push(commit) })
    const database = await databases.open('x', TABLES)
    const first = database.write([put('a', '1', 'v'), put('b', '1', 'v')])
    waiting.shift()!()
    await first
    void database.write([put('a', '2', 'v'), put('b', '2', 'v')])
    void database.write([put('a', '3', 'v'), put('b', '3', 'v')])
    databases.crash(survivors)
    for (const commit of waiting) commit()
    expect(() => database.get('a', '1')).toThrow('dead')
    const again = await databases.open('x', TABLES)
    const expected = ['1=v', '2=v', '3=v'].slice(0, 1 + survivors)
    expect(read(again, 'a')).toEqual(expected)
    expect(read(again, 'b')).toEqual(expected)
  }
})

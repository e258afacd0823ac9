/** Snapshots: from a database through stream and file into another one, with everything that can go wrong. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Clock } from '../../client/host/clock.js'
import { SnapshotMetadata } from '../../client/wire/generated/raft.js'
import type { Database, DatabaseReader, Databases } from '../host/database.js'
import { LmdbDatabases } from '../host/database-lmdb.js'
import { MemoryDatabases } from '../host/database-memory.js'
import type { Disk, File, OpenMode } from '../host/disk.js'
import { SnapshotDecoder } from './snapshot-decoder.js'
import { findSnapshots, snapshotName } from './snapshot-file.js'
import { FrameKind, SnapshotDamaged, SnapshotEncoder } from './snapshot-format.js'
import { installSnapshot } from './snapshot-install.js'
import { SnapshotReceiver } from './snapshot-receiver.js'
import { CHUNK_BYTES_MAX, snapshotBytes } from './snapshot-stream.js'

const TABLES = ['kv', 'lease', 'meta']

/** `soon` in a macrotask, counted. */
class TurnClock implements Clock {
  turns = 0
  now = () => 0
  wall = () => 0
  after = () => ({ cancel: () => {} })
  soon(run: () => void): void {
    this.turns++
    setImmediate(run)
  }
}

/** A power loss, thrown at the call at which it happens. */
class PowerLoss extends Error {}

/**
 * A disk whose unsynced bytes and unsynced names are lost at a power loss, which comes
 * at the call with number `lossAt`; that call still has its effect, but nobody hears of it.
 */
class FragileDisk implements Disk {
  lossAt = Number.POSITIVE_INFINITY
  calls = 0
  #names = new Map<string, { bytes: Buffer; durable: Buffer }>()
  #durableNames = new Map(this.#names)

  powerLoss(): void {
    this.#names = new Map(this.#durableNames)
    for (const content of this.#names.values()) content.bytes = Buffer.from(content.durable)
    this.lossAt = Number.POSITIVE_INFINITY
    this.calls = 0
  }
  paths = () => [...this.#names.keys()].sort()
  bytes = (path: string) => this.#content(path).bytes
  damage(path: string, change: (bytes: Buffer) => Buffer): void {
    this.#content(path).bytes = change(Buffer.from(this.bytes(path)))
  }
  async open(path: string, mode: OpenMode): Promise<File> {
    if (mode === 'create') {
      if (this.#names.has(path)) throw Object.assign(new Error(path), { code: 'EEXIST' })
      this.#names.set(path, { bytes: Buffer.alloc(0), durable: Buffer.alloc(0) })
    }
    this.#step()
    const content = this.#content(path)
    return {
      get size() {
        return content.bytes.length
      },
      // Short reads are allowed, and frequent here.
      readAt: async (offset, length) =>
        new Uint8Array(content.bytes.subarray(offset, offset + Math.ceil(length * 0.7))),
      writeAt: async (offset, chunks) => {
        expect(offset).toBe(content.bytes.length)
        content.bytes = Buffer.concat([content.bytes, ...chunks])
        this.#step()
      },
      sync: async () => {
        content.durable = Buffer.from(content.bytes)
        this.#step()
      },
      truncate: async () => expect(true).toBe(false),
      close: async () => this.#step(),
    }
  }
  async rename(from: string, to: string): Promise<void> {
    this.#names.set(to, this.#content(from))
    this.#names.delete(from)
    this.#step()
  }
  async remove(path: string): Promise<void> {
    this.#content(path)
    this.#names.delete(path)
    this.#step()
  }
  async list(directory: string): Promise<string[]> {
    return this.paths().flatMap((path) =>
      path.startsWith(`${directory}/`) ? [path.slice(directory.length + 1)] : [],
    )
  }
  async syncDirectory(): Promise<void> {
    this.#durableNames = new Map(this.#names)
    this.#step()
  }
  makeDirectory = async () => {}
  lock = async () => async () => {}

  #content(path: string) {
    const content = this.#names.get(path)
    if (!content) throw Object.assign(new Error(path), { code: 'ENOENT' })
    return content
  }
  #step(): void {
    if (++this.calls >= this.lossAt) throw new PowerLoss()
  }
}

const metadataOf = (index: number) =>
  SnapshotMetadata.create({ index, term: 3, confState: { voters: [1n, 2n], learners: [7n] } })

type Content = Record<string, Record<string, Uint8Array>>

async function databaseWith(content: Content, databases = new MemoryDatabases(), path = 'source') {
  const database = await databases.open(path, TABLES)
  await database.write(
    Object.entries(content).flatMap(([table, entries]) =>
      Object.entries(entries).map(([key, value]) => ({ table, key, value })),
    ),
  )
  return database
}

const contentOf = (reader: DatabaseReader) =>
  TABLES.map((table) =>
    [...reader.entries(table)].map(([k, v]) => [k, Buffer.from(v).toString('hex')]),
  )

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The bytes of a small snapshot with all kinds of frames. */
async function smallSnapshot(index = 9): Promise<Buffer> {
  const database = await databaseWith({
    kv: { a: Buffer.from('one'), b: Buffer.alloc(0) },
    meta: { index: Buffer.from('9') },
  })
  return collect(snapshotBytes(database.snapshot(), TABLES, metadataOf(index), new TurnClock()))
}

async function receive(disk: Disk, bytes: Uint8Array, index = 9, chunkBytes = 50): Promise<string> {
  const receiver = new SnapshotReceiver({ disk, directory: 'snap', metadata: metadataOf(index) })
  for (let at = 0; at < bytes.length; at += chunkBytes)
    await receiver.write(bytes.subarray(at, at + chunkBytes))
  return receiver.finish()
}

describe('snapshot', () => {
  test('any tables come out of it as they went in, whatever the sizes of chunks', async () => {
    const key = fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' })
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.nat(150_000).map((length) => new Uint8Array(length).fill(length)),
    )
    const table = fc.dictionary(key, value, { maxKeys: 40 })
    await fc.assert(
      fc.asyncProperty(
        fc.record({ kv: table, lease: table, meta: table }),
        fc.integer({ min: 1, max: 100_000 }),
        async (content, chunkBytes) => {
          const databases = new MemoryDatabases()
          const source = await databaseWith(content, databases)
          const old = await databaseWith({ kv: { old: Buffer.from('gone') } }, databases, 'target')
          await old.close()
          const disk = new FragileDisk()
          const snapshot = source.snapshot()
          const stream = snapshotBytes(snapshot, TABLES, metadataOf(5), new TurnClock())
          const path = await receive(disk, await collect(stream), 5, Math.max(chunkBytes, 500))
          disk.powerLoss()
          expect(await findSnapshots(disk, 'snap')).toEqual([{ path, metadata: metadataOf(5) }])
          const options = { disk, databases, path, databasePath: 'target', tables: TABLES }
          expect(await installSnapshot(options)).toEqual(metadataOf(5))
          const target = await databases.open('target', TABLES)
          expect(contentOf(target)).toEqual(contentOf(source))
        },
      ),
      { numRuns: 20 },
    )
  })

  test.each(['memory', 'LMDB'])(
    'it shows the moment at which it was taken, although writes go on meanwhile: %s',
    async (kind) => {
      const directory = mkdtempSync(join(tmpdir(), 'snapshot-'))
      const databases = kind === 'LMDB' ? new LmdbDatabases() : new MemoryDatabases()
      const database = await databases.open(join(directory, 'db'), TABLES)
      const writes = [...Array(2000).keys()].map((n) => ({
        table: 'kv',
        key: String(n).padStart(4, '0'),
        value: new Uint8Array(300).fill(n),
      }))
      await database.write(writes)
      const snapshot = database.snapshot()
      const before = contentOf(snapshot)
      const found = new Map<string, string[][]>(TABLES.map((table) => [table, []]))
      const decoder = new SnapshotDecoder({
        metadata: () => {},
        records: (table, entries) =>
          found.get(table)!.push(...entries.map(([k, v]) => [k, Buffer.from(v).toString('hex')])),
      })
      for await (const chunk of snapshotBytes(snapshot, TABLES, metadataOf(1), new TurnClock())) {
        decoder.feed(chunk)
        await database.write(
          writes
            .slice(0, 100)
            .map(({ key }) => ({ table: 'kv', key: `${key}x`, value: new Uint8Array(9) })),
        )
        await database.write(writes.slice(1000).map((write) => ({ ...write, value: undefined })))
      }
      expect(decoder.finished).toBe(true)
      expect([...found.values()]).toEqual(before)
      await database.close()
      rmSync(directory, { recursive: true })
    },
  )

  test('20 MB are streamed without reading ahead, a turn for others between chunks', async () => {
    const database = await databaseWith({})
    for (let n = 0; n < 20; n++) {
      const batch = [...Array(1000).keys()].map((m) => ({
        table: 'kv',
        key: `${n}-${m}`,
        value: new Uint8Array(1000),
      }))
      await database.write(batch)
    }
    await database.write([{ table: 'meta', key: 'large', value: new Uint8Array(1_500_000) }])
    const snapshot = database.snapshot()
    let read = 0
    const counting: DatabaseReader = {
      get: snapshot.get.bind(snapshot),
      *entries(table, range) {
        for (const entry of snapshot.entries(table, range)) {
          read += entry[1].length
          yield entry
        }
      },
    }
    const clock = new TurnClock()
    let [sent, buffered, ahead] = [0, 0, 0]
    const decoder = new SnapshotDecoder({ metadata: () => {}, records: () => {} })
    for await (const chunk of snapshotBytes(counting, TABLES, metadataOf(1), clock)) {
      expect(chunk.length).toBeLessThanOrEqual(CHUNK_BYTES_MAX)
      sent += chunk.length
      ahead = Math.max(ahead, read - sent)
      decoder.feed(chunk)
      buffered = Math.max(buffered, decoder.bufferedBytes)
    }
    expect(sent).toBeGreaterThan(21_000_000)
    // Only the one value that is larger than a chunk is ever held as a whole. Entries on a border are read twice.
    expect(ahead).toBeLessThan(1_500_000 + 500_000)
    expect(buffered).toBeLessThan(1_600_000)
    expect(clock.turns).toBeGreaterThan(300)
  })

  test('cut at any byte it is refused', async () => {
    const bytes = await smallSnapshot()
    for (let length = 0; length < bytes.length; length++) {
      const disk = new FragileDisk()
      await expect(receive(disk, bytes.subarray(0, length))).rejects.toThrow(SnapshotDamaged)
      expect(disk.paths()).toEqual([])
    }
  })

  test('with any bit flipped it is refused', async () => {
    const bytes = await smallSnapshot()
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const disk = new FragileDisk()
      await expect(receive(disk, flipped)).rejects.toThrow(SnapshotDamaged)
      expect(disk.paths()).toEqual([])
    }
  })

  test('with anything behind its end, or frames left out or repeated, it is refused', async () => {
    const bytes = await smallSnapshot()
    await expect(receive(new FragileDisk(), Buffer.concat([bytes, bytes]))).rejects.toThrow(
      'behind its end',
    )
    await expect(
      receive(new FragileDisk(), Buffer.concat([bytes, Buffer.alloc(1)]), 9, 1e6),
    ).rejects.toThrow('behind its end')
    const encoder = new SnapshotEncoder()
    const [head, one, two] = [
      encoder.metadata(metadataOf(9)),
      encoder.records('kv', [['a', Buffer.from('1')]]),
      encoder.records('kv', [['b', Buffer.from('2')]]),
    ]
    const foot = encoder.footer()
    await receive(new FragileDisk(), Buffer.concat([head, one, two, foot]))
    for (const frames of [
      [head, one, foot],
      [head, two, one, foot],
      [head, one, one, two, foot],
      [one, two, foot],
      [head, foot],
    ]) {
      await expect(receive(new FragileDisk(), Buffer.concat(frames))).rejects.toThrow(
        SnapshotDamaged,
      )
    }
    expect(one[8]).toBe(FrameKind.RECORDS)
  })

  test('a snapshot of another index than announced is refused', async () => {
    const disk = new FragileDisk()
    await expect(receive(disk, await smallSnapshot(9), 10)).rejects.toThrow('announced')
    expect(disk.paths()).toEqual([])
  })

  test('two receivers of the same snapshot do not disturb each other', async () => {
    const disk = new FragileDisk()
    const bytes = await smallSnapshot()
    const receivers = [1, 2].map(
      () => new SnapshotReceiver({ disk, directory: 'snap', metadata: metadataOf(9) }),
    )
    for (const receiver of receivers) await receiver.write(bytes.subarray(0, 60))
    for (const receiver of receivers) await receiver.write(bytes.subarray(60))
    const paths = [await receivers[0]!.finish(), await receivers[1]!.finish()]
    expect(disk.paths()).toEqual([paths[0]])
    expect(disk.bytes(paths[1]!)).toEqual(bytes)
  })

  test('an aborted one leaves nothing, and takes nothing more', async () => {
    const disk = new FragileDisk()
    const receiver = new SnapshotReceiver({ disk, directory: 'snap', metadata: metadataOf(9) })
    const bytes = await smallSnapshot()
    const writing = receiver.write(bytes.subarray(0, 60))
    await receiver.abort()
    await writing.catch(() => {})
    await expect(receiver.write(bytes.subarray(60))).rejects.toThrow('has ended')
    await expect(receiver.finish()).rejects.toThrow('has ended')
    expect(disk.paths()).toEqual([])
    await receiver.abort()
  })

  test('a power loss at any step of receiving leaves all of it or nothing; finished means all', async () => {
    const bytes = await smallSnapshot()
    const whole = new FragileDisk()
    const path = await receive(whole, bytes)
    for (let step = 1; step <= whole.calls; step++) {
      const disk = new FragileDisk()
      disk.lossAt = step
      await expect(receive(disk, bytes)).rejects.toThrow(PowerLoss)
      disk.powerLoss()
      const found = await findSnapshots(disk, 'snap')
      expect(disk.paths()).toEqual(found.map(({ path }) => path))
      if (found.length > 0) expect(disk.bytes(path)).toEqual(bytes)
      expect(await receive(disk, bytes)).toBe(path)
      disk.powerLoss()
      expect(await findSnapshots(disk, 'snap')).toEqual([{ path, metadata: metadataOf(9) }])
    }
    expect(whole.calls).toBeGreaterThan(6)
  })

  test('findSnapshots lists whole ones by index, passes over damaged ones, removes rests', async () => {
    const disk = new FragileDisk()
    expect(await findSnapshots(disk, 'snap')).toEqual([])
    const paths: string[] = []
    for (const index of [300, 20, 1000]) {
      paths.push(await receive(disk, await smallSnapshot(index), index))
    }
    await disk.open('snap/x.snap.0.part', 'create')
    await disk.open('snap/notes.txt', 'create')
    expect((await findSnapshots(disk, 'snap')).map(({ metadata }) => metadata.index)).toEqual([
      20, 300, 1000,
    ])
    expect(disk.paths()).not.toContain('snap/x.snap.0.part')
    disk.damage(paths[0]!, (bytes) => bytes.subarray(0, -1))
    disk.damage(paths[1]!, (bytes) => {
      bytes[20]! ^= 1
      return bytes
    })
    expect((await findSnapshots(disk, 'snap')).map(({ metadata }) => metadata.index)).toEqual([
      1000,
    ])
    expect(disk.paths()).toContain('snap/notes.txt')
    expect(snapshotName(metadataOf(255))).toBe('00000000000000ff-0000000000000003.snap')
  })

  test('what rotted in the file is not installed, and the database stays as it was', async () => {
    const disk = new FragileDisk()
    const bytes = await smallSnapshot()
    const path = await receive(disk, bytes)
    const databases = new MemoryDatabases()
    await (await databaseWith({ kv: { old: Buffer.from('1') } }, databases, 'target')).close()
    const options = { disk, databases, path, databasePath: 'target', tables: TABLES }
    for (let at = 0; at < bytes.length; at++) {
      disk.damage(path, () => {
        const changed = Buffer.from(bytes)
        changed[at]! ^= 0x10
        return changed
      })
      await expect(installSnapshot(options)).rejects.toThrow(SnapshotDamaged)
    }
    disk.damage(path, () => bytes.subarray(0, -30))
    await expect(installSnapshot(options)).rejects.toThrow('ends early')
    const target = await databases.open('target', TABLES)
    expect(contentOf(target)[0]).toEqual([['old', '31']])
  })

  test('a table that nobody knows is not passed over in silence', async () => {
    const disk = new FragileDisk()
    const path = await receive(disk, await smallSnapshot())
    const databases = new MemoryDatabases()
    const options = { disk, databases, path, databasePath: 'target', tables: ['kv'] }
    await expect(installSnapshot(options)).rejects.toThrow('table meta')
  })

  test('a crash at any step of installing leaves the old or the new, and it can be done again', async () => {
    const disk = new FragileDisk()
    const content: Content = { kv: {}, lease: {}, meta: { index: Buffer.from('9') } }
    for (let n = 0; n < 6000; n++) content['kv']![`k${n}`] = Buffer.alloc(60, String(n))
    const source = await databaseWith(content)
    const expected = contentOf(source)
    const stream = snapshotBytes(source.snapshot(), TABLES, metadataOf(9), new TurnClock())
    const path = await receive(disk, await collect(stream), 9, 65_536)
    for (let step = 0, done = false; !done; step++) {
      const databases = new MemoryDatabases()
      await (await databaseWith({ kv: { old: Buffer.from('1') } }, databases, 'target')).close()
      const old = [[['old', '31']], [], []]
      const crashing = new CrashingDatabases(databases, step >> 1, step % 2 === 1)
      const options = { disk, path, databasePath: 'target', tables: TABLES }
      done = await installSnapshot({ ...options, databases: crashing }).then(
        () => true,
        (error) => {
          expect(error).toBeInstanceOf(PowerLoss)
          return false
        },
      )
      databases.crash()
      const after = await databases.open('target', TABLES)
      const found = contentOf(after)
      await after.close()
      expect(done ? [expected] : [old, expected]).toContainEqual(found)
      await installSnapshot({ ...options, databases })
      expect(contentOf(await databases.open('target', TABLES))).toEqual(expected)
      // remove, open, at least two writes, close, replace
      if (done) expect(step).toBeGreaterThanOrEqual(12)
    }
  })
})

/** The process dies at one call, before or after its effect; nothing works afterwards. */
class CrashingDatabases implements Databases {
  #calls = 0
  constructor(
    readonly inner: Databases,
    /** From 0. */
    readonly crashAt: number,
    readonly withEffect: boolean,
  ) {}

  async open(path: string, tables: readonly string[]): Promise<Database> {
    const database = await this.#step(() => this.inner.open(path, tables))
    return {
      get: database.get.bind(database),
      entries: database.entries.bind(database),
      snapshot: database.snapshot.bind(database),
      sizes: database.sizes.bind(database),
      write: (batch) => this.#step(() => database.write(batch)),
      close: () => this.#step(() => database.close()),
    }
  }
  replace = (from: string, to: string) => this.#step(() => this.inner.replace(from, to))
  remove = (path: string) => this.#step(() => this.inner.remove(path))

  async #step<T>(call: () => Promise<T>): Promise<T> {
    const number = this.#calls++
    if (number < this.crashAt) return call()
    if (number === this.crashAt && this.withEffect) await call()
    throw new PowerLoss()
  }
}

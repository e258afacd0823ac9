/** The log by itself: appending, reopening, cutting, releasing, failing. */

import { describe, expect, test } from '@jest/globals'
import { type Entry, HardState } from '../../client/wire/generated/raft.js'
import { FaultDisk } from '../../test/sim/fault-disk.js'
import { Wal, WalDamaged, WalFailed } from './wal.js'
import { RecordType, RecordWriter } from './wal-record.js'

const DIRECTORY = '/wal'
const IDENTITY = { clusterId: 0xfedc_ba98_7654_3210n, memberId: 9n }

/** A log on a simulated disk, with what it said. */
function world(segmentBytes = 1 << 20) {
  const disk = new FaultDisk()
  const fatal: Error[] = []
  const calls: string[] = []
  disk.onPoint = ({ operation, phase }) => {
    if (phase === 'before') calls.push(operation)
  }
  const options = () => ({
    disk: disk.mount(),
    directory: DIRECTORY,
    segmentBytes,
    onFatal: (reason: Error) => void fatal.push(reason),
  })
  return { disk, fatal, calls, options, names: () => disk.names.list(DIRECTORY) }
}

function entry(index: number, term = 1, bytes = 10): Entry {
  return { index, term, type: 0, data: new Uint8Array(bytes).fill(index) }
}

function appended(wal: Wal, batch: Omit<Parameters<Wal['append']>[0], 'mustSync'>): Promise<void> {
  return new Promise((done) => wal.append({ ...batch, mustSync: true }, done))
}

const marker = (index: number, term = 1) => ({ index, term, confState: undefined })
const indexes = (entries: readonly Entry[]) => entries.map(({ index }) => index)
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a log that is closed and opened', () => {
  test('holds its identity, entries byte for byte, hard state and snapshot', async () => {
    const { options } = world()
    const confState = {
      voters: [1n, 2n],
      learners: [3n],
      votersOutgoing: [],
      learnersNext: [],
      autoLeave: true,
    }
    const snapshot = { index: 7, term: 2, confState }
    const wal = await Wal.create({ ...options(), ...IDENTITY, snapshot })
    const entries = [entry(8, 2, 0), { ...entry(9, 3, 5), type: 1 as const }, entry(10, 3, 100_000)]
    await appended(wal, { entries, hardState: { term: 3, vote: 2n, commit: 9 } })
    await wal.close()
    const { contents } = await Wal.open(options())
    expect(contents).toEqual({
      ...IDENTITY,
      snapshot,
      entries,
      hardState: { term: 3, vote: 2n, commit: 9 },
    })
  })

  test('starts at nothing, or at the snapshot it was made with', async () => {
    const { options } = world()
    expect(await Wal.exists(options().disk, DIRECTORY)).toBe(false)
    await Wal.create({ ...options(), ...IDENTITY })
    expect(await Wal.exists(options().disk, DIRECTORY)).toBe(true)
    const { contents } = await Wal.open(options())
    expect(contents).toMatchObject({
      entries: [],
      hardState: HardState.create(),
      snapshot: marker(0, 0),
    })
    await expect(Wal.create({ ...options(), ...IDENTITY })).rejects.toThrow('already')
    await expect(Wal.open({ ...options(), directory: '/nowhere' })).rejects.toThrow(
      'no write-ahead log',
    )
  })

  test('has the last word for an index that was written twice', async () => {
    const { options } = world(300)
    const wal = await Wal.create({ ...options(), ...IDENTITY })
    for (let index = 1; index <= 9; index++) await appended(wal, { entries: [entry(index)] })
    await appended(wal, { entries: [entry(4, 2), entry(5, 2)] })
    await wal.close()
    const { contents } = await Wal.open(options())
    expect(contents.entries.map(({ index, term }) => `${index}/${term}`)).toEqual([
      '1/1',
      '2/1',
      '3/1',
      '4/2',
      '5/2',
    ])
  })

  test('keeps what follows a snapshot of its own, and nothing of a log that a foreign one replaces', async () => {
    const { options } = world()
    const wal = await Wal.create({ ...options(), ...IDENTITY })
    await appended(wal, { entries: [1, 2, 3, 4, 5].map((index) => entry(index)) })
    await appended(wal, { snapshot: marker(3), hardState: { term: 1, vote: 0n, commit: 3 } })
    await wal.close()
    const { wal: again, contents } = await Wal.open(options())
    expect(indexes(contents.entries)).toEqual([4, 5])
    await appended(again, { snapshot: marker(4, 2), entries: [entry(5, 2)] })
    await again.close()
    const last = await Wal.open(options())
    expect(last.contents.snapshot).toEqual(marker(4, 2))
    expect(last.contents.entries).toEqual([entry(5, 2)])
    expect(last.contents.hardState.commit).toBe(4)
  })
})

describe('group commit', () => {
  test('writes and syncs once for all appends of a turn, and once more for all that came meanwhile', async () => {
    const { options, calls, disk } = world()
    const wal = await Wal.create({ ...options(), ...IDENTITY })
    calls.length = 0
    const done: number[] = []
    let arrived = 0
    disk.onPoint = ({ operation, phase }) => {
      if (phase === 'before') calls.push(operation)
      if (operation !== 'sync' || phase !== 'before' || arrived++ > 0) return
      for (let index = 11; index <= 20; index++)
        wal.append({ entries: [entry(index)], mustSync: true }, () => done.push(index))
    }
    for (let index = 1; index <= 10; index++)
      wal.append({ entries: [entry(index)], mustSync: true }, () => done.push(index))
    await settled()
    expect(calls).toEqual(['write', 'sync', 'write', 'sync'])
    expect(done).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
  })

  test('writes nothing for a commit index alone, which goes with the next append or with the end', async () => {
    const { options, calls } = world()
    const wal = await Wal.create({ ...options(), ...IDENTITY })
    await appended(wal, { entries: [entry(1)] })
    calls.length = 0
    const done: string[] = []
    const late = (commit: number) =>
      wal.append({ hardState: { term: 1, vote: 0n, commit }, mustSync: false }, () =>
        done.push(`commit ${commit}`),
      )
    late(1)
    await appended(wal, { entries: [entry(2)] })
    expect(calls).toEqual(['write', 'sync'])
    expect(done).toEqual(['commit 1'])
    late(2)
    await wal.close()
    const { contents } = await Wal.open(options())
    expect(contents.hardState.commit).toBe(2)
  })

  test('hands large data to the disk as it is', async () => {
    const { options } = world()
    const given = options()
    const chunks: Uint8Array[] = []
    const open = given.disk.open.bind(given.disk)
    given.disk.open = async (path, mode) => {
      const file = await open(path, mode)
      const writeAt = file.writeAt.bind(file)
      file.writeAt = (offset, list) => {
        chunks.push(...list)
        return writeAt(offset, list)
      }
      return file
    }
    const wal = await Wal.create({ ...given, ...IDENTITY })
    const large = entry(2, 1, 5000)
    chunks.length = 0
    await appended(wal, { entries: [entry(1), large, entry(3)] })
    expect(chunks).toHaveLength(3)
    expect(chunks[1]).toBe(large.data)
  })
})

describe('segments', () => {
  test('go once everything in them is behind the last marker, and not before', async () => {
    const { options, names } = world(600)
    const wal = await Wal.create({ ...options(), ...IDENTITY })
    for (let index = 1; index <= 40; index++) await appended(wal, { entries: [entry(index)] })
    const all = names()
    expect(all.length).toBeGreaterThan(4)
    await wal.release(40)
    expect(names()).toEqual(all)
    await appended(wal, { snapshot: marker(30), hardState: { term: 1, vote: 0n, commit: 30 } })
    await wal.release(20)
    const some = names()
    expect(some.length).toBeLessThan(all.length)
    await wal.release(40)
    expect(names().length).toBeLessThan(some.length)
    await wal.close()
    const { contents } = await Wal.open(options())
    expect(contents).toMatchObject({ ...IDENTITY, snapshot: marker(30) })
    expect(indexes(contents.entries)).toEqual([31, 32, 33, 34, 35, 36, 37, 38, 39, 40])
  })

  test('that a crash left unfinished are removed', async () => {
    const { options, names, disk } = world()
    await (await Wal.create({ ...options(), ...IDENTITY })).close()
    await (await disk.mount().open(`${DIRECTORY}/x.unfinished`, 'create')).close()
    await Wal.open(options())
    expect(names()).toEqual(['0000000000000001-0000000000000001.log'])
  })
})

describe('a disk that fails', () => {
  test.each([
    ['write', 'EIO', 'The disk reported an error'],
    ['write', 'ENOSPC', 'The disk is full: free space'],
    ['sync', 'EIO', 'The disk reported an error'],
  ] as const)(
    'at a %s with %s ends the log: said once, nothing acknowledged, nothing retried',
    async (operation, code, words) => {
      const { options, disk, fatal, calls } = world()
      const wal = await Wal.create({ ...options(), ...IDENTITY })
      await appended(wal, { entries: [entry(1)] })
      const done: number[] = []
      disk.faults = (call) => (call.operation === operation ? code : undefined)
      calls.length = 0
      for (let index = 2; index <= 4; index++)
        wal.append({ entries: [entry(index)], mustSync: true }, () => done.push(index))
      await settled()
      disk.faults = () => undefined
      wal.append({ entries: [entry(5)], mustSync: true }, () => done.push(5))
      await expect(wal.release(1)).rejects.toThrow(WalFailed)
      await settled()
      expect(done).toEqual([])
      expect(calls.filter((call) => call === operation)).toHaveLength(1)
      expect(fatal).toHaveLength(1)
      expect(fatal[0]).toMatchObject({ code: 'WAL_FAILED', diskCode: code })
      expect(fatal[0]!.message).toContain(words)
      expect(fatal[0]!.message).toContain('Everything acknowledged before is safe')
      await wal.close()
      disk.crash()
      const { contents } = await Wal.open(options())
      expect(contents.entries[0]).toEqual(entry(1))
    },
  )
})

describe('a defect of the caller', () => {
  test.each<[string, Parameters<Wal['append']>[0], string]>([
    ['a gap', { entries: [entry(7)], mustSync: true }, 'entry 7 does not follow'],
    ['an entry under the snapshot', { entries: [entry(2)], mustSync: true }, 'entry 2'],
    ['an older snapshot', { snapshot: marker(1), mustSync: true }, 'older than the log'],
    [
      'a commit index beyond the log',
      { hardState: { term: 1, vote: 0n, commit: 6 }, mustSync: true },
      'beyond the last entry, 5',
    ],
  ])('is thrown: %s', async (_name, batch, message) => {
    const { options } = world()
    const wal = await Wal.create({ ...options(), ...IDENTITY, snapshot: marker(2) })
    await appended(wal, { entries: [entry(3), entry(4), entry(5)] })
    expect(() => wal.append(batch, () => {})).toThrow(message)
  })

  test('is thrown: an append after closing', async () => {
    const { options } = world()
    const wal = await Wal.create({ ...options(), ...IDENTITY })
    await wal.close()
    await wal.close()
    expect(() => wal.append({ mustSync: true }, () => {})).toThrow('closed')
    await expect(wal.release(1)).rejects.toThrow('closed')
  })
})

describe('the end of a log that was cut off', () => {
  async function written() {
    const it = world()
    const wal = await Wal.create({ ...it.options(), ...IDENTITY })
    for (let index = 1; index <= 5; index++) await appended(wal, { entries: [entry(index, 1, 30)] })
    const path = `${DIRECTORY}/${it.names()[0]}`
    return { ...it, wal, path, bytes: it.disk.contents(path) }
  }

  test('is repaired wherever it was cut: whole appends stay, and the log goes on from there', async () => {
    const { options, disk, path, bytes, wal } = await written()
    await wal.close()
    const start = bytes.length - 5 * 88
    for (let size = bytes.length - 1; size >= start; size -= 7) {
      const file = await disk.mount().open(path, 'write')
      await file.truncate(0)
      await file.writeAt(0, [bytes.subarray(0, size)])
      const { wal: again, contents } = await Wal.open(options())
      const count = contents.entries.length
      expect(indexes(contents.entries)).toEqual([1, 2, 3, 4, 5].slice(0, count))
      expect(count).toBe(Math.floor((size - start) / 88))
      await appended(again, { entries: [entry(count + 1, 2)] })
      await again.close()
      expect((await Wal.open(options())).contents.entries.at(-1)).toEqual(entry(count + 1, 2))
    }
  })

  test('is repaired when it is followed by zeros or by noise', async () => {
    for (const noise of [0, 0xaa]) {
      const { options, disk, path, bytes } = await written()
      const file = await disk.mount().open(path, 'write')
      await file.writeAt(bytes.length, [new Uint8Array(5000).fill(noise)])
      const { contents } = await Wal.open(options())
      expect(indexes(contents.entries)).toEqual([1, 2, 3, 4, 5])
      expect(disk.contents(path).length).toBe(bytes.length)
    }
  })

  test('is repaired although its data holds pieces of a log', async () => {
    const { options, disk, path, bytes, wal } = await written()
    const segmentCrc = Buffer.from(bytes).readUInt32LE(60)
    const forged = new RecordWriter(segmentCrc, 64, segmentCrc, 2 ** 40)
    forged.add(RecordType.ENTRY, false, new Uint8Array(20))
    const impostor = { ...entry(6), data: Buffer.concat([new Uint8Array(4), ...forged.finish()]) }
    await appended(wal, { entries: [impostor] })
    const all = disk.contents(path)
    const file = await disk.mount().open(path, 'write')
    await file.writeAt(bytes.length, [new Uint8Array(32)])
    const { contents } = await Wal.open(options())
    expect(indexes(contents.entries)).toEqual([1, 2, 3, 4, 5])
    expect(disk.contents(path).length).toBeLessThan(all.length)
  })

  test('is refused when it was synced: later records say so, by file, place and remedy', async () => {
    const { options, disk, path, bytes } = await written()
    disk.flipBit(path, bytes.length - 150)
    const opening = Wal.open(options())
    await expect(opening).rejects.toThrow(WalDamaged)
    await expect(opening).rejects.toMatchObject({ code: 'WAL_DAMAGED', file: path })
    await expect(opening).rejects.toThrow('remove it from the cluster')
    expect(disk.contents(path).length).toBe(bytes.length)
  })

  test('is refused when a segment is missing, foreign, or of another kind', async () => {
    const { options, disk, names } = world(200)
    const wal = await Wal.create({ ...options(), ...IDENTITY })
    for (let index = 1; index <= 9; index++) await appended(wal, { entries: [entry(index)] })
    await wal.close()
    const [first, second, third] = names() as [string, string, string]
    const at = (name: string) => `${DIRECTORY}/${name}`
    await disk.mount().rename(at(second), '/aside')
    await expect(Wal.open(options())).rejects.toThrow('segment 2 is missing')
    await disk.mount().rename('/aside', at(second))
    await disk.mount().rename(at(third), '/aside')
    const file = await disk.mount().open(at(third), 'create')
    await file.writeAt(0, [disk.contents(at(first))])
    await expect(Wal.open(options())).rejects.toThrow('has the name of another segment')
    await file.writeAt(0, [new Uint8Array(200)])
    await expect(Wal.open(options())).rejects.toThrow('does not begin like a segment')
  })
})

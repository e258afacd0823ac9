import { describe, expect, test } from '@jest/globals'
import { MemoryDisk } from '../host/disk-memory.js'
import { Wal } from './wal.js'

describe('smoke', () => {
  test('round trip', async () => {
    const disk = new MemoryDisk()
    const options = {
      disk,
      directory: '/d/wal',
      segmentBytes: 1000,
      onFatal: (e: Error) => {
        throw e
      },
    }
    const wal = await Wal.create({ ...options, clusterId: 7n, memberId: 9n })
    const done: number[] = []
    for (let i = 1; i <= 30; i++)
      wal.append(
        {
          entries: [{ index: i, term: 1, type: 0, data: new Uint8Array(i * 100) }],
          hardState: { term: 1, vote: 3n, commit: i - 1 },
          mustSync: true,
        },
        () => done.push(i),
      )
    await wal.close()
    expect(done.length).toBe(30)
    const { wal: again, contents } = await Wal.open(options)
    expect(contents.entries.map((e) => e.index)).toEqual(done)
    expect(contents.hardState).toEqual({ term: 1, vote: 3n, commit: 29 })
    await new Promise<void>((r) =>
      again.append({ snapshot: { index: 20, term: 1, confState: undefined }, mustSync: true }, r),
    )
    await again.release(20)
    await again.close()
    const third = await Wal.open(options)
    expect(third.contents.entries.map((e) => e.index)).toEqual([
      21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    ])
    expect(third.contents.entries[0]!.data.length).toBe(2100)
  })
})

/** Files that LMDB must not be given, and those that it must. */

import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { LmdbDatabases } from './database-lmdb.js'
import { checkDatabase } from './database-lmdb-check.js'

const databases = new LmdbDatabases()
let directory = ''
let count = 0
const fresh = () => join(directory, `${++count}.db`)
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lmdb-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const entry = (n: number, size: number) => ({
  table: 'a',
  key: `k${n}`,
  value: new Uint8Array(size).fill(n),
})

async function filled(entries: number, size = 700): Promise<string> {
  const path = fresh()
  const database = await databases.open(path, ['a', 'b'])
  await database.write([...Array(entries).keys()].map((n) => entry(n, size)))
  await database.close()
  return path
}

describe('a damaged file is refused by name, with what to do', () => {
  const refused = async (path: string) => {
    const opening = databases.open(path, ['a', 'b'])
    await expect(opening).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' })
    await expect(opening).rejects.toThrow(`${path} is damaged`)
    await expect(opening).rejects.toThrow('join the cluster again, or restore a backup')
  }

  test.each([0, 24, 28, 4096, 4096 + 24])('junk from byte %i on', async (from) => {
    const path = await filled(100)
    const content = readFileSync(path)
    writeFileSync(path, content.fill(0x5a, from, from + 4096))
    await refused(path)
  })

  test.each([0, 100, 4096, 5000, 8192, 20_000, 65_536])('cut to %i bytes', async (length) => {
    const path = await filled(300)
    truncateSync(path, length)
    await refused(path)
  })

  test('the end of a large value is missing', async () => {
    const path = await filled(1, 300_000)
    truncateSync(path, 200_000)
    await refused(path)
  })
})

describe('a healthy file opens', () => {
  test.each([0, 1, 50, 5000])('with %i entries, closed and opened again', async (entries) => {
    const path = await filled(entries)
    const database = await databases.open(path, ['a', 'b'])
    expect([...database.entries('a')]).toHaveLength(entries)
    await database.close()
  })

  test('copied after any commit, as a crash leaves it', async () => {
    const path = fresh()
    const database = await databases.open(path, ['a', 'b'])
    for (let round = 0; round < 150; round++) {
      const batch = [...Array(1 + ((round * 37) % 90)).keys()].map((n) => {
        const write = entry((n * 31 + round * 7) % 400, (n * 977) % (n % 20 ? 1500 : 30_000))
        return (n + round) % 3 ? write : { ...write, value: undefined }
      })
      await database.write(batch)
      await checkDatabase(path)
      if (round % 30 !== 0) continue
      const copy = fresh()
      copyFileSync(path, copy)
      const again = await databases.open(copy, ['a', 'b'])
      expect([...again.entries('a')]).toEqual([...database.entries('a')])
      await again.close()
    }
    await database.close()
  }, 120_000)

  test('that is shorter than its last page, when nothing in use is missing', async () => {
    const path = await filled(300)
    const content = readFileSync(path)
    // Both meta pages claim ten pages more, as after pages freed by the commit that took them.
    for (const page of [0, 4096]) {
      const at = page + 144
      content.writeBigUInt64LE(BigInt(content.length / 4096 + 9), at)
    }
    writeFileSync(path, content)
    const database = await databases.open(path, ['a', 'b'])
    expect([...database.entries('a')]).toHaveLength(300)
    await database.write([entry(7, 100_000)])
    await database.close()
  })
})

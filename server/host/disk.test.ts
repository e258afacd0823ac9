/** The same promises of the Disk port, kept by the real disk, the one in memory, and the simulated one. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { FaultDisk } from '../../test/sim/fault-disk.js'
import type { Disk } from './disk.js'
import { MemoryDisk } from './disk-memory.js'
import { NodeDisk } from './disk-node.js'

const real = await mkdtemp(join(tmpdir(), 'disk-'))
afterAll(() => rm(real, { recursive: true }))

const bytes = (text: string) => Buffer.from(text)
const text = (found: Uint8Array) => Buffer.from(found).toString()

/** What every disk must do; each test has a directory of its own. */
describe.each<[string, () => Disk, string]>([
  ['NodeDisk', () => new NodeDisk(), real],
  ['MemoryDisk', () => new MemoryDisk(), '/memory'],
  ['FaultDisk', () => new FaultDisk().mount(), '/fault'],
])('%s', (_name, make, root) => {
  let count = 0
  async function start(): Promise<{ disk: Disk; at: (name: string) => string; directory: string }> {
    const disk = make()
    const directory = join(root, `d${++count}`, 'deep')
    await disk.makeDirectory(directory)
    return { disk, directory, at: (name) => join(directory, name) }
  }

  test('reads what was written, in pieces and across the end', async () => {
    const { disk, at } = await start()
    const file = await disk.open(at('a'), 'create')
    await file.writeAt(0, [bytes('hello '), new Uint8Array(0), bytes('world')])
    await file.writeAt(6, [bytes('there, world')])
    expect(file.size).toBe(18)
    expect(text(await file.readAt(0, 100))).toBe('hello there, world')
    expect(text(await file.readAt(6, 5))).toBe('there')
    expect((await file.readAt(18, 5)).length).toBe(0)
    expect((await file.readAt(500, 5)).length).toBe(0)
    await file.sync()
    await file.close()
    const again = await disk.open(at('a'), 'read')
    expect(again.size).toBe(18)
    expect(text(await again.readAt(13, 5))).toBe('world')
    await again.close()
  })

  test('writes thousands of chunks in one call', async () => {
    const { disk, at } = await start()
    const file = await disk.open(at('a'), 'create')
    const chunks = Array.from({ length: 3000 }, (_, i) => bytes(`${i},`))
    await file.writeAt(2, chunks)
    const expected = `\0\0${chunks.map(text).join('')}`
    expect(text(await file.readAt(0, file.size))).toBe(expected)
    await file.close()
  })

  test('fills the hole with zeros when writing beyond the end, also after truncating', async () => {
    const { disk, at } = await start()
    const file = await disk.open(at('a'), 'create')
    await file.writeAt(0, [bytes('abcdef')])
    await file.truncate(2)
    expect(file.size).toBe(2)
    await file.writeAt(4, [bytes('z')])
    expect([...(await file.readAt(0, 10))]).toEqual([97, 98, 0, 0, 122])
    await file.truncate(8)
    expect(file.size).toBe(8)
    expect((await file.readAt(5, 10)).length).toBe(3)
    await file.close()
  })

  test('does not hand out its own memory', async () => {
    const { disk, at } = await start()
    const file = await disk.open(at('a'), 'create')
    const given = bytes('abc')
    await file.writeAt(0, [given])
    given.fill(0)
    const got = await file.readAt(0, 3)
    got.fill(0)
    expect(text(await file.readAt(0, 3))).toBe('abc')
    await file.close()
  })

  test('creates only what does not exist, and opens only what does', async () => {
    const { disk, at } = await start()
    await expect(disk.open(at('a'), 'read')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(disk.open(at('a'), 'write')).rejects.toMatchObject({ code: 'ENOENT' })
    await (await disk.open(at('a'), 'create')).close()
    await expect(disk.open(at('a'), 'create')).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(disk.open(at('no/a'), 'create')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('refuses to write a file that is closed or was opened to read', async () => {
    const { disk, at } = await start()
    const file = await disk.open(at('a'), 'create')
    await file.close()
    await file.close()
    await expect(file.writeAt(0, [bytes('a')])).rejects.toMatchObject({ code: 'EBADF' })
    const reader = await disk.open(at('a'), 'read')
    await expect(reader.writeAt(0, [bytes('a')])).rejects.toThrow()
    await reader.close()
  })

  test('lists names in order, renames over what is there, and removes', async () => {
    const { disk, at, directory } = await start()
    for (const name of ['c', 'a', 'b']) {
      const file = await disk.open(at(name), 'create')
      await file.writeAt(0, [bytes(name)])
      await file.close()
    }
    await disk.makeDirectory(at('sub/deep'))
    expect(await disk.list(directory)).toEqual(['a', 'b', 'c', 'sub'])
    await disk.rename(at('c'), at('a'))
    await disk.remove(at('b'))
    await disk.syncDirectory(directory)
    expect(await disk.list(directory)).toEqual(['a', 'sub'])
    const file = await disk.open(at('a'), 'read')
    expect(text(await file.readAt(0, 1))).toBe('c')
    await file.close()
    await expect(disk.remove(at('b'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(disk.rename(at('b'), at('x'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(disk.list(at('no'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('makes a directory twice without complaint', async () => {
    const { disk, directory } = await start()
    await disk.makeDirectory(directory)
    expect(await disk.list(directory)).toEqual([])
  })

  test('keeps an open file readable after its name is gone', async () => {
    const { disk, at } = await start()
    const file = await disk.open(at('a'), 'create')
    await file.writeAt(0, [bytes('abc')])
    await disk.remove(at('a'))
    expect(text(await file.readAt(0, 3))).toBe('abc')
    await file.close()
  })

  test('locks a directory once, until it is released', async () => {
    const { disk, directory } = await start()
    const release = await disk.lock(directory)
    await expect(disk.lock(directory)).rejects.toMatchObject({ code: 'ELOCKED' })
    await release()
    await release()
    const again = await disk.lock(directory)
    await again()
  })
})

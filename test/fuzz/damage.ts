/**
 * What can happen to files at rest: bits flip, sectors are zeroed, swapped, written twice or
 * to the wrong place, files lose their end, get a tail of rubbish, or go away.
 *
 * Damage names its place by fractions of what is there, so a case stays meaningful when
 * something before it has changed the sizes.
 */

import type { Disk } from '../../server/host/disk.js'
import type { SeededRandom } from '../model/random.js'
import { fromHex, toHex } from './mutate.js'

/** One blow. Places are fractions, 0 to 1, of the list of files or of a file. */
export type Damage = {
  readonly kind:
    | 'flip'
    | 'zero'
    | 'write'
    | 'cut'
    | 'append'
    | 'swap'
    | 'copy'
    | 'remove'
    | 'exchange'
  readonly file: number
  readonly at: number
  /** Of a second place, in the file `otherFile`. */
  readonly other: number
  readonly otherFile: number
  /** Length of what is zeroed, swapped or copied. */
  readonly bytes: number
  /** Written or appended, as hexadecimal text. */
  readonly data: string
}

const SECTORS = [8, 32, 64, 512, 4096]

/** Some blows. */
export function drawDamage(random: SeededRandom, countMax: number): Damage[] {
  return Array.from({ length: random.between(1, countMax) }, () => ({
    kind: random.weighted({
      ...{ flip: 5, zero: 2, write: 2, cut: 3, append: 2, swap: 2, copy: 2 },
      ...{ remove: 0.7, exchange: 0.5 },
    }),
    file: random.next(),
    at: random.next(),
    other: random.next(),
    otherFile: random.chance(0.7) ? -1 : random.next(),
    bytes: random.pick(SECTORS),
    data: toHex(random.chance(0.3) ? Buffer.alloc(64) : random.bytes(random.between(1, 80))),
  }))
}

/** Strikes the files of a directory. */
export async function strike(disk: Disk, directory: string, blow: Damage): Promise<void> {
  const paths = (await disk.list(directory)).sort().map((name) => `${directory}/${name}`)
  if (paths.length === 0) return
  const path = paths[Math.floor(blow.file * paths.length)]!
  const otherPath = blow.otherFile < 0 ? path : paths[Math.floor(blow.otherFile * paths.length)]!
  if (blow.kind === 'remove') return disk.remove(path)
  const before = await readAll(disk, path)
  const other = otherPath === path ? before : await readAll(disk, otherPath)
  if (blow.kind === 'exchange') {
    await writeAll(disk, path, other)
    await writeAll(disk, otherPath, before)
    return
  }
  await writeAll(disk, path, changed(blow, before, other))
}

function changed(blow: Damage, before: Buffer, other: Buffer): Buffer {
  const after = Buffer.from(before)
  const sector = (fraction: number, of: Buffer) =>
    Math.floor((fraction * of.length) / blow.bytes) * blow.bytes
  const at = sector(blow.at, before)
  const from = sector(blow.other, other)
  const lent = other.subarray(from, from + blow.bytes)
  switch (blow.kind) {
    case 'flip': {
      const place = Math.floor(blow.at * before.length)
      if (place < after.length) after[place] = after[place]! ^ (1 << Math.floor(blow.other * 8))
      return after
    }
    case 'zero':
      return after.fill(0, at, Math.min(after.length, at + blow.bytes))
    case 'write':
      fromHex(blow.data).copy(after, Math.floor(blow.at * before.length))
      return after
    case 'cut':
      return after.subarray(0, Math.floor(blow.at * before.length))
    case 'append':
      return Buffer.concat([after, fromHex(blow.data)])
    case 'swap':
      if (other === before) before.copy(after, from, at, at + blow.bytes)
      lent.copy(after, at)
      return after
    default:
      lent.copy(after, at)
      return after
  }
}

/** The whole of a file. */
export async function readAll(disk: Disk, path: string): Promise<Buffer> {
  const file = await disk.open(path, 'read')
  try {
    return Buffer.from(await file.readAt(0, file.size))
  } finally {
    await file.close()
  }
}

/** Replaces what a file holds; makes the file if there is none. */
export async function writeAll(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = await disk
    .open(path, 'write')
    .catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? disk.open(path, 'create') : Promise.reject(error),
    )
  await file.truncate(0)
  await file.writeAt(0, [bytes])
  await file.close()
}

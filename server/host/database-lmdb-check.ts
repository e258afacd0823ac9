/**
 * Is this file an LMDB database, and all there? LMDB itself answers with a crash of the
 * process when it is not, since it reads through a memory map.
 *
 * 1. The first two pages are meta pages: a page header of 24 bytes with the flag `META`,
 *    then `MDB_meta` with magic, version, page size, last page and transaction. The meta
 *    page with the higher transaction counts. (Layout: mdb.c of the package, 64 bits.)
 * 2. The file reaches to the last page of that transaction: then it is whole.
 * 3. If it is shorter, it may still be healthy, for LMDB does not write pages at the end
 *    that were allocated and freed again by one commit. So the trees are walked, and only
 *    a page in use beyond the end of the file is damage.
 */

import { type FileHandle, open } from 'node:fs/promises'

const HEADER_BYTES = 24
const META_BYTES = 168
const MAGIC = 0xbeefc0de
const VERSION = 2
const PAGE = { branch: 0x01, leaf: 0x02, meta: 0x08 }
const NODE = { big: 0x01, table: 0x02 }
const NO_PAGE = 2n ** 64n - 1n
const DEPTH_MAX = 64

/** The file is not a whole LMDB database. */
export class DatabaseDamaged extends Error {
  override readonly name = 'DatabaseDamaged'
  /** Stable. */
  readonly code = 'DATABASE_DAMAGED'

  constructor(
    readonly path: string,
    detail: string,
  ) {
    super(
      `The database ${path} is damaged: ${detail}. Remove this member's data and let it join the cluster again, or restore a backup.`,
    )
  }
}

/** Only looks. @throws {@link DatabaseDamaged} */
export async function checkDatabase(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    const detail = await damageOf(file)
    if (detail) throw new DatabaseDamaged(path, detail)
  } finally {
    await file.close()
  }
}

async function damageOf(file: FileHandle): Promise<string | undefined> {
  const first = metaOf(await read(file, 0, META_BYTES))
  if (typeof first === 'string') return `its first page ${first}`
  const { pageBytes } = first
  if (pageBytes < 256 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0)
    return `it names an impossible page size, ${pageBytes}`
  const second = metaOf(await read(file, pageBytes, META_BYTES))
  if (typeof second === 'string') return `its second page ${second}`
  const meta = first.transaction >= second.transaction ? first : second
  if (meta.pageBytes !== pageBytes) return 'its first two pages disagree about the page size'
  const { size } = await file.stat()
  const needed = (meta.lastPage + 1n) * BigInt(pageBytes)
  if (BigInt(size) >= needed) return undefined
  const pages = { file, pageBytes, count: BigInt(Math.floor(size / pageBytes)) }
  for (const root of meta.roots)
    if (!(await reaches(pages, root, 0)))
      return `it ends after ${size} bytes of ${needed}, and what is missing is in use`
  return undefined
}

interface Meta {
  readonly pageBytes: number
  readonly roots: readonly bigint[]
  readonly lastPage: bigint
  readonly transaction: bigint
}

/** What the page says, or what is wrong with it. */
function metaOf(page: Buffer): Meta | string {
  if (page.length < META_BYTES) return 'is cut off'
  if ((page.readUInt16LE(18) & PAGE.meta) === 0 || page.readUInt32LE(HEADER_BYTES) !== MAGIC)
    return 'is not that of an LMDB database'
  const version = page.readUInt32LE(28) & 0xffff
  if (version !== VERSION) return `is of format ${version} instead of ${VERSION}`
  return {
    pageBytes: page.readUInt32LE(48),
    roots: [page.readBigUInt64LE(88), page.readBigUInt64LE(136)],
    lastPage: page.readBigUInt64LE(144),
    transaction: page.readBigUInt64LE(152),
  }
}

interface Pages {
  readonly file: FileHandle
  readonly pageBytes: number
  /** Whole pages in the file. */
  readonly count: bigint
}

/** Whether all pages of this tree are in the file. */
async function reaches(pages: Pages, number: bigint, depth: number): Promise<boolean> {
  if (number === NO_PAGE) return true
  if (number >= pages.count || depth > DEPTH_MAX) return false
  const page = await read(pages.file, Number(number) * pages.pageBytes, pages.pageBytes)
  const flags = page.readUInt16LE(18)
  if ((flags & (PAGE.branch | PAGE.leaf)) === 0) return false
  const nodes = (page.readUInt16LE(20) - HEADER_BYTES) >> 1
  for (let i = 0; i < nodes; i++) {
    const at = nodeAt(page, i)
    if (at < 0) return false
    if (flags & PAGE.branch) {
      const low = page.readUInt32LE(at)
      const child = BigInt(low) | (BigInt(page.readUInt16LE(at + 4)) << 32n)
      if (!(await reaches(pages, child, depth + 1))) return false
      continue
    }
    const data = at + 8 + page.readUInt16LE(at + 6)
    const kind = page.readUInt16LE(at + 4)
    if (kind & NODE.big) {
      if (data + 24 > page.length) return false
      const end = page.readBigUInt64LE(data) + page.readBigUInt64LE(data + 16)
      if (end > pages.count) return false
    } else if (kind & NODE.table) {
      if (data + 48 > page.length) return false
      if (!(await reaches(pages, page.readBigUInt64LE(data + 40), depth + 1))) return false
    }
  }
  return true
}

/** Where node `i` begins; negative when that is outside of the page. */
function nodeAt(page: Buffer, i: number): number {
  const pointer = HEADER_BYTES + 2 * i
  if (pointer + 2 > page.length) return -1
  const at = HEADER_BYTES + page.readUInt16LE(pointer)
  return at + 8 > page.length ? -1 : at
}

/** Fewer bytes at the end of the file. */
async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

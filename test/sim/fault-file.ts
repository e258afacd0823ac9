/**
 * The content of one file on a disk that may lose power.
 *
 * There are two versions of it: what a reader sees, and what is durable. In between is the
 * list of pending changes since the last sync. A write is pending as the images of the
 * sectors that it touches, as a page cache holds them: a sector that gets to the disk
 * brings along everything that was written into it before.
 *
 * `crash` decides for each pending change whether it got to the disk whole, not at all, or,
 * a write, in part: each sector for itself, and the new size for itself. A size that got
 * there without the data leaves zeros.
 */

import type { SeededRandom } from '../model/random.js'

/** Bytes that a disk writes whole or not at all. */
export const SECTOR_BYTES = 512

type Change =
  | {
      readonly kind: 'write'
      readonly sector: number
      readonly images: Uint8Array
      readonly end: number
    }
  | { readonly kind: 'truncate'; readonly size: number }

/** Bytes that grow; beyond `size` they are zeros up to the next sector. */
class Content {
  bytes: Uint8Array = new Uint8Array(0)
  size = 0

  /** Makes room; does not change the size. */
  reserve(length: number): void {
    if (length <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(sectorEnd(length), this.bytes.length * 2))
    grown.set(this.bytes)
    this.bytes = grown
  }

  truncate(size: number): void {
    this.reserve(size)
    this.bytes.fill(0, size)
    this.size = size
  }

  clone(): Content {
    const copy = new Content()
    copy.bytes = this.bytes.slice(0, sectorEnd(this.size))
    copy.size = this.size
    return copy
  }
}

/** One file, apart from its names. */
export class FaultFile {
  #seen = new Content()
  #durable = new Content()
  #pending: Change[] = []
  /** How many changes are pending no more, one way or the other. */
  #settled = 0

  get size(): number {
    return this.#seen.size
  }

  /** How many changes a crash may undo. */
  get pendingCount(): number {
    return this.#pending.length
  }

  /** What a reader sees. */
  read(offset: number, length: number): Uint8Array {
    const { bytes, size } = this.#seen
    return bytes.slice(Math.min(offset, size), Math.min(offset + length, size))
  }

  /** Pending until `commit`. */
  write(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const seen = this.#seen
    const end = offset + bytes.length
    seen.reserve(sectorEnd(end))
    seen.bytes.set(bytes, offset)
    seen.size = Math.max(seen.size, end)
    const sector = Math.floor(offset / SECTOR_BYTES)
    // From Node's pool: an array of its own costs many times as much, and lives as short.
    const touched = seen.bytes.subarray(sector * SECTOR_BYTES, sectorEnd(end))
    const images = Buffer.allocUnsafe(touched.length)
    images.set(touched)
    this.#pending.push({ kind: 'write', sector, images, end })
  }

  /** Pending until `commit`. */
  truncate(size: number): void {
    this.#seen.truncate(size)
    this.#pending.push({ kind: 'truncate', size })
  }

  /** A mark for `commit`: everything up to now. */
  mark(): number {
    return this.#settled + this.#pending.length
  }

  /** What was pending at the mark is durable. */
  commit(mark: number): void {
    const covered = this.#pending.splice(0, Math.max(0, mark - this.#settled))
    for (const change of covered) apply(this.#durable, change)
    this.#settled += covered.length
  }

  /**
   * A sync failed: what was pending will never be written, although it may still be read
   * from the cache (ext4) or not (XFS).
   */
  dropPending(keepInCache: boolean): void {
    this.#settled += this.#pending.length
    this.#pending = []
    if (!keepInCache) this.#seen = this.#durable.clone()
  }

  /** Power is lost. */
  crash(random: SeededRandom): void {
    const durable = this.#durable
    for (const change of this.#pending) {
      const fate = random.weighted({ kept: 1, lost: 1, torn: change.kind === 'write' ? 1 : 0 })
      if (fate === 'kept') apply(durable, change)
      else if (fate === 'torn' && change.kind === 'write') tear(durable, change, random)
    }
    this.#settled += this.#pending.length
    this.#pending = []
    this.#seen = durable.clone()
  }

  /** Turns over one bit for good, as if the medium had gone bad there. */
  flipBit(offset: number, bit: number): void {
    for (const content of [this.#seen, this.#durable])
      if (offset < content.size) content.bytes[offset]! ^= 1 << bit
  }
}

function apply(content: Content, change: Change): void {
  if (change.kind === 'truncate') {
    content.truncate(change.size)
    return
  }
  const at = change.sector * SECTOR_BYTES
  content.reserve(at + change.images.length)
  content.bytes.set(change.images, at)
  content.size = Math.max(content.size, change.end)
}

function tear(content: Content, change: Change & { kind: 'write' }, random: SeededRandom): void {
  const at = change.sector * SECTOR_BYTES
  content.reserve(at + change.images.length)
  let end = 0
  for (let from = 0; from < change.images.length; from += SECTOR_BYTES) {
    if (random.chance(0.5)) continue
    content.bytes.set(change.images.subarray(from, from + SECTOR_BYTES), at + from)
    end = Math.min(at + from + SECTOR_BYTES, change.end)
  }
  if (random.chance(0.5)) end = change.end
  content.size = Math.max(content.size, end)
}

function sectorEnd(length: number): number {
  return Math.ceil(length / SECTOR_BYTES) * SECTOR_BYTES
}

/**
 * The frame around everything in the log: 32 bytes of header, the payload, zeros up to
 * the next multiple of 8. All numbers are little-endian.
 *
 *      0  u16  0xc01a
 *      2  u8   type
 *      3  u8   1 when more records of the same append follow, else 0
 *      4  u32  payload bytes
 *      8  u32  `previous`: the `crc` of the record before (of the segment header for the first)
 *     12  u32  `crc`: CRC-32C of the payload, seeded with `previous`
 *     16  u32  `synced`, low half: the file was durable up to here when this was written
 *     20  u32  `synced`, high half
 *     24  u32  the offset of this record in its file, modulo 2^32
 *     28  u32  CRC-32C of bytes 0 to 28, seeded with the CRC of the segment header
 *
 * Three questions are answered by it, each on its own:
 *
 *  - Is this record whole, and is it the one that belongs here? `crc` and `previous`: a
 *    record stands only on exactly those before it.
 *  - Is this a header of this very place, although what stands before it is broken? The
 *    header's own CRC, its offset and its segment: a stale, copied or misdirected record
 *    does not pass, nor does data of a client that looks like one.
 *  - Was the broken part ever durable? A later header says so with `synced`. This is what
 *    tells a torn tail, which a crash may leave, from damage, which nothing may.
 *
 * {@link RecordWriter} packs headers and small payloads into blocks and passes large data
 * on as it is, so that a batch is one `writev`.
 */

import { crc32c } from './crc32c.js'

/** Bytes of a record's header. */
export const RECORD_HEADER_BYTES = 32

/** Records start at multiples of this. */
export const RECORD_ALIGN = 8

/** Largest payload, in bytes: far beyond any request, and small enough to read in one piece. */
export const RECORD_BYTES_MAX = 256 * 1024 * 1024

const MAGIC = 0xc01a
const TWO_32 = 0x1_0000_0000

/** Data up to this size is copied beside its header; larger data stays a chunk of its own. */
const COPY_BYTES_MAX = 2048

/** Size of the blocks that headers are packed into, in bytes. */
export const BLOCK_BYTES = 64 * 1024

/** What a payload is. */
export const RecordType = {
  /** 20 bytes (index, term, entry type), then the entry's data untouched. */
  ENTRY: 1,
  /** A `HardState` message. */
  HARD_STATE: 2,
  /** One byte: 1 when the log before it is void, else 0; then a `SnapshotMetadata` message. */
  SNAPSHOT: 3,
  /** Empty. The log was closed in peace: all before it is durable. */
  CLOSED: 4,
} as const
/** A value of {@link RecordType}. */
export type RecordType = (typeof RecordType)[keyof typeof RecordType]

/** A header that passed its own check. */
export interface RecordHeader {
  readonly type: number
  /** Whether the next record belongs to the same append. */
  readonly more: boolean
  /** Payload bytes. */
  readonly length: number
  readonly previous: number
  readonly crc: number
  /** Offset up to which the file was durable when this record was written. */
  readonly synced: number
}

/** What a record takes in the file, for a payload of this length. */
export function recordBytes(length: number): number {
  return align(RECORD_HEADER_BYTES + length)
}

function align(length: number): number {
  return Math.ceil(length / RECORD_ALIGN) * RECORD_ALIGN
}

/** Writes `value`, a whole number below 2^53, as eight bytes. */
export function writeUint53(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % TWO_32, at)
  bytes.writeUInt32LE(Math.floor(value / TWO_32), at + 4)
}

/** Reads what {@link writeUint53} wrote. */
export function readUint53(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * TWO_32
}

/**
 * The header at `at` in `bytes`, or undefined when there is none that belongs there.
 *
 * @param offset where the header stands in the file.
 * @param segmentCrc CRC of the segment's header.
 */
export function readRecordHeader(
  bytes: Buffer,
  at: number,
  offset: number,
  segmentCrc: number,
): RecordHeader | undefined {
  if (bytes.readUInt16LE(at) !== MAGIC) return undefined
  if (bytes.readUInt32LE(at + 24) !== offset % TWO_32) return undefined
  if (bytes.readUInt32LE(at + 28) !== crc32c(bytes, segmentCrc, at, at + 28)) return undefined
  return {
    type: bytes[at + 2]!,
    more: bytes[at + 3] === 1,
    length: bytes.readUInt32LE(at + 4),
    previous: bytes.readUInt32LE(at + 8),
    crc: bytes.readUInt32LE(at + 12),
    synced: readUint53(bytes, at + 16),
  }
}

/** Turns records into chunks for one write. Use once per batch. */
export class RecordWriter {
  readonly #segmentCrc: number
  readonly #synced: number
  readonly #chunks: Uint8Array[] = []
  #block: Buffer
  /** Start of what is in the block but not yet among the chunks. */
  #from = 0
  #at = 0
  #offset: number
  #previous: number

  /**
   * @param segmentCrc CRC of the segment's header.
   * @param offset where the first record will stand in the file.
   * @param previous `crc` of the record before it.
   * @param synced offset up to which the file is durable now.
   * @param block where the first records are put; free again once the chunks are written.
   */
  constructor(
    segmentCrc: number,
    offset: number,
    previous: number,
    synced: number,
    block: Buffer = Buffer.allocUnsafe(0),
  ) {
    this.#block = block
    this.#segmentCrc = segmentCrc
    this.#offset = offset
    this.#previous = previous
    this.#synced = synced
  }

  /** Where the next record will stand in the file. */
  get offset(): number {
    return this.#offset
  }

  /** `crc` of the last record. */
  get previous(): number {
    return this.#previous
  }

  /** Adds a record whose payload is `prefix` followed by `data`. Keeps `data` until written. */
  add(type: RecordType, more: boolean, prefix: Uint8Array, data?: Uint8Array): void {
    const length = prefix.length + (data?.length ?? 0)
    if (length > RECORD_BYTES_MAX)
      throw new RangeError(`a log record of ${length} bytes exceeds ${RECORD_BYTES_MAX}`)
    const separate = data !== undefined && data.length > COPY_BYTES_MAX
    const end = recordBytes(length)
    this.#reserve(separate ? end - data.length : end)
    let crc = crc32c(prefix, this.#previous)
    if (data !== undefined) crc = crc32c(data, crc)
    this.#header(type, more, length, crc)
    this.#copy(prefix)
    if (data !== undefined) {
      if (separate) {
        this.#flush()
        this.#chunks.push(data)
      } else this.#copy(data)
    }
    const padding = end - RECORD_HEADER_BYTES - length
    this.#block.fill(0, this.#at, this.#at + padding)
    this.#at += padding
    this.#offset += end
    this.#previous = crc
  }

  /** The bytes of all records, in order. */
  finish(): Uint8Array[] {
    this.#flush()
    return this.#chunks
  }

  #header(type: RecordType, more: boolean, length: number, crc: number): void {
    const block = this.#block
    const at = this.#at
    block.writeUInt16LE(MAGIC, at)
    block[at + 2] = type
    block[at + 3] = more ? 1 : 0
    block.writeUInt32LE(length, at + 4)
    block.writeUInt32LE(this.#previous, at + 8)
    block.writeUInt32LE(crc, at + 12)
    writeUint53(block, this.#synced, at + 16)
    block.writeUInt32LE(this.#offset % TWO_32, at + 24)
    block.writeUInt32LE(crc32c(block, this.#segmentCrc, at, at + 28), at + 28)
    this.#at += RECORD_HEADER_BYTES
  }

  #reserve(length: number): void {
    if (this.#block.length - this.#at >= length) return
    this.#flush()
    this.#block = Buffer.allocUnsafe(Math.max(BLOCK_BYTES, length))
    this.#from = 0
    this.#at = 0
  }

  #copy(bytes: Uint8Array): void {
    this.#block.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #flush(): void {
    if (this.#at > this.#from) this.#chunks.push(this.#block.subarray(this.#from, this.#at))
    this.#from = this.#at
  }
}

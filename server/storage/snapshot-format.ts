/**
 * The form of a snapshot, on the wire and in a file:
 *
 *   magic     8 bytes, the last one is the version of the format
 *   frame*    u32 length of body, u32 CRC-32C, body; all numbers little-endian
 *
 *   body      u8 kind, then
 *     METADATA  SnapshotMetadata as protobuf          the first frame, once
 *     RECORDS   u8 length of table name, table name,
 *               then records until the body ends:
 *               u16 key length, u32 value length, key, value
 *     FOOTER    u64 number of records, u64 bytes before this frame, u32 CRC before it
 *                                                     the last frame, once
 *
 * The CRC of a frame covers its length and its body and continues that of the frame
 * before, beginning with the magic. So the CRC in the footer is one of everything, a
 * frame cannot be left out, repeated or moved, and the footer can be checked alone.
 */

import { encodeBytes } from '../../client/wire/codec.js'
import { SnapshotMetadata } from '../../client/wire/generated/raft.js'
import { crc32c } from './crc32c.js'

/** How every snapshot begins: a name and the version of the format. */
export const MAGIC: Uint8Array = Buffer.from('CNCLSNP\x01', 'latin1')

/** Length and CRC in front of every body. */
export const FRAME_HEADER_BYTES = 8
/** The largest frame: far more than the largest value, so that nobody must hold more at once. */
export const FRAME_BYTES_MAX = 64 * 2 ** 20
/** The footer frame is always this long. */
export const FOOTER_BYTES: number = FRAME_HEADER_BYTES + 1 + 8 + 8 + 4
/** Lengths in front of key and value. */
export const RECORD_HEADER_BYTES = 6

/** First byte of a body. */
export const FrameKind = { METADATA: 1, RECORDS: 2, FOOTER: 3 } as const

/** A key of a table and its value. */
export type SnapshotEntry = readonly [key: string, value: Uint8Array]

/** The bytes are not a whole snapshot. They came to harm on the way or on the disk; get another one. */
export class SnapshotDamaged extends Error {
  override readonly name = 'SnapshotDamaged'
  readonly code = 'SNAPSHOT_DAMAGED'
}

/** The CRC of a frame. @param before that of the frame before, or of the magic. */
export function frameCrc(frame: Uint8Array, before: number): number {
  return crc32c(frame.subarray(FRAME_HEADER_BYTES), crc32c(frame.subarray(0, 4), before))
}

/** Makes the frames of one snapshot, in order. */
export class SnapshotEncoder {
  #crc = crc32c(MAGIC)
  #bytes = MAGIC.length
  #records = 0

  /** The beginning: magic and metadata. */
  metadata(metadata: SnapshotMetadata): Uint8Array {
    const message = encodeBytes(SnapshotMetadata, metadata)
    const frame = newFrame(FrameKind.METADATA, message.length)
    frame.set(message, FRAME_HEADER_BYTES + 1)
    return Buffer.concat([MAGIC, this.#seal(frame)])
  }

  /** Some entries of one table. */
  records(table: string, entries: readonly SnapshotEntry[]): Uint8Array {
    let length = 1 + table.length
    for (const [key, value] of entries) length += RECORD_HEADER_BYTES + key.length + value.length
    const frame = newFrame(FrameKind.RECORDS, length)
    let at = FRAME_HEADER_BYTES + 1
    at = frame.writeUInt8(table.length, at)
    at += frame.write(table, at, 'latin1')
    for (const [key, value] of entries) {
      at = frame.writeUInt16LE(key.length, at)
      at = frame.writeUInt32LE(value.length, at)
      at += frame.write(key, at, 'latin1')
      frame.set(value, at)
      at += value.length
    }
    this.#records += entries.length
    return this.#seal(frame)
  }

  /** The end. */
  footer(): Uint8Array {
    const frame = newFrame(FrameKind.FOOTER, FOOTER_BYTES - FRAME_HEADER_BYTES - 1)
    let at = frame.writeBigUInt64LE(BigInt(this.#records), FRAME_HEADER_BYTES + 1)
    at = frame.writeBigUInt64LE(BigInt(this.#bytes), at)
    frame.writeUInt32LE(this.#crc, at)
    return this.#seal(frame)
  }

  #seal(frame: Buffer): Buffer {
    const length = frame.length - FRAME_HEADER_BYTES
    if (frame.length > FRAME_BYTES_MAX) throw new Error(`A frame of ${length} bytes is too large`)
    frame.writeUInt32LE(length, 0)
    this.#crc = frameCrc(frame, this.#crc)
    frame.writeUInt32LE(this.#crc, 4)
    this.#bytes += frame.length
    return frame
  }
}

function newFrame(kind: number, length: number): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + 1 + length)
  frame[FRAME_HEADER_BYTES] = kind
  return frame
}

/**
 * Reads a snapshot from chunks of any size and believes none of it before its CRC was checked.
 *
 * It holds one frame at most. A frame that lies within one chunk is not copied.
 */

import { InvalidMessage } from '../../client/wire/codec.js'
import { SnapshotMetadata } from '../../client/wire/generated/raft.js'
import { crc32c } from './crc32c.js'
import type { SnapshotEntry } from './snapshot-format.js'
import {
  FOOTER_BYTES,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  FrameKind,
  frameCrc,
  MAGIC,
  RECORD_HEADER_BYTES,
  SnapshotDamaged,
} from './snapshot-format.js'

/** What a decoder finds, in order. */
export interface SnapshotSink {
  metadata(metadata: SnapshotMetadata): void
  /** Values are parts of the chunks that were fed. */
  records(table: string, entries: SnapshotEntry[]): void
}

/** Where a decoder is: before the magic, before the metadata, among the records, behind the footer. */
type Place = 'magic' | 'metadata' | 'records' | 'end'

/** Decodes one snapshot. */
export class SnapshotDecoder {
  readonly #sink: SnapshotSink
  #place: Place = 'magic'
  /** Not decoded yet; shorter than a frame between two calls. */
  #rest: Uint8Array[] = []
  #restBytes = 0
  #crc = crc32c(MAGIC)
  #bytes = MAGIC.length
  #records = 0

  constructor(sink: SnapshotSink) {
    this.#sink = sink
  }

  /** The footer was there and everything is right. */
  get finished(): boolean {
    return this.#place === 'end'
  }

  /** Bytes that wait for the rest of their frame. */
  get bufferedBytes(): number {
    return this.#restBytes
  }

  /**
   * @param chunk must not change afterwards.
   * @throws {SnapshotDamaged} then the decoder must not be used any more.
   */
  feed(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.#place === 'end') throw new SnapshotDamaged('The snapshot goes on behind its end')
    this.#rest.push(chunk)
    this.#restBytes += chunk.length
    for (;;) {
      const needed = this.#needed()
      if (needed === 0 || this.#restBytes < needed) return
      const bytes = this.#take(needed)
      if (this.#place === 'magic') this.#magic(bytes)
      else this.#frame(bytes)
    }
  }

  /** @throws {SnapshotDamaged} the snapshot ended before its footer. */
  end(): void {
    if (!this.finished)
      throw new SnapshotDamaged(`The snapshot ends early, after ${this.#bytes} good bytes`)
  }

  /** Bytes of what comes next, or as many as it takes to know. */
  #needed(): number {
    if (this.#place === 'magic') return MAGIC.length
    if (this.#place === 'end') {
      if (this.#restBytes > 0) throw new SnapshotDamaged('The snapshot goes on behind its end')
      return 0
    }
    if (this.#restBytes < FRAME_HEADER_BYTES) return FRAME_HEADER_BYTES
    const first = this.#join(FRAME_HEADER_BYTES)
    const length = viewOf(first).getUint32(0, true) + FRAME_HEADER_BYTES
    if (length > FRAME_BYTES_MAX || length === FRAME_HEADER_BYTES)
      throw this.#damaged(`a frame of ${length} bytes`)
    return length
  }

  /** Makes the first `bytes` of the rest lie in one piece; returns that piece, which may be longer. */
  #join(bytes: number): Uint8Array {
    const first = this.#rest[0]!
    if (first.length >= bytes) return first
    const joined = Buffer.concat(this.#rest)
    this.#rest = [joined]
    return joined
  }

  #take(bytes: number): Uint8Array {
    const first = this.#join(bytes)
    this.#restBytes -= bytes
    if (first.length === bytes) this.#rest.shift()
    else this.#rest[0] = first.subarray(bytes)
    return first.subarray(0, bytes)
  }

  #magic(bytes: Uint8Array): void {
    if (Buffer.compare(bytes.subarray(0, 7), MAGIC.subarray(0, 7)) !== 0)
      throw new SnapshotDamaged('This is not a snapshot: it does not begin with the magic bytes')
    if (bytes[7] !== MAGIC[7])
      throw new SnapshotDamaged(
        `The snapshot has version ${bytes[7]} of the format; this program reads ${MAGIC[7]}`,
      )
    this.#place = 'metadata'
  }

  #frame(frame: Uint8Array): void {
    const view = viewOf(frame)
    const before = this.#crc
    this.#crc = frameCrc(frame, before)
    if (view.getUint32(4, true) !== this.#crc) throw this.#damaged('a wrong checksum')
    const kind = frame[FRAME_HEADER_BYTES]
    if (this.#place === 'metadata' && kind === FrameKind.METADATA) {
      this.#sink.metadata(decodeMetadata(frame))
      this.#place = 'records'
    } else if (this.#place === 'records' && kind === FrameKind.RECORDS) {
      this.#decodeRecords(frame, view)
    } else if (this.#place === 'records' && kind === FrameKind.FOOTER) {
      const footer = readFooter(frame)
      if (footer.records !== this.#records || footer.bytes !== this.#bytes || footer.crc !== before)
        throw this.#damaged('a footer that does not fit')
      this.#place = 'end'
    } else {
      throw this.#damaged(`an unexpected frame of kind ${kind}`)
    }
    this.#bytes += frame.length
  }

  #decodeRecords(frame: Uint8Array, view: DataView): void {
    const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length)
    let at = FRAME_HEADER_BYTES + 2
    const nameLength = frame[FRAME_HEADER_BYTES + 1] ?? 0
    const table = bytes.toString('latin1', at, at + nameLength)
    at += nameLength
    const entries: SnapshotEntry[] = []
    while (at < frame.length) {
      if (at + RECORD_HEADER_BYTES > frame.length) throw this.#damaged('a cut record')
      const keyEnd = at + RECORD_HEADER_BYTES + view.getUint16(at, true)
      const end = keyEnd + view.getUint32(at + 2, true)
      if (end > frame.length) throw this.#damaged('a cut record')
      const key = bytes.toString('latin1', at + RECORD_HEADER_BYTES, keyEnd)
      entries.push([key, frame.subarray(keyEnd, end)])
      at = end
    }
    this.#records += entries.length
    this.#sink.records(table, entries)
  }

  #damaged(what: string): SnapshotDamaged {
    return new SnapshotDamaged(`The snapshot is damaged: ${what} at byte ${this.#bytes}`)
  }
}

function decodeMetadata(frame: Uint8Array): SnapshotMetadata {
  try {
    return SnapshotMetadata.decode(frame.subarray(FRAME_HEADER_BYTES + 1))
  } catch (cause) {
    if (!(cause instanceof InvalidMessage)) throw cause
    throw new SnapshotDamaged('The metadata of the snapshot cannot be read', { cause })
  }
}

interface Footer {
  readonly records: number
  /** Bytes and CRC of everything before the footer. */
  readonly bytes: number
  readonly crc: number
}

/**
 * Reads a footer frame, checking it against itself only.
 *
 * @throws {SnapshotDamaged} it is none.
 */
export function readFooter(frame: Uint8Array): Footer {
  const view = viewOf(frame)
  if (frame.length === FOOTER_BYTES && frame[FRAME_HEADER_BYTES] === FrameKind.FOOTER) {
    const at = FRAME_HEADER_BYTES + 1
    const crc = view.getUint32(at + 16, true)
    const records = Number(view.getBigUint64(at, true))
    const bytes = Number(view.getBigUint64(at + 8, true))
    if (view.getUint32(4, true) === frameCrc(frame, crc)) return { records, bytes, crc }
  }
  throw new SnapshotDamaged('The snapshot does not end with a footer')
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

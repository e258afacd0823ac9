/**
 * Reads one segment and says where it ends well, and whether what follows may be dropped.
 *
 * Records are taken one after another as long as each is whole and stands on the one
 * before it; a group is handed on when its last record was taken. Where that ends, at
 * the end of the file or at the first thing that is no record, two cases look alike:
 *
 *  - A torn tail. The power went while a write was under way: its sectors are there or
 *    not, in any pattern, also whole records behind a hole. Nobody was told that it is
 *    safe, so it is dropped.
 *  - Damage. The bytes were durable once and are not what they were.
 *
 * A write starts only when it knows how far the file is durable, and its records say so
 * in `synced`. So any header behind the break (at every multiple of 8, up to the end of
 * the file) with a `synced` beyond the beginning of the broken group proves damage.
 * No such header: nothing was synced after the broken group, and it was at most the last
 * one. A last group that was synced and then damaged cannot be told from a torn one,
 * unless the log was closed in peace, which leaves a record that says so.
 */

import { crc32c } from './crc32c.js'
import type { FileWindow } from './file-window.js'
import {
  RECORD_ALIGN,
  RECORD_BYTES_MAX,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  readRecordHeader,
  recordBytes,
} from './wal-record.js'
import { SEGMENT_HEADER_BYTES } from './wal-segment.js'

/** A record that is whole and in its place. The payload is valid until the next one. */
export interface FoundRecord {
  readonly type: number
  readonly payload: Buffer
  readonly offset: number
}

/** How a segment ends. */
export interface SegmentEnd {
  /** Where the last whole group ends. */
  readonly end: number
  /** `crc` of its last record. */
  readonly crc: number
  /** The file is known to be durable up to here. */
  readonly synced: number
  /** Where reading stopped; `end` or beyond. */
  readonly stopped: number
  /** What follows was durable once, so this is damage and no torn tail. */
  readonly damaged: boolean
}

/** Bytes looked through at once for later headers. */
const SEARCH_BYTES = 256 * 1024

/** Hands every whole group to `take` and finds the end. */
export async function scanSegment(
  window: FileWindow,
  segmentCrc: number,
  take: (record: FoundRecord) => void,
): Promise<SegmentEnd> {
  let end = SEGMENT_HEADER_BYTES
  let at = end
  let endCrc = segmentCrc
  let crc = segmentCrc
  let synced = 0
  let group: FoundRecord[] = []
  for (;;) {
    // Most of it is in the window already, and an await for each record would cost more than it.
    const head =
      window.held(at, RECORD_HEADER_BYTES) ?? (await window.view(at, RECORD_HEADER_BYTES))
    const header = checkHeader(head, at, window.size, segmentCrc, crc)
    if (header === undefined) break
    const from = at + RECORD_HEADER_BYTES
    const length = recordBytes(header.length) - RECORD_HEADER_BYTES
    const payload = checkPayload(
      window.held(from, length) ?? (await window.view(from, length)),
      header,
    )
    if (payload === undefined) break
    const record = { type: header.type, payload, offset: at }
    // Only a group of one is read in place; the window moves on under a longer one.
    if (header.more || group.length > 0) group.push({ ...record, payload: Buffer.from(payload) })
    else take(record)
    synced = Math.max(synced, header.synced)
    crc = header.crc
    at += recordBytes(header.length)
    if (header.more) continue
    for (const member of group) take(member)
    group = []
    end = at
    endCrc = crc
  }
  const torn = end < window.size
  const damaged = torn && (await durableOnce(window, at, end, segmentCrc))
  return { end, crc: endCrc, synced, stopped: at, damaged }
}

/** The header that stands at `at`, if it follows the record with CRC `previous` and fits the file. */
function checkHeader(
  bytes: Buffer,
  at: number,
  size: number,
  segmentCrc: number,
  previous: number,
): RecordHeader | undefined {
  if (bytes.length < RECORD_HEADER_BYTES) return undefined
  const header = readRecordHeader(bytes, 0, at, segmentCrc)
  if (header === undefined || header.previous !== previous) return undefined
  if (header.length > RECORD_BYTES_MAX) return undefined
  return at + recordBytes(header.length) <= size ? header : undefined
}

/** The payload without its padding, if all is as the header says. */
function checkPayload(bytes: Buffer, header: RecordHeader): Buffer | undefined {
  const { length, previous, crc } = header
  if (bytes.length < recordBytes(length) - RECORD_HEADER_BYTES) return undefined
  for (let pad = length; pad < bytes.length; pad++) if (bytes[pad] !== 0) return undefined
  const payload = bytes.subarray(0, length)
  return crc32c(payload, previous) === crc ? payload : undefined
}

/** Whether a header from `from` on proves that the file was durable beyond `end` once. */
async function durableOnce(
  window: FileWindow,
  from: number,
  end: number,
  segmentCrc: number,
): Promise<boolean> {
  let at = from
  while (at + RECORD_HEADER_BYTES <= window.size) {
    const bytes = await window.view(at, SEARCH_BYTES)
    const last = bytes.length - RECORD_HEADER_BYTES
    if (last < 0) break
    let local = 0
    for (; local <= last; local += RECORD_ALIGN) {
      const header = readRecordHeader(bytes, local, at + local, segmentCrc)
      if (header !== undefined && header.synced > end) return true
    }
    at += local
  }
  return false
}

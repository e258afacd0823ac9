/**
 * The files of the log. Each is a segment: a header of 64 bytes, a group with the state so
 * far (snapshot marker and hard state, so that older segments may go), then the records.
 *
 *      0  "conclwal"        8  u32  format version, 1       12  u32  0
 *     16  u64  sequence: 1, 2, 3, ...                       24  u64  index of the next entry
 *     32  u64  cluster id                                   40  u64  member id
 *     48  u64  size of the segment before                   56  u32  its last `crc`
 *     60  u32  CRC-32C of bytes 0 to 60
 *
 * The name holds sequence and index in hexadecimal, so names sort as the segments follow.
 *
 * A segment appears whole or not at all: it is written under a temporary name, synced,
 * renamed, and the directory synced, before any record goes into it and only after the
 * segment before was synced to its end. So a named segment with a broken beginning, or
 * one that is not the last and has a broken end, was damaged: no crash does that.
 */

import { join } from 'node:path'
import type { HardState, SnapshotMetadata } from '../../client/wire/generated/raft.js'
import type { Disk, File } from '../host/disk.js'
import { crc32c } from './crc32c.js'
import { writeGroup } from './wal-group.js'
import { RecordWriter, readUint53, writeUint53 } from './wal-record.js'

/** Bytes of a segment's header. */
export const SEGMENT_HEADER_BYTES = 64

/** What a segment that is not finished is called at its end; removed when the log is opened. */
export const UNFINISHED_SUFFIX = '.unfinished'

/** Room for the first group; it takes more where it must. */
const STATE_BYTES = 1024

const MAGIC = 'conclwal'
const VERSION = 1
const NAME = /^([0-9a-f]{16})-([0-9a-f]{16})\.log$/

/** What a segment says of itself. */
export interface SegmentHeader {
  readonly sequence: number
  /** Index of the entry that would follow the log as it was before this segment. */
  readonly nextIndex: number
  readonly clusterId: bigint
  readonly memberId: bigint
  /** Size of the segment before, 0 in the first. */
  readonly previousBytes: number
  /** `crc` of the last record before, 0 in the first. */
  readonly previousCrc: number
}

/** A segment of the log on disk. */
export interface Segment {
  readonly sequence: number
  readonly name: string
  /** No entry record in it has a higher index. */
  indexMax: number
}

/** A segment that is open at its end. */
export interface OpenSegment {
  readonly file: File
  readonly segment: Segment
  /** CRC of its header. */
  readonly segmentCrc: number
  /** Where the next record goes. */
  readonly end: number
  /** `crc` of the last record. */
  readonly crc: number
}

/** The file name of a segment. */
export function segmentName(sequence: number, nextIndex: number): string {
  const hex = (value: number) => value.toString(16).padStart(16, '0')
  return `${hex(sequence)}-${hex(nextIndex)}.log`
}

/** The sequence number in a segment's name; undefined when the name is no segment's. */
export function segmentSequence(name: string): number | undefined {
  const match = NAME.exec(name)
  return match === null ? undefined : Number.parseInt(match[1]!, 16)
}

/** The names of all segments of a log in order; none when the directory does not exist. */
export async function listSegments(disk: Disk, directory: string): Promise<string[]> {
  try {
    const names = await disk.list(directory)
    return names.filter((name) => segmentSequence(name) !== undefined)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return []
    throw error
  }
}

/** Removes segments that a crash left unfinished. */
export async function removeUnfinished(disk: Disk, directory: string): Promise<void> {
  for (const name of await disk.list(directory))
    if (name.endsWith(UNFINISHED_SUFFIX)) await disk.remove(join(directory, name))
}

/** Reads a segment's header; the reason in words when it is none. */
export function decodeSegmentHeader(
  bytes: Buffer,
): { header: SegmentHeader; crc: number } | string {
  if (bytes.length < SEGMENT_HEADER_BYTES) return 'is shorter than a segment header'
  if (bytes.toString('latin1', 0, 8) !== MAGIC) return 'does not begin like a segment of this log'
  const crc = bytes.readUInt32LE(60)
  if (crc !== crc32c(bytes, 0, 0, 60)) return 'has a broken header'
  const version = bytes.readUInt32LE(8)
  if (version !== VERSION)
    return `has format version ${version}, and this release reads only ${VERSION}`
  const header: SegmentHeader = {
    sequence: readUint53(bytes, 16),
    nextIndex: readUint53(bytes, 24),
    clusterId: bytes.readBigUInt64LE(32),
    memberId: bytes.readBigUInt64LE(40),
    previousBytes: readUint53(bytes, 48),
    previousCrc: bytes.readUInt32LE(56),
  }
  return { header, crc }
}

function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  bytes.write(MAGIC, 0, 'latin1')
  bytes.writeUInt32LE(VERSION, 8)
  writeUint53(bytes, header.sequence, 16)
  writeUint53(bytes, header.nextIndex, 24)
  bytes.writeBigUInt64LE(header.clusterId, 32)
  bytes.writeBigUInt64LE(header.memberId, 40)
  writeUint53(bytes, header.previousBytes, 48)
  bytes.writeUInt32LE(header.previousCrc, 56)
  bytes.writeUInt32LE(crc32c(bytes, 0, 0, 60), 60)
  return bytes
}

/** Makes a segment that survives any crash once this resolves. */
export async function createSegment(
  disk: Disk,
  directory: string,
  header: SegmentHeader,
  state: { readonly snapshot: SnapshotMetadata; readonly hardState: HardState },
): Promise<OpenSegment> {
  const name = segmentName(header.sequence, header.nextIndex)
  const start = encodeSegmentHeader(header)
  const segmentCrc = start.readUInt32LE(60)
  const block = Buffer.allocUnsafe(STATE_BYTES)
  const writer = new RecordWriter(segmentCrc, SEGMENT_HEADER_BYTES, segmentCrc, 0, block)
  writeGroup(writer, state)
  const path = join(directory, name)
  const file = await disk.open(path + UNFINISHED_SUFFIX, 'create')
  try {
    await file.writeAt(0, [start, ...writer.finish()])
    await file.sync()
    await disk.rename(path + UNFINISHED_SUFFIX, path)
    await disk.syncDirectory(directory)
  } catch (error) {
    await file.close().catch(() => {})
    throw error
  }
  const segment = { sequence: header.sequence, name, indexMax: 0 }
  return { file, segment, segmentCrc, end: writer.offset, crc: writer.previous }
}

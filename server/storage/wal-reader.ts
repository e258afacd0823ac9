/**
 * Reads the whole log: every segment in order, each checked against the one before.
 *
 * Only the last segment may end badly, and only in a way that a crash explains; anything
 * else is {@link WalDamaged}. Reading changes nothing.
 */

import { join } from 'node:path'
import { InvalidMessage } from '../../client/wire/codec.js'
import type { Disk } from '../host/disk.js'
import { FileWindow } from './file-window.js'
import { WalDamaged } from './wal-damaged.js'
import { LogNonsense, type WalContents, WalReplay } from './wal-replay.js'
import { type FoundRecord, type SegmentEnd, scanSegment } from './wal-scan.js'
import {
  decodeSegmentHeader,
  listSegments,
  SEGMENT_HEADER_BYTES,
  type Segment,
  type SegmentHeader,
  segmentName,
  segmentSequence,
} from './wal-segment.js'

/** The log as it was found. */
export interface FoundWal {
  readonly contents: WalContents
  /** Oldest first; never empty. */
  readonly segments: Segment[]
  /** How the last segment ends. */
  readonly end: SegmentEnd
  /** CRC of the last segment's header. */
  readonly segmentCrc: number
  /** Size of the last segment's file; beyond `end.end` it is a torn tail. */
  readonly lastBytes: number
}

/** A segment after reading. */
interface ReadSegment {
  readonly segment: Segment
  readonly header: SegmentHeader
  readonly segmentCrc: number
  readonly end: SegmentEnd
  readonly bytes: number
}

/**
 * Reads the log of `directory`.
 *
 * @throws {WalDamaged} it is not what was written. Other errors are the disk's.
 */
export async function readWal(disk: Disk, directory: string): Promise<FoundWal> {
  const names = await listSegments(disk, directory)
  if (names.length === 0) throw new Error(`There is no write-ahead log in ${directory}.`)
  const replay = new WalReplay()
  const segments: Segment[] = []
  let last: ReadSegment | undefined
  for (const [at, name] of names.entries()) {
    const path = join(directory, name)
    refuseGap(directory, last, path, name)
    last = await readSegment(disk, path, name, replay, last, at === names.length - 1)
    segments.push(last.segment)
  }
  const { header, end, segmentCrc, bytes, segment } = last!
  const contents = explain(join(directory, segment.name), end.end, () =>
    replay.finish(header.clusterId, header.memberId),
  )
  return { contents, segments, end, segmentCrc, lastBytes: bytes }
}

function refuseGap(
  directory: string,
  last: ReadSegment | undefined,
  path: string,
  name: string,
): void {
  if (last === undefined) return
  const expected = last.header.sequence + 1
  if (segmentSequence(name) !== expected)
    throw new WalDamaged(
      path,
      0,
      `does not follow ${last.segment.name} in ${directory}: segment ${expected} is missing`,
    )
}

async function readSegment(
  disk: Disk,
  path: string,
  name: string,
  replay: WalReplay,
  before: ReadSegment | undefined,
  isLast: boolean,
): Promise<ReadSegment> {
  const file = await disk.open(path, 'read')
  try {
    const window = new FileWindow(file)
    const decoded = decodeSegmentHeader(await window.view(0, SEGMENT_HEADER_BYTES))
    if (typeof decoded === 'string') throw new WalDamaged(path, 0, decoded)
    const { header, crc: segmentCrc } = decoded
    if (before === undefined) replay.begin(header.nextIndex)
    checkHeader(path, name, header, before, replay)
    const segment: Segment = { sequence: header.sequence, name, indexMax: 0 }
    const end = await scanSegment(window, segmentCrc, (record: FoundRecord) => {
      const index = explain(path, record.offset, () => replay.take(record))
      if (index > segment.indexMax) segment.indexMax = index
    })
    refuseDamage(path, end, window.size, isLast)
    return { segment, header, segmentCrc, end, bytes: window.size }
  } finally {
    await file.close()
  }
}

function checkHeader(
  path: string,
  name: string,
  header: SegmentHeader,
  before: ReadSegment | undefined,
  replay: WalReplay,
): void {
  if (segmentName(header.sequence, header.nextIndex) !== name)
    throw new WalDamaged(path, 0, 'has the name of another segment')
  if (header.nextIndex !== replay.nextIndex)
    throw new WalDamaged(
      path,
      0,
      `goes on at entry ${header.nextIndex} and not at ${replay.nextIndex}`,
    )
  if (before === undefined) return
  if (header.clusterId !== before.header.clusterId || header.memberId !== before.header.memberId)
    throw new WalDamaged(path, 0, 'belongs to another member')
  if (header.previousBytes !== before.end.end || header.previousCrc !== before.end.crc)
    throw new WalDamaged(path, 0, `does not stand on ${before.segment.name} as that is now`)
}

function refuseDamage(path: string, end: SegmentEnd, bytes: number, isLast: boolean): void {
  if (end.end === SEGMENT_HEADER_BYTES)
    throw new WalDamaged(path, end.end, 'has a broken beginning')
  if (end.damaged)
    throw new WalDamaged(
      path,
      end.stopped,
      'is broken in the middle, before records that were written later',
    )
  if (!isLast && end.end < bytes)
    throw new WalDamaged(path, end.stopped, 'is broken, although later segments exist')
}

/** Runs `step`; records that make no sense are damage at this place. */
function explain<T>(path: string, offset: number, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (error instanceof LogNonsense) throw new WalDamaged(path, offset, error.message)
    if (error instanceof InvalidMessage)
      throw new WalDamaged(path, offset, `holds a record that cannot be read: ${error.message}`)
    throw error
  }
}

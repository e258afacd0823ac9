/**
 * Turns over one bit of what a member that is down has stored.
 *
 * Of the last segment of the log only that part is struck whose damage a reader can prove:
 * a record behind it says that it was durable. The last append of a log that was not closed
 * in peace cannot be told from a torn one.
 */

import type { File } from '../../../server/host/disk.js'
import { FileWindow } from '../../../server/storage/file-window.js'
import { scanSegment } from '../../../server/storage/wal-scan.js'
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from '../../../server/storage/wal-segment.js'
import type { SeededRandom } from '../../model/random.js'
import type { Seat } from './seat.js'

/**
 * Returns where; undefined when there is nothing to strike.
 *
 * @param options.spareLast false: the last append may be struck, too.
 */
export async function rotFile(
  seat: Seat,
  random: SeededRandom,
  { spareLast = true }: { readonly spareLast?: boolean } = {},
): Promise<string | undefined> {
  const { disk } = seat.machine
  const paths = [...disk.names.files()].map(([path]) => path).sort()
  const segments = paths.filter((path) => path.endsWith('.log'))
  const snapshots = paths.filter((path) => path.endsWith('.snap'))
  if (segments.length === 0) return undefined
  const path = random.pick([...segments, ...snapshots, ...snapshots])
  const bytes = disk.contents(path)
  const until = spareLast && path === segments.at(-1) ? await provenBytes(bytes) : bytes.length
  if (until === 0) return undefined
  const offset = random.between(0, until - 1)
  disk.flipBit(path, offset, random.between(0, 7))
  return `byte ${offset} of ${path}`
}

/** How much of a segment its own records say to be durable. */
async function provenBytes(bytes: Uint8Array): Promise<number> {
  const file = {
    size: bytes.length,
    readAt: async (offset: number, length: number) => bytes.slice(offset, offset + length),
  } as File
  const window = new FileWindow(file)
  const decoded = decodeSegmentHeader(await window.view(0, SEGMENT_HEADER_BYTES))
  if (typeof decoded === 'string') return 0
  const end = await scanSegment(window, decoded.crc, () => {})
  return end.synced
}

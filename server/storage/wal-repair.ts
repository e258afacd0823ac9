/**
 * Takes a log that was read and makes its end fit to write on.
 *
 *     torn tail cut off -> what may not be durable written again -> file and directory synced
 *
 * The second step is for a process that died between a write and its sync, or after a sync
 * that failed. Its bytes can be read, since they are in the page cache, and yet be lost to
 * a power failure; after a failed sync the system may even hold them for clean and not
 * write them at a second sync (Rebello et al., "Can Applications Recover from fsync
 * Failures?", 2020). What is read here is believed from now on, so it is made durable first.
 */

import { join } from 'node:path'
import type { Disk, File } from '../host/disk.js'
import { readFully } from './file-window.js'
import type { FoundWal } from './wal-reader.js'
import { type OpenSegment, removeUnfinished } from './wal-segment.js'

/** Bytes written again at once. */
const REWRITE_BYTES = 4 * 1024 * 1024

/** Opens the last segment for writing; everything found is durable when it resolves. */
export async function repairWal(
  disk: Disk,
  directory: string,
  found: FoundWal,
): Promise<OpenSegment> {
  await removeUnfinished(disk, directory)
  const segment = found.segments.at(-1)!
  const { end, crc, synced } = found.end
  const file = await disk.open(join(directory, segment.name), 'write')
  try {
    if (file.size > end) await file.truncate(end)
    await rewrite(file, synced, end)
    await file.sync()
    await disk.syncDirectory(directory)
  } catch (error) {
    await file.close().catch(() => {})
    throw error
  }
  return { file, segment, segmentCrc: found.segmentCrc, end, crc }
}

async function rewrite(file: File, from: number, to: number): Promise<void> {
  for (let at = from; at < to; ) {
    const bytes = await readFully(file, at, Math.min(REWRITE_BYTES, to - at))
    if (bytes.length === 0) throw new Error('the log shrank while it was opened')
    await file.writeAt(at, [bytes])
    at += bytes.length
  }
}

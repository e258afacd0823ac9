/**
 * Snapshot files: their names, which of them are there, and how to read one.
 *
 * What ends in `.part` was being received when the process ended (see
 * `snapshot-receiver.ts`); it is removed on the next start.
 */

import type { SnapshotMetadata } from '../../client/wire/generated/raft.js'
import type { Disk, File } from '../host/disk.js'
import { readFooter, SnapshotDecoder } from './snapshot-decoder.js'
import { FOOTER_BYTES, SnapshotDamaged } from './snapshot-format.js'

const SUFFIX = '.snap'
/** Added to the name of a file that is not complete. */
export const PART_SUFFIX = '.part'
const READ_BYTES = 256 * 1024
/** Enough for the metadata of most snapshots. */
const HEAD_READ_BYTES = 512

/** The name of a snapshot file; names order as indexes do. */
export function snapshotName({ index, term }: SnapshotMetadata): string {
  const hex = (value: number) => value.toString(16).padStart(16, '0')
  return `${hex(index)}-${hex(term)}${SUFFIX}`
}

/** A complete snapshot file. */
export interface FoundSnapshot {
  readonly path: string
  readonly metadata: SnapshotMetadata
}

/**
 * The complete snapshots in a directory, by index; what is left of incomplete ones is
 * removed. No receiver may be at work. It reads begin and end of each file; the middle
 * was checked when it was received and is checked again when it is installed.
 */
export async function findSnapshots(disk: Disk, directory: string): Promise<FoundSnapshot[]> {
  const found: FoundSnapshot[] = []
  for (const name of await namesIn(disk, directory)) {
    const path = `${directory}/${name}`
    if (name.endsWith(PART_SUFFIX)) await disk.remove(path)
    if (!name.endsWith(SUFFIX)) continue
    const metadata = await inspect(disk, path)
    if (metadata && snapshotName(metadata) === name) found.push({ path, metadata })
  }
  return found
}

/** Removes all snapshots of a directory, complete or not. No receiver may be at work. */
export async function removeSnapshots(disk: Disk, directory: string): Promise<void> {
  for (const name of await namesIn(disk, directory))
    if (name.endsWith(SUFFIX) || name.endsWith(PART_SUFFIX))
      await disk.remove(`${directory}/${name}`)
}

async function namesIn(disk: Disk, directory: string): Promise<string[]> {
  try {
    return await disk.list(directory)
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return []
    throw error
  }
}

/** The metadata, if begin and end of the file are right. */
async function inspect(disk: Disk, path: string): Promise<SnapshotMetadata | undefined> {
  const file = await disk.open(path, 'read')
  try {
    const end = file.size - FOOTER_BYTES
    if (end <= 0) return undefined
    const footer = readFooter(await readFully(file, end, FOOTER_BYTES))
    if (footer.bytes !== end) return undefined
    let metadata: SnapshotMetadata | undefined
    const decoder = new SnapshotDecoder({
      metadata: (found) => {
        metadata = found
      },
      records: () => {},
    })
    for (let at = 0; at < end && !metadata; ) {
      const chunk = await file.readAt(at, Math.min(HEAD_READ_BYTES, end - at))
      if (chunk.length === 0) break
      decoder.feed(chunk)
      at += chunk.length
    }
    return metadata
  } catch (error) {
    if (error instanceof SnapshotDamaged) return undefined
    throw error
  } finally {
    await file.close()
  }
}

async function readFully(file: File, offset: number, length: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for (let done = 0; done < length; ) {
    const chunk = await file.readAt(offset + done, length - done)
    if (chunk.length === 0) break
    chunks.push(chunk)
    done += chunk.length
  }
  return Buffer.concat(chunks)
}

/**
 * Feeds a whole file into a decoder, and waits in between for whoever uses what it finds.
 *
 * @throws {SnapshotDamaged} the file is not whole, or not what was written.
 */
export async function readSnapshotFile(
  disk: Disk,
  path: string,
  decoder: SnapshotDecoder,
  afterChunk: () => Promise<void>,
): Promise<void> {
  const file = await disk.open(path, 'read')
  try {
    for (let at = 0; ; ) {
      const chunk = await file.readAt(at, READ_BYTES)
      if (chunk.length === 0) break
      decoder.feed(chunk)
      at += chunk.length
      await afterChunk()
    }
    decoder.end()
  } finally {
    await file.close()
  }
}

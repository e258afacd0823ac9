/**
 * Turns a frozen view of the database into the bytes of a snapshot, a chunk at a time.
 *
 * Nothing is read ahead: the next run of records is collected when the one before was
 * taken. Between two runs other work gets a turn, so a snapshot of any size holds
 * nobody up for longer than it takes to copy 64 KiB, or one value.
 */

import type { Clock } from '../../client/host/clock.js'
import type { SnapshotMetadata } from '../../client/wire/generated/raft.js'
import type { DatabaseReader } from '../host/database.js'
import type { SnapshotEntry } from './snapshot-format.js'
import { FRAME_HEADER_BYTES, RECORD_HEADER_BYTES, SnapshotEncoder } from './snapshot-format.js'

/** Chunks are no larger than this. */
export const CHUNK_BYTES_MAX: number = 64 * 1024

/**
 * The bytes of a snapshot.
 *
 * @param snapshot must stay open and frozen until the last chunk was taken; closing it is up to the caller.
 * @param tables all of them, in the order in which they are to be sent.
 */
export async function* snapshotBytes(
  snapshot: DatabaseReader,
  tables: readonly string[],
  metadata: SnapshotMetadata,
  clock: Clock,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new SnapshotEncoder()
  yield* pieces(encoder.metadata(metadata))
  for (const table of tables) {
    let from: string | undefined = ''
    while (from !== undefined) {
      const { entries, next } = takeRun(snapshot, table, from)
      if (entries.length > 0) yield* pieces(encoder.records(table, entries))
      from = next
      await new Promise<void>((resolve) => clock.soon(resolve))
    }
  }
  yield encoder.footer()
}

interface Run {
  readonly entries: SnapshotEntry[]
  /** Where the next run begins; `undefined` when there is no more. */
  readonly next: string | undefined
}

/** As many entries as fit into one chunk, but at least one. */
function takeRun(snapshot: DatabaseReader, table: string, from: string): Run {
  const entries: SnapshotEntry[] = []
  let bytes = FRAME_HEADER_BYTES + 2 + table.length
  for (const entry of snapshot.entries(table, { from })) {
    bytes += RECORD_HEADER_BYTES + entry[0].length + entry[1].length
    if (bytes > CHUNK_BYTES_MAX && entries.length > 0) return { entries, next: entry[0] }
    entries.push(entry)
  }
  return { entries, next: undefined }
}

function* pieces(frame: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < frame.length; at += CHUNK_BYTES_MAX)
    yield frame.subarray(at, at + CHUNK_BYTES_MAX)
}

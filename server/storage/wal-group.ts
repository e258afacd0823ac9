/**
 * The payloads of the log, and the group: all records of one append, which are kept or
 * lost together.
 *
 * Order in a group: snapshot marker, entries, hard state. A group whose last record is
 * missing after a crash is dropped whole, so the log never comes back with a commit index
 * beyond its entries, nor with entries of a term that it does not know.
 */

import { encodeBytes } from '../../client/wire/codec.js'
import {
  type Entry,
  type EntryType,
  HardState,
  SnapshotMetadata,
} from '../../client/wire/generated/raft.js'
import type { RecordWriter } from './wal-record.js'
import { RecordType, readUint53, recordBytes, writeUint53 } from './wal-record.js'

const NO_PAYLOAD = new Uint8Array(0)
const ENTRY_PREFIX_BYTES = 20

/** A generous guess at a hard state and a marker. */
const STATE_BYTES = 512

/** What one append writes. */
export interface Group {
  readonly snapshot?: SnapshotMetadata | undefined
  /** Whether the marker voids the log before it: the snapshot came from elsewhere. */
  readonly replaces?: boolean
  readonly entries?: readonly Entry[] | undefined
  readonly hardState?: HardState | undefined
  /** The log is being closed. */
  readonly closed?: boolean
}

/** About how many bytes the group takes in the file; used to bound a batch. */
export function groupBytes(group: Group): number {
  let bytes = STATE_BYTES
  for (const entry of group.entries ?? [])
    bytes += recordBytes(ENTRY_PREFIX_BYTES + entry.data.length)
  return bytes
}

/** Whether the group has no records: it only waits for those before it. */
export function isEmpty({ snapshot, entries, hardState, closed }: Group): boolean {
  return !snapshot && !entries?.length && !hardState && !closed
}

/** Adds the records of the group. */
export function writeGroup(writer: RecordWriter, group: Group): void {
  const { snapshot, entries = [], hardState, closed } = group
  let left = entries.length + (snapshot ? 1 : 0) + (hardState ? 1 : 0) + (closed ? 1 : 0)
  if (snapshot) writer.add(RecordType.SNAPSHOT, --left > 0, encodeSnapshot(group))
  for (const entry of entries)
    writer.add(RecordType.ENTRY, --left > 0, encodeEntryPrefix(entry), entry.data)
  if (hardState) writer.add(RecordType.HARD_STATE, --left > 0, encodeBytes(HardState, hardState))
  if (closed) writer.add(RecordType.CLOSED, --left > 0, NO_PAYLOAD)
}

function encodeSnapshot(group: Group): Uint8Array {
  const message = encodeBytes(SnapshotMetadata, group.snapshot!)
  const payload = new Uint8Array(1 + message.length)
  payload[0] = group.replaces ? 1 : 0
  payload.set(message, 1)
  return payload
}

/** Reads the payload of a SNAPSHOT record. @throws {InvalidMessage} it is none. */
export function decodeSnapshot(payload: Buffer): { snapshot: SnapshotMetadata; replaces: boolean } {
  return { snapshot: SnapshotMetadata.decode(payload.subarray(1)), replaces: payload[0] === 1 }
}

function encodeEntryPrefix(entry: Entry): Uint8Array {
  const prefix = Buffer.allocUnsafe(ENTRY_PREFIX_BYTES)
  writeUint53(prefix, entry.index, 0)
  writeUint53(prefix, entry.term, 8)
  prefix.writeUInt32LE(entry.type, 16)
  return prefix
}

/** Reads the payload of an ENTRY record; undefined when it is too short. Copies the data. */
export function decodeEntry(payload: Buffer): Entry | undefined {
  if (payload.length < ENTRY_PREFIX_BYTES) return undefined
  return {
    index: readUint53(payload, 0),
    term: readUint53(payload, 8),
    type: payload.readUInt32LE(16) as EntryType,
    data: new Uint8Array(payload.subarray(ENTRY_PREFIX_BYTES)),
  }
}

/**
 * The numbers that the store keeps beside the data, in table `meta`.
 *
 * They are written in the same batch as what they speak of, and never inferred from
 * it: etcd once took the largest revision key for the current revision, and when a
 * compaction had removed that key before a crash, the revision went back (#17780).
 */

import type { DatabaseReader } from '../host/database.js'
import type { Table } from '../storage/tables.js'

const META_TABLE: Table = 'meta'

/** The names of the numbers. */
export type StoreMark =
  /** The revision of the last transaction that changed something. */
  | 'mvcc/revision'
  /** Reads below it are refused, and versions that only they need are to be removed. */
  | 'mvcc/compact/scheduled'
  /** Up to here they are removed. Invariant: not above the scheduled one. */
  | 'mvcc/compact/finished'

const TWO_32 = 0x1_0000_0000

/** What was written last under that name. */
export function readMark(reader: DatabaseReader, name: StoreMark): number | undefined {
  const bytes = reader.get(META_TABLE, name)
  if (!bytes) return undefined
  if (bytes.length !== 8) throw new Error(`The backend is damaged: ${name} is not 8 bytes long`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getUint32(0) * TWO_32 + view.getUint32(4)
}

/** Writes a number that is not negative. */
export function writeMark(
  backend: { put(table: string, key: string, value: Uint8Array): void },
  name: StoreMark,
  value: number,
): void {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeUInt32BE(Math.floor(value / TWO_32), 0)
  bytes.writeUInt32BE(value % TWO_32, 4)
  backend.put(META_TABLE, name, bytes)
}

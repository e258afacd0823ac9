/**
 * Makes the content of a snapshot file the database.
 *
 * 1. What an earlier attempt left under `<database>.next` is removed.
 * 2. A new database is filled there, in bounded batches, each frame checked again.
 * 3. When the footer was right it is closed and put in the place of the old one, in one
 *    step of the file system.
 *
 * A crash before step 3 leaves the old database, after it the new one, and in both
 * cases the same call again does the same. When to call it again is up to the caller:
 * as long as the durable applied index is behind that of the snapshot.
 */

import type { SnapshotMetadata } from '../../client/wire/generated/raft.js'
import type { Database, Databases, DatabaseWrite } from '../host/database.js'
import type { Disk } from '../host/disk.js'
import { SnapshotDecoder } from './snapshot-decoder.js'
import { readSnapshotFile } from './snapshot-file.js'
import { SnapshotDamaged } from './snapshot-format.js'

/** A batch is written when it holds so many bytes, or so many writes. */
const BATCH_BYTES_MAX = 4 * 2 ** 20
const BATCH_WRITES_MAX = 5_000

/** Options of {@link installSnapshot}. */
export interface InstallOptions {
  readonly disk: Disk
  readonly databases: Databases
  /** The snapshot file. It stays. */
  readonly path: string
  /** The database to be replaced; must be closed. */
  readonly databasePath: string
  readonly tables: readonly string[]
}

/**
 * See the head of this file.
 *
 * @returns what the snapshot says about itself.
 * @throws {SnapshotDamaged} the database is what it was before.
 */
export async function installSnapshot(options: InstallOptions): Promise<SnapshotMetadata> {
  const { databases, databasePath, tables } = options
  const next = `${databasePath}.next`
  await databases.remove(next)
  const database = await databases.open(next, tables)
  let metadata: SnapshotMetadata
  try {
    metadata = await fill(database, options)
  } catch (error) {
    await database.close().catch(() => {})
    await databases.remove(next).catch(() => {})
    throw error
  }
  await database.close()
  await databases.replace(next, databasePath)
  return metadata
}

async function fill(database: Database, options: InstallOptions): Promise<SnapshotMetadata> {
  let metadata: SnapshotMetadata | undefined
  let batch: DatabaseWrite[] = []
  let bytes = 0
  const decoder = new SnapshotDecoder({
    metadata: (found) => {
      metadata = found
    },
    records: (table, entries) => {
      if (!options.tables.includes(table))
        throw new SnapshotDamaged(`The snapshot has a table ${table} that is not known here`)
      for (const [key, value] of entries) {
        batch.push({ table, key, value })
        bytes += key.length + value.length
      }
    },
  })
  const flush = async () => {
    await database.write(batch)
    batch = []
    bytes = 0
  }
  await readSnapshotFile(options.disk, options.path, decoder, async () => {
    if (bytes >= BATCH_BYTES_MAX || batch.length >= BATCH_WRITES_MAX) await flush()
  })
  await flush()
  return metadata!
}

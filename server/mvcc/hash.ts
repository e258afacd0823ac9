/**
 * HashKV: one number for all that is readable at a revision, to compare members by.
 *
 * CRC-32C over the word `key` (etcd's name of the table) and then, for each version up
 * to the revision in order, its backend key and its record. Up to the compact
 * revision C only what every member surely has may count, however far its compaction
 * got:
 *
 * - a version that is still its key's newest one at the hashed revision, not a
 *   tombstone; so etcd does, and skips the tombstones at C that older releases lack;
 * - if no key is live at the hashed revision, the newest one at C: etcd then takes
 *   everything that it has, which is this once its compaction is through.
 *
 * It is computed in slices; meanwhile no new compaction may start.
 */

import { crc32c } from '../storage/crc32c.js'
import type { KeyIndex } from './key-index.js'
import { keyOfRecord } from './kv-record.js'
import { mainOf, revisionKey, subOf } from './revision.js'
import { type Pauses, walkInSlices } from './slices.js'
import type { StoreBackend } from './store.js'

/** What to hash. */
export interface HashOptions {
  readonly backend: StoreBackend
  readonly index: KeyIndex
  readonly pauses: Pauses
  /** Not below `compactRevision`. */
  readonly revision: number
  readonly compactRevision: number
}

const TABLE_NAME = Buffer.from('key', 'latin1')

/** The hash, an unsigned 32-bit number. Rejects when the store is closed meanwhile. */
export async function hashVersions(options: HashOptions): Promise<number> {
  const { backend, index, pauses, revision, compactRevision } = options
  const keptAt = index.anyLiveAt(revision) ? revision : compactRevision
  let hash = crc32c(TABLE_NAME)
  const complete = await walkInSlices({
    backend,
    from: '',
    to: revisionKey(revision + 1, 0),
    sliceRecords: pauses.sliceRecords,
    visit(key, record) {
      if (mainOf(key) <= compactRevision && !isKept(index, key, record, keptAt)) return
      hash = crc32c(record, crc32c(Buffer.from(key, 'latin1'), hash))
    },
    giveWay: () => pauses.turn(),
  })
  if (!complete) throw new Error('The store was closed while it was hashed')
  return hash
}

/** Whether the version is the newest of its key at that revision; a tombstone is none. */
function isKept(index: KeyIndex, key: string, record: Uint8Array, revision: number): boolean {
  const version = index.get(keyOfRecord(record))?.versionAt(revision)
  return version !== undefined && version.main === mainOf(key) && version.sub === subOf(key)
}

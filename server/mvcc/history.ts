/** Reads what happened, revision by revision, for watchers that are behind. */

import type { DatabaseReader } from '../host/database.js'
import { decodeRecord, KV_TABLE, keyOfRecord } from './kv-record.js'
import { isTombstone, mainOf, revisionKey } from './revision.js'
import type { Change } from './store.js'
import { changeEvent, deletedKv, type PreviousVersion, type StoreEvent } from './stored-kv.js'

/** A read of history ends with the revision that reaches so many bytes. */
const HISTORY_BYTES = 4 * 1024 * 1024

/**
 * The changes from revision `from` to `to`, both included, oldest first. It ends after
 * the revision with the `limit`th event; revisions are never split.
 *
 * @returns `next`: the revision to go on with, or `to` + 1.
 */
export function readHistory(
  backend: DatabaseReader,
  from: number,
  to: number,
  limit: number,
  previous: PreviousVersion,
): { changes: Change[]; next: number } {
  const changes: Change[] = []
  let events: StoreEvent[] = []
  let revision = 0
  let count = 0
  let bytes = 0
  const range = { from: revisionKey(from, 0), to: revisionKey(to + 1, 0) }
  for (const [key, record] of backend.entries(KV_TABLE, range)) {
    const main = mainOf(key)
    if (main !== revision) {
      if (count >= limit || bytes >= HISTORY_BYTES) return { changes, next: main }
      revision = main
      events = []
      changes.push({ revision, events })
    }
    events.push(
      isTombstone(key)
        ? changeEvent('delete', deletedKv(keyOfRecord(record), main), previous)
        : changeEvent('put', decodeRecord(record), previous),
    )
    count++
    bytes += record.length
  }
  return { changes, next: to + 1 }
}

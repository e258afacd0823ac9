/** The store as it stands at a revision: for a read whose moment is fixed, and which runs later. */

import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { RangeReader } from './range-query.js'

/** What reads need of a store. */
export interface ReadableStore extends RangeReader {
  /** The newest revision that a read may see. */
  readonly revision: number
  /** The oldest one; -1 before the first compaction. */
  readonly compactRevision: number
}

/** Reads without a revision of their own see this one; it fails with `compacted` when that is gone by then. */
export function storeAt(store: ReadableStore, revision: number): ReadableStore {
  return {
    revision,
    get compactRevision() {
      return store.compactRevision
    },
    range(interval, query) {
      const { revision: wanted = 0 } = query
      if (wanted > revision) throw etcdErrors.futureRev.error()
      return store.range(interval, { ...query, revision: wanted > 0 ? wanted : revision })
    },
  }
}

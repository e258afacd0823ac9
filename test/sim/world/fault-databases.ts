/**
 * Databases whose commits may fail, as those of a full or broken disk do.
 *
 * A batch that fails is not there, and its database takes no more: a member must end
 * itself then. Everything else is the inner databases' business.
 */

import type { Database, Databases } from '../../../server/host/database.js'
import { DiskError } from '../../../server/host/disk-error.js'

/** Why a commit fails; undefined lets it be. */
export type CommitFaults = () => 'EIO' | 'ENOSPC' | undefined

/** See the head of the file. `faults` is asked once for each batch. */
export function withCommitFaults(inner: Databases, faults: CommitFaults): Databases {
  return {
    open: async (path, tables) => faulty(await inner.open(path, tables), path, faults),
    replace: (from, to) => inner.replace(from, to),
    remove: (path) => inner.remove(path),
  }
}

function faulty(inner: Database, path: string, faults: CommitFaults): Database {
  let failure: DiskError | undefined
  return {
    get: (table, key) => inner.get(table, key),
    entries: (table, range) => inner.entries(table, range),
    snapshot: () => inner.snapshot(),
    sizes: () => inner.sizes(),
    close: () => inner.close(),
    async write(batch) {
      const code = failure === undefined ? faults() : undefined
      if (code !== undefined) failure = new DiskError(code, path)
      // What was begun before is over first, as one batch follows the other.
      await inner.write(failure === undefined ? batch : [])
      if (failure !== undefined) throw failure
    },
  }
}

/**
 * Databases on disk: LMDB, one file each, one named LMDB database per table.
 *
 * Durability. `overlappingSync` is off, so a commit is LMDB's own: write the new
 * pages, fdatasync, write the meta page through a descriptor opened with O_DSYNC, and
 * only then let readers see it. What can be read is durable, and a crash finds the
 * state after some commit. (With `overlappingSync`, the default of the package, a
 * commit resolves before it is on disk.)
 *
 * Reads come from a memory map without a system call. All reads of a turn share one
 * read transaction; the package ends it with the turn, and with each commit before the
 * commit resolves. Values are copied out of the map, for the pages behind them are used
 * again by later commits. The map is much larger than any file is expected to become,
 * since growing it moves it: address space costs nothing, and pages beyond the end of
 * the file do not exist.
 *
 * A new file is built under another name and renamed when it is complete, so that a
 * crash during creation leaves nothing that could be taken for a database.
 */

import { constants, statfsSync } from 'node:fs'
import { access, open as openFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { getSystemErrorName } from 'node:util'
import type { RootDatabase, Database as Store, Transaction } from 'lmdb'
import { open as openEnvironment } from 'lmdb'
import type {
  Database,
  DatabaseReader,
  DatabaseSnapshot,
  Databases,
  DatabaseWrite,
  KeyRange,
} from './database.js'
import { assertKey, KEY_BYTES_MAX } from './database-key.js'
import { checkDatabase } from './database-lmdb-check.js'

/** Options of {@link LmdbDatabases}. */
export interface LmdbDatabasesOptions {
  /** Address space reserved for one file; it grows beyond by moving. Default 64 GiB. */
  readonly mapBytes?: number
}

type Table = Store<Uint8Array, string>

/** Opens LMDB files. */
export class LmdbDatabases implements Databases {
  readonly #mapBytes: number
  /** Two environments on one file in one process would share state behind our back. */
  readonly #open = new Set<string>()

  constructor(options: LmdbDatabasesOptions = {}) {
    this.#mapBytes = options.mapBytes ?? 64 * 2 ** 30
  }

  async open(path: string, tables: readonly string[]): Promise<Database> {
    if (this.#open.has(path)) throw new Error(`${path}: this database is already open`)
    this.#open.add(path)
    try {
      if (await exists(path)) await checkDatabase(path)
      else await this.#create(path, tables)
      return new LmdbDatabase(path, this.#environment(path, tables), tables, () =>
        this.#open.delete(path),
      )
    } catch (error) {
      this.#open.delete(path)
      throw error
    }
  }

  async replace(from: string, to: string): Promise<void> {
    this.#assertClosed(from)
    this.#assertClosed(to)
    await move(from, to)
  }

  async remove(path: string): Promise<void> {
    this.#assertClosed(path)
    await removeFile(path)
    await removeFile(lockFile(path))
  }

  async #create(path: string, tables: readonly string[]): Promise<void> {
    const draft = `${path}.new`
    await this.remove(draft)
    const database = new LmdbDatabase(draft, this.#environment(draft, tables), tables, () => {})
    await database.close()
    await move(draft, path)
  }

  #environment(path: string, tables: readonly string[]): RootDatabase<Uint8Array, string> {
    const options = {
      noSubdir: true,
      encoding: 'binary' as const,
      keyEncoder,
      maxDbs: tables.length,
      mapSize: this.#mapBytes,
      overlappingSync: false,
      // Else every failed commit also rejects a promise that nobody can reach.
      eventTurnBatching: false,
      permissionsMode: 0o600,
    }
    return openEnvironment<Uint8Array, string>(path, options)
  }

  #assertClosed(path: string): void {
    if (this.#open.has(path)) throw new Error(`${path}: this database is open`)
  }
}

class LmdbDatabase implements Database {
  readonly #path: string
  readonly #root: RootDatabase<Uint8Array, string>
  readonly #tables = new Map<string, Table>()
  readonly #snapshots = new Set<LmdbSnapshot>()
  readonly #released: () => void
  #sizes: { totalBytes: number; usedBytes: number } | undefined
  #failure: unknown
  #closed = false

  constructor(
    path: string,
    root: RootDatabase<Uint8Array, string>,
    tables: readonly string[],
    released: () => void,
  ) {
    this.#path = path
    this.#root = root
    this.#released = released
    for (const name of tables)
      this.#tables.set(
        name,
        root.openDB({ name, encoding: 'binary', keyEncoder } as { name: string }),
      )
  }

  get(table: string, key: string): Uint8Array | undefined {
    this.#assertOpen()
    return tableOf(this.#tables, table).get(key)
  }

  entries(table: string, range: KeyRange = {}): Iterable<readonly [string, Uint8Array]> {
    this.#assertOpen()
    return entriesOf(tableOf(this.#tables, table), range, undefined)
  }

  async write(batch: readonly DatabaseWrite[]): Promise<void> {
    this.#assertOpen()
    if (this.#failure) throw this.#failure
    // Whatever throws must throw before the first write: LMDB would commit the part before it.
    for (const { table, key } of batch) {
      tableOf(this.#tables, table)
      assertKey(key)
    }
    if (batch.length === 0) return
    try {
      await this.#root.batch(() => {
        for (const { table, key, value } of batch) {
          const store = tableOf(this.#tables, table)
          if (value) store.put(key, value)
          else store.remove(key)
        }
      })
    } catch (error) {
      this.#failure = writeFailed(this.#path, await causeOf(error))
      throw this.#failure
    }
    this.#sizes = undefined
  }

  snapshot(): DatabaseSnapshot {
    this.#assertOpen()
    const snapshot = new LmdbSnapshot(this.#tables, this.#root.useReadTransaction(), () =>
      this.#snapshots.delete(snapshot),
    )
    this.#snapshots.add(snapshot)
    return snapshot
  }

  sizes(): { totalBytes: number; usedBytes: number } {
    if (!this.#sizes) {
      this.#assertOpen()
      let totalBytes = 0
      let usedBytes = 0
      for (const table of this.#tables.values()) {
        const stats = table.getStats() as Stats
        const pages = stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages
        usedBytes += pages * stats.pageSize
        totalBytes = (stats.lastPageNumber + 1) * stats.pageSize
      }
      this.#sizes = { totalBytes, usedBytes }
    }
    return this.#sizes
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const snapshot of this.#snapshots) snapshot.close()
    await this.#root.close()
    this.#released()
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('The database is closed')
  }
}

class LmdbSnapshot implements DatabaseSnapshot, DatabaseReader {
  readonly #tables: ReadonlyMap<string, Table>
  readonly #released: () => void
  #transaction: Transaction | undefined

  constructor(tables: ReadonlyMap<string, Table>, transaction: Transaction, released: () => void) {
    this.#tables = tables
    this.#transaction = transaction
    this.#released = released
  }

  get(table: string, key: string): Uint8Array | undefined {
    return tableOf(this.#tables, table).get(key, { transaction: this.#opened() })
  }

  entries(table: string, range: KeyRange = {}): Iterable<readonly [string, Uint8Array]> {
    return entriesOf(tableOf(this.#tables, table), range, this.#opened())
  }

  close(): void {
    this.#transaction?.done()
    this.#transaction = undefined
    this.#released()
  }

  #opened(): Transaction {
    if (!this.#transaction) throw new Error('The snapshot is closed')
    return this.#transaction
  }
}

/** What `getStats` returns; the package does not type it. Pages are counted per table, `lastPageNumber` for the file. */
interface Stats {
  readonly pageSize: number
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
  readonly lastPageNumber: number
}

/** A Buffer; `toString` would look its encoding up for every key. */
interface KeySource {
  latin1Slice(start: number, end: number): string
}

/** Keys as they are: one byte for each character. Used by the package for every access. */
const keyEncoder = {
  writeKey(key: string, target: Buffer, start: number): number {
    const length = key.length
    if (length > KEY_BYTES_MAX) assertKey(key)
    // For short keys a loop is faster than the call out of JavaScript.
    for (let i = 0; i < length; i++) target[start + i] = key.charCodeAt(i)
    return start + length
  },
  readKey(source: KeySource, start: number, end: number): string {
    return source.latin1Slice(start, end)
  },
}

/**
 * The package walks `(start, end]` and `[start, end)` in the direction of the walk, so
 * the ends swap their roles in reverse. An empty key is no bound at all.
 */
function* entriesOf(
  table: Table,
  range: KeyRange,
  transaction: Transaction | undefined,
): Generator<readonly [string, Uint8Array]> {
  const { from = '', to, reverse = false, limit } = range
  if (to === '' || (limit !== undefined && limit <= 0)) return
  const options = {
    ...(reverse
      ? {
          start: to ?? '',
          end: from,
          reverse,
          exclusiveStart: to !== undefined,
          inclusiveEnd: true,
        }
      : { start: from, end: to ?? '' }),
    ...(limit === undefined ? {} : { limit }),
    ...(transaction ? { transaction } : {}),
  }
  for (const { key, value } of table.getRange(options)) yield [key, value]
}

function tableOf(tables: ReadonlyMap<string, Table>, name: string): Table {
  const table = tables.get(name)
  if (!table) throw new Error(`There is no table ${name}`)
  return table
}

/** The package rejects with an error that promises to tell the reason. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<never> }
  return commitError ? commitError.catch((cause) => cause) : error
}

/** LMDB's error with the system's name for it: a full disk is often called an I/O error. */
function writeFailed(path: string, cause: unknown): Error {
  const { code: errno, message } = Object(cause) as { code?: unknown; message?: unknown }
  const named = typeof errno === 'number' && errno > 0 ? getSystemErrorName(-errno) : undefined
  const code = named !== 'EDQUOT' && isFull(dirname(path)) ? 'ENOSPC' : named
  const what = code === 'ENOSPC' ? 'no space left on device' : String(message ?? cause)
  return Object.assign(new Error(code ? `${code}: ${what}` : what, { cause }), { code, path })
}

/** Less than this is full: the commit that failed may have left a few blocks. */
const FREE_BYTES_MIN = 2 ** 16

function isFull(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize < FREE_BYTES_MIN
  } catch {
    return false
  }
}

const lockFile = (path: string) => `${path}-lock`

const removeFile = (path: string) => rm(path, { force: true })

function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}

/** Durably puts one closed file in the place of another. */
async function move(from: string, to: string): Promise<void> {
  await rename(from, to)
  await removeFile(lockFile(from))
  await syncDirectory(dirname(to))
}

/** Makes names durable: a rename lives in the directory, not in the file. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await openFile(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

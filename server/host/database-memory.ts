/**
 * Databases in memory: for members without native code, for tests, and for the simulator.
 *
 * The behaviour is LMDB's, crashes included: a batch that resolved is there when the
 * path is opened again on the same `MemoryDatabases`; one that did not resolve is
 * there wholly or not at all.
 */

import type {
  Database,
  DatabaseReader,
  DatabaseSnapshot,
  Databases,
  DatabaseWrite,
  KeyRange,
} from './database.js'
import { assertKey } from './database-key.js'
import { OrderedMap } from './ordered-map.js'

type Tables = ReadonlyMap<string, OrderedMap<Uint8Array>>

/** What stands on the imagined disk. */
interface Stored {
  readonly tables: Tables
  usedBytes: number
  totalBytes: number
}

/** Options of {@link MemoryDatabases}. */
export interface MemoryDatabasesOptions {
  /** Runs the commit of a batch later; the next microtask by default. A simulator takes its own time. */
  readonly schedule?: (commit: () => void) => void
}

/** All databases of one imagined disk, by path. */
export class MemoryDatabases implements Databases {
  readonly #schedule: (commit: () => void) => void
  readonly #stored = new Map<string, Stored>()
  readonly #open = new Map<string, MemoryDatabase>()

  constructor(options: MemoryDatabasesOptions = {}) {
    this.#schedule = options.schedule ?? queueMicrotask
  }

  async open(path: string, tables: readonly string[]): Promise<Database> {
    if (this.#open.has(path)) throw new Error(`${path}: this database is already open`)
    const before = this.#stored.get(path)
    const stored: Stored = {
      tables: new Map(tables.map((name) => [name, before?.tables.get(name) ?? new OrderedMap()])),
      usedBytes: before?.usedBytes ?? 0,
      totalBytes: before?.totalBytes ?? 0,
    }
    this.#stored.set(path, stored)
    const database = new MemoryDatabase(stored, this.#schedule, () => this.#open.delete(path))
    this.#open.set(path, database)
    return database
  }

  async replace(from: string, to: string): Promise<void> {
    this.#assertClosed(from)
    this.#assertClosed(to)
    const stored = this.#stored.get(from)
    if (!stored) throw Object.assign(new Error(`${from}: no such database`), { code: 'ENOENT' })
    this.#stored.set(to, stored)
    this.#stored.delete(from)
  }

  async remove(path: string): Promise<void> {
    this.#assertClosed(path)
    this.#stored.delete(path)
  }

  /**
   * The process dies: whoever held a database open holds a dead one, whose pending
   * writes never settle.
   *
   * @param survivors how many batches of each database, oldest first, reached the
   *   disk although nobody was told.
   */
  crash(survivors = 0): void {
    for (const database of this.#open.values()) database.crash(survivors)
    this.#open.clear()
  }

  #assertClosed(path: string): void {
    if (this.#open.has(path)) throw new Error(`${path}: this database is open`)
  }
}

interface Pending {
  readonly batch: readonly DatabaseWrite[]
  readonly resolve: () => void
}

class MemoryDatabase implements Database {
  readonly #stored: Stored
  readonly #schedule: (commit: () => void) => void
  readonly #released: () => void
  readonly #pending: Pending[] = []
  #state: 'open' | 'closed' | 'dead' = 'open'
  #idle: (() => void) | undefined

  constructor(stored: Stored, schedule: (commit: () => void) => void, released: () => void) {
    this.#stored = stored
    this.#schedule = schedule
    this.#released = released
  }

  get(table: string, key: string): Uint8Array | undefined {
    this.#assertOpen()
    return tableOf(this.#stored.tables, table).get(key)
  }

  entries(table: string, range?: KeyRange): Iterable<readonly [string, Uint8Array]> {
    this.#assertOpen()
    return tableOf(this.#stored.tables, table).entries(range)
  }

  write(batch: readonly DatabaseWrite[]): Promise<void> {
    this.#assertOpen()
    for (const { table, key } of batch) {
      tableOf(this.#stored.tables, table)
      assertKey(key)
    }
    return new Promise((resolve) => {
      this.#pending.push({ batch, resolve })
      this.#schedule(() => this.#commit())
    })
  }

  snapshot(): DatabaseSnapshot {
    this.#assertOpen()
    return new MemorySnapshot(
      new Map([...this.#stored.tables].map(([name, table]) => [name, table.clone()])),
    )
  }

  sizes(): { totalBytes: number; usedBytes: number } {
    return { totalBytes: this.#stored.totalBytes, usedBytes: this.#stored.usedBytes }
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'closed'
    if (this.#pending.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    this.#released()
  }

  /** See {@link MemoryDatabases.crash}. */
  crash(survivors: number): void {
    this.#state = 'dead'
    for (const { batch } of this.#pending.splice(0).slice(0, survivors)) this.#apply(batch)
  }

  #commit(): void {
    const next = this.#pending.shift()
    if (!next) return
    this.#apply(next.batch)
    next.resolve()
    if (this.#pending.length === 0) this.#idle?.()
  }

  #apply(batch: readonly DatabaseWrite[]): void {
    const stored = this.#stored
    for (const { table, key, value } of batch) {
      const entries = tableOf(stored.tables, table)
      const before = value ? entries.set(key, ownBytes(value)) : entries.delete(key)
      if (before) stored.usedBytes -= key.length + before.length
      if (value) stored.usedBytes += key.length + value.length
    }
    stored.totalBytes = Math.max(stored.totalBytes, stored.usedBytes)
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw new Error(`The database is ${this.#state}`)
  }
}

class MemorySnapshot implements DatabaseSnapshot, DatabaseReader {
  #tables: Tables | undefined

  constructor(tables: Tables) {
    this.#tables = tables
  }

  get(table: string, key: string): Uint8Array | undefined {
    return tableOf(this.#opened(), table).get(key)
  }

  entries(table: string, range?: KeyRange): Iterable<readonly [string, Uint8Array]> {
    return tableOf(this.#opened(), table).entries(range)
  }

  close(): void {
    this.#tables = undefined
  }

  #opened(): Tables {
    if (!this.#tables) throw new Error('The snapshot is closed')
    return this.#tables
  }
}

function tableOf(tables: Tables, name: string): OrderedMap<Uint8Array> {
  const table = tables.get(name)
  if (!table) throw new Error(`There is no table ${name}`)
  return table
}

/** The bytes, not kept alive inside a larger buffer such as a whole request. */
function ownBytes(value: Uint8Array): Uint8Array {
  return value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value)
}

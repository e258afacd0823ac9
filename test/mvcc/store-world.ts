/** A store over a memory database and a virtual clock, with the ways in which its life is cut short. */

import { MemoryDatabases } from '../../server/host/database-memory.js'
import { type Interval, point } from '../../server/mvcc/interval.js'
import { type Change, type RangeQuery, Store } from '../../server/mvcc/store.js'
import type { StoredKv } from '../../server/mvcc/stored-kv.js'
import { Backend } from '../../server/storage/backend.js'
import { TABLES } from '../../server/storage/tables.js'
import { VirtualClock } from '../sim/virtual-clock.js'

/** Keys from `from` up to but without `to`. */
export const between = (from: string, to?: string): Interval => ({ from, to })
/** Everything. */
export const ALL = between('')

/** A value for a test. */
export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const read = (value: Uint8Array) => new TextDecoder().decode(value)

/** A version in one line: `key=value create/mod/version`, with `@lease` when there is one. */
export function line(kv: StoredKv): string {
  const lease = kv.lease === 0n ? '' : ` @${kv.lease}`
  return `${kv.key}=${read(kv.value)} ${kv.createRevision}/${kv.modRevision}/${kv.version}${lease}`
}

/** A change in one line: `5: +a=1 -b`. */
export function changeLine({ revision, events }: Change): string {
  const signs = events.map(({ type, kv }) =>
    type === 'put' ? `+${kv.key}=${read(kv.value)}` : `-${kv.key}`,
  )
  return `${revision}: ${signs.join(' ')}`
}

/** See the head of this file. */
export class StoreWorld {
  readonly clock = new VirtualClock()
  readonly databases = new MemoryDatabases()
  readonly fatal: Error[] = []
  backend!: Backend
  store!: Store

  static async open(): Promise<StoreWorld> {
    const world = new StoreWorld()
    await world.#open()
    return world
  }

  async #open(): Promise<void> {
    const database = await this.databases.open('db', TABLES)
    const onFatal = (reason: Error) => this.fatal.push(reason)
    this.backend = new Backend({ database, clock: this.clock, onFatal })
    this.store = await Store.open(this.backend, {
      clock: this.clock,
      onFatal,
      cacheBytesMax: 50_000,
    })
  }

  /** Stops in good order and starts again. */
  async restart(): Promise<void> {
    this.store.close()
    await this.backend.close()
    await this.#open()
  }

  /** Dies with whatever was not committed, and starts again. */
  async crash(): Promise<void> {
    this.store.close()
    this.databases.crash()
    await this.#open()
  }

  /** One transaction with one put; its revision. */
  put(key: string, value: string, lease = 0n): number {
    const transaction = this.store.begin()
    transaction.put(key, text(value), lease)
    return transaction.end().revision
  }

  /** One transaction with one deletion; its revision. */
  delete(interval: Interval | string): number {
    const transaction = this.store.begin()
    transaction.deleteRange(typeof interval === 'string' ? point(interval) : interval)
    return transaction.end().revision
  }

  /** The versions of an interval, a line each. */
  lines(interval: Interval = ALL, query: RangeQuery = {}): string[] {
    return this.store.range(interval, query).kvs.map(line)
  }

  /** What the backend holds of versions, a line each: `main.sub key`, with `t` for tombstones. */
  rows(): string[] {
    const rows: string[] = []
    for (const [key, record] of this.backend.entries('kv')) {
      const bytes = Buffer.from(key, 'latin1')
      const name = read(record.subarray(2, 2 + record[1]!))
      rows.push(`${bytes.readBigUInt64BE(0)}.${bytes.readBigUInt64BE(9)}${key[17] ?? ''} ${name}`)
    }
    return rows
  }

  /** Lets time pass until the promise is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const end = () => {
      settled = true
    }
    promise.then(end, end)
    while (!settled) {
      this.clock.advance(10)
      await this.turn()
    }
    return promise
  }

  /** Lets the event loop go round once. */
  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }

  /** Compacts, and waits until nothing useless is left. */
  async compact(revision: number): Promise<void> {
    this.store.compact(revision)
    await this.until(this.store.compacting)
  }
}

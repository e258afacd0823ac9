/**
 * Writes that the database does not have yet, and how readers see through them.
 *
 * A table is a Map, because most reads ask for one key, and for ranges a sorted tree
 * beside it, which is made when the first range is asked for: most batches are written
 * without that. A deletion is remembered as `null`, for it hides what lies below.
 */

import type { DatabaseReader, DatabaseWrite, KeyRange } from '../host/database.js'
import { OrderedMap } from '../host/ordered-map.js'

/** What a write costs beside its key and value: page headers, node headers, an index entry. */
const WRITE_OVERHEAD_BYTES = 32

/** The writes to one table. */
export class OverlayTable {
  readonly #values = new Map<string, Uint8Array | null>()
  #sorted: OrderedMap<Uint8Array | null> | undefined

  /** `null` if it was deleted here, `undefined` if nothing was written. */
  get(key: string): Uint8Array | null | undefined {
    return this.#values.get(key)
  }

  /** Returns what was written before. */
  set(key: string, value: Uint8Array | null): Uint8Array | null | undefined {
    const before = this.#values.get(key)
    this.#values.set(key, value)
    this.#sorted?.set(key, value)
    return before
  }

  /** As of this call, in order. */
  entries(range: KeyRange): Iterable<readonly [string, Uint8Array | null]> {
    this.#sorted ??= sortedMap(this.#values)
    return this.#sorted.entries(range)
  }

  /** Everything, in order, at once. */
  all(): (readonly [string, Uint8Array | null])[] {
    return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1))
  }
}

function sortedMap<V extends Uint8Array | null>(values: ReadonlyMap<string, V>): OrderedMap<V> {
  const sorted = new OrderedMap<V>()
  for (const [key, value] of values) sorted.set(key, value)
  return sorted
}

/** One batch of writes; the last one of a key counts. */
export class Overlay {
  /** Settles with the commit of this batch. Unheard, a rejection is no unhandled one. */
  readonly done: Promise<void>
  resolve!: () => void
  reject!: (reason: Error) => void

  /** How many keys were written. */
  writes = 0
  /** An estimate of what they take on disk. */
  bytes = 0

  readonly #tables = new Map<string, OverlayTable>()

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    this.done.catch(() => {})
  }

  /** `null` if it was deleted here, `undefined` if this overlay says nothing. */
  get(table: string, key: string): Uint8Array | null | undefined {
    return this.#tables.get(table)?.get(key)
  }

  table(name: string): OverlayTable | undefined {
    return this.#tables.get(name)
  }

  set(name: string, key: string, value: Uint8Array | null): void {
    let table = this.#tables.get(name)
    if (!table) {
      table = new OverlayTable()
      this.#tables.set(name, table)
    }
    const before = table.set(key, value)
    if (before === undefined) {
      this.writes++
      this.bytes += key.length + WRITE_OVERHEAD_BYTES
    }
    this.bytes += (value?.length ?? 0) - (before?.length ?? 0)
  }

  /** For the database: table by table, keys in order. */
  toBatch(): DatabaseWrite[] {
    const batch: DatabaseWrite[] = []
    for (const [table, writes] of this.#tables) {
      for (const [key, value] of writes.all()) batch.push({ table, key, value: value ?? undefined })
    }
    return batch
  }
}

/**
 * The entries of a table as seen through overlays, the newest last. What the overlays
 * hold is taken now, what the database holds when the iteration begins.
 */
export function mergeEntries(
  database: DatabaseReader,
  table: string,
  range: KeyRange,
  overlays: readonly (OverlayTable | undefined)[],
): Iterable<readonly [string, Uint8Array]> {
  const { limit = Number.POSITIVE_INFINITY, ...unlimited } = range
  const views = overlays.map((overlay) => overlay?.entries(unlimited))
  const reverse = range.reverse ?? false
  return {
    *[Symbol.iterator]() {
      let left = limit
      if (left <= 0) return
      let merged: Iterable<readonly [string, Uint8Array | null]> = database.entries(
        table,
        unlimited,
      )
      for (const view of views) if (view) merged = merge(merged, view, reverse)
      for (const [key, value] of merged) {
        if (value === null) continue
        yield [key, value]
        if (--left <= 0) return
      }
    },
  }
}

type Entry = readonly [string, Uint8Array | null]

/** Both in one order; where both have a key, `above` is right. */
function* merge(
  below: Iterable<Entry>,
  above: Iterable<Entry>,
  reverse: boolean,
): Generator<Entry> {
  const upper = above[Symbol.iterator]()
  let next = upper.next()
  for (const entry of below) {
    const key = entry[0]
    while (!next.done && (reverse ? next.value[0] > key : next.value[0] < key)) {
      yield next.value
      next = upper.next()
    }
    if (!next.done && next.value[0] === key) {
      yield next.value
      next = upper.next()
    } else {
      yield entry
    }
  }
  while (!next.done) {
    yield next.value
    next = upper.next()
  }
}

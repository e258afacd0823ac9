/**
 * Reads versions: the index says which revision, the backend has the value.
 *
 * A small cache keeps values that were read lately, so that hot keys do not go to the
 * database each time. It is bounded in bytes, not in keys.
 */

import { NO_BYTES } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { DatabaseReader } from '../host/database.js'
import { type Interval, isPoint } from './interval.js'
import type { KeyEntry, KeyIndex } from './key-index.js'
import { decodeRecord, KV_TABLE, valueOfRecord } from './kv-record.js'
import { type Revision, revisionKey } from './revision.js'
import type { StoredKv } from './stored-kv.js'
import type { ValueCache } from './value-cache.js'

/** What to read of an interval. */
export interface RangeQuery {
  /** The revision to read at; absent, 0 or negative is the newest. */
  readonly revision?: number
  /** At most so many; absent, 0 or negative is all. */
  readonly limit?: number
  /** Only `count`; `kvs` is empty. */
  readonly countOnly?: boolean
  /** Leave values out; everything else is there, the lease too. */
  readonly keysOnly?: boolean
  /** Spare counting: `count` is then the number of `kvs`. */
  readonly uncounted?: boolean
}

/** What was read. */
export interface RangeResult {
  /** In key order. */
  readonly kvs: StoredKv[]
  /** All keys of the interval at that revision, whatever the limit. */
  readonly count: number
}

/** Between which revisions reads are answered. */
export interface ReadBounds {
  /** The newest; inside a transaction with changes, its own. */
  readonly revision: number
  readonly compactRevision: number
}

/** See the head of this file. */
export class VersionReader {
  constructor(
    readonly index: KeyIndex,
    readonly backend: DatabaseReader,
    readonly cache: ValueCache,
  ) {}

  /** The newest version of a key. */
  get(key: string): StoredKv | undefined {
    const entry = this.index.get(key)
    return entry?.live ? this.newest(entry) : undefined
  }

  /** The newest version of a live entry. */
  newest(entry: KeyEntry): StoredKv {
    if (entry.cached) return entry.cached
    return this.cache.keep(entry, withValue(entry, this.value(entry.main, entry.sub)))
  }

  /** The newest version of a live entry, which reads its value when that is asked for. */
  newestUnread(entry: KeyEntry): StoredKv {
    if (entry.cached) return entry.cached
    return new UnreadKv(entry, this)
  }

  /** The value of a version, which must not be compacted. */
  value(main: number, sub: number): Uint8Array {
    return valueOfRecord(this.#record(main, sub))
  }

  /** The version of a key that was the newest at that revision. */
  at(key: string, revision: number): StoredKv | undefined {
    const entry = this.index.get(key)
    const version = entry?.versionAt(revision)
    if (!entry || !version) return undefined
    return version === entry ? this.newest(entry) : this.#decoded(version)
  }

  /**
   * The keys of an interval at a revision.
   *
   * @throws etcdErrors.futureRev the revision is above the newest.
   * @throws etcdErrors.compacted the revision is below the compacted one (behaviour 5.3).
   */
  range(interval: Interval, query: RangeQuery, bounds: ReadBounds): RangeResult {
    const asked = query.revision ?? 0
    if (asked > bounds.revision) throw etcdErrors.futureRev.error()
    const revision = asked > 0 ? asked : bounds.revision
    if (revision < bounds.compactRevision) throw etcdErrors.compacted.error()
    if (isPoint(interval)) return this.#point(interval.from, query, revision)
    return revision === bounds.revision
      ? this.#rangeNow(interval, query)
      : this.#rangeAt(interval, query, revision)
  }

  #point(key: string, query: RangeQuery, revision: number): RangeResult {
    const entry = this.index.get(key)
    const version = entry?.versionAt(revision)
    if (!entry || !version) return { kvs: [], count: 0 }
    return { kvs: query.countOnly ? [] : [this.#version(entry, version, query)], count: 1 }
  }

  #rangeNow(interval: Interval, query: RangeQuery): RangeResult {
    const kvs: StoredKv[] = []
    const max = limitOf(query)
    if (!query.countOnly) {
      this.index.scan(interval, (entry) => {
        if (entry.live) kvs.push(this.#version(entry, entry, query))
        return kvs.length < max
      })
    }
    return { kvs, count: query.uncounted ? kvs.length : this.index.liveIn(interval) }
  }

  #rangeAt(interval: Interval, query: RangeQuery, revision: number): RangeResult {
    const kvs: StoredKv[] = []
    const max = query.countOnly ? 0 : limitOf(query)
    let count = 0
    this.index.scan(interval, (entry) => {
      const version = entry.versionAt(revision)
      if (!version) return true
      count++
      if (kvs.length < max) kvs.push(this.#version(entry, version, query))
      return !query.uncounted || kvs.length < max
    })
    return { kvs, count }
  }

  #version(entry: KeyEntry, version: Revision, query: RangeQuery): StoredKv {
    if (version === entry) return query.keysOnly ? withValue(entry, NO_BYTES) : this.newest(entry)
    const kv = this.#decoded(version)
    return query.keysOnly ? { ...kv, value: NO_BYTES } : kv
  }

  #decoded({ main, sub }: Revision): StoredKv {
    return decodeRecord(this.#record(main, sub))
  }

  #record(main: number, sub: number): Uint8Array {
    const bytes = this.backend.get(KV_TABLE, revisionKey(main, sub))
    if (!bytes)
      throw new Error(
        `The backend has no version ${main}.${sub}: damaged, or read after compaction`,
      )
    return bytes
  }
}

/** A version whose value is read when it is asked for; until then it costs nothing. */
class UnreadKv implements StoredKv {
  readonly key: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  readonly lease: bigint
  readonly #sub: number
  readonly #reader: VersionReader
  #value: Uint8Array | undefined

  constructor(entry: KeyEntry, reader: VersionReader) {
    this.key = entry.key
    this.createRevision = entry.createRevision
    this.modRevision = entry.main
    this.version = entry.version
    this.lease = entry.lease
    this.#sub = entry.sub
    this.#reader = reader
  }

  get value(): Uint8Array {
    this.#value ??= this.#reader.value(this.modRevision, this.#sub)
    return this.#value
  }
}

function withValue(entry: KeyEntry, value: Uint8Array): StoredKv {
  return {
    key: entry.key,
    createRevision: entry.createRevision,
    modRevision: entry.main,
    version: entry.version,
    value,
    lease: entry.lease,
  }
}

function limitOf({ limit }: RangeQuery): number {
  return limit !== undefined && limit > 0 ? limit : Number.POSITIVE_INFINITY
}

/**
 * Which newest versions stay in memory with their value: those read last, up to a
 * number of bytes.
 *
 * First in, first out: a version is counted from when it was read until it leaves at
 * the head of the queue, also when a newer one has taken its place meanwhile. That
 * makes the bound strict and the bookkeeping one addition and one comparison.
 */

import type { KeyEntry } from './key-index.js'
import type { StoredKv } from './stored-kv.js'

/** What a cached version takes beside key and value. */
const OVERHEAD_BYTES = 200
/** The queue is moved together when so many slots at its head are free. */
const FREE_SLOTS_MAX = 1024

/** See the head of this file. */
export class ValueCache {
  readonly #entries: KeyEntry[] = []
  readonly #kvs: StoredKv[] = []
  #head = 0
  #bytes = 0

  /** @param bytesMax 0 keeps nothing. */
  constructor(readonly bytesMax: number) {}

  /** What the cache holds; never above {@link bytesMax}. */
  get bytes(): number {
    return this.#bytes
  }

  /** Keeps `read`, the newest version of `entry`, for a while. Returns it, or its like. */
  keep(entry: KeyEntry, read: StoredKv): StoredKv {
    const bytes = sizeOf(read)
    // A few large values would drive out all others.
    if (bytes > this.bytesMax / 64) return read
    const kv = { ...read, value: ownBytes(read.value) }
    entry.cached = kv
    this.#entries.push(entry)
    this.#kvs.push(kv)
    this.#bytes += bytes
    while (this.#bytes > this.bytesMax) this.#drop()
    return kv
  }

  #drop(): void {
    const entry = this.#entries[this.#head]!
    const kv = this.#kvs[this.#head]!
    this.#head++
    this.#bytes -= sizeOf(kv)
    if (entry.cached === kv) entry.cached = undefined
    if (this.#head < FREE_SLOTS_MAX || this.#head * 2 < this.#kvs.length) return
    this.#entries.splice(0, this.#head)
    this.#kvs.splice(0, this.#head)
    this.#head = 0
  }
}

function sizeOf(kv: StoredKv): number {
  return OVERHEAD_BYTES + kv.key.length + kv.value.length
}

/** The same bytes, not holding on to a much larger buffer around them. */
function ownBytes(value: Uint8Array): Uint8Array {
  return value.buffer.byteLength <= value.length * 2 + OVERHEAD_BYTES
    ? value
    : new Uint8Array(value)
}

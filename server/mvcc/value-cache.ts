/**
 * Which newest versions stay in memory with their value: those read last, up to a
 * number of bytes.
 *
 * First in, first out: a version is counted from when it was read until it leaves at
 * the head of the queue, also when a newer one has taken its place meanwhile. That
 * makes the bound strict and the bookkeeping one addition and one comparison.
 *
 * Values are copied into chunks, one behind the other. They also leave in that order,
 * so a chunk is free when all in it are gone, and no value holds on to the larger
 * buffer that it was read with.
 */

import type { KeyEntry } from './key-index.js'
import type { StoredKv } from './stored-kv.js'

/** What a cached version takes beside key and value. */
const OVERHEAD_BYTES = 200
/** The queue is moved together when so many slots at its head are free. */
const FREE_SLOTS_MAX = 1024
const CHUNK_BYTES = 64 * 1024

/** See the head of this file. */
export class ValueCache {
  readonly #entries: KeyEntry[] = []
  readonly #kvs: StoredKv[] = []
  #head = 0
  #bytes = 0
  #chunk = new Uint8Array(0)
  #used = 0

  /** @param bytesMax 0 keeps nothing. */
  constructor(readonly bytesMax: number) {}

  /** What the cache holds; never above {@link bytesMax}. */
  get bytes(): number {
    return this.#bytes
  }

  /** Keeps the newest version of `entry`, read just now, for a while. Returns what it keeps. */
  keep(entry: KeyEntry, read: StoredKv): StoredKv {
    const bytes = sizeOf(read)
    // A few large values would drive out all others.
    if (bytes > this.bytesMax / 64) return read
    const kv = { ...read, value: this.#copy(read.value) }
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

  #copy(value: Uint8Array): Uint8Array {
    if (value.length > CHUNK_BYTES / 8) return new Uint8Array(value)
    if (this.#used + value.length > this.#chunk.length) {
      this.#chunk = new Uint8Array(CHUNK_BYTES)
      this.#used = 0
    }
    const copy = new Uint8Array(this.#chunk.buffer, this.#used, value.length)
    copy.set(value)
    this.#used += value.length
    return copy
  }
}

function sizeOf(kv: StoredKv): number {
  return OVERHEAD_BYTES + kv.key.length + kv.value.length
}

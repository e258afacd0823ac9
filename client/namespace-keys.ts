/**
 * The keys of a namespace: a prefix outside, nothing of it inside.
 *
 * | inside | outside |
 * | --- | --- |
 * | key `k` | key `<prefix>k` |
 * | range from `a` to `b` | from `<prefix>a` to `<prefix>b` |
 * | range from `a` on, open end `\0` | from `<prefix>a` to the first key behind the prefix |
 *
 * As etcd's `clientv3/namespace`.
 */

import { type Bytes, keyInWords, toBytes } from './bytes.js'
import { ConclaveError, invalidArgument } from './errors.js'
import { prefixEnd } from './range.js'
import type { KeyValue } from './wire/generated/kv.js'

/** Anything with a key, and perhaps a range end, to be sent. */
interface Keyed {
  key?: Uint8Array
  rangeEnd?: Uint8Array
}

/** The prefix of a namespace. */
export class KeyPrefix {
  readonly bytes: Uint8Array
  /** The first key behind all keys of the namespace; `\0` when there is none. */
  readonly #end: Uint8Array

  /** @throws {ConclaveError} `invalid-argument`: it is empty. */
  constructor(prefix: Bytes) {
    const bytes = toBytes(prefix, 'prefix of a namespace')
    // An empty one would separate nothing, and is nearly always a variable that was not set.
    if (bytes.length === 0) throw invalidArgument('The prefix of a namespace must not be empty.')
    this.bytes = Uint8Array.from(bytes)
    this.#end = prefixEnd(this.bytes)
  }

  /** The key outside. */
  key(inside: Uint8Array): Uint8Array {
    const outside = new Uint8Array(this.bytes.length + inside.length)
    outside.set(this.bytes)
    outside.set(inside, this.bytes.length)
    return outside
  }

  /** A copy of a request for one key, with the key outside. */
  keyed<T extends Keyed>(request: T): T {
    const { key } = request
    if (key === undefined || key.length === 0) throw invalidArgument('The key must not be empty.')
    // A copy and then an assignment: a spread that more properties follow is slow.
    const outside = { ...request }
    outside.key = this.key(key)
    return outside
  }

  /** A copy of a request for a range, with the range outside. */
  ranged<T extends Keyed>(request: T): T {
    const { rangeEnd } = request
    const outside = this.keyed(request)
    if (rangeEnd !== undefined && rangeEnd.length > 0) outside.rangeEnd = this.#rangeEnd(rangeEnd)
    return outside
  }

  /** Does the namespace hold this outside key? */
  holds(outside: Uint8Array): boolean {
    const { bytes } = this
    if (outside.length < bytes.length) return false
    for (let i = 0; i < bytes.length; i++) if (outside[i] !== bytes[i]) return false
    return true
  }

  /** The key inside. */
  inside(outside: Uint8Array): Uint8Array {
    if (!this.holds(outside))
      throw new ConclaveError(
        'internal',
        `The server answered with key ${keyInWords(outside)}, which is not in the namespace.`,
      )
    return outside.subarray(this.bytes.length)
  }

  /** Gives a key-value that was just received its key inside. */
  strip(kv: KeyValue | undefined): void {
    if (kv !== undefined) kv.key = this.inside(kv.key)
  }

  #rangeEnd(end: Uint8Array): Uint8Array {
    return end.length === 1 && end[0] === 0 ? this.#end : this.key(end)
  }
}

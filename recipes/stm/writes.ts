/** What a transaction will write: the last word on each key. */

import {
  type Bytes,
  type Compare,
  compare,
  KeyValue,
  type Lease,
  type Op,
  op,
} from '../../client/index.js'
import { isWithin, type KeyRange, keyText } from './key-range.js'

interface Write {
  readonly key: Bytes
  readonly op: Op
  /** What reads see of it; undefined: nothing. */
  readonly kv: KeyValue | undefined
}

/** See the head of the file. */
export class Writes {
  readonly #byKey = new Map<string, Write>()

  /** How many keys are written. */
  get size(): number {
    return this.#byKey.size
  }

  /** @throws {ConclaveError} `invalid-argument`. */
  put(key: Bytes, value: Bytes, lease: Lease | bigint): void {
    const put = op.put(key, value, { lease })
    this.#byKey.set(keyText(key), { key, op: put, kv: uncommitted(key, value, lease) })
  }

  /** @throws {ConclaveError} `invalid-argument`. */
  delete(key: Bytes): void {
    this.#byKey.set(keyText(key), { key, op: op.delete(key), kv: undefined })
  }

  /** What is written to a key; undefined when nothing is. */
  of(key: Bytes): { readonly kv: KeyValue | undefined } | undefined {
    return this.#byKey.get(keyText(key))
  }

  /** A range as it will be, in the order of keys. */
  over(range: KeyRange, kvs: readonly KeyValue[]): KeyValue[] {
    const seen = new Map(kvs.map((kv) => [keyText(kv.key), kv]))
    for (const [key, { kv }] of this.#byKey) {
      if (!isWithin(key, range)) continue
      if (kv === undefined) seen.delete(key)
      else seen.set(key, kv)
    }
    return [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kv]) => kv)
  }

  /** That nobody has put these keys after a revision, for those that `isGuarded` does not know. */
  conditions(revision: number, isGuarded: (key: string) => boolean): Compare[] {
    return [...this.#byKey]
      .filter(([key]) => !isGuarded(key))
      .map(([, { key }]) => compare(key).modRevision('<', revision + 1))
  }

  ops(): Op[] {
    return [...this.#byKey.values()].map((write) => write.op)
  }
}

/** A key-value that has no revision yet. */
function uncommitted(key: Bytes, value: Bytes, lease: Lease | bigint): KeyValue {
  return new KeyValue({
    key: Buffer.from(key as Uint8Array),
    value: Buffer.from(value as Uint8Array),
    createRevision: 0,
    modRevision: 0,
    version: 0,
    lease: typeof lease === 'bigint' ? lease : lease.id,
  })
}

/** A record as it stood in the store. */

import type { KeyValue, ValueCodec } from '../../client/index.js'

/** A record with what a transaction compares to know that it is still the same. */
export interface Seen<T> {
  readonly value: T
  readonly key: string
  readonly createRevision: number
  readonly modRevision: number
  readonly lease: bigint
}

/** @throws {ConclaveError} `invalid-value`: it is no such record. */
export function seen<T>(kv: KeyValue, codec: ValueCodec<T>): Seen<T> {
  const { createRevision, modRevision, lease, keyString: key } = kv
  return { value: kv.decode(codec), key, createRevision, modRevision, lease }
}

/** Keys and values as users give them, checked at the door. */

import { invalidArgument } from './errors.js'

/** A key or a value: strings are UTF-8. */
export type Bytes = string | Uint8Array

/** The bytes of a key or value; `what` names it in the error. */
export function toBytes(bytes: Bytes, what: string): Uint8Array {
  if (typeof bytes === 'string') return Buffer.from(bytes, 'utf8')
  if (bytes instanceof Uint8Array) return bytes
  throw invalidArgument(`The ${what} must be a string or a Uint8Array, not ${typeof bytes}.`)
}

/** The bytes of a key, which must not be empty. */
export function toKey(key: Bytes): Uint8Array {
  const bytes = toBytes(key, 'key')
  if (bytes.length === 0) throw invalidArgument('The key must not be empty.')
  return bytes
}

/** A revision, limit or count that must not be negative; `what` names it in the error. */
export function toCount(value: number | undefined, what: string): number {
  if (value === undefined) return 0
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw invalidArgument(`The ${what} must be a whole number from 0 on, not ${value}.`)
}

/** A lease id: a bigint from 0 on, where 0 is no lease. */
export function toLeaseId(id: bigint): bigint {
  if (typeof id === 'bigint' && id >= 0n && id < 2n ** 63n) return id
  throw invalidArgument(`A lease id is a bigint from 0n to 2^63 - 1, not ${String(id)}.`)
}

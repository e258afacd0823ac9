/** Keys and values as users give them, checked at the door. */

import { invalidArgument } from './errors.js'
import { inWords } from './in-words.js'
import type { Lease } from './lease.js'

/** A key or a value: strings are UTF-8. */
export type Bytes = string | Uint8Array

/** ES2024, which Node has and our library of types has not. */
type Wellformedness = { isWellFormed(): boolean }

/** The bytes of a key or value; `what` names it in the error. */
export function toBytes(bytes: Bytes, what: string): Uint8Array {
  if (typeof bytes === 'string') {
    // UTF-8 has no half characters: they would all become U+FFFD, and different keys one.
    if ((bytes as unknown as Wellformedness).isWellFormed()) return Buffer.from(bytes, 'utf8')
    throw invalidArgument(`The ${what} has half of a surrogate pair in it, which is no text.`)
  }
  if (bytes instanceof Uint8Array) return bytes
  throw invalidArgument(`The ${what} must be a string or a Uint8Array, not ${inWords(bytes)}.`)
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
  throw invalidArgument(`The ${what} must be a whole number from 0 on, not ${inWords(value)}.`)
}

/** Behind the largest lease id. */
const LEASE_ID_END = 2n ** 63n

/** The id of a lease, or an id itself: a bigint from 0 on, where 0 is no lease. */
export function toLeaseId(lease: Lease | bigint): bigint {
  const isLease = typeof lease === 'object' && lease !== null
  const id = isLease ? lease.id : lease
  if (typeof id === 'bigint' && id >= 0n && id < LEASE_ID_END) return id
  if (!isLease)
    throw invalidArgument(`A lease id is a bigint from 0n to 2^63 - 1, not ${inWords(id)}.`)
  throw invalidArgument(
    `A lease is what grant() gave, or its id, not ${inWords(lease)} whose id is ${inWords(id)}.`,
  )
}

/** Key or value as UTF-8; what is none becomes U+FFFD. */
export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** Bytes of a key in an error as shown to people. */
const SHOWN_BYTES_MAX = 120

/** A key as errors name it: in quotes, or in hex when it is not text. */
export function keyInWords(key: Uint8Array): string {
  const shown = Buffer.from(key.subarray(0, SHOWN_BYTES_MAX))
  const more = key.length > SHOWN_BYTES_MAX ? '…' : ''
  const text = shown.toString('utf8')
  const isText = !/[\p{Cc}\uFFFD]/u.test(text)
  return isText ? `'${text}${more}'` : `0x${shown.toString('hex')}${more}`
}

/**
 * Ways to name keys, and the pair (key, range_end) that they become.
 *
 * | form | key | range_end |
 * | --- | --- | --- |
 * | `'a'` (one key) | `a` | empty |
 * | `{ prefix: 'a' }` | `a` | `b`: the prefix with its last byte below 255 raised |
 * | `{ prefix: '' }`, `{ all: true }` | `\0` | `\0` |
 * | `{ from: 'a', to: 'b' }` | `a` | `b`, exclusive |
 * | `{ fromKey: 'a' }` | `a` | `\0`: everything from there on |
 */

import { type Bytes, toBytes, toKey } from './bytes.js'
import { invalidArgument } from './errors.js'

/** A range of keys. */
export type Range =
  | { readonly prefix: Bytes }
  | { readonly from: Bytes; readonly to: Bytes }
  | { readonly fromKey: Bytes }
  | { readonly all: true }

/** What the wire calls a range. */
export interface WireRange {
  readonly key: Uint8Array
  /** Empty: the one key. `\0`: open end. */
  readonly rangeEnd: Uint8Array
}

/** What a range may have: one of them, or `from` and `to`. */
const FORMS = ['prefix', 'from', 'to', 'fromKey', 'all'] as const

const NOTHING: Uint8Array = new Uint8Array(0)
const ZERO: Uint8Array = new Uint8Array(1)

/** A range, or one key. */
export function toRange(range: Bytes | Range): WireRange {
  if (typeof range === 'string' || range instanceof Uint8Array)
    return { key: toKey(range), rangeEnd: NOTHING }
  if (typeof range !== 'object' || range === null) throw notARange()
  // A form that were passed over would make the range larger than it reads, also of a delete.
  const formsMax = 'from' in range && 'to' in range ? 2 : 1
  if (FORMS.filter((form) => form in range).length > formsMax) throw notARange()
  if ('prefix' in range) return prefixRange(toBytes(range.prefix, 'prefix'))
  if ('fromKey' in range) return { key: toKey(range.fromKey), rangeEnd: ZERO }
  if ('all' in range && range.all === true) return { key: ZERO, rangeEnd: ZERO }
  if ('from' in range && 'to' in range) return between(toKey(range.from), toKey(range.to))
  throw notARange()
}

/** A range, or all keys with this prefix. */
export function toRangeOrPrefix(range: Bytes | Range): WireRange {
  const isPrefix = typeof range === 'string' || range instanceof Uint8Array
  return toRange(isPrefix ? { prefix: range } : range)
}

function prefixRange(prefix: Uint8Array): WireRange {
  if (prefix.length === 0) return { key: ZERO, rangeEnd: ZERO }
  return { key: prefix, rangeEnd: prefixEnd(prefix) }
}

/**
 * The first key after all keys with this prefix; `\0`, the open end, when there is none.
 *
 * @example
 * const key = new TextEncoder().encode('config/')
 * const { kvs } = await client.kv.getAll({ from: key, to: prefixEnd(key) })
 */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  if (length === 0) return ZERO
  const end = Uint8Array.from(prefix.subarray(0, length))
  end[length - 1]! += 1
  return end
}

function between(key: Uint8Array, rangeEnd: Uint8Array): WireRange {
  if (Buffer.compare(key, rangeEnd) >= 0)
    throw invalidArgument('A range runs from a smaller key to a larger one, which it excludes.')
  return { key, rangeEnd }
}

function notARange() {
  return invalidArgument(
    'A range is a key, or one of { prefix }, { from, to }, { fromKey } and { all: true }.',
  )
}

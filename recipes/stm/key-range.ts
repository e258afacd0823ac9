/** Keys and ranges of keys as strings that order as their bytes do, so that maps and sorts take them. */

import { type Bytes, prefixEnd, type Range } from '../../client/index.js'

/** From the first key to before the second; undefined is the end of all keys. */
export interface KeyRange {
  readonly from: string
  readonly to: string | undefined
}

/** One character a byte. */
export function keyText(key: Bytes): string {
  return Buffer.from(key as Uint8Array).toString('latin1')
}

/** The bounds of a range that the client accepts; plain bytes are a prefix. */
export function keyRange(range: Bytes | Range): KeyRange {
  if (typeof range === 'string' || range instanceof Uint8Array) return prefixed(range)
  if ('prefix' in range) return prefixed(range.prefix)
  if ('fromKey' in range) return { from: keyText(range.fromKey), to: undefined }
  if ('all' in range) return { from: '', to: undefined }
  return { from: keyText(range.from), to: keyText(range.to) }
}

/** Is the key in the range? */
export function isWithin(key: string, { from, to }: KeyRange): boolean {
  return key >= from && (to === undefined || key < to)
}

function prefixed(prefix: Bytes): KeyRange {
  const end = keyText(prefixEnd(Buffer.from(prefix as Uint8Array)))
  return { from: keyText(prefix), to: end === '\0' ? undefined : end }
}

/**
 * Intervals of keys, the one form in which ranges travel inside the server.
 *
 * etcd's pair `key, range_end` has four meanings; {@link intervalOf} turns it into
 * a half-open interval once, at the door, so that checks and execution cannot
 * disagree about what is meant.
 */

/** A half-open interval `[from, to)` of latin1 keys. */
export interface Interval {
  readonly from: string
  /** The first key beyond the interval; undefined when it is open-ended. */
  readonly to: string | undefined
}

/** The interval that holds this one key. */
export function point(key: string): Interval {
  return { from: key, to: `${key}\0` }
}

/** A key of the wire as a latin1 string: one character a byte, `<` orders like bytes. */
export function keyOf(bytes: Uint8Array): string {
  // What a request was decoded from is a Buffer: no view is to be made for it.
  if (bytes instanceof Buffer) return bytes.toString('latin1')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** A latin1 key as bytes of its own. */
export function bytesOf(key: string): Uint8Array {
  return Buffer.from(key, 'latin1')
}

/**
 * The interval that a request means: an empty `rangeEnd` is the key alone, `"\0"`
 * is every key from `key` on, anything else is the end. `key >= rangeEnd` is an
 * empty interval, not an error (behaviour 5.3).
 */
export function intervalOf(key: Uint8Array, rangeEnd: Uint8Array): Interval {
  const from = keyOf(key)
  if (rangeEnd.length === 0) return point(from)
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return { from, to: undefined }
  return { from, to: keyOf(rangeEnd) }
}

/** Whether the key lies in the interval. */
export function contains(interval: Interval, key: string): boolean {
  return key >= interval.from && (interval.to === undefined || key < interval.to)
}

/** Whether the interval can hold one key only: `from` itself. */
export function isPoint(interval: Interval): boolean {
  const { from, to } = interval
  return to !== undefined && to.length === from.length + 1 && to === `${from}\0`
}

/** A range of keys as command lines name it: a key, with an end, as a prefix, or open. */

import { prefixEnd } from '../../client/index.js'
import { badArguments } from './cli-error.js'

/** The flags that say what a key means. */
export interface RangeFlags {
  readonly prefix?: boolean
  readonly fromKey?: boolean
}

/** `key` and `range_end` of the wire. */
export interface KeyRange {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
}

const ZERO = Uint8Array.of(0)

/**
 * The range of `get` and `del`. An empty key with a flag is every key.
 *
 * @throws {CliError} the flags exclude each other or the second argument.
 */
export function keyRange(args: readonly string[], flags: RangeFlags): KeyRange {
  const { prefix = false, fromKey = false } = flags
  if (prefix && fromKey)
    throw badArguments('`--prefix` and `--from-key` cannot be set at the same time, choose one')
  const [first = '', end] = args
  if (end !== undefined && (prefix || fromKey))
    throw badArguments(
      'too many arguments, only accept one argument when `--prefix` or `--from-key` is set',
    )
  const key = Buffer.from(first)
  if (!prefix && !fromKey) return { key, rangeEnd: Buffer.from(end ?? '') }
  if (key.length === 0) return { key: ZERO, rangeEnd: ZERO }
  return { key, rangeEnd: fromKey ? ZERO : prefixEnd(key) }
}

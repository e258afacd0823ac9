/** What a number that a caller gives may be, said before anything is sent. */

import { invalidArgument } from './errors.js'

/**
 * A whole number in a range; both ends are in it.
 *
 * @param what names it in the error, as in "A limit", or an option as it is written.
 * @throws {ConclaveError} `invalid-argument`.
 */
export function checkWhole(
  value: number,
  what: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  const upTo = max === Number.MAX_SAFE_INTEGER ? 'on' : `to ${max}`
  throw invalidArgument(`${what} is a whole number from ${min} ${upTo}, not ${value}.`)
}

/**
 * A time, a rate or a share that is greater than 0; it may be infinite.
 *
 * @throws {ConclaveError} `invalid-argument`.
 */
export function checkPositive(value: number, what: string): void {
  if (typeof value === 'number' && value > 0) return
  throw invalidArgument(`${what} is a number greater than 0, not ${value}.`)
}

/**
 * A time that may be none at all, or infinite.
 *
 * @throws {ConclaveError} `invalid-argument`.
 */
export function checkNotNegative(value: number, what: string): void {
  if (typeof value === 'number' && value >= 0) return
  throw invalidArgument(`${what} is a number from 0 on, not ${value}.`)
}

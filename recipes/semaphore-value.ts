/** What the keys of a semaphore say: the limit, and how many permits somebody has or wants. */

import { ConclaveError, type KeyValue } from '../client/index.js'
import { checkWhole } from './numbers.js'

/** Most permits of one semaphore: so many holders have to be read to decide. */
export const LIMIT_MAX = 10_000

/** What a key says. */
export interface Claim {
  readonly owner: string
  readonly permits: number
  /** It was granted after it had waited; written to wake the next in line. */
  readonly granted?: true | undefined
}

/** A claim as it is stored: JSON. */
export function encodeClaim({ owner, permits, granted }: Claim): string {
  return JSON.stringify({ owner, permits, ...(granted && { granted }) })
}

/** A claim as it was stored; what is not ours to read counts as one permit of nobody. */
export function decodeClaim(kv: KeyValue): Claim {
  try {
    const { owner, permits, granted } = kv.json<Partial<Claim>>()
    const valid = Number.isInteger(permits) && permits! >= 1 && permits! <= LIMIT_MAX
    if (valid && typeof owner === 'string')
      return { owner, permits: permits!, ...(granted && { granted }) }
  } catch {
    // Not JSON, or not an object.
  }
  return { owner: '', permits: 1 }
}

/** The limit as it was stored; undefined when there is none. @throws {ConclaveError} `invalid-value`. */
export function decodeLimit(kv: KeyValue | undefined): number | undefined {
  if (kv === undefined) return undefined
  const limit = /^[1-9][0-9]{0,4}$/.test(kv.text()) ? Number(kv.text()) : Number.NaN
  if (limit <= LIMIT_MAX) return limit
  throw new ConclaveError('invalid-value', `${kv.keyString} is no limit of a semaphore.`)
}

/** @throws {ConclaveError} `invalid-argument`: it is no whole number from 1 to `LIMIT_MAX`. */
export function checkPermits(count: number, what: string): void {
  checkWhole(count, what, 1, LIMIT_MAX)
}

/** The permits of these claims together. */
export function sumOf(claims: readonly KeyValue[]): number {
  return claims.reduce((sum, kv) => sum + decodeClaim(kv).permits, 0)
}

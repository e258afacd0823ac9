/** What a session is asked for, and whether it can be. */

import type { Keyspace, RequestOptions } from '../client/index.js'
import { invalidArgument } from './errors.js'

/** How to make a `Session`. */
export interface SessionOptions extends RequestOptions {
  /** How long the server keeps the lease without renewals, in whole seconds. Default 10. */
  readonly ttlSeconds?: number
  /**
   * How long before the server's end `signal` fires, in milliseconds: room for clocks
   * that do not run alike, and for the work to stop. Default a tenth of the TTL; at
   * most half of it.
   */
  readonly marginMs?: number
  /** Who we are, for people who look at queues; it goes into values. Default a random id. */
  readonly owner?: string
}

/** TTL when none is asked for. */
export const TTL_SECONDS = 10
/** Longer than any. */
const TTL_SECONDS_MAX = Number.MAX_SAFE_INTEGER
const OWNER_BYTES = 8

/** @throws {ConclaveError} `invalid-argument`. */
export function checkOptions(
  { marginMs = 0, owner }: SessionOptions,
  ttlSeconds = TTL_SECONDS_MAX,
): void {
  if (!(Number.isSafeInteger(ttlSeconds) && ttlSeconds >= 1))
    throw invalidArgument(`ttlSeconds is a whole number of seconds from 1 on, not ${ttlSeconds}.`)
  if (!(marginMs >= 0 && marginMs <= ttlSeconds * 500))
    throw invalidArgument(`marginMs is at least 0 and at most half of the TTL, not ${marginMs}.`)
  if (owner === '') throw invalidArgument('An owner has a name.')
}

/** A name for a session that has none. */
export function randomOwner(client: Keyspace): string {
  return Buffer.from(client.random.bytes(OWNER_BYTES)).toString('hex')
}

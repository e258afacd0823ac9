/** The lease of a session: granted without leaving one behind, or found again. */

import {
  ConclaveError,
  type Keyspace,
  type Lease,
  type RequestOptions,
  randomId,
} from '../client/index.js'
import { hasCode, LostError } from './errors.js'

/** A lease that lived when it was asked for. */
export interface LivingLease extends Lease {
  /** It was there before this session. */
  readonly resumed: boolean
}

const TRIES_MAX = 3

/**
 * Grants a lease under an id of our own. When the outcome is unknown the same request is
 * sent again, and `lease-exists` then means that the first one was done; so no lease is
 * left behind that nobody knows.
 *
 * @throws {ConclaveError} `unavailable`, `outcome-unknown`, ….
 */
export async function grantLease(
  client: Keyspace,
  ttlSeconds: number,
  { signal, timeoutMs, metadata }: RequestOptions,
): Promise<LivingLease> {
  const beganAtMs = client.clock.now()
  let id = randomId(client.random)
  let outcomeUnknown = false
  for (let tries = 1; ; tries++) {
    const leftMs = timeoutMs && timeoutMs - (client.clock.now() - beganAtMs)
    const options = { signal, timeoutMs: leftMs, metadata }
    try {
      return { ...(await client.lease.grant(ttlSeconds, { id, ...options })), resumed: false }
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
      const exists = error.code === 'lease-exists'
      if (exists && outcomeUnknown)
        return { ...(await renewLease(client, id, options)), resumed: false }
      const isOver = tries === TRIES_MAX || signal?.aborted === true || (leftMs ?? 1) <= 0
      if (isOver || !(exists || error.outcomeUnknown)) throw error
      if (exists) id = randomId(client.random)
      outcomeUnknown = error.outcomeUnknown
    }
  }
}

/**
 * Renews a lease that is there.
 *
 * @throws {LostError} it is there no more.
 * @throws {ConclaveError} `deadline-exceeded`, `cancelled`, ….
 */
export async function renewLease(
  client: Keyspace,
  id: bigint,
  { signal, timeoutMs, metadata }: RequestOptions,
): Promise<LivingLease> {
  const grantedAtMs = client.clock.now()
  try {
    const ttlSeconds = await client.lease.keepAliveOnce(id, { signal, timeoutMs, metadata })
    return { id, ttlSeconds, grantedAtMs, resumed: true }
  } catch (error) {
    if (hasCode(error, 'lease-not-found'))
      throw new LostError(`The session ${id.toString(16)}`, 'expired', error)
    throw error
  }
}

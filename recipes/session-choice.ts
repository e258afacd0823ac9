/** Whether something that heals has sessions of its own, or shares those of others. */

import type { Keyspace } from '../client/index.js'
import { invalidArgument } from './errors.js'
import { SessionSource } from './session-source.js'

/** Where sessions come from. */
export interface SessionChoice {
  /** A source that others use too: all that share one hang on one lease. Default one of its own. */
  readonly sessions?: SessionSource
  /** TTL of the sessions of its own, in seconds. Default 10. Not together with `sessions`. */
  readonly ttlSeconds?: number
}

/** The source to use, and whether to close it in the end. */
export interface ChosenSource {
  readonly sessions: SessionSource
  readonly ownsSessions: boolean
}

/** @throws {ConclaveError} `invalid-argument`. */
export function chosenSource(
  client: Keyspace,
  { sessions, ttlSeconds }: SessionChoice,
): ChosenSource {
  if (sessions !== undefined && ttlSeconds !== undefined)
    throw invalidArgument('Give sessions or ttlSeconds: shared sessions have a TTL already.')
  if (sessions !== undefined) return { sessions, ownsSessions: false }
  const own = new SessionSource(client, ttlSeconds === undefined ? {} : { ttlSeconds })
  return { sessions: own, ownsSessions: true }
}

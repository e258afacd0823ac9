/**
 * Which failures may be repeated: the rule on which the safety of every write rests.
 *
 * A read may be sent again when its member is unavailable. A write may be sent again
 * only when the request provably never left. Anything else could apply it twice
 * (etcd #14890, #18424: lost updates by a client that retried on UNAVAILABLE), so the
 * caller is told that the outcome is unknown.
 */

import type { Intent } from '../errors.js'
import { etcdErrorNamed } from '../wire/etcd-errors.js'
import { type RpcError, Status } from '../wire/status.js'
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, type BackoffBounds } from './backoff.js'

/** May the same request be sent again? */
export function mayRepeat(error: RpcError, intent: Intent): boolean {
  if (error.code === Status.CANCELLED) return false
  if (error.neverSent || isLeaderless(error)) return true
  return intent === 'read' && isSick(error)
}

/** Does the failure speak against the endpoint and not against the request? */
export function isSick(error: RpcError): boolean {
  return error.code === Status.UNAVAILABLE || error.code === Status.DEADLINE_EXCEEDED
}

/** Was the request refused because the member is a learner? Nothing happened, and a voter would answer. */
export function isLearners(error: RpcError): boolean {
  return etcdErrorNamed(error.details) === 'notSupportedForLearner'
}

/** Was the request refused because the member knows no leader? Nothing happened, and another may know one. */
function isLeaderless(error: RpcError): boolean {
  return etcdErrorNamed(error.details) === 'noLeader'
}

/** Failures of a stream that another endpoint would only repeat. */
export function isFinal(error: RpcError): boolean {
  const name = etcdErrorNamed(error.details)
  return (
    error.code === Status.UNIMPLEMENTED ||
    error.code === Status.PERMISSION_DENIED ||
    error.code === Status.UNAUTHENTICATED ||
    name === 'authFailed' ||
    name === 'userEmpty'
  )
}

/** How often and when a request is sent again. */
export interface RetryBounds extends BackoffBounds {
  /** Tries of one call, the first among them. */
  readonly attemptsMax: number
}

/** As often as the time of the call allows. */
export const RETRY_DEFAULT: RetryBounds = {
  attemptsMax: Number.POSITIVE_INFINITY,
  minMs: BACKOFF_MS_MIN,
  maxMs: BACKOFF_MS_MAX,
}

/** A read gives a silent endpoint this share of its time, so that there is time left for another. */
const READ_SHARES_MAX = 3

/**
 * How long one try may take, in milliseconds.
 *
 * A write gets all that is left: cut short, its outcome would be unknown.
 */
export function tryMs(
  intent: Intent,
  timeoutMs: number,
  leftMs: number,
  endpoints: number,
): number {
  if (intent === 'write' || endpoints === 1) return leftMs
  return Math.min(leftMs, timeoutMs / Math.min(endpoints, READ_SHARES_MAX))
}

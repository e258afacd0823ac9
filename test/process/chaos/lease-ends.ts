/**
 * Leases, as far as they can be judged from outside: none ended before its time.
 *
 * A key below `x/` is only ever put, with a lease. When it is deleted and nobody revoked its
 * lease, the lease has expired, and not later than we were told of it. Whoever was told that
 * a lease lives for so long, counted from his question, was promised that time. An id that
 * was granted twice is not judged: nobody can tell which life was meant.
 */

import { EventType } from '../../../client/wire/generated/kv.js'
import type { LeaseRecord } from '../../check/lease-record.js'
import type { Violation } from '../../check/operation.js'
import type { Truth } from '../../check/truth.js'

const PREFIX = 'x/'

/** What was found about leases. */
export interface LeaseEnds {
  /** Leases that were seen to expire. */
  readonly expired: number
  readonly violations: readonly Violation[]
}

/** Judges. @param toldMs when we were told of each revision. */
export function judgeLeaseEnds(
  records: readonly LeaseRecord[],
  truth: Truth,
  toldMs: ReadonlyMap<number, number>,
): LeaseEnds {
  const revoked = new Set(records.filter(mayHaveRevoked).map(({ leaseId }) => leaseId))
  const lives = new Map<bigint, number>()
  for (const { leaseId } of records.filter(mayHaveGranted))
    lives.set(leaseId, (lives.get(leaseId) ?? 0) + 1)
  const expired = new Set<bigint>()
  const violations: Violation[] = []
  for (const { type, kv, prev, revision } of truth.events) {
    const lease = prev?.lease ?? 0n
    if (type !== EventType.DELETE || !kv.key.startsWith(PREFIX)) continue
    if (lease === 0n || revoked.has(lease)) continue
    expired.add(lease)
    if (lives.get(lease) !== 1) continue
    const endedMs = toldMs.get(revision) ?? Number.POSITIVE_INFINITY
    const early = records.find(
      (record) => record.leaseId === lease && promisedUntilMs(record) > endedMs,
    )
    if (early === undefined) continue
    const { kind, process } = early
    const promised = `${kind} of ${process} promised until ${promisedUntilMs(early).toFixed(1)} ms`
    const message = `lease ${lease} was gone at ${endedMs.toFixed(1)} ms (${kv.key}@${revision})`
    violations.push({ rule: 'lease early', message: `${message}; a ${promised}` })
  }
  return { expired: expired.size, violations }
}

function mayHaveGranted({ kind, answer }: LeaseRecord): boolean {
  return kind === 'grant' && answer?.kind !== 'failed' && answer?.kind !== 'refused'
}

function mayHaveRevoked({ kind, answer }: LeaseRecord): boolean {
  return kind === 'revoke' && answer?.kind !== 'failed' && answer?.kind !== 'refused'
}

function promisedUntilMs({ kind, answer, beganMs }: LeaseRecord): number {
  const promises = kind === 'grant' || kind === 'keepAlive'
  if (!promises || answer?.kind !== 'ok') return Number.NEGATIVE_INFINITY
  return beganMs + 1000 * answer.ttlSeconds
}

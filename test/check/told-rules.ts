/**
 * Judges whether holders are told in time:
 *
 * - *M4*: when the server ends the lease of a holder, so that others may be granted what it
 *   held, the holder has been told by its signal before, or gave it back before.
 *
 * It is owed only as far as clocks run alike: a session stops a tenth of its TTL before the
 * server may, so a server's clock may be faster than the holder's by no more than that. And
 * only to a process that runs: one that stands still is told when it goes on.
 *
 * A key that somebody deletes, and a lease that is revoked on request, are no business of
 * this judge: nobody can tell of those before.
 */

import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'
import type { LockRecord } from './lock-record.js'
import type { Violation } from './operation.js'

/** The part of a TTL that a session keeps back; see `marginMs` of its options. */
const MARGIN_PART = 0.1
/** Leases of less than this are not granted, in milliseconds. */
const TTL_MS_MIN = 1_000

/** How clocks of a life may run. */
export interface ClockBounds {
  /** The fastest clock of a server, against true time. */
  readonly serverRateMax: number
  /** The slowest clock of a holder. */
  readonly holderRateMin: number
  /** Furthest that a holder's clock may be ahead of itself for a moment, in milliseconds. */
  readonly holderAheadMsMax: number
}

/** What is judged. */
export interface ToldEvidence {
  readonly grants: readonly LockRecord[]
  readonly events: readonly ModelEvent[]
  /** Undefined when nobody saw the log: then nothing is said. */
  readonly log: readonly Committed[] | undefined
  readonly clocks: ClockBounds
  /** Whether a process stood still at a moment of true time. */
  readonly stood: (process: string, ms: number) => boolean
}

/** Whether a session that runs on such clocks can be told in time. */
export function isToldOwed({ serverRateMax, holderRateMin, holderAheadMsMax }: ClockBounds) {
  const holderMsMax = (TTL_MS_MIN * (1 - MARGIN_PART) + holderAheadMsMax) / holderRateMin
  return holderMsMax < TTL_MS_MIN / serverRateMax
}

/** Judges by the rule. Empty: acquitted. */
export function judgeTold(evidence: ToldEvidence): Violation[] {
  const { grants, events, log, clocks, stood } = evidence
  if (log === undefined || !isToldOwed(clocks)) return []
  const expired = expiries(log)
  const deletions = deletionsOf(events)
  const violations: Violation[] = []
  for (const grant of grants) {
    const { process, key, leaseId, recipe, name, fencingToken, end } = grant
    const gone = deletions.get(key)?.find((revision) => revision > fencingToken)
    const expiry = gone === undefined ? undefined : expired.get(gone)
    if (expiry === undefined || expiry.lease !== leaseId) continue
    const { atMs } = expiry
    if (toldMs(end) <= atMs || stood(process, atMs)) continue
    const told = end === undefined ? 'never' : `at ${toldMs(end)} ms`
    violations.push({
      rule: 'lock M4',
      message: `${process} held ${recipe} ${name}, token ${fencingToken}; its lease was ended at ${atMs} ms, and it was told ${told}`,
    })
  }
  return violations
}

/** When the holder knew, or gave up; Infinity when it never did. */
function toldMs(end: LockRecord['end']): number {
  if (end === undefined) return Number.POSITIVE_INFINITY
  if (end.kind === 'unknown') return Number.NEGATIVE_INFINITY
  return end.kind === 'released' ? end.began.ms : end.moment.ms
}

/** A lease whose time was over, as a leader saw it. */
interface Expiry {
  readonly lease: bigint
  readonly atMs: number
}

/** By the revision that each made. One that deleted nothing made none. */
function expiries(log: readonly Committed[]): Map<number, Expiry> {
  const expired = new Map<number, Expiry>()
  let last = 0
  for (const { command, result, atMs } of log) {
    if (!result?.ok) continue
    const revision = (result.response as { header?: { revision?: number } }).header?.revision ?? 0
    const { ID = 0n, leaderTerm = 0 } = command?.leaseRevoke ?? {}
    if (revision > last && leaderTerm !== 0) expired.set(revision, { lease: ID, atMs })
    last = Math.max(last, revision)
  }
  return expired
}

/** The revisions at which each key was deleted, ascending. */
function deletionsOf(events: readonly ModelEvent[]): Map<string, number[]> {
  const deletions = new Map<string, number[]>()
  for (const { revision, type, kv } of events) {
    if (type !== EventType.DELETE) continue
    const known = deletions.get(kv.key)
    if (known === undefined) deletions.set(kv.key, [revision])
    else known.push(revision)
  }
  return deletions
}

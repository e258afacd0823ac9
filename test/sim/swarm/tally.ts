/** What a life amounted to, in numbers. */

import type { Committed } from '../../check/committed.js'
import type { Operation } from '../../check/operation.js'

/** Leases that a leader ended because their time was over. */
export function leasesExpired(committed: readonly Committed[]): number {
  return committed.filter(({ command, result }) => {
    return result?.ok && (command?.leaseRevoke?.leaderTerm ?? 0) !== 0
  }).length
}

/** Changes of the membership that took effect. */
export function membershipChanges(committed: readonly Committed[]): number {
  return committed.filter(({ change, result }) => {
    return change !== undefined && change.steps.length > 0 && (result?.ok ?? true)
  }).length
}

/**
 * The longest time between two acknowledged writes, in milliseconds, from `fromMs` to `toMs`;
 * the beginning and the end count as writes.
 */
export function longestSilence(
  operations: readonly Operation[],
  fromMs: number,
  toMs: number,
): number {
  const times = operations
    .filter(({ call, answer }) => call.kind !== 'range' && answer?.kind === 'ok')
    .map(({ endedMs }) => endedMs!)
    .filter((ms) => ms >= fromMs && ms <= toMs)
    .sort((a, b) => a - b)
  let longest = 0
  let lastMs = fromMs
  for (const ms of [...times, toMs]) {
    longest = Math.max(longest, ms - lastMs)
    lastMs = ms
  }
  return longest
}

/** A lease as it is held in memory: the replicated facts, and what only a leader keeps beside them. */

import { type HeapNode, heapNode } from './deadline-heap.js'

/** Longest TTL that is granted, in seconds (behaviour 5.6). */
export const LEASE_TTL_SECONDS_MAX = 9_000_000_000

/** One lease. Only the lessor changes it. */
export interface Lease {
  readonly id: bigint
  /** Granted, in seconds; 1 or more. */
  readonly ttlSeconds: number
  /** Replicated: the log entry that granted it. Tells it from an earlier lease with its id. */
  readonly grantedIndex: number
  /** Replicated: what the last checkpoint left, in seconds; 0 is the full TTL. */
  remainingSeconds: number
  /** Replicated: the keys attached to it, in no particular order. */
  readonly keys: Set<string>
  /** Leader only: when it expires, monotonic milliseconds; infinite elsewhere. */
  deadlineMs: number
  /** Leader only: a count that tells which of two equal deadlines was set first. */
  renewal: number
  /** Leader only: a checkpoint was handed out for proposal and not seen applied yet. */
  checkpointing: boolean
  /** Leader only: it expired and was handed out for revocation; there is no way back. */
  revoking: boolean
  /** Leader only: when to look at it next for expiry. */
  readonly expiry: HeapNode<Lease>
  /** Leader only: when to write its remaining time down next. */
  readonly checkpoint: HeapNode<Lease>
}

/** A lease without keys and without a deadline. */
export function newLease(
  id: bigint,
  ttlSeconds: number,
  grantedIndex: number,
  remainingSeconds = 0,
): Lease {
  const lease = {
    id,
    ttlSeconds,
    grantedIndex,
    remainingSeconds,
    keys: new Set<string>(),
    deadlineMs: Number.POSITIVE_INFINITY,
    renewal: 0,
    checkpointing: false,
    revoking: false,
  } as Lease
  return Object.assign(lease, { expiry: heapNode(lease), checkpoint: heapNode(lease) })
}

/**
 * When leases expire: kept by the leader, in memory only, on its monotonic clock.
 *
 * Two heaps. `expiry` says which lease to look at next: at its deadline, and again
 * every {@link REVOKE_RETRY_MS} while the revocation that was handed out has not been
 * applied. `checkpoint` says whose remaining time to write into the log next, so that
 * a lease of a day does not start over with each new leader.
 *
 * Nothing here is called by apply except `add` and `remove`, and neither reads the
 * clock: a lease granted a moment ago waits in `#fresh` and starts to run when
 * the leader next looks at its leases. That is late by one expiry interval at most
 * and never early.
 */

import type { Clock } from '../../client/host/clock.js'
import type { LeaseCheckpoint } from '../../client/wire/generated/rpc.js'
import { DeadlineHeap } from './deadline-heap.js'
import type { Lease } from './lease.js'

/** A revocation that was handed out and did not happen is handed out again after this long, as in etcd. */
export const REVOKE_RETRY_MS = 3_000

/** The deadlines of all leases while this member leads. */
export class LeaseDeadlines {
  readonly #clock: Clock
  readonly #checkpointIntervalMs: number
  readonly #expiry = new DeadlineHeap<Lease>()
  readonly #checkpoints = new DeadlineHeap<Lease>()
  /** Granted, but not started yet. */
  readonly #fresh = new Set<Lease>()
  #renewals = 0

  constructor(clock: Clock, checkpointIntervalMs: number) {
    this.#clock = clock
    this.#checkpointIntervalMs = checkpointIntervalMs
  }

  /** Starts every lease anew: at what its checkpoint left or its full TTL, and `extendMs` more. */
  start(leases: ReadonlyMap<bigint, Lease>, extendMs: number): void {
    this.stop(leases)
    const now = this.#clock.now()
    for (const lease of leases.values()) this.#run(lease, now, extendMs)
  }

  /** Forgets all deadlines: somebody else leads. */
  stop(leases: ReadonlyMap<bigint, Lease>): void {
    this.#expiry.clear()
    this.#checkpoints.clear()
    this.#fresh.clear()
    for (const lease of leases.values()) {
      lease.deadlineMs = Number.POSITIVE_INFINITY
      lease.checkpointing = false
      lease.revoking = false
    }
  }

  /** A lease was granted. */
  add(lease: Lease): void {
    this.#fresh.add(lease)
  }

  /** A lease is gone. */
  remove(lease: Lease): void {
    this.#fresh.delete(lease)
    this.#expiry.remove(lease.expiry)
    this.#checkpoints.remove(lease.checkpoint)
  }

  /** Starts what was granted since anybody last looked. */
  startFresh(): void {
    this.#now()
  }

  /** Milliseconds until the lease expires; 0 when it has. */
  remainingMs(lease: Lease): number {
    const now = this.#now()
    return Math.max(0, lease.deadlineMs - now)
  }

  /**
   * Sets the lease back to its full TTL, or leaves it more: a new leader may have extended
   * it, and have told somebody so. A lease that expired and was not handed out yet may
   * still be saved: after a stall of this process the keep-alives that waited come first.
   * False once its revocation is under way.
   */
  renew(lease: Lease): boolean {
    const now = this.#now()
    if (lease.revoking) return false
    this.#run(lease, now, 0, lease.deadlineMs)
    return true
  }

  /** Leases whose time is over, the oldest first, each at most once in {@link REVOKE_RETRY_MS}. */
  expired(limit: number): bigint[] {
    const now = this.#now()
    const ids: bigint[] = []
    while (ids.length < limit) {
      const node = this.#expiry.peek()
      if (node === undefined || node.dueMs > now) break
      node.item.revoking = true
      ids.push(node.item.id)
      this.#expiry.set(node, now + REVOKE_RETRY_MS)
    }
    return ids
  }

  /** The remaining times that are due to be written down, rounded up to seconds. */
  dueCheckpoints(limit: number): LeaseCheckpoint[] {
    const now = this.#now()
    const checkpoints: LeaseCheckpoint[] = []
    while (checkpoints.length < limit) {
      const node = this.#checkpoints.peek()
      if (node === undefined || node.dueMs > now) break
      const lease = node.item
      const remainingMs = lease.deadlineMs - now
      if (remainingMs <= 0) {
        this.#checkpoints.remove(node)
        continue
      }
      lease.checkpointing = true
      // An extended lease may have more left than its TTL; a record never says more.
      const seconds = Math.min(lease.ttlSeconds, Math.ceil(remainingMs / 1000))
      checkpoints.push({ ID: lease.id, remaining_TTL: seconds })
      this.#scheduleCheckpoint(lease, now)
    }
    return checkpoints
  }

  /** The time, after every fresh lease has been started at it. */
  #now(): number {
    const now = this.#clock.now()
    if (this.#fresh.size > 0) {
      for (const lease of this.#fresh) this.#run(lease, now, 0)
      this.#fresh.clear()
    }
    return now
  }

  #run(lease: Lease, now: number, extendMs: number, leastMs = 0): void {
    const seconds = lease.remainingSeconds > 0 ? lease.remainingSeconds : lease.ttlSeconds
    lease.deadlineMs = Math.max(leastMs, now + seconds * 1000 + extendMs)
    lease.renewal = ++this.#renewals
    this.#expiry.set(lease.expiry, lease.deadlineMs)
    this.#scheduleCheckpoint(lease, now)
  }

  /** Only a lease with more than an interval left is worth a log entry. */
  #scheduleCheckpoint(lease: Lease, now: number): void {
    if (lease.deadlineMs - now > this.#checkpointIntervalMs)
      this.#checkpoints.set(lease.checkpoint, now + this.#checkpointIntervalMs)
    else this.#checkpoints.remove(lease.checkpoint)
  }
}

/**
 * Leases: which exist, which keys hang on them, and (on the leader) when they expire.
 *
 * Two halves that do not mix. The replicated half changes by apply alone: grant,
 * revoke, checkpoint, attach and detach. Its records live in table `lease`; which
 * keys are attached is not stored twice but read from the store at open. The leader's
 * half is in memory: deadlines on its monotonic clock, see lease-deadlines.ts.
 *
 * How a lease ends: its deadline passes, `expired` hands it out and from then on
 * `renew` refuses it, the leader proposes a revocation that carries its term, and
 * apply deletes the keys. If the term is over by then, apply refuses the revocation
 * and the next leader decides (etcd #15247).
 *
 * What a leader owes its successor: promise no client more time than the successor
 * would give. A successor starts at the full TTL, or at what a checkpoint left. So
 * while a checkpoint is in force, or on its way, a renewal must first clear it through
 * the log: `mustClear` tells, and `renew` insists.
 */

import type { Clock } from '../../client/host/clock.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { LeaseRecord } from '../../client/wire/generated/command.js'
import type { LeaseCheckpoint } from '../../client/wire/generated/rpc.js'
import { RpcError, Status } from '../../client/wire/status.js'
import type { Backend } from '../storage/backend.js'
import { compareIds, idKey } from './id-key.js'
import { LEASE_TTL_SECONDS_MAX, type Lease, newLease } from './lease.js'
import { LeaseDeadlines } from './lease-deadlines.js'

/** How a lessor is made. */
export interface LessorOptions {
  readonly backend: Backend
  /** For the leader's deadlines; apply never reads it. */
  readonly clock: Clock
  /** How often the remaining time of a long lease is written down. Default 5 minutes, as etcd. */
  readonly checkpointIntervalMs?: number
}

/** What a lease looks like from outside. */
export interface LeaseView {
  readonly id: bigint
  /** As granted, in seconds. */
  readonly ttlSeconds: number
  /** Whole seconds left, rounded down; 0 when it expired and is being revoked. */
  readonly remainingSeconds: number
}

const TABLE = 'lease'

/** See the head of the file. */
export class Lessor {
  readonly #backend: Backend
  readonly #leases = new Map<bigint, Lease>()
  readonly #deadlines: LeaseDeadlines
  #leading = false

  /**
   * @param keys the live keys that are attached to a lease.
   * @throws Error a key points to a lease that does not exist: the state is damaged.
   */
  constructor(options: LessorOptions, keys: Iterable<{ key: string; lease: bigint }>) {
    this.#backend = options.backend
    this.#deadlines = new LeaseDeadlines(options.clock, options.checkpointIntervalMs ?? 300_000)
    for (const [, bytes] of this.#backend.entries(TABLE)) {
      const { ID, ttlSeconds, grantedIndex, remainingSeconds } = LeaseRecord.decode(bytes)
      this.#leases.set(ID, newLease(ID, ttlSeconds, grantedIndex, remainingSeconds))
    }
    for (const { key, lease } of keys) this.attach(key, lease)
  }

  /** How many leases there are. */
  get size(): number {
    return this.#leases.size
  }

  /** Whether the lease exists, expired or not. */
  has(id: bigint): boolean {
    return this.#leases.has(id)
  }

  /** The log entry that granted the lease; undefined when there is no such lease. */
  grantedIndex(id: bigint): number | undefined {
    return this.#leases.get(id)?.grantedIndex
  }

  /**
   * Whether there is such a lease, and it is the one that a leader meant who had applied
   * the log up to this index; 0 is whoever means any.
   */
  isMeant(id: bigint, appliedIndex: number): boolean {
    const lease = this.#leases.get(id)
    return lease !== undefined && (appliedIndex === 0 || lease.grantedIndex <= appliedIndex)
  }

  /** The keys attached to the lease, in key order; none for an unknown lease. */
  keys(id: bigint): string[] {
    return [...(this.#leases.get(id)?.keys ?? [])].sort()
  }

  /** Everything replicated, by id: for fingerprints and tests. */
  *records(): Iterable<LeaseRecord> {
    const leases = [...this.#leases.values()].sort((a, b) => compareIds(a.id, b.id))
    for (const { id, ttlSeconds, remainingSeconds, grantedIndex } of leases)
      yield { ID: id, ttlSeconds, remainingSeconds, grantedIndex }
  }

  // Replicated: by apply only.

  /**
   * Creates a lease. The TTL is taken as it is (at least 1 s): raising it to the
   * cluster's minimum is the proposer's part, so that no member's own settings decide.
   *
   * @param index of the log entry.
   * @returns the TTL in seconds.
   * @throws leaseNotFound (id 0, as etcd), leaseTTLTooLarge, leaseExist
   */
  grant(id: bigint, ttlSeconds: number, index: number): number {
    if (id === 0n) throw etcdErrors.leaseNotFound.error()
    if (ttlSeconds > LEASE_TTL_SECONDS_MAX) throw etcdErrors.leaseTTLTooLarge.error()
    if (this.#leases.has(id)) throw etcdErrors.leaseExist.error()
    const lease = newLease(id, Math.max(1, ttlSeconds), index)
    this.#leases.set(id, lease)
    this.#persist(lease)
    if (this.#leading) this.#deadlines.add(lease)
    return lease.ttlSeconds
  }

  /** Removes a lease whose keys are deleted already. */
  remove(id: bigint): void {
    const lease = this.#leases.get(id)
    if (lease === undefined) throw new Error(`There is no lease ${id} to remove`)
    if (lease.keys.size > 0) throw new Error(`Lease ${id} still has ${lease.keys.size} keys`)
    this.#leases.delete(id)
    this.#backend.delete(TABLE, idKey(id))
    this.#deadlines.remove(lease)
  }

  /** Writes down how much of a lease is left; 0 means all of it. Unknown leases are skipped. */
  checkpoint({ ID, remaining_TTL: remainingSeconds }: LeaseCheckpoint): void {
    const lease = this.#leases.get(ID)
    if (lease === undefined) return
    lease.checkpointing = false
    const remaining = Math.min(lease.ttlSeconds, Math.max(0, remainingSeconds))
    if (remaining === lease.remainingSeconds) return
    lease.remainingSeconds = remaining
    this.#persist(lease)
  }

  /** The key hangs on this lease from now on; 0n is none. The lease must exist. */
  attach(key: string, id: bigint): void {
    if (id === 0n) return
    const lease = this.#leases.get(id)
    if (lease === undefined) throw new Error(`A key points to lease ${id}, which does not exist`)
    lease.keys.add(key)
  }

  /** The key does not hang on this lease any more; 0n is none. */
  detach(key: string, id: bigint): void {
    if (id !== 0n) this.#leases.get(id)?.keys.delete(key)
  }

  // The leader's half.

  /** Whether deadlines run here. */
  get leading(): boolean {
    return this.#leading
  }

  /**
   * This member leads: every lease starts anew, at its checkpoint or its full TTL.
   * To be called when the first entry of the term has been applied, so that no
   * checkpoint of an earlier leader can arrive after a renewal was promised.
   *
   * @param extendMs added to each: the time in which nobody could renew, one election timeout.
   */
  promote(extendMs: number): void {
    this.#leading = true
    this.#deadlines.start(this.#leases, extendMs)
  }

  /** Somebody else leads, or nobody: nothing expires here. */
  demote(): void {
    this.#leading = false
    this.#deadlines.stop(this.#leases)
  }

  /**
   * Whether a checkpoint with remaining 0 must be applied before `renew` may promise
   * the full TTL. At most two log entries for each checkpoint interval of a lease.
   */
  mustClear(id: bigint): boolean {
    const lease = this.#leases.get(id)
    return lease !== undefined && (lease.remainingSeconds > 0 || lease.checkpointing)
  }

  /**
   * Restarts the lease at its full TTL. Check and change are one step: a lease
   * that is revoked, or handed out for it, is never renewed (reliability L3). The
   * caller has made sure that this member leads.
   *
   * @returns the TTL in seconds.
   * @throws notLeader, leaseNotFound; UNAVAILABLE while `mustClear`, which may have come
   *   true since the caller asked: clear and try again.
   */
  renew(id: bigint): number {
    if (!this.#leading) throw etcdErrors.notLeader.error()
    const lease = this.#leases.get(id)
    if (lease === undefined || lease.revoking) throw etcdErrors.leaseNotFound.error()
    if (this.mustClear(id))
      throw new RpcError(
        Status.UNAVAILABLE,
        `clear the checkpoint of lease ${id} before renewing it`,
      )
    this.#deadlines.renew(lease)
    return lease.ttlSeconds
  }

  /** Up to `limit` leases to revoke now; see {@link LeaseDeadlines.expired}. None unless leading. */
  expired(limit: number): bigint[] {
    return this.#leading ? this.#deadlines.expired(limit) : []
  }

  /**
   * Up to `limit` checkpoints to propose now. They must be proposed in this turn, by
   * this member as the leader, and never be forwarded: a checkpoint in a later term
   * could take back what that term's leader promised. None unless leading.
   */
  checkpoints(limit = Number.POSITIVE_INFINITY): LeaseCheckpoint[] {
    return this.#leading ? this.#deadlines.dueCheckpoints(limit) : []
  }

  /**
   * The lease and what is left of it, or undefined when there is none.
   *
   * @throws notLeader
   */
  timeToLive(id: bigint): LeaseView | undefined {
    if (!this.#leading) throw etcdErrors.notLeader.error()
    const lease = this.#leases.get(id)
    if (lease === undefined) return undefined
    const remainingSeconds = Math.floor(this.#deadlines.remainingMs(lease) / 1000)
    return { id, ttlSeconds: lease.ttlSeconds, remainingSeconds }
  }

  /** All leases, the one that expires first at the head, of equals the one granted or renewed first; by id where no deadlines run. */
  list(): bigint[] {
    const leases = [...this.#leases.values()]
    if (this.#leading) {
      this.#deadlines.startFresh()
      leases.sort((a, b) => a.deadlineMs - b.deadlineMs || a.renewal - b.renewal)
    } else leases.sort((a, b) => compareIds(a.id, b.id))
    return leases.map((lease) => lease.id)
  }

  #persist({ id, ttlSeconds, remainingSeconds, grantedIndex }: Lease): void {
    const record = { ID: id, ttlSeconds, remainingSeconds, grantedIndex }
    this.#backend.put(TABLE, idKey(id), LeaseRecord.encode(record).finish())
  }
}

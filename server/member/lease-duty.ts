/**
 * What a leader does for leases: has the expired ones revoked, and writes down what
 * long ones have left.
 *
 * Every revoke carries the leader's term and apply refuses it in another one, so a
 * leader that was deposed without noticing cannot end a lease (etcd #15247, #12528).
 * A leader whose own process stood still first lets the keep-alives in that queued up
 * meanwhile: its clock jumped, its clients did not stop.
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import type { Init } from '../../client/wire/codec.js'
import type { Command } from '../../client/wire/generated/command.js'
import {
  LEASE_CHECKPOINT_LOOK_MS,
  LEASE_CHECKPOINTS_MAX,
  LEASE_EXPIRY_INTERVAL_MS,
} from '../limits.js'
import type { Lessor } from '../state/lessor.js'

/** What the duty needs of its member. */
export interface LeaseDutyOptions {
  readonly clock: Clock
  readonly lessor: () => Lessor
  /** Leases revoked in one look. */
  readonly revokesMax: number
  /** Proposes as the leader, in this turn; dropped when this member does not lead any more. */
  readonly propose: (command: Init<Command>) => void
}

/** How late a look may come before the process is taken to have stood still, in milliseconds. */
const STALL_MS = 500

/** Runs while this member leads. */
export class LeaseDuty {
  readonly #options: LeaseDutyOptions
  #expiry: Timer | undefined
  #checkpoint: Timer | undefined
  #dueAtMs = 0

  constructor(options: LeaseDutyOptions) {
    this.#options = options
  }

  /** This member leads in `term` from now on. */
  start(term: number): void {
    this.stop()
    this.#armExpiry(term)
    this.#armCheckpoint()
  }

  stop(): void {
    this.#expiry?.cancel()
    this.#checkpoint?.cancel()
  }

  #armExpiry(term: number): void {
    const { clock } = this.#options
    this.#dueAtMs = clock.now() + LEASE_EXPIRY_INTERVAL_MS
    this.#expiry = clock.after(LEASE_EXPIRY_INTERVAL_MS, () => {
      const stalled = clock.now() - this.#dueAtMs > STALL_MS
      if (!stalled) this.#revokeExpired(term)
      this.#armExpiry(term)
    })
  }

  #revokeExpired(term: number): void {
    const { lessor, revokesMax, propose } = this.#options
    for (const ID of lessor().expired(revokesMax))
      propose({ leaseRevoke: { ID, leaderTerm: term } })
  }

  #armCheckpoint(): void {
    const { clock, lessor, propose } = this.#options
    this.#checkpoint = clock.after(LEASE_CHECKPOINT_LOOK_MS, () => {
      const checkpoints = lessor().checkpoints(LEASE_CHECKPOINTS_MAX)
      if (checkpoints.length > 0) propose({ leaseCheckpoint: { checkpoints } })
      this.#armCheckpoint()
    })
  }
}

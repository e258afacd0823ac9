/**
 * What a leader knows of one member, and how it feeds it.
 *
 * - `probe`: where the logs agree is not known; one append, then wait for its answer (or for a
 *   heartbeat's) before the next.
 * - `replicate`: the logs agree up to `match`; appends are sent ahead of their answers, within
 *   the window of {@link Inflights}. A rejection or a broken connection leads back to `probe`.
 * - `snapshot`: the entries that the member needs are gone; nothing is sent until the snapshot
 *   has arrived or has failed.
 */

import { Inflights } from './inflights.js'
import type { ProgressState, ProgressStatus } from './status.js'

/** The two bounds of a window. */
export interface WindowLimits {
  readonly inflightMessagesMax: number
  readonly inflightBytesMax: number
}

/** One member as seen by its leader. Invariant: 0 <= match < next. */
export class Progress implements ProgressStatus {
  readonly id: bigint
  match = 0
  next: number
  state: ProgressState = 'probe'
  /** While `state` is `snapshot`: the index of the snapshot on its way. */
  pendingSnapshot = 0
  /** While `state` is `probe`: an append is out, and its answer is not in. */
  probeSent = false
  /**
   * The member answered a heartbeat but lacks entries: an append is due even if it carries none
   * and even if the window is full, because all that was in flight may have been lost.
   */
  nudged = false
  recentActive = false
  isLearner: boolean
  /** The highest commit index that was sent while `state` was `replicate`. */
  sentCommit = 0
  /** The newest heartbeat round that the member answered; see read-index.ts. */
  heardRound = 0
  readonly inflights: Inflights

  constructor(id: bigint, next: number, isLearner: boolean, limits: WindowLimits) {
    this.id = id
    this.next = next
    this.isLearner = isLearner
    this.inflights = new Inflights(limits.inflightMessagesMax, limits.inflightBytesMax)
  }

  get inflightMessages(): number {
    return this.inflights.count
  }

  get inflightBytes(): number {
    return this.inflights.bytes
  }

  get paused(): boolean {
    if (this.state === 'probe') return this.probeSent
    if (this.state === 'replicate') return this.inflights.full && !this.nudged
    return true
  }

  becomeProbe(): void {
    const { pendingSnapshot } = this
    this.#enter('probe')
    // A snapshot that arrived covers the log up to itself.
    this.next = Math.max(this.match, pendingSnapshot) + 1
  }

  becomeReplicate(): void {
    this.#enter('replicate')
    this.next = this.match + 1
  }

  becomeSnapshot(index: number): void {
    this.#enter('snapshot')
    this.pendingSnapshot = index
    this.next = index + 1
  }

  #enter(state: ProgressState): void {
    this.state = state
    this.pendingSnapshot = 0
    this.probeSent = false
    this.nudged = false
    this.sentCommit = 0
    this.inflights.reset()
  }

  /** An append of `count` entries, `bytes` in all, goes out with `commit`. */
  sent(count: number, bytes: number, commit: number): void {
    this.nudged = false
    if (this.state === 'probe') {
      this.probeSent = true
      return
    }
    this.sentCommit = commit
    if (count === 0) return
    this.next += count
    this.inflights.add(this.next - 1, bytes)
  }

  /** The log of the member is good up to `index`. Returns false for old news. */
  acknowledged(index: number): boolean {
    if (index <= this.match) return false
    this.match = index
    if (this.next <= index) this.next = index + 1
    this.probeSent = false
    return true
  }

  /**
   * The member refused an append that follows `rejected`; its log may agree up to `hint`.
   * Returns false when the refusal is older than what is known.
   */
  rejected(rejected: number, hint: number): boolean {
    if (this.state === 'replicate') {
      if (rejected <= this.match) return false
      this.becomeProbe()
      return true
    }
    if (this.state === 'snapshot' || this.next - 1 !== rejected) return false
    this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1)
    this.probeSent = false
    return true
  }
}

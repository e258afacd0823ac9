/** What a raft member shows of itself. */

import type { ConfState } from '../../client/wire/generated/raft.js'

/** What a member is at the moment (thesis 3.3, 9.6). */
export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader'

/** How a leader feeds one follower; see progress.ts. */
export type ProgressState = 'probe' | 'replicate' | 'snapshot'

/** What a leader knows of one member. */
export interface ProgressStatus {
  /** The log up to here is known to be on the member's disk. */
  readonly match: number
  /** The next entry to send. */
  readonly next: number
  readonly state: ProgressState
  /** Heard from since the last quorum check. */
  readonly recentActive: boolean
  readonly isLearner: boolean
  /** The index of the snapshot on its way; 0 when none is. */
  readonly pendingSnapshot: number
  /** Append messages on their way. */
  readonly inflightMessages: number
  /** Bytes of entries on their way. */
  readonly inflightBytes: number
  /** Nothing is sent until the member answers. */
  readonly paused: boolean
}

/** A live view: reads the present values on each access; copy what must stay as it is. */
export interface RaftStatus {
  readonly id: bigint
  readonly term: number
  /** Whom this member voted for in `term`; 0n for nobody. */
  readonly vote: bigint
  /** 0n when no leader is known. */
  readonly leader: bigint
  readonly role: Role
  /** Known to be committed; may be ahead of what is durable here. */
  readonly commit: number
  readonly applied: number
  readonly lastIndex: number
  /** The oldest entry still in memory, or `lastIndex + 1` when there is none. */
  readonly firstIndex: number
  /** The last entry known to be on the own disk. */
  readonly durableIndex: number
  /** Who is about to take over; 0n when no transfer is under way. Leader only. */
  readonly transferee: bigint
  readonly confState: ConfState
  /** By member, self included; empty unless this member leads. */
  readonly progress: ReadonlyMap<bigint, ProgressStatus>
}

/**
 * The truth of a run: what the log decided, one record an index, in log order.
 *
 * A record is made when the first member applies the index. That others apply the same, and
 * answer the same, is for the judges of raft and of agreement; whoever replays the truth
 * takes it as given.
 */

import type { Command } from '../../client/wire/generated/command.js'
import type { ConfigChange } from '../../client/wire/generated/raft.js'
import type { ApplyResult } from '../../server/state/applied.js'

/** The first application of an index anywhere. */
export interface Committed {
  /** From the index after the founding snapshot, ascending without a gap. */
  readonly index: number
  readonly term: number
  /** Undefined for the empty entry of a new leader and for a change of the membership. */
  readonly command: Command | undefined
  /** A change of the membership; without steps where a joint configuration is left. */
  readonly change: ConfigChange | undefined
  /** How it came out; undefined where there was nothing to answer. */
  readonly result: ApplyResult | undefined
  /**
   * The member that applied first was over its quota: the command was carried out in spite
   * of `result`, which is the error. See server/state/machine.ts.
   */
  readonly overQuota: boolean
  /** True time of that first application, in milliseconds. */
  readonly atMs: number
  /** Who applied it first. */
  readonly member: string
  /** Of a call that stood in a batch: its place in its session. The index is that of the batch. */
  readonly session?: SessionPlace
}

/** A place in a session. */
export interface SessionPlace {
  /** The lease. */
  readonly id: bigint
  /** The entry that granted it: the same id may have been granted again. */
  readonly grantedIndex: number
  readonly sequence: number
}

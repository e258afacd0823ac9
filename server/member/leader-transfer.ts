/** Leadership handed to another member, and the wait until it has arrived. */

import type { Clock } from '../../client/host/clock.js'
import { HAND_OVER_LOOK_MS } from '../limits.js'
import { ProposalDropped, type RaftStatus } from '../raft/raft.js'

/** What a transfer needs of its member. */
export interface LeaderTransferOptions {
  readonly clock: Clock
  readonly raft: () => RaftStatus
  /** Asks raft, here or on the leader. @throws {ProposalDropped} */
  readonly transfer: (to: bigint) => void
  readonly electionTimeoutMs: number
}

/** See the head of the file. */
export class LeaderTransfer {
  readonly #options: LeaderTransferOptions

  constructor(options: LeaderTransferOptions) {
    this.#options = options
  }

  /**
   * Asks for `to` to take over from `from`. Resolves when `isOver` says so, with true, or
   * after an election timeout, when raft gives it up, with false.
   */
  async start(to: bigint, isOver: (leader: bigint) => boolean): Promise<boolean> {
    const { clock, raft, transfer, electionTimeoutMs } = this.#options
    try {
      transfer(to)
    } catch (error) {
      if (!(error instanceof ProposalDropped)) throw error
      return false
    }
    const untilMs = clock.now() + electionTimeoutMs
    while (!isOver(raft().leader)) {
      if (clock.now() >= untilMs) return false
      await new Promise<void>((resolve) => clock.after(HAND_OVER_LOOK_MS, resolve))
    }
    return true
  }
}

/** The error for requests that consensus did not take up. */

/** Why a request was not taken up. */
export type DropReason =
  /** No leader is known; wait for one. */
  | 'noLeader'
  /** Leadership is being handed over; try again in about an election timeout. */
  | 'transferring'
  /** Too much is under way; try again later. */
  | 'overloaded'
  /** This member is no longer part of the cluster. */
  | 'removed'
  /** An earlier configuration change has not been applied yet, or a joint one has not been left. */
  | 'pendingChange'
  /** The change makes no sense with the present voters; the message says why. */
  | 'illegalChange'
  /** Leadership cannot go to this member: it is no voter. */
  | 'notVoter'

/** A proposal, change, read or transfer was refused before it had any effect; it may be tried again. */
export class ProposalDropped extends Error {
  override readonly name = 'ProposalDropped'
  /** Stable code for programs. */
  readonly reason: DropReason

  constructor(reason: DropReason, message: string) {
    super(message)
    this.reason = reason
  }
}

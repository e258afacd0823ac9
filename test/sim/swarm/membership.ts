/** The members of a cluster, as one of them knows them. */

import type { MemberRecord } from '../../../client/wire/generated/command.js'
import type { Member } from '../../../server/server.js'

/** See the head of the file. */
export interface Membership {
  /** The member has applied everything up to here. */
  readonly index: number
  readonly members: readonly MemberRecord[]
  readonly voters: readonly bigint[]
  /** The voters that are being left, of a joint configuration. */
  readonly outgoing: readonly bigint[]
}

/** False while a member's state cannot be read. */
export function isReadable(member: Member): boolean {
  try {
    member.assertReadable()
    return true
  } catch {
    return false
  }
}

/** As a member that is readable knows it. */
export function membershipOf(member: Member): Membership {
  const { members, confState, appliedIndex } = member.machine
  return {
    index: appliedIndex,
    members: members.list(),
    voters: [...confState.voters],
    outgoing: [...confState.votersOutgoing],
  }
}

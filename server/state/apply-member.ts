/**
 * Changes of the membership, as apply runs them.
 *
 * A change is checked as a whole against the members of today and against the voter
 * sets, and then carried out as a whole. What is refused here leaves raft's voters as
 * they are too, so the two can never disagree.
 */

import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { MemberRecord } from '../../client/wire/generated/command.js'
import { type ConfigChange, type ConfState, Kind } from '../../client/wire/generated/raft.js'
import type { Member } from '../../client/wire/generated/rpc.js'
import { changeConfig } from '../raft/config-change.js'
import type { ChangeContext } from './member-change.js'
import type { Members } from './members.js'

/** What an applied change of the membership answers: the fields that the Cluster service's responses share. */
export interface MembershipResponse {
  /** The member that was added; absent for other changes. */
  readonly member: Member | undefined
  /** All members afterwards, by id. */
  readonly members: Member[]
}

/** A record as the message of the wire. */
export function memberToWire(record: MemberRecord): Member {
  const { ID, name, peerUrls, clientUrls, isLearner } = record
  return { ID, name, peerURLs: peerUrls, clientURLs: clientUrls, isLearner }
}

/**
 * Whether every step can be carried out.
 *
 * @throws memberNotFound, memberExist, peerURLExist, tooManyLearners, memberNotLearner,
 *   memberNotEnoughStarted (the voter sets do not allow it, such as removing the last voter)
 */
export function checkMemberChange(
  members: Members,
  confState: ConfState,
  change: ConfigChange,
  { records, learnersMax }: ChangeContext,
): void {
  const urls = [...records.values()].flatMap((record) => record.peerUrls)
  if (new Set(urls).size < urls.length) throw etcdErrors.peerURLExist.error()
  for (const { kind, member } of change.steps) {
    const record = records.get(member)
    if (kind === Kind.REMOVE) members.checkRemove(member)
    else if (kind === Kind.UPDATE) members.checkUpdate(record ?? { ID: member, peerUrls: [] })
    else if (record !== undefined) members.checkAdd(record, learnersMax)
    else if (kind === Kind.ADD_VOTER) members.checkPromote(member)
    else throw etcdErrors.memberNotFound.error()
  }
  if (!changeConfig(confState, change).ok) throw etcdErrors.memberNotEnoughStarted.error()
}

/** Carries out a change that {@link checkMemberChange} let pass. */
export function executeMemberChange(
  members: Members,
  change: ConfigChange,
  { records }: ChangeContext,
): Init<MembershipResponse> {
  let added: MemberRecord | undefined
  for (const { kind, member } of change.steps) {
    const record = records.get(member)
    if (kind === Kind.REMOVE) members.remove(member)
    else if (kind === Kind.UPDATE) {
      if (record !== undefined) members.updatePeerUrls(member, record.peerUrls)
    } else if (record !== undefined) {
      added = { ...record, isLearner: kind === Kind.ADD_LEARNER }
      members.add(added)
    } else members.promote(member)
  }
  return {
    member: added && memberToWire(added),
    members: members.list().map(memberToWire),
  }
}

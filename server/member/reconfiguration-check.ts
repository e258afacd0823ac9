/**
 * Whether a change of the membership leaves a cluster that works: etcd's
 * `--strict-reconfig-check`, as the member that is asked sees it.
 *
 * Two questions. Started: would those that have ever run make a majority afterwards?
 * Connected: have we been in touch with a majority for a while? The first counts members
 * with a name, since a member tells its name when it has joined. Source: etcd
 * `server/etcdserver/server.go` (mayAddMember and its neighbours), `membership/cluster.go`.
 */

import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { MemberRecord } from '../../client/wire/generated/command.js'

/** What the checks look at. */
export interface Neighbourhood {
  readonly selfId: bigint
  /** All members, learners included. */
  readonly members: readonly MemberRecord[]
  /** Whether we have a connection to this member now. */
  readonly connected: (id: bigint) => boolean
  /** Whether we have had it for long enough to count on it. */
  readonly settled: (id: bigint) => boolean
}

const majority = (count: number): number => Math.floor(count / 2) + 1
const isStarted = ({ name }: MemberRecord): boolean => name !== ''
const votersOf = ({ members }: Neighbourhood) => members.filter(({ isLearner }) => !isLearner)

function settledCount(around: Neighbourhood): number {
  return votersOf(around).filter(({ ID }) => ID === around.selfId || around.settled(ID)).length
}

/** @throws memberNotEnoughStarted, unhealthy */
export function assertMayAdd(around: Neighbourhood, isLearner: boolean): void {
  const voters = votersOf(around)
  const started = voters.filter(isStarted).length
  const wanted = majority(voters.length + 1)
  // From one to two there is no other way, and the one may be all that is left of a cluster.
  const isFirstGrowth = voters.length === 1 && started === 1
  if (!isLearner && !isFirstGrowth && started < wanted)
    throw etcdErrors.memberNotEnoughStarted.error()
  if (voters.length > 1 && settledCount(around) < wanted) throw etcdErrors.unhealthy.error()
}

/** The learner that is to be promoted is known to run. @throws memberNotEnoughStarted */
export function assertMayPromote(around: Neighbourhood): void {
  const voters = votersOf(around)
  const started = 1 + voters.filter(isStarted).length
  if (started < majority(voters.length + 1)) throw etcdErrors.memberNotEnoughStarted.error()
}

/** @throws memberNotEnoughStarted, unhealthy */
export function assertMayRemove(around: Neighbourhood, id: bigint): void {
  if (around.members.some(({ ID, isLearner }) => ID === id && isLearner)) return
  const voters = votersOf(around)
  const rest = voters.filter(({ ID }) => ID !== id)
  if (rest.filter(isStarted).length < majority(rest.length))
    throw etcdErrors.memberNotEnoughStarted.error()
  // Who is down was of no use to the majority anyway.
  if (id !== around.selfId && !around.connected(id)) return
  if (settledCount(around) - 1 < majority(voters.length - 1)) throw etcdErrors.unhealthy.error()
}

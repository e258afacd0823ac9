/**
 * Members come, go, move and are promoted: the side of whoever asks for it.
 *
 *     check the request -> check that the cluster stays healthy -> propose -> wait for apply
 *
 * The checks look at what this member knows, as in etcd; apply has the last word on
 * everything that concerns replicated state. Only the leader knows how far a learner is,
 * so a promotion is done there. A leader that is to be removed hands leadership over
 * first: if it committed its own removal and was gone at once, those who stay might hold
 * the change without ever learning that it is committed.
 */

import type { Init } from '../../client/wire/codec.js'
import { etcdErrorNamed, etcdErrors } from '../../client/wire/etcd-errors.js'
import type { ConfigChange } from '../../client/wire/generated/raft.js'
import type { MemberAddRequest, MemberUpdateRequest } from '../../client/wire/generated/rpc.js'
import { Peer } from '../../client/wire/methods.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { memberId } from '../cluster/identity.js'
import type { Peers } from '../cluster/peers.js'
import { PEER_HEALTHY_AFTER_MS } from '../limits.js'
import type { RaftStatus } from '../raft/raft.js'
import type { MembershipResponse } from '../state/apply-member.js'
import {
  addMember,
  type ChangeOrigin,
  promoteMember,
  removeMember,
  updateMember,
} from '../state/member-change.js'
import type { Members } from '../state/members.js'
import { AtLeader, type AtLeaderOptions } from './at-leader.js'
import type { LeaderTransfer } from './leader-transfer.js'
import { successorOf } from './leadership.js'
import { peerUrlsOf } from './peer-urls.js'
import {
  assertMayAdd,
  assertMayPromote,
  assertMayRemove,
  type Neighbourhood,
} from './reconfiguration-check.js'

/** What membership needs of its member. */
export interface MembershipOptions extends Omit<AtLeaderOptions, 'leader' | 'peers'> {
  readonly learnersMax: number
  /** Refuse changes that would leave an unhealthy cluster. */
  readonly isStrict: boolean
  readonly raft: () => RaftStatus
  readonly members: () => Members
  readonly peers: Pick<Peers, 'activeSinceMs' | 'channel'>
  readonly transfer: LeaderTransfer
  /** Resolves when those who stay cannot forget a removal any more, or after a time. */
  readonly forGood: (id: bigint) => Promise<void>
  /** Proposes, and resolves when it is applied here. */
  readonly submit: (
    change: (origin: ChangeOrigin) => ConfigChange,
  ) => Promise<Init<MembershipResponse>>
}

/** The share of the leader's log that a learner must hold to be promoted, as in etcd. */
const READY_SHARE = 0.9

/** etcd's text for a transfer that does not come about; it is not in the table of its API's errors. */
const TRANSFER_TIMEOUT = 'etcdserver: request timed out, leader transfer took too long'

/** See the head of the file. */
export class Membership {
  readonly #options: MembershipOptions
  readonly #atLeader: AtLeader

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#atLeader = new AtLeader({ ...options, leader: () => options.raft().leader })
  }

  /**
   * A new member, not started yet.
   *
   * @throws memberBadURLs, memberNotEnoughStarted, unhealthy, peerURLExist, tooManyLearners
   */
  async add({ peerURLs, isLearner }: MemberAddRequest): Promise<Init<MembershipResponse>> {
    const { members, learnersMax, isStrict, submit } = this.#options
    const peerUrls = peerUrlsOf(peerURLs)
    if (isStrict) assertMayAdd(this.#neighbourhood(), isLearner)
    const ID = this.#freshId(peerUrls)
    const record = { ID, name: '', peerUrls, clientUrls: [], isLearner }
    members().checkAdd(record, learnersMax)
    return submit((origin) => addMember(origin, record, learnersMax))
  }

  /** A member leaves for ever. @throws memberNotEnoughStarted, unhealthy, memberNotFound */
  async remove(id: bigint): Promise<Init<MembershipResponse>> {
    const { members, isStrict, submit, forGood } = this.#options
    if (isStrict) assertMayRemove(this.#neighbourhood(), id)
    members().checkRemove(id)
    await this.#unseat(id)
    const response = await submit((origin) => removeMember(origin, id))
    // Whoever gets the answer may switch the member off at once.
    await forGood(id)
    return response
  }

  /** A member gets other peer URLs, and stays what it is. @throws memberBadURLs, memberNotFound, peerURLExist */
  async update({ ID, peerURLs }: MemberUpdateRequest): Promise<Init<MembershipResponse>> {
    const { members, submit } = this.#options
    const peerUrls = peerUrlsOf(peerURLs)
    members().checkUpdate({ ID, peerUrls })
    return submit((origin) => updateMember(origin, ID, peerUrls))
  }

  /**
   * A learner becomes a voter, wherever the leader is.
   *
   * @throws as {@link promoteHere}; timeout when the outcome is not known.
   */
  promote(ID: bigint): Promise<Init<MembershipResponse>> {
    return this.#atLeader.run<Init<MembershipResponse>>(
      () => this.promoteHere(ID),
      async (leader) => {
        const { timeoutMs } = this.#options
        const request = this.#atLeader.ask(leader, Peer.memberPromote, { ID }, timeoutMs)
        const { members } = await request.catch(asOutcome)
        return { members }
      },
      ({ details, neverSent }) => neverSent || details === etcdErrors.notLeader.text,
    )
  }

  /**
   * As {@link promote}, on the leader itself.
   *
   * @throws notLeader, memberNotFound, learnerNotReady, memberNotEnoughStarted, memberNotLearner
   */
  async promoteHere(id: bigint): Promise<Init<MembershipResponse>> {
    const { raft, members, isStrict, selfId, submit } = this.#options
    const { role, progress } = raft()
    if (role !== 'leader') throw etcdErrors.notLeader.error()
    const learner = progress.get(id)
    if (learner === undefined) throw etcdErrors.memberNotFound.error()
    const ownMatch = progress.get(selfId)?.match ?? 0
    if (learner.match < ownMatch * READY_SHARE) throw etcdErrors.learnerNotReady.error()
    if (isStrict) assertMayPromote(this.#neighbourhood())
    members().checkPromote(id)
    return submit((origin) => promoteMember(origin, id))
  }

  /**
   * Hands leadership over. To be asked on the leader.
   *
   * @throws notLeader, badLeaderTransferee; `leader transfer took too long`
   */
  async moveLeader(to: bigint): Promise<void> {
    const { raft, members, selfId, transfer } = this.#options
    if (raft().leader !== selfId) throw etcdErrors.notLeader.error()
    const target = members().get(to)
    if (target === undefined || target.isLearner) throw etcdErrors.badLeaderTransferee.error()
    if (to === selfId) return
    const done = await transfer.start(to, (leader) => leader === to)
    if (!done) throw new RpcError(Status.UNKNOWN, TRANSFER_TIMEOUT)
  }

  /** Who waits for the leader gets this error. */
  stop(error: RpcError): void {
    this.#atLeader.stop(error)
  }

  /** If `id` leads, somebody else shall. @throws unhealthy that does not come about. */
  async #unseat(id: bigint): Promise<void> {
    const { raft, selfId, transfer, members } = this.#options
    const status = raft()
    if (status.leader !== id) return
    const isVoter = members().get(selfId)?.isLearner === false
    const successor = id === selfId ? successorOf(status) : isVoter ? selfId : undefined
    if (successor === undefined) return
    const done = await transfer.start(successor, (leader) => leader !== id && leader !== 0n)
    if (!done) throw etcdErrors.unhealthy.error()
  }

  /** An id that no member has or had. As in etcd it says when the member was added. */
  #freshId(peerUrls: readonly string[]): bigint {
    const { clock, members } = this.#options
    for (let seconds = Math.floor(clock.wall() / 1000); ; seconds++) {
      const id = memberId(peerUrls, '', seconds)
      if (!members().isRemoved(id) && members().get(id) === undefined) return id
    }
  }

  #neighbourhood(): Neighbourhood {
    const { clock, selfId, members, peers } = this.#options
    const settledBeforeMs = clock.now() - PEER_HEALTHY_AFTER_MS
    return {
      selfId,
      members: members().list(),
      connected: (id) => peers.activeSinceMs(id) !== undefined,
      settled: (id) => (peers.activeSinceMs(id) ?? Number.POSITIVE_INFINITY) <= settledBeforeMs,
    }
  }
}

/** A request that was lost on the way may have been carried out: asked again it would be refused. */
function asOutcome(error: unknown): never {
  const isKnown =
    error instanceof RpcError && (error.neverSent || etcdErrorNamed(error.details) !== undefined)
  throw isKnown ? error : etcdErrors.timeout.error()
}

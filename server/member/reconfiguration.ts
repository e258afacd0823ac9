/**
 * All that has to do with who takes part and who leads, put together: requests for
 * changes, the queue of changes, transfers of leadership, and members that left.
 */

import type { Clock } from '../../client/host/clock.js'
import type { Log } from '../../client/host/log.js'
import type { Init } from '../../client/wire/codec.js'
import { type Message, MessageType } from '../../client/wire/generated/raft.js'
import type { RpcError } from '../../client/wire/status.js'
import type { Peers } from '../cluster/peers.js'
import type { MemberConfig } from '../config.js'
import type { Raft } from '../raft/raft.js'
import type { MembershipResponse } from '../state/apply-member.js'
import type { Members } from '../state/members.js'
import { ChangeQueue } from './change-queue.js'
import { LeaderTransfer } from './leader-transfer.js'
import { Membership } from './membership.js'
import type { Proposals } from './proposals.js'
import { type MemberRemoved, Removals } from './removals.js'

/** What it needs of its member. */
export interface ReconfigurationOptions {
  readonly clock: Clock
  readonly log: Log
  readonly config: MemberConfig
  readonly raft: Raft
  /** Raft got input. */
  readonly wake: () => void
  readonly peers: Peers
  readonly proposals: Proposals
  readonly members: () => Members
  /** Resolves when everything applied so far is durable. */
  readonly commit: () => Promise<void>
  /** How long a request may take, in milliseconds. */
  readonly timeoutMs: number
  /** This member was removed. */
  readonly end: (reason: MemberRemoved) => void
}

/** See the head of the file. */
export class Reconfiguration {
  readonly membership: Membership
  readonly transfer: LeaderTransfer
  readonly removals: Removals
  readonly #options: ReconfigurationOptions
  readonly #changes: ChangeQueue

  constructor(options: ReconfigurationOptions) {
    this.#options = options
    const { raft, wake, config, peers, proposals } = options
    const selfId = raft.state.id
    this.transfer = new LeaderTransfer({
      clock: options.clock,
      raft: () => raft.state,
      transfer: (to) => {
        raft.transferLeadership(to)
        wake()
      },
      electionTimeoutMs: config.electionTimeoutMs,
    })
    this.#changes = new ChangeQueue({
      clock: options.clock,
      propose: (change) => {
        raft.proposeConfigChange(change)
        wake()
      },
      timeoutMs: options.timeoutMs,
    })
    this.membership = new Membership({
      clock: options.clock,
      selfId,
      learnersMax: config.maxLearners,
      isStrict: config.strictReconfigCheck,
      raft: () => raft.state,
      members: options.members,
      peers,
      transfer: this.transfer,
      timeoutMs: options.timeoutMs,
      forGood: (id) => this.removals.forGood(id, options.timeoutMs),
      submit: async (change) => {
        const answer = proposals.submitAs((origin) => this.#changes.submit(change(origin)))
        return (await answer) as Init<MembershipResponse>
      },
    })
    this.removals = new Removals({
      ...options,
      selfId,
      voters: () => raft.state.confState.voters,
      electionTimeoutMs: config.electionTimeoutMs,
      greet: () => peers.greet(),
    })
  }

  /** What is left of a message for raft when the changes that a follower passed on are taken. */
  take(message: Message): Message {
    const { role, term } = this.#options.raft.state
    const isForUs = message.type === MessageType.PROPOSE && message.term === term
    return isForUs && role === 'leader' ? this.#changes.take(message) : message
  }

  /** Raft may take changes now that it did not take before. */
  retry(): void {
    this.#changes.retry()
  }

  /** The members are others now: a change was applied. */
  applied(): void {
    this.#options.peers.update(this.#options.members().list())
    this.removals.applied()
  }

  /** The members are those of a state that was read from the disk. */
  opened(): void {
    this.#options.peers.update(this.#options.members().list())
    this.removals.opened()
  }

  /** Who waits gets this error. */
  stop(error: RpcError): void {
    this.membership.stop(error)
    this.removals.stop()
  }
}

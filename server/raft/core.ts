/**
 * The state that the rooms of raft share, and the transitions that every room may cause.
 *
 * Each room (election, replication, follower, ...) is a set of functions over one Core. The class
 * Raft in raft.ts owns it, decides which room a message belongs to, and hands out the output.
 */

import type { Log } from '../../client/host/log.js'
import { silentLog } from '../../client/host/log.js'
import {
  type ConfState,
  type HardState,
  type Message,
  MessageType,
} from '../../client/wire/generated/raft.js'
import type { RaftConfig } from './config.js'
import type { RaftLog } from './log.js'
import { Output } from './output.js'
import type { Progress } from './progress.js'
import { ReadQueue } from './read-queue.js'
import type { RaftStatus, Role } from './status.js'
import { Tracker } from './tracker.js'

const NO_PROGRESS: ReadonlyMap<bigint, Progress> = new Map()

/** The state of one member. */
export class Core implements RaftStatus {
  readonly config: RaftConfig
  readonly id: bigint
  /** Never goes back; kept on disk. */
  term: number
  /** At most one member per term; kept on disk. */
  vote: bigint
  leader = 0n
  role: Role = 'follower'
  readonly log: RaftLog
  readonly tracker: Tracker
  readonly output: Output
  readonly reads: ReadQueue
  readonly notes: Log

  /** Ticks since the start. */
  now = 0
  /** Ticks since a leader was heard (follower), a campaign began, or the quorum was checked (leader). */
  electionElapsed = 0
  heartbeatElapsed = 0
  /** Drawn anew from [electionTicks, 2 * electionTicks) for each wait, so that ties dissolve. */
  electionTimeout = 0
  /**
   * With lease-based reads: until this tick candidates are ignored, whatever becomes of the term
   * and the leader. Each heard leader may count on an election timeout of it (thesis 6.4.1), and
   * so may one that was heard by the process before this one.
   */
  leasedUntil: number

  /** Leader: who is about to take over. */
  transferee = 0n
  transferElapsed = 0
  /** Leader: someone was told to campaign at once, so a lease proves nothing in this term. */
  leaseBroken = false
  /**
   * Leader: the log may hold an unapplied configuration change up to this index, so no other may
   * be proposed until it is applied (thesis 4.1, one at a time).
   */
  pendingConfigIndex = 0
  /** Leader: data proposed in this term and not yet committed. */
  uncommittedBytes = 0

  /** `hardState` is what the disk holds. */
  constructor(config: RaftConfig, hardState: HardState, log: RaftLog, confState: ConfState) {
    this.config = config
    this.id = config.id
    // A log that ends in a later term was cut off before the term was written: no vote was given.
    this.term = Math.max(hardState.term, log.lastTerm)
    this.vote = this.term === hardState.term ? hardState.vote : 0n
    this.log = log
    this.tracker = new Tracker(config, confState)
    this.output = new Output(hardState)
    this.reads = new ReadQueue(config.random)
    this.notes = config.log ?? silentLog
    this.leasedUntil = config.electionTicks
    this.drawElectionTimeout()
  }

  get commit(): number {
    return this.log.commit
  }

  get applied(): number {
    return this.log.applied
  }

  get lastIndex(): number {
    return this.log.last
  }

  get firstIndex(): number {
    return this.log.first
  }

  get durableIndex(): number {
    return this.log.durable
  }

  get confState(): ConfState {
    return this.tracker.confState
  }

  get progress(): ReadonlyMap<bigint, Progress> {
    return this.role === 'leader' ? this.tracker.progress : NO_PROGRESS
  }

  /** This member may lead: it votes, and what its log is based on is on its disk. */
  get promotable(): boolean {
    return this.tracker.isVoter(this.id) && !this.log.restoring
  }

  /** An entry of this term is committed, so the commit index is the true one (thesis 6.4). */
  get committedInTerm(): boolean {
    return this.log.term(this.log.commit) === this.term
  }

  /** A leader may be answering reads because this member ignores candidates. */
  get leased(): boolean {
    return this.config.readOnly === 'lease' && this.now < this.leasedUntil
  }

  drawElectionTimeout(): void {
    const { electionTicks, random } = this.config
    this.electionTimeout = electionTicks + Math.floor(random() * electionTicks)
  }

  /** Follows `leader` (0n: nobody yet) in `term`, which is not below the present one. */
  becomeFollower(term: number, leader: bigint): void {
    this.enterTerm(term)
    this.role = 'follower'
    this.leader = leader
  }

  /** Forgets what belonged to the last role and, when the term rises, the vote. */
  enterTerm(term: number): void {
    if (term < this.term) throw new Error(`raft: term ${this.term} cannot go back to ${term}`)
    if (term > this.term) {
      this.term = term
      this.vote = 0n
    }
    this.leader = 0n
    this.electionElapsed = 0
    this.heartbeatElapsed = 0
    this.drawElectionTimeout()
    this.transferee = 0n
    this.leaseBroken = false
    this.pendingConfigIndex = 0
    this.uncommittedBytes = 0
    this.tracker.clearVotes()
    this.reads.clear()
  }

  /** A message of the present term with the given fields. */
  message(type: MessageType, to: bigint, fields: Partial<Message> = {}): Message {
    return {
      type,
      to,
      from: this.id,
      term: this.term,
      index: 0,
      logTerm: 0,
      entries: [],
      commit: 0,
      reject: false,
      rejectHint: 0,
      snapshot: undefined,
      context: 0,
      transfer: false,
      transferee: 0n,
      ...fields,
    }
  }

  /** Sends at once. */
  send(type: MessageType, to: bigint, fields?: Partial<Message>): void {
    this.output.send(this.message(type, to, fields))
  }

  /** Sends once all that is decided so far is on disk. */
  promise(type: MessageType, to: bigint, fields?: Partial<Message>): void {
    this.output.promise(this.message(type, to, fields))
  }

  /** Tells a member to campaign at once, past every lease. */
  sendTimeoutNow(to: bigint): void {
    this.leaseBroken = true
    this.send(MessageType.TIMEOUT_NOW, to)
  }
}

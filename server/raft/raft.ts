/**
 * One member of a Raft group as a pure state machine (Ongaro and Ousterhout 2014; Ongaro's thesis).
 *
 * It owns no disk, network or clock. The driver tells it what happened (`tick`, `step`, `propose`,
 * `persisted`, `applied`) and takes from `ready()` what has to be done: messages to send, a batch
 * to persist, entries to apply, reads to answer. The same calls in the same order give the same
 * output.
 *
 * Writing is asynchronous: `ready()` may be called again while earlier batches are on their way to
 * the disk. Whatever must not be promised before it is durable (votes, the wish for votes,
 * acknowledgments, the leader's own copy of an entry) waits inside until `persisted` says so.
 *
 * - core.ts: the shared state; log.ts: the entries; tracker.ts, progress.ts, inflights.ts: the
 *   others as a leader sees them; quorum.ts, config-change.ts: arithmetic of voter sets.
 * - election.ts, replication.ts, follower.ts, read-index.ts, proposal.ts, membership.ts: what
 *   happens, one subject each. output.ts: what comes out.
 */

import {
  ConfigChange,
  type ConfState,
  type Entry,
  EntryType,
  type Message,
  MessageType,
} from '../../client/wire/generated/raft.js'
import { checkConfig, type RaftConfig, type RaftInitial } from './config.js'
import { changeConfig } from './config-change.js'
import { Core } from './core.js'
import {
  campaign,
  leaderIsFresh,
  receivePreVoteResponse,
  receiveTimeoutNow,
  receiveVoteRequest,
  receiveVoteResponse,
  tick,
} from './election.js'
import { receiveAppend, receiveHeartbeat, receiveSnapshot } from './follower.js'
import { RaftLog } from './log.js'
import { applyConfigChange, leaveJointIfDue } from './membership.js'
import type { Ready } from './output.js'
import {
  propose,
  proposeConfigChange,
  receiveProposals,
  receiveTransferLeader,
  transferLeadership,
} from './proposal.js'
import { flushReads, readIndex, receiveReadIndex, receiveReadIndexResponse } from './read-index.js'
import {
  acknowledgeSelf,
  flushAppends,
  receiveAppendResponse,
  receiveHeartbeatResponse,
  reportSnapshot,
  reportUnreachable,
} from './replication.js'
import type { RaftStatus } from './status.js'

export { type RaftConfig, type RaftInitial, type ReadOnlyMode, raftDefaults } from './config.js'
export type { Leadership, Persist, ReadAnswer, Ready } from './output.js'
export { type DropReason, ProposalDropped } from './proposal-dropped.js'
export type { ProgressState, ProgressStatus, RaftStatus, Role } from './status.js'

/** The room that each type of message belongs to. */
const receivers: Readonly<
  Record<MessageType, ((core: Core, message: Message) => void) | undefined>
> = {
  [MessageType.APPEND]: receiveAppend,
  [MessageType.APPEND_RESPONSE]: receiveAppendResponse,
  [MessageType.HEARTBEAT]: receiveHeartbeat,
  [MessageType.HEARTBEAT_RESPONSE]: receiveHeartbeatResponse,
  [MessageType.VOTE]: receiveVoteRequest,
  [MessageType.VOTE_RESPONSE]: receiveVoteResponse,
  [MessageType.PRE_VOTE]: receiveVoteRequest,
  [MessageType.PRE_VOTE_RESPONSE]: receivePreVoteResponse,
  [MessageType.SNAPSHOT]: receiveSnapshot,
  [MessageType.PROPOSE]: receiveProposals,
  [MessageType.READ_INDEX]: receiveReadIndex,
  [MessageType.READ_INDEX_RESPONSE]: receiveReadIndexResponse,
  [MessageType.TIMEOUT_NOW]: receiveTimeoutNow,
  [MessageType.TRANSFER_LEADER]: receiveTransferLeader,
}

/** One member; see the head of this file. */
export class Raft {
  readonly #core: Core

  /** Throws RangeError for settings that cannot work, Error for a log that contradicts itself. */
  constructor(config: RaftConfig, initial: RaftInitial) {
    checkConfig(config)
    const { snapshot, entries, applied } = initial
    const log = new RaftLog(snapshot, entries, initial.hardState.commit, applied)
    const confState = initial.confState ?? replayConfig(initial)
    this.#core = new Core(config, initial.hardState, log, confState)
  }

  /** A live view of this member. */
  get state(): RaftStatus {
    return this.#core
  }

  /** Time passes: one tick. */
  tick(): void {
    tick(this.#core)
  }

  /** A message has come in. A snapshot is stepped once its data is safe on disk. */
  step(message: Message): void {
    const core = this.#core
    if (message.to !== core.id) {
      core.notes.warn('a message for another member was ignored', { to: message.to })
      return
    }
    if (message.term < core.term) {
      this.#answerThePast(message)
      return
    }
    if (this.#disturbs(message)) return
    if (message.term > core.term) this.#riseTo(message)
    const receive = receivers[message.type]
    if (receive) receive(core, message)
    else core.notes.warn('a message of unknown type was ignored', { type: message.type })
  }

  /** A wish for votes that comes while a leader is there, or may count on not being disturbed. */
  #disturbs({ type, term, transfer }: Message): boolean {
    const core = this.#core
    const asks = type === MessageType.VOTE || type === MessageType.PRE_VOTE
    if (!asks || transfer) return false
    return core.leased || (term > core.term && leaderIsFresh(core))
  }

  /** A later term has been seen. */
  #riseTo({ type, term, from, reject }: Message): void {
    const core = this.#core
    // Neither a pre-vote nor its grant makes the term that it speaks of real.
    if (type === MessageType.PRE_VOTE) return
    if (type === MessageType.PRE_VOTE_RESPONSE && !reject) return
    const leads =
      type === MessageType.APPEND || type === MessageType.HEARTBEAT || type === MessageType.SNAPSHOT
    core.becomeFollower(term, leads ? from : 0n)
  }

  /** Tells members of an earlier term about this one, where they would be stuck without. */
  #answerThePast({ type, from }: Message): void {
    const core = this.#core
    switch (type) {
      case MessageType.APPEND:
      case MessageType.HEARTBEAT:
      case MessageType.SNAPSHOT:
        // A leader that others ignore because of this member's higher term steps down by it.
        core.send(MessageType.APPEND_RESPONSE, from)
        return
      case MessageType.PRE_VOTE:
        core.send(MessageType.PRE_VOTE_RESPONSE, from, { reject: true })
        return
      case MessageType.VOTE:
        core.send(MessageType.VOTE_RESPONSE, from, { reject: true })
        return
      default:
    }
  }

  /** Proposes data; passed on to the leader when this is a follower. Throws ProposalDropped. */
  propose(data: Uint8Array): void {
    propose(this.#core, data)
  }

  /** Proposes a change of the voter sets, like {@link propose}. Throws ProposalDropped. */
  proposeConfigChange(change: ConfigChange): void {
    proposeConfigChange(this.#core, change)
  }

  /**
   * Puts a change in force. To be called for each committed CONFIG_CHANGE entry, before `applied`
   * with its index. Returns the configuration that then holds.
   */
  applyConfigChange(change: ConfigChange): ConfState {
    return applyConfigChange(this.#core, change)
  }

  /**
   * Asks for the index that a linearizable read must see; the answer comes in `Ready.reads`, or
   * never, when leadership changes meanwhile. `context` must be fresh for each try. Throws
   * ProposalDropped.
   */
  readIndex(context: number): void {
    readIndex(this.#core, context)
  }

  /** Hands leadership to a voter; given up after an election timeout. Throws ProposalDropped. */
  transferLeadership(to: bigint): void {
    transferLeadership(this.#core, to)
  }

  /**
   * Campaigns now instead of waiting for the election timeout. For the boot of a lone voter and
   * for tests: with lease-based reads it would break a promise given to a living leader.
   */
  campaign(): void {
    campaign(this.#core)
  }

  /** Takes all output that has gathered; undefined when there is none. */
  ready(): Ready | undefined {
    const core = this.#core
    for (const message of core.output.releaseIdle(core)) this.#keep(message)
    if (core.role === 'leader') {
      flushReads(core)
      flushAppends(core)
    }
    return core.output.take(core, core.config.applyBytesMax)
  }

  /** The batches up to `sequence` are durable. */
  persisted(sequence: number): void {
    const core = this.#core
    core.log.endWrite(sequence)
    if (core.role === 'leader') acknowledgeSelf(core)
    for (const message of core.output.release(sequence)) this.#keep(message)
  }

  /** Sends a promise, now that it can be kept. */
  #keep(message: Message): void {
    const core = this.#core
    if (message.to === core.id) this.step(message)
    // A wish for votes in a campaign that is over would only disturb.
    else if (message.type !== MessageType.VOTE || message.term === core.term)
      core.output.send(message)
  }

  /** The state machine has applied the entries up to `index`. */
  applied(index: number): void {
    this.#core.log.appliedTo(index)
    leaveJointIfDue(this.#core)
  }

  /** Entries up to `index` leave memory; a follower that needs them gets a snapshot. */
  compact(index: number): void {
    this.#core.log.compact(index)
  }

  /** Messages to a member are being lost. */
  reportUnreachable(id: bigint): void {
    reportUnreachable(this.#core, id)
  }

  /** A snapshot that `ready` gave a message for has been streamed, or could not be. */
  reportSnapshot(id: bigint, ok: boolean): void {
    reportSnapshot(this.#core, id, ok)
  }

  /** The term of an entry; undefined when it has left memory or does not exist. */
  term(index: number): number | undefined {
    return this.#core.log.term(index)
  }

  /** Entries from..to, both included; fewer beyond `bytesMax` or the end of the log. */
  entries(from: number, to: number, bytesMax = Number.POSITIVE_INFINITY): Entry[] {
    return this.#core.log.slice(from, to, bytesMax)
  }
}

/** The configuration as of `applied`, from the one at the beginning of the log. */
function replayConfig({ snapshot, entries, applied }: RaftInitial): ConfState {
  const none = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false }
  let confState: ConfState = snapshot.confState ?? none
  for (const { type, index, data } of entries) {
    if (type !== EntryType.CONFIG_CHANGE || index > applied) continue
    const result = changeConfig(confState, ConfigChange.decode(data))
    if (result.ok) confState = result.confState
  }
  return confState
}

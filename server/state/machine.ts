/**
 * The replicated state machine: log entries in, answers out, the same on every member.
 *
 * How an entry is applied:
 *
 *   1. An entry at or below the applied index is a replay and does nothing.
 *   2. The command is decoded. Bytes that are no command end the member: to skip them
 *      would be to differ from whoever could read them.
 *   3. Alarms come first: a corrupt or full cluster refuses. Then the command is
 *      checked against the state, and only then changes it. A refusal is a result
 *      like any other, part of the deterministic outcome, and changes nothing.
 *   4. The applied index is written in the same turn as the changes, so both are in
 *      one batch of the backend and survive a crash together (etcd #13766).
 *
 * Nothing in here reads a clock, draws a random number, or looks at who asked or at
 * this member's own settings to decide what changes (etcd #11651, #18667). The one
 * local opinion is the quota: it may turn the proposer's answer into an error and ask
 * for an alarm, and does not touch the state.
 *
 * Everything in memory is rebuilt by `open`, after a restart and after a snapshot was
 * installed alike (etcd #14571).
 */

import type { Clock } from '../../client/host/clock.js'
import { type Log, silentLog } from '../../client/host/log.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import {
  Command,
  type MemberRecord,
  type PipelineBatch,
} from '../../client/wire/generated/command.js'
import {
  ConfigChange,
  type ConfState,
  type Entry,
  EntryType,
} from '../../client/wire/generated/raft.js'
import { AlarmType } from '../../client/wire/generated/rpc.js'
import { RpcError } from '../../client/wire/status.js'
import { QUOTA_BYTES_DEFAULT } from '../limits.js'
import { Store } from '../mvcc/store.js'
import type { Backend } from '../storage/backend.js'
import { Alarms } from './alarms.js'
import type { Applied, ApplyResult } from './applied.js'
import { AppliedState } from './applied-state.js'
import { isCorruptible, isFilling, runCommand } from './apply.js'
import { checkMemberChange, executeMemberChange } from './apply-member.js'
import { applyPipeline } from './apply-pipeline.js'
import { fingerprintOf } from './fingerprint.js'
import { Lessor } from './lessor.js'
import { type ChangeContext, decodeChangeContext, withoutEffect } from './member-change.js'
import { Members } from './members.js'
import { Quota } from './quota.js'
import { Sessions } from './sessions.js'

export type { Applied, ApplyResponse, ApplyResult } from './applied.js'

/** A command stands one level above the request in it, which was let in as the outermost. */
const COMMAND_DEPTH = -1

/** How a machine is opened. */
export interface StateMachineOptions {
  readonly backend: Backend
  /** Handed to the store for slicing and to the lessor for a leader's deadlines; apply never reads it. */
  readonly clock: Clock
  /** Data size at which NOSPACE is raised: 0 (default) is 2 GiB, negative turns the quota off. */
  readonly quotaBytes?: number
  /** How often the remaining time of long leases is written down. Default 5 minutes. */
  readonly leaseCheckpointIntervalMs?: number
  /** Records that long walks of the store handle in one slice. Default 1000. */
  readonly sliceRecords?: number
  readonly log?: Log
  /** The state was found broken while nobody waited for it. Default: an unhandled rejection. */
  readonly onFatal?: (reason: Error) => void
}

/** What the founders of a cluster start from. */
export interface Founding {
  readonly clusterId: bigint
  /** For a member that joins: whom it may talk to until a snapshot says more. */
  readonly members: readonly MemberRecord[]
  /** The point in the log that this state stands for. */
  readonly index: number
  readonly term: number
  readonly confState: ConfState
}

/** See the head of the file. */
export class StateMachine {
  readonly store: Store
  readonly lessor: Lessor
  readonly sessions: Sessions
  readonly members: Members
  readonly alarms: Alarms
  readonly quota: Quota
  readonly #applied: AppliedState
  readonly #log: Log

  private constructor(options: StateMachineOptions, store: Store) {
    const { backend, clock, leaseCheckpointIntervalMs } = options
    this.store = store
    this.#log = options.log ?? silentLog
    this.#applied = new AppliedState(backend)
    const lessorOptions = { backend, clock, checkpointIntervalMs: leaseCheckpointIntervalMs }
    this.lessor = new Lessor(lessorOptions, store.leaseKeys())
    this.sessions = new Sessions(backend, this.lessor)
    this.members = new Members(backend)
    this.alarms = new Alarms(backend)
    const size = () => backend.sizes().usedBytes
    this.quota = new Quota(options.quotaBytes ?? 0, QUOTA_BYTES_DEFAULT, size)
  }

  /** Reads everything from the backend. Also after a snapshot was installed, on the new backend. */
  static async open(options: StateMachineOptions): Promise<StateMachine> {
    const { backend, clock, sliceRecords, onFatal } = options
    return new StateMachine(options, await Store.open(backend, { clock, sliceRecords, onFatal }))
  }

  /** Index of the last applied entry; 0 before the first. */
  get appliedIndex(): number {
    return this.#applied.index
  }

  /** Term of the last applied entry. */
  get appliedTerm(): number {
    return this.#applied.term
  }

  /** The voters as of the applied index. */
  get confState(): ConfState {
    return this.#applied.confState
  }

  /** The version that all members speak; empty until it is decided. */
  get clusterVersion(): string {
    return this.#applied.clusterVersion
  }

  /**
   * The state of a cluster that was founded a moment ago. Every founder passes the
   * same arguments, so all begin with equal states. Only on an empty machine.
   */
  bootstrap({ clusterId, members, index, term, confState }: Founding): void {
    if (this.appliedIndex !== 0) throw new Error('Only an empty state can be bootstrapped')
    this.members.bootstrap(clusterId, members)
    this.#applied.setConfState(confState)
    this.#applied.advance(index, term)
  }

  /**
   * Applies a NORMAL entry, the one after the last. Undefined when there is nothing to
   * answer: a replay, or the empty entry of a new leader.
   *
   * @throws Error the entry is out of order or not a command: this member cannot go on.
   */
  apply(entry: Entry): Applied | undefined {
    if (!this.#isNext(entry, EntryType.NORMAL)) return undefined
    if (entry.data.length === 0) {
      this.#applied.advance(entry.index, entry.term)
      return undefined
    }
    const command = Command.decode(entry.data, undefined, COMMAND_DEPTH)
    const outcome = command.pipeline
      ? this.#runBatch(command.pipeline, entry)
      : this.#runAlone(command, entry)
    this.#applied.advance(entry.index, entry.term)
    const { proposer, requestId } = command
    return { index: entry.index, proposer, requestId, ...outcome }
  }

  /**
   * Applies a CONFIG_CHANGE entry: members, voters and index in one batch.
   *
   * @param change raft's part; it gets the change, or one without effect when the
   *   members refuse, and returns the voters afterwards. Called unless it is a replay.
   * @returns undefined for a replay, and for a joint configuration that is left.
   * @throws Error as {@link apply}.
   */
  applyConfigChange(entry: Entry, apply: (change: ConfigChange) => ConfState): Applied | undefined {
    if (!this.#isNext(entry, EntryType.CONFIG_CHANGE)) return undefined
    const change = ConfigChange.decode(entry.data)
    const context = decodeChangeContext(change.context)
    const result = this.#changeMembers(change, context)
    this.#applied.setConfState(apply(result.ok ? change : withoutEffect(change)))
    this.#applied.advance(entry.index, entry.term)
    if (change.steps.length === 0) return undefined
    const { proposer, requestId } = context
    return { index: entry.index, proposer, requestId, result, raiseNoSpace: false }
  }

  /** Everything replicated, as text: equal on two members exactly when their states are. */
  fingerprint(): Promise<string> {
    return fingerprintOf(this)
  }

  /** Ends work in slices. The backend is the caller's. */
  close(): void {
    this.lessor.demote()
    this.store.close()
  }

  #runAlone(command: Command, entry: Entry): Pick<Applied, 'result' | 'raiseNoSpace'> {
    const filling = !this.quota.available(command)
    const result = this.#run(command, entry)
    if (!result.ok) return { result, raiseNoSpace: false }
    this.quota.spend(command)
    if (!filling) return { result, raiseNoSpace: false }
    return { result: { ok: false, error: etcdErrors.noSpace.error() }, raiseNoSpace: true }
  }

  /** Its calls are answered by their session, and what is kept of them heeds no member's quota. */
  #runBatch(batch: PipelineBatch, { index }: Entry): Pick<Applied, 'result' | 'raiseNoSpace'> {
    try {
      const { writes, costBytes, answers } = applyPipeline(this, batch, index)
      const fits = this.quota.spendBatch(costBytes, writes)
      return { result: { ok: true, response: { answers } }, raiseNoSpace: !fits }
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      return { result: { ok: false, error }, raiseNoSpace: false }
    }
  }

  #run(command: Command, entry: Entry): ApplyResult {
    const before = this.store.revision
    try {
      if (isCorruptible(command) && this.alarms.active(AlarmType.CORRUPT))
        throw etcdErrors.corrupt.error()
      if (isFilling(command) && this.alarms.active(AlarmType.NOSPACE))
        throw etcdErrors.noSpace.error()
      return { ok: true, response: runCommand(this, this.#applied, command, entry) }
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      if (this.store.revision !== before)
        throw new Error('A refused command has changed the state', { cause: error })
      return { ok: false, error }
    }
  }

  #changeMembers(change: ConfigChange, context: ChangeContext): ApplyResult {
    try {
      if (change.steps.length > 0) checkMemberChange(this.members, this.confState, change, context)
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      this.#log.warn('a change of the membership was refused', { reason: error.details })
      return { ok: false, error }
    }
    return { ok: true, response: executeMemberChange(this.members, change, context) }
  }

  /** Whether the entry is to be applied now: false for a replay. */
  #isNext({ index, type }: Entry, expected: EntryType): boolean {
    if (index <= this.appliedIndex) return false
    if (index !== this.appliedIndex + 1)
      throw new Error(`Entry ${index} cannot be applied after entry ${this.appliedIndex}`)
    if (type !== expected) throw new Error(`Entry ${index} has type ${type}, not ${expected}`)
    return true
  }
}

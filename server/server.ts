/**
 * One member: raft, log, state and peers put together, with doors for the api.
 *
 *     propose -> raft -> log and peers -> apply -> the waiting caller, the watchers
 *     read    -> one quorum round      -> apply reaches it -> the state, locally
 *
 * Nothing here knows gRPC or etcd's requests; nothing below knows a caller. Each part is
 * a file in member/: parts.ts makes them, raft-inputs.ts and raft-outputs.ts carry what is
 * said to raft and by it, life.ts starts and ends them. Here are the doors.
 */

import type { Log } from '../client/host/log.js'
import type { Init } from '../client/wire/codec.js'
import { etcdErrors } from '../client/wire/etcd-errors.js'
import type { Command } from '../client/wire/generated/command.js'
import type { ResponseHeader } from '../client/wire/generated/rpc.js'
import { memberToWire, type PeerTarget } from './cluster/peer-service.js'
import type { MemberConfig } from './config.js'
import type { Host } from './host/host.js'
import * as limits from './limits.js'
import { boot } from './member/boot.js'
import type { CallsUnderWay } from './member/calls-under-way.js'
import type { LeaseCalls } from './member/lease-calls.js'
import { Life } from './member/life.js'
import type { Membership } from './member/membership.js'
import { type MemberGround, Parts } from './member/parts.js'
import type { Pipelines } from './member/pipelines.js'
import type { ApplyResponse } from './member/proposals.js'
import type { SpaceAlarm } from './member/space-alarm.js'
import type { Witness } from './member/witness.js'
import type { WatchHub } from './mvcc/watch-hub.js'
import type { RaftStatus } from './raft/raft.js'
import type { StateMachine } from './state/machine.js'
import { DEFAULT_TUNING, type Tuning } from './tuning.js'
import { CONCLAVE_VERSION } from './version.js'

/** What the simulated world asks of a member; production leaves it out. */
export interface MemberHooks {
  /** Sizes that make rare branches common. */
  readonly tuning?: Partial<Tuning>
  /** Looks on for the judges. */
  readonly witness?: Witness
}

/** A running member. Made by {@link Member.open}, ended by {@link Member.stop} or by the host's `exit`. */
export class Member {
  readonly config: MemberConfig
  readonly clusterId: bigint
  readonly id: bigint
  readonly log: Log
  /** The watchers of this member. */
  readonly watchHub: WatchHub
  /** Keep-alives and remaining times, answered by the leader wherever it is. */
  readonly leaseCalls: LeaseCalls
  /** Whether there is room for more data. */
  readonly space: SpaceAlarm
  /** The streams on which clients send many calls. */
  readonly pipelines: Pipelines
  /** The calls of clients that are being answered. */
  readonly calls: CallsUnderWay
  readonly #parts: Parts
  readonly #life: Life

  /**
   * Opens the data directory and starts. Resolves when the member takes part, which
   * may be before there is a leader.
   *
   * @param explicitCluster the initial cluster was asked for: data of another one is refused.
   * @param hooks for the simulated world only.
   */
  static async open(
    host: Host,
    config: MemberConfig,
    explicitCluster: boolean,
    hooks: MemberHooks = {},
  ): Promise<Member> {
    const tuning = { ...DEFAULT_TUNING, ...hooks.tuning }
    const booted = await boot(host, config, explicitCluster, tuning)
    const member = new Member({ host, config, booted, tuning, witness: hooks.witness })
    member.#life.start()
    return member
  }

  private constructor(ground: Omit<MemberGround, 'isRunning'>) {
    const parts = new Parts({ ...ground, isRunning: () => this.isRunning })
    this.#parts = parts
    this.#life = new Life(parts)
    this.config = ground.config
    this.clusterId = parts.clusterId
    this.id = parts.id
    this.log = parts.log
    this.watchHub = parts.watchHub
    this.leaseCalls = parts.leaseCalls
    this.space = parts.space
    this.pipelines = parts.pipelines
    this.calls = parts.calls
  }

  // What the api asks.

  /** The replicated state. Another object after a snapshot was installed: never keep it. */
  get machine(): StateMachine {
    return this.#parts.machine
  }

  /** Raft's view of itself. */
  get raft(): RaftStatus {
    return this.#parts.raft.state
  }

  get isLeader(): boolean {
    return this.#parts.isLeader
  }

  /** Who takes part, and who leads: as clients ask for it. */
  get membership(): Membership {
    return this.#parts.reconfiguration.membership
  }

  /** This member gets the log but has no vote, as far as it knows. */
  get isLearner(): boolean {
    return this.machine.members.get(this.id)?.isLearner ?? false
  }

  /** Sizes of the backend in bytes. */
  get sizes(): { totalBytes: number; usedBytes: number } {
    return this.#parts.ground.booted.state.sizes
  }

  /** Since when no leader is known, in monotonic milliseconds; undefined while there is one. */
  get leaderlessSinceMs(): number | undefined {
    return this.#parts.leadership.leaderlessSinceMs
  }

  /** The shortest TTL of a lease, in seconds: one and a half election timeouts (etcd: 2 s at defaults). */
  get minTtlSeconds(): number {
    return Math.ceil((1.5 * this.config.electionTimeoutMs) / 1000)
  }

  /** The header of an answer; the current revision unless another is given. */
  header(revision?: number): ResponseHeader {
    return {
      clusterId: this.clusterId,
      memberId: this.id,
      revision: revision ?? this.machine.store.revision,
      raftTerm: this.#parts.raft.state.term,
    }
  }

  /** Has a command agreed on and applied. Rejects with etcd's errors. */
  propose(command: Init<Command>): Promise<ApplyResponse> {
    if (this.#parts.loop.applyLag > limits.APPLY_LAG_MAX)
      return Promise.reject(etcdErrors.requestTooManyRequests.error())
    return this.#parts.proposals.submit(command)
  }

  /** Resolves when local reads see everything that was acknowledged before this call. */
  readBarrier(): Promise<void> {
    return this.#parts.reads.barrier()
  }

  /** Throws after the end of this member. */
  assertRunning(): void {
    const { stopped } = this.#life
    if (stopped !== undefined) throw stopped
  }

  /** Throws while the state cannot be read: after a stop, and until a snapshot that replaces it stands. */
  assertReadable(): void {
    this.assertRunning()
    if (!this.#hasState) throw etcdErrors.timeout.error()
  }

  get #hasState(): boolean {
    return this.machine.appliedIndex > 0 && !this.#parts.loop.installing
  }

  /** Resolves when a leader is known and has given a state to a member that joins, or after a stop. */
  async ready(): Promise<void> {
    const { clock } = this.#parts.ground.host
    await this.#parts.leadership.known()
    while (this.isRunning && !this.#hasState)
      await new Promise<void>((resolve) => clock.after(limits.STATE_LOOK_MS, resolve))
  }

  /** Resolves when everything applied so far is durable in the backend too. */
  async commit(): Promise<void> {
    try {
      await this.#parts.ground.booted.state.commit()
    } catch (error) {
      throw this.#life.stopped ?? error
    }
  }

  get isRunning(): boolean {
    return this.#life.stopped === undefined
  }

  /** Calls `run` when this member ends; the result takes that back. */
  onStop(run: () => void): () => void {
    return this.#life.onStop(run)
  }

  /** What this member answers its peers. */
  get peerTarget(): PeerTarget {
    return {
      clusterId: this.clusterId,
      step: (batch) => this.#parts.inputs.step(batch),
      removedForGood: (id) => this.#parts.reconfiguration.removals.isForGood(id),
      receiveSnapshot: (header) => this.#parts.snapshots.receive(header),
      leaseKeepAlive: async ({ ID }) => ({ ID, TTL: await this.leaseCalls.renewHere(ID) }),
      leaseTimeToLive: async ({ ID }) => {
        const view = await this.leaseCalls.timeToLiveHere(ID)
        if (view === undefined) return { ID, TTL: -1 }
        return { ID, TTL: view.remainingSeconds, grantedTTL: view.ttlSeconds }
      },
      memberPromote: ({ ID }) => this.membership.promoteHere(ID),
      describe: () => {
        this.assertReadable()
        const members = this.machine.members.list().map(memberToWire)
        const { clusterId, id: memberId } = this
        return { clusterId, memberId, version: CONCLAVE_VERSION, members }
      },
    }
  }

  // Life.

  /**
   * Hands leadership over, makes everything durable, and gives the data directory back.
   * Idempotent. A member that was abandoned only gives it back.
   */
  stop(): Promise<void> {
    return this.#life.stop()
  }

  /** Takes no more on pipelines. Resolves when the calls under way are answered, or after the grace in milliseconds. */
  drained(graceMs: number): Promise<void> {
    this.pipelines.drain()
    return this.calls.drained(this.#parts.ground.host.clock, graceMs)
  }

  /**
   * Ends at once, and makes nothing durable that is not yet: for a member that must not
   * trust itself. The data directory is given back as soon as the disk is done with what
   * it has in hand; {@link stop} resolves then.
   */
  abandon(): void {
    this.#life.abandon()
  }
}

/**
 * One member: raft, log, state and peers put together, with doors for the api.
 *
 *     propose -> raft -> log and peers -> apply -> the waiting caller, the watchers
 *     read    -> one quorum round      -> apply reaches it -> the state, locally
 *
 * Nothing here knows gRPC or etcd's requests; nothing below knows a caller. Each part
 * is a file in member/; this one makes them, and carries what one says to the others.
 */

import type { Timer } from '../client/host/clock.js'
import type { Log } from '../client/host/log.js'
import type { Init } from '../client/wire/codec.js'
import { etcdErrors } from '../client/wire/etcd-errors.js'
import type { Command } from '../client/wire/generated/command.js'
import type { PeerBatch } from '../client/wire/generated/peer.js'
import {
  type Entry,
  EntryType,
  type Message,
  MessageType,
  type SnapshotMetadata,
} from '../client/wire/generated/raft.js'
import type { ResponseHeader } from '../client/wire/generated/rpc.js'
import type { RpcError } from '../client/wire/status.js'
import { memberToWire, type PeerTarget } from './cluster/peer-service.js'
import { Peers } from './cluster/peers.js'
import type { MemberConfig } from './config.js'
import type { Host } from './host/host.js'
import * as limits from './limits.js'
import { type Booted, boot } from './member/boot.js'
import { CallsUnderWay } from './member/calls-under-way.js'
import { Leadership, successorOf } from './member/leadership.js'
import { LeaseCalls } from './member/lease-calls.js'
import { LeaseDuty } from './member/lease-duty.js'
import { LogKeeper } from './member/log-keeper.js'
import type { Membership } from './member/membership.js'
import { Pipelines } from './member/pipelines.js'
import { type ApplyResponse, Proposals } from './member/proposals.js'
import { Publisher } from './member/publisher.js'
import { RaftLoop } from './member/raft-loop.js'
import { raftOf } from './member/raft-of.js'
import { Reads } from './member/reads.js'
import { Reconfiguration } from './member/reconfiguration.js'
import { SnapshotTraffic } from './member/snapshot-traffic.js'
import { SpaceAlarm } from './member/space-alarm.js'
import type { Witness } from './member/witness.js'
import { WatchHub } from './mvcc/watch-hub.js'
import type { Raft, RaftStatus } from './raft/raft.js'
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
  readonly calls = new CallsUnderWay()
  readonly #host: Host
  readonly #tuning: Tuning
  readonly #witness: Witness | undefined
  readonly #booted: Booted
  readonly #peers: Peers
  readonly #raft: Raft
  readonly #loop: RaftLoop
  readonly #proposals: Proposals
  readonly #reads: Reads
  readonly #leadership: Leadership
  readonly #reconfiguration: Reconfiguration
  readonly #publisher: Publisher
  readonly #snapshots: SnapshotTraffic
  readonly #keeper: LogKeeper
  #tick: Timer | undefined
  #stopped: RpcError | undefined
  #abandoned = false
  readonly #onStop = new Set<() => void>()
  /** The data is being given back, or was. */
  #closing: Promise<void> | undefined

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
    const member = new Member(host, config, booted, tuning, hooks.witness)
    member.#start()
    return member
  }

  private constructor(
    host: Host,
    config: MemberConfig,
    booted: Booted,
    tuning: Tuning,
    witness: Witness | undefined,
  ) {
    this.#host = host
    this.#tuning = tuning
    this.#witness = witness
    this.config = config
    this.#booted = booted
    this.clusterId = booted.clusterId
    this.id = booted.memberId
    this.log = host.log.child({ member: booted.memberId.toString(16), name: config.name })
    this.#raft = raftOf(config, { random: host.random, log: this.log, booted, tuning })
    this.#peers = this.#makePeers()
    this.#leadership = this.#makeLeadership()
    this.#proposals = this.#makeProposals()
    this.#reads = this.#makeReads()
    this.#publisher = new Publisher({
      clock: host.clock,
      config,
      selfId: this.id,
      members: () => this.machine.members,
      propose: (command) => this.#proposals.submit(command),
    })
    this.space = new SpaceAlarm({
      log: this.log,
      selfId: this.id,
      machine: () => this.machine,
      propose: (command) => this.#proposals.submit(command),
    })
    this.leaseCalls = this.#makeLeaseCalls()
    this.pipelines = this.#makePipelines()
    this.#reconfiguration = this.#makeReconfiguration()
    this.#snapshots = this.#makeSnapshots()
    this.#keeper = this.#makeKeeper()
    this.#loop = this.#makeLoop()
    this.watchHub = new WatchHub({
      store: this.machine.store,
      clock: host.clock,
      random: host.random,
      progressIntervalMs: config.watchProgressNotifyIntervalMs,
      sliceEventsMax: tuning.watchSliceEvents,
      queueResponsesMax: tuning.watchQueueResponses,
      fragmentBytes: config.maxRequestBytes + limits.REQUEST_OVERHEAD_BYTES,
    })
  }

  // What the api asks.

  /** The replicated state. Another object after a snapshot was installed: never keep it. */
  get machine(): StateMachine {
    return this.#booted.state.machine
  }

  /** Raft's view of itself. */
  get raft(): RaftStatus {
    return this.#raft.state
  }

  get isLeader(): boolean {
    return this.#raft.state.leader === this.id
  }

  /** Who takes part, and who leads: as clients ask for it. */
  get membership(): Membership {
    return this.#reconfiguration.membership
  }

  /** This member gets the log but has no vote, as far as it knows. */
  get isLearner(): boolean {
    return this.machine.members.get(this.id)?.isLearner ?? false
  }

  /** Sizes of the backend in bytes. */
  get sizes(): { totalBytes: number; usedBytes: number } {
    return this.#booted.state.sizes
  }

  /** Since when no leader is known, in monotonic milliseconds; undefined while there is one. */
  get leaderlessSinceMs(): number | undefined {
    return this.#leadership.leaderlessSinceMs
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
      raftTerm: this.#raft.state.term,
    }
  }

  /** Has a command agreed on and applied. Rejects with etcd's errors. */
  propose(command: Init<Command>): Promise<ApplyResponse> {
    if (this.#loop.applyLag > limits.APPLY_LAG_MAX)
      return Promise.reject(etcdErrors.requestTooManyRequests.error())
    return this.#proposals.submit(command)
  }

  /** Resolves when local reads see everything that was acknowledged before this call. */
  readBarrier(): Promise<void> {
    return this.#reads.barrier()
  }

  /** Throws after the end of this member. */
  assertRunning(): void {
    if (this.#stopped !== undefined) throw this.#stopped
  }

  /** Throws while the state cannot be read: after a stop, and until a snapshot that replaces it stands. */
  assertReadable(): void {
    this.assertRunning()
    if (!this.#hasState) throw etcdErrors.timeout.error()
  }

  get #hasState(): boolean {
    return this.machine.appliedIndex > 0 && !this.#loop.installing
  }

  /** Resolves when a leader is known and has given a state to a member that joins, or after a stop. */
  async ready(): Promise<void> {
    const { clock } = this.#host
    await this.#leadership.known()
    while (this.isRunning && !this.#hasState)
      await new Promise<void>((resolve) => clock.after(limits.STATE_LOOK_MS, resolve))
  }

  /** Resolves when everything applied so far is durable in the backend too. */
  async commit(): Promise<void> {
    try {
      await this.#booted.state.commit()
    } catch (error) {
      throw this.#stopped ?? error
    }
  }

  get isRunning(): boolean {
    return this.#stopped === undefined
  }

  /** Calls `run` when this member ends; the result takes that back. */
  onStop(run: () => void): () => void {
    this.#onStop.add(run)
    return () => this.#onStop.delete(run)
  }

  /** What this member answers its peers. */
  get peerTarget(): PeerTarget {
    return {
      clusterId: this.clusterId,
      step: (batch) => this.#step(batch),
      removedForGood: (id) => this.#reconfiguration.removals.isForGood(id),
      receiveSnapshot: (header) => this.#snapshots.receive(header),
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
    this.#closing ??= this.#handOver().then(() => this.#close())
    return this.#closing
  }

  /** Takes no more on pipelines. Resolves when the calls under way are answered, or after the grace in milliseconds. */
  drained(graceMs: number): Promise<void> {
    this.pipelines.drain()
    return this.calls.drained(this.#host.clock, graceMs)
  }

  /**
   * Ends at once, and makes nothing durable that is not yet: for a member that must not
   * trust itself. The data directory is given back as soon as the disk is done with what
   * it has in hand; {@link stop} resolves then.
   */
  abandon(): void {
    if (this.#stopped !== undefined) return
    this.#abandoned = true
    this.#halt()
    const closing = this.#closing ?? this.#close()
    this.#closing = closing
    closing.catch((error: unknown) =>
      this.log.warn('the data could not be closed in order', { error: String(error) }),
    )
  }

  async #close(): Promise<void> {
    if (this.#stopped === undefined) this.#halt()
    const { wal, state, directory } = this.#booted
    const closing = [this.#snapshots.stop(), this.#abandoned ? state.abandon() : wal.close()]
    try {
      await Promise.all(closing)
      await (this.#abandoned ? wal.close() : state.close())
    } finally {
      await directory.close()
    }
  }

  #start(): void {
    const { machine, id } = this
    this.#reconfiguration.opened()
    this.#armTick()
    const { voters, votersOutgoing } = machine.confState
    if (voters.length === 1 && voters[0] === id && votersOutgoing.length === 0)
      this.#raft.campaign()
    this.#loop.wake()
    this.log.info('member started', {
      cluster: this.clusterId.toString(16),
      appliedIndex: machine.appliedIndex,
      revision: machine.store.revision,
      fresh: this.#booted.fresh,
    })
  }

  #armTick(): void {
    this.#tick = this.#host.clock.after(this.config.heartbeatIntervalMs, () => {
      this.#armTick()
      const wasTransferring = this.#raft.state.transferee !== 0n
      this.#input(() => this.#raft.tick())
      // A transfer that was given up: this member takes proposals again.
      if (wasTransferring && this.#raft.state.transferee === 0n) this.#proposeParked()
    })
  }

  #halt(): void {
    const error = etcdErrors.stopped.error()
    this.#stopped = error
    this.#tick?.cancel()
    this.#loop.stop()
    this.#keeper.stop()
    this.#publisher.stop()
    this.#leadership.stop()
    this.#proposals.stop(error)
    this.leaseCalls.stop(error)
    this.#reconfiguration.stop(error)
    this.#reads.stop(error)
    this.pipelines.stop(error)
    this.watchHub.close()
    this.#peers.close()
    for (const run of [...this.#onStop]) run()
  }

  /** Gives leadership to the most advanced voter; after an election timeout it stops asking. */
  async #handOver(): Promise<void> {
    const to = this.isLeader ? successorOf(this.#raft.state) : undefined
    if (to === undefined) return
    this.log.info('handing leadership over', { to: to.toString(16) })
    await this.#reconfiguration.transfer.start(to, () => !this.isLeader)
  }

  // What raft says.

  #step({ messages, from, peerUrls }: PeerBatch): void {
    if (this.#stopped !== undefined) return
    this.#peers.heard(from, peerUrls)
    if (messages.length === 0) return
    // A snapshot's message comes with its data, never alone.
    this.#input(() => {
      for (const message of messages)
        if (message.type !== MessageType.SNAPSHOT)
          this.#raft.step(this.#reconfiguration.take(message))
    })
  }

  /** Gives raft something to do. What it finds impossible ends this member, not its caller. */
  #input(work: () => void): void {
    try {
      work()
      this.#loop.wake()
    } catch (error) {
      this.#host.exit(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** @throws {ProposalDropped} */
  #propose(data: Uint8Array): void {
    this.#raft.propose(data)
    this.#loop.wake()
  }

  #send(messages: readonly Message[]): void {
    const isSnapshot = (message: Message) => message.type === MessageType.SNAPSHOT
    if (!messages.some(isSnapshot)) {
      this.#peers.send(messages)
      return
    }
    for (const message of messages.filter(isSnapshot)) this.#snapshots.send(message)
    const others = messages.filter((message) => !isSnapshot(message))
    if (others.length > 0) this.#peers.send(others)
  }

  #apply(entry: Entry): void {
    const { machine } = this
    const isChange = entry.type === EntryType.CONFIG_CHANGE
    const applied = isChange
      ? machine.applyConfigChange(entry, (change) => this.#raft.applyConfigChange(change))
      : machine.apply(entry)
    this.#witness?.applied?.(entry, applied)
    if (isChange) this.#reconfiguration.applied()
    this.#keeper.applied(entry.index, entry.data.length)
    this.#leadership.applied(entry.term)
    if (applied === undefined) return
    if (applied.raiseNoSpace) this.space.raise()
    this.#proposals.settle(applied)
  }

  /** What could not be proposed may be proposed now. */
  #proposeParked(): void {
    this.#proposals.leaderKnown()
    this.pipelines.resume()
    this.#reconfiguration.retry()
  }

  #onLeadership(): void {
    if (!this.#leadership.changed()) return
    this.pipelines.leaderKnown()
    this.#proposeParked()
    this.#reads.leaderKnown()
    this.#publisher.leaderKnown()
    this.#loop.wake()
  }

  async #install(metadata: SnapshotMetadata): Promise<void> {
    this.watchHub.detach()
    this.pipelines.detach()
    await this.#booted.state.install(this.#snapshots.fileOf(metadata))
    if (this.#stopped !== undefined) return
    this.watchHub.attach(this.machine.store)
    this.#witness?.installed?.(metadata.index)
    this.#keeper.reset(metadata.index)
    this.#reconfiguration.opened()
    await this.#snapshots.installed()
    const { revision } = this.machine.store
    this.log.info('installed a snapshot', { index: metadata.index, revision })
  }

  // The parts.

  /** etcd's request timeout: 5 s and two election timeouts. */
  get #requestTimeoutMs(): number {
    return limits.REQUEST_TIMEOUT_BASE_MS + 2 * this.config.electionTimeoutMs
  }

  /** Where a numbering starts, so that numbers of an earlier life of this member are not met again. */
  #randomStart(): number {
    return Math.floor(this.#host.random.next() * 2 ** 20) * 2 ** 32 + 1
  }

  #makePeers(): Peers {
    const { clock, transport } = this.#host
    return new Peers({
      clock,
      transport,
      clusterId: this.clusterId,
      selfId: this.id,
      tuning: this.#tuning,
      onUnreachable: (peer) => {
        this.#raft.reportUnreachable(peer)
        this.#loop.wake()
      },
      ownUrls: () =>
        this.machine.members.get(this.id)?.peerUrls ?? this.config.initialAdvertisePeerUrls,
      onRemoved: (peer) => this.#reconfiguration.removals.told(peer),
    })
  }

  #makeLeadership(): Leadership {
    const { clock } = this.#host
    const lessor = () => this.machine.lessor
    return new Leadership({
      clock,
      log: this.log,
      selfId: this.id,
      electionTimeoutMs: this.config.electionTimeoutMs,
      raft: () => this.#raft.state,
      lessor,
      leaseDuty: new LeaseDuty({
        clock,
        lessor,
        revokesMax: this.#tuning.leaseRevokesMax,
        propose: (command) => {
          const { appliedIndex } = this.machine
          if (this.isLeader) this.#proposals.submitAndForget({ ...command, appliedIndex })
        },
      }),
    })
  }

  #makeReconfiguration(): Reconfiguration {
    return new Reconfiguration({
      clock: this.#host.clock,
      log: this.log,
      config: this.config,
      raft: this.#raft,
      wake: () => this.#loop.wake(),
      peers: this.#peers,
      proposals: this.#proposals,
      members: () => this.machine.members,
      commit: () => this.#booted.state.commit(),
      timeoutMs: this.#requestTimeoutMs,
      end: (reason) => this.#host.exit(reason),
    })
  }

  #makeProposals(): Proposals {
    return new Proposals({
      clock: this.#host.clock,
      selfId: this.id,
      firstRequestId: this.#randomStart(),
      timeoutMs: this.#requestTimeoutMs,
      requestBytesMax: this.config.maxRequestBytes,
      parkedBytesMax: this.#tuning.parkedBytesMax,
      propose: (data) => this.#propose(data),
      timeoutError: (startedAtMs) => this.#leadership.timeoutError(startedAtMs),
    })
  }

  #makeReads(): Reads {
    return new Reads({
      clock: this.#host.clock,
      firstContext: this.#randomStart(),
      timeoutMs: this.#requestTimeoutMs,
      readIndex: (context) => {
        this.#raft.readIndex(context)
        this.#loop.wake()
      },
      appliedIndex: () => this.machine.appliedIndex,
      timeoutError: (startedAtMs) => this.#leadership.timeoutError(startedAtMs),
    })
  }

  #makeLeaseCalls(): LeaseCalls {
    return new LeaseCalls({
      clock: this.#host.clock,
      peers: this.#peers,
      selfId: this.id,
      leader: () => this.#raft.state.leader,
      lessor: () => this.machine.lessor,
      readBarrier: () => this.#reads.barrier(),
      propose: (command) => this.#proposals.submit(command),
      timeoutMs: this.#requestTimeoutMs,
    })
  }

  #makePipelines(): Pipelines {
    return new Pipelines({
      clock: this.#host.clock,
      electionTimeoutMs: this.config.electionTimeoutMs,
      timeoutMs: this.#requestTimeoutMs,
      batchBytesMax: this.config.maxRequestBytes,
      sessions: () => this.machine.sessions,
      readBarrier: () => this.#reads.barrier(),
      propose: (data) => this.#propose(data),
      applyLag: () => this.#loop.applyLag,
      isLeader: () => this.isLeader,
      leaderlessSinceMs: () => this.leaderlessSinceMs,
      timeoutError: (startedAtMs) => this.#leadership.timeoutError(startedAtMs),
      calls: this.calls,
    })
  }

  #makeSnapshots(): SnapshotTraffic {
    const { clock, disk } = this.#host
    return new SnapshotTraffic({
      clock,
      disk,
      log: this.log,
      peers: this.#peers,
      clusterId: this.clusterId,
      selfId: this.id,
      directory: this.#booted.directory.snapshotDirectory,
      freeze: () => this.#booted.state.freeze(),
      report: (peer, ok) => {
        this.#raft.reportSnapshot(peer, ok)
        this.#loop.wake()
      },
      step: (message) => this.#input(() => this.#raft.step(message)),
      installing: () => this.#loop.installing,
    })
  }

  #makeKeeper(): LogKeeper {
    const { wal, state, snapshot } = this.#booted
    const options = {
      raft: this.#raft,
      wal,
      state,
      log: this.log,
      snapshotCount: this.config.snapshotCount,
      catchUpEntries: this.config.snapshotCatchupEntries,
      logBytesMax: this.#tuning.logBytesMax,
      onFatal: (reason: Error) => this.#host.exit(reason),
    }
    return new LogKeeper(options, snapshot.index)
  }

  #makeLoop(): RaftLoop {
    return new RaftLoop({
      clock: this.#host.clock,
      raft: this.#raft,
      wal: this.#booted.wal,
      applySliceMs: this.#tuning.applySliceMs,
      witness: this.#witness,
      send: (messages) => this.#send(messages),
      apply: (entry) => this.#apply(entry),
      hasRoom: () => this.#booted.state.hasRoom,
      onApplied: () => {
        this.#reads.applied()
        this.pipelines.resume()
        this.#reconfiguration.retry()
      },
      onRead: (context, index) => this.#reads.confirmed(context, index),
      onLeadership: () => this.#onLeadership(),
      install: (metadata) => this.#install(metadata),
      onFatal: (reason) => this.#host.exit(reason),
    })
  }
}

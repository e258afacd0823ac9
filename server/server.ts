/**
 * One member: raft, log, state and peers put together, with doors for the api.
 *
 *     propose -> raft -> log and peers -> apply -> the waiting caller, the watchers
 *     read    -> one quorum round      -> apply reaches it -> the state, locally
 *
 * Nothing here knows gRPC or etcd's requests; nothing below knows a caller. The parts
 * live in member/: the raft loop, proposals, reads, lease duty, snapshots, log keeping.
 */

import type { Timer } from '../client/host/clock.js'
import type { Log } from '../client/host/log.js'
import type { Init } from '../client/wire/codec.js'
import { etcdErrors } from '../client/wire/etcd-errors.js'
import type { Command } from '../client/wire/generated/command.js'
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
import { type Booted, boot, minTtlSeconds, type OpenState, openState } from './member/boot.js'
import { LeaseCalls } from './member/lease-calls.js'
import { LeaseDuty } from './member/lease-duty.js'
import { LogKeeper } from './member/log-keeper.js'
import { type ApplyResponse, Proposals } from './member/proposals.js'
import { RaftLoop } from './member/raft-loop.js'
import { Reads } from './member/reads.js'
import { SnapshotTraffic } from './member/snapshot-traffic.js'
import { LeaderHistory } from './member/timeouts.js'
import { WatchHub } from './mvcc/watch-hub.js'
import { Raft, type RaftStatus } from './raft/raft.js'
import { pointOf } from './state/applied-state.js'
import type { Applied, StateMachine } from './state/machine.js'
import type { CostlyRequest } from './state/quota.js'
import { installSnapshot } from './storage/snapshot-install.js'
import { TABLES } from './storage/tables.js'
import { CONCLAVE_VERSION } from './version.js'

/** A running member. Made by {@link Member.open}, ended by {@link Member.stop} or by the host's `exit`. */
export class Member {
  readonly config: MemberConfig
  readonly clusterId: bigint
  readonly id: bigint
  readonly log: Log
  readonly peers: Peers
  readonly snapshots: SnapshotTraffic
  /** The watchers of this member. */
  readonly watchHub: WatchHub
  /** Keep-alives and remaining times, answered by the leader wherever it is. */
  readonly leaseCalls: LeaseCalls
  readonly #host: Host
  readonly #booted: Booted
  readonly #raft: Raft
  readonly #loop: RaftLoop
  readonly #proposals: Proposals
  readonly #reads: Reads
  readonly #leaders: LeaderHistory
  readonly #leaseDuty: LeaseDuty
  readonly #keeper: LogKeeper
  #state: OpenState
  #tick: Timer | undefined
  #leadingTerm = 0
  #published = false
  #stopped: RpcError | undefined
  readonly #leaderWaiters: (() => void)[] = []

  /** Opens the data directory and starts; resolves when the member takes part, not when there is a leader. */
  static async open(host: Host, config: MemberConfig, explicitCluster: boolean): Promise<Member> {
    const booted = await boot(host, config, explicitCluster)
    const member = new Member(host, config, booted)
    member.#start()
    return member
  }

  private constructor(host: Host, config: MemberConfig, booted: Booted) {
    this.#host = host
    this.config = config
    this.#booted = booted
    this.clusterId = booted.clusterId
    this.id = booted.memberId
    this.log = host.log.child({ member: booted.memberId.toString(16), name: config.name })
    this.#state = booted.state
    this.#leaders = new LeaderHistory(config.electionTimeoutMs)
    this.#raft = this.#makeRaft()
    this.watchHub = this.#makeWatchHub()
    this.peers = new Peers({
      clock: host.clock,
      transport: host.transport,
      clusterId: this.clusterId,
      selfId: this.id,
      onUnreachable: (peer) => {
        this.#raft.reportUnreachable(peer)
        this.#loop.wake()
      },
    })
    this.snapshots = this.#makeSnapshots()
    this.#proposals = this.#makeProposals()
    this.#reads = this.#makeReads()
    this.#leaseDuty = new LeaseDuty({
      clock: host.clock,
      lessor: () => this.machine.lessor,
      propose: (command) => {
        if (this.isLeader) this.#proposals.submitAndForget(command)
      },
    })
    this.leaseCalls = new LeaseCalls({
      clock: host.clock,
      peers: this.peers,
      selfId: this.id,
      leader: () => this.#raft.state.leader,
      lessor: () => this.machine.lessor,
      readBarrier: () => this.readBarrier(),
      propose: (command) => this.propose(command),
      timeoutMs: this.#requestTimeoutMs,
    })
    this.#keeper = this.#makeKeeper()
    this.#loop = this.#makeLoop()
  }

  // ---- what the api uses ----

  /** The replicated state. Another object after a snapshot was installed: do not keep it. */
  get machine(): StateMachine {
    return this.#state.machine
  }

  /** Raft's view of itself. */
  get raft(): RaftStatus {
    return this.#raft.state
  }

  get isLeader(): boolean {
    return this.#raft.state.leader === this.id
  }

  /** Sizes of the backend in bytes. */
  get sizes(): { totalBytes: number; usedBytes: number } {
    return this.#state.backend.sizes()
  }

  /** Since when no leader is known, in monotonic milliseconds; undefined while there is one. */
  get leaderlessSinceMs(): number | undefined {
    return this.#leaders.leaderlessSinceMs
  }

  /** The shortest TTL that a lease may have here, in seconds. */
  get minTtlSeconds(): number {
    return minTtlSeconds(this.config)
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

  /** Throws NOSPACE, and raises the alarm, when the command's cost does not fit the quota any more. */
  assertRoomFor(command: CostlyRequest): void {
    if (this.machine.quota.available(command)) return
    this.#raiseNoSpace()
    throw etcdErrors.noSpace.error()
  }

  /** Resolves when everything applied so far is durable in the backend too. */
  commit(): Promise<void> {
    return this.#state.backend.commit()
  }

  /** Throws while the state cannot be read: after a stop, or while a snapshot is installed. */
  assertReadable(): void {
    if (this.#stopped !== undefined) throw this.#stopped
    if (this.#loop.installing) throw etcdErrors.timeout.error()
  }

  /** Resolves when a leader is known. */
  leaderKnown(): Promise<void> {
    if (this.#leaders.leader !== 0n) return Promise.resolve()
    return new Promise((resolve) => this.#leaderWaiters.push(resolve))
  }

  /** Raft messages from a peer. */
  step(messages: readonly Message[], from: bigint): void {
    if (this.#stopped !== undefined) return
    this.peers.heard(from)
    for (const message of messages)
      if (message.type !== MessageType.SNAPSHOT) this.#raft.step(message)
    this.#loop.wake()
  }

  /** What this member answers its peers. */
  get peerTarget(): PeerTarget {
    return {
      clusterId: this.clusterId,
      step: (messages, from) => this.step(messages, from),
      receiveSnapshot: (header) => this.snapshots.receive(header),
      leaseKeepAlive: async ({ ID }) => ({ ID, TTL: await this.leaseCalls.renewHere(ID) }),
      leaseTimeToLive: async ({ ID }) => {
        const view = await this.leaseCalls.timeToLiveHere(ID)
        if (view === undefined) return { ID, TTL: -1 }
        return { ID, TTL: view.remainingSeconds, grantedTTL: view.ttlSeconds }
      },
      describe: () => ({
        clusterId: this.clusterId,
        memberId: this.id,
        version: CONCLAVE_VERSION,
        members: this.machine.members.list().map(memberToWire),
      }),
    }
  }

  // ---- life ----

  /** Hands leadership over, lets what is durable become so, closes everything. */
  async stop(): Promise<void> {
    if (this.#stopped !== undefined) return
    await this.#handOver()
    this.#halt()
    const { backend } = this.#state
    await backend.commit()
    await this.#booted.wal.close()
    await backend.close()
    await this.#booted.directory.close()
  }

  /** Stops at once without touching the disk again: for a member that must not trust itself. */
  abandon(): void {
    if (this.#stopped === undefined) this.#halt()
  }

  #halt(): void {
    const error = etcdErrors.stopped.error()
    this.#stopped = error
    this.#tick?.cancel()
    this.#loop.stop()
    this.#keeper.stop()
    this.#leaseDuty.stop()
    this.#proposals.stop(error)
    this.#reads.stop(error)
    this.snapshots.stop()
    this.watchHub.close()
    this.machine.close()
    this.peers.close()
    for (const resolve of this.#leaderWaiters.splice(0)) resolve()
  }

  async #handOver(): Promise<void> {
    const { progress, lastIndex } = this.#raft.state
    if (!this.isLeader) return
    let best: bigint | undefined
    let bestMatch = 0
    for (const [id, peer] of progress) {
      if (id === this.id || peer.isLearner || !peer.recentActive || peer.match < bestMatch) continue
      best = id
      bestMatch = peer.match
    }
    if (best === undefined || bestMatch === 0) return
    this.log.info('handing leadership over', {
      to: best.toString(16),
      behind: lastIndex - bestMatch,
    })
    this.#raft.transferLeadership(best)
    this.#loop.wake()
    await this.#until(() => !this.isLeader, this.config.electionTimeoutMs)
  }

  /** Resolves when the condition holds after some turn, or after the time-out. */
  async #until(condition: () => boolean, timeoutMs: number): Promise<void> {
    const { clock } = this.#host
    const untilMs = clock.now() + timeoutMs
    while (!condition() && clock.now() < untilMs)
      await new Promise<void>((resolve) =>
        clock.after(this.config.heartbeatIntervalMs / 10, resolve),
      )
  }

  #start(): void {
    this.#updatePeers()
    this.#armTick()
    const { voters, votersOutgoing } = this.machine.confState
    if (voters.length === 1 && voters[0] === this.id && votersOutgoing.length === 0)
      this.#raft.campaign()
    this.#loop.wake()
    this.log.info('member started', {
      cluster: this.clusterId.toString(16),
      appliedIndex: this.machine.appliedIndex,
      revision: this.machine.store.revision,
      fresh: this.#booted.fresh,
    })
  }

  #armTick(): void {
    this.#tick = this.#host.clock.after(this.config.heartbeatIntervalMs, () => {
      this.#raft.tick()
      this.#loop.wake()
      this.#armTick()
    })
  }

  // ---- raft's output ----

  #send(messages: readonly Message[]): void {
    let others = messages
    if (messages.some((message) => message.type === MessageType.SNAPSHOT)) {
      others = messages.filter((message) => message.type !== MessageType.SNAPSHOT)
      for (const message of messages)
        if (message.type === MessageType.SNAPSHOT) this.snapshots.send(message)
    }
    if (others.length > 0) this.peers.send(others)
  }

  #apply(entry: Entry): void {
    const { machine } = this
    let applied: Applied | undefined
    if (entry.type === EntryType.CONFIG_CHANGE) {
      applied = machine.applyConfigChange(entry, (change) => this.#raft.applyConfigChange(change))
      this.#updatePeers()
    } else applied = machine.apply(entry)
    this.#keeper.applied(entry.index, entry.data.length)
    if (this.#leadingTerm !== entry.term && this.isLeader && entry.term === this.#raft.state.term)
      this.#beginLeaseDuty(entry.term)
    if (applied === undefined) return
    if (applied.raiseNoSpace) this.#raiseNoSpace()
    this.#proposals.settle(applied)
  }

  #raiseNoSpace(): void {
    this.log.warn('the database is over its quota; writes stop until it is compacted and disarmed')
    this.#proposals.submitAndForget({ alarm: { action: 1, memberID: this.id, alarm: 1 } })
  }

  #onLeadership(): void {
    const { leader, term } = this.#raft.state
    const before = this.#leaders.leader
    this.#leaders.changed(leader, this.#host.clock.now())
    if (leader !== before)
      this.log.info(leader === 0n ? 'no leader' : 'new leader', {
        leader: leader.toString(16),
        term,
      })
    if (this.#leadingTerm !== 0 && (!this.isLeader || this.#leadingTerm !== term))
      this.#endLeaseDuty()
    if (leader === 0n) return
    for (const resolve of this.#leaderWaiters.splice(0)) resolve()
    this.#proposals.leaderKnown()
    this.#reads.leaderKnown()
    this.#publish()
    this.#loop.wake()
  }

  /**
   * The first entry of our own term was applied: every earlier leader's commands are
   * behind us, so from now on deadlines are ours to keep.
   */
  #beginLeaseDuty(term: number): void {
    this.#leadingTerm = term
    this.machine.lessor.promote(this.config.electionTimeoutMs)
    this.#leaseDuty.start(term)
  }

  #endLeaseDuty(): void {
    this.#leadingTerm = 0
    this.#leaseDuty.stop()
    this.machine.lessor.demote()
  }

  /** Tells the cluster our name and client URLs; repeated by the next leader until it was applied. */
  #publish(): void {
    if (this.#published) return
    const { name, advertiseClientUrls } = this.config
    const known = this.machine.members.get(this.id)
    if (known?.name === name && known.clientUrls.join() === advertiseClientUrls.join()) {
      this.#published = true
      return
    }
    this.#proposals
      .submit({
        memberAttributes: { memberId: this.id, name, clientUrls: [...advertiseClientUrls] },
      })
      .then(
        () => {
          this.#published = true
        },
        () => {
          if (this.#stopped === undefined) this.#publish()
        },
      )
  }

  #updatePeers(): void {
    this.peers.update(this.machine.members.list())
  }

  async #install(metadata: SnapshotMetadata): Promise<void> {
    const path = this.snapshots.fileOf(metadata)
    this.watchHub.detach()
    this.machine.close()
    await this.#state.backend.close()
    await installSnapshot({
      disk: this.#host.disk,
      databases: this.#host.databases,
      path,
      databasePath: this.#booted.directory.databasePath,
      tables: TABLES,
    })
    this.#state = await openState(this.#host, this.config, this.#booted.directory)
    this.watchHub.attach(this.machine.store)
    this.#keeper.reset(metadata.index)
    this.#updatePeers()
    await this.snapshots.installed()
    this.log.info('installed a snapshot', {
      index: metadata.index,
      revision: this.machine.store.revision,
    })
  }

  async #freeze() {
    const snapshot = await this.#state.backend.snapshot()
    // More may have been applied while its commit ran: the frozen view tells its own point.
    return { snapshot, metadata: pointOf(snapshot) }
  }

  // ---- putting the parts together ----

  #makeRaft(): Raft {
    const { config } = this
    const { hardState, snapshot, entries, state } = this.#booted
    return new Raft(
      {
        id: this.id,
        electionTicks: Math.max(
          2,
          Math.floor(config.electionTimeoutMs / config.heartbeatIntervalMs),
        ),
        heartbeatTicks: 1,
        preVote: config.preVote,
        checkQuorum: true,
        readOnly: 'safe',
        appendBytesMax: limits.APPEND_BYTES_MAX,
        inflightMessagesMax: limits.INFLIGHT_MESSAGES_MAX,
        inflightBytesMax: limits.INFLIGHT_BYTES_MAX,
        uncommittedBytesMax: limits.UNCOMMITTED_BYTES_MAX,
        applyBytesMax: limits.APPLY_BYTES_MAX,
        random: () => this.#host.random.next(),
        log: this.log,
      },
      { hardState, snapshot, entries, applied: state.machine.appliedIndex },
    )
  }

  #makeWatchHub(): WatchHub {
    const { clock, random } = this.#host
    return new WatchHub({
      store: this.machine.store,
      clock,
      random,
      progressIntervalMs: this.config.watchProgressNotifyIntervalMs,
      fragmentBytes: this.config.maxRequestBytes + limits.REQUEST_OVERHEAD_BYTES,
    })
  }

  #makeSnapshots(): SnapshotTraffic {
    const { clock, disk } = this.#host
    return new SnapshotTraffic({
      clock,
      disk,
      log: this.log,
      peers: this.peers,
      clusterId: this.clusterId,
      selfId: this.id,
      directory: this.#booted.directory.snapshotDirectory,
      freeze: () => this.#freeze(),
      report: (peer, ok) => {
        this.#raft.reportSnapshot(peer, ok)
        this.#loop.wake()
      },
      step: (message) => {
        this.#raft.step(message)
        this.#loop.wake()
      },
      installing: () => this.#loop.installing,
    })
  }

  /** etcd's request timeout: 5 s and two election timeouts. */
  get #requestTimeoutMs(): number {
    return limits.REQUEST_TIMEOUT_BASE_MS + 2 * this.config.electionTimeoutMs
  }

  #makeProposals(): Proposals {
    return new Proposals({
      clock: this.#host.clock,
      selfId: this.id,
      firstRequestId: this.#randomStart(),
      timeoutMs: this.#requestTimeoutMs,
      requestBytesMax: this.config.maxRequestBytes,
      propose: (data) => {
        this.#raft.propose(data)
        this.#loop.wake()
      },
      timeoutError: (startedAtMs) => this.#leaders.timeoutError(startedAtMs),
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
      timeoutError: (startedAtMs) => this.#leaders.timeoutError(startedAtMs),
    })
  }

  /** A whole number with random high bits: what an earlier life of this member numbered is not met again. */
  #randomStart(): number {
    return Math.floor(this.#host.random.next() * 2 ** 20) * 2 ** 32 + 1
  }

  #makeKeeper(): LogKeeper {
    return new LogKeeper(
      {
        raft: this.#raft,
        wal: this.#booted.wal,
        log: this.log,
        snapshotCount: this.config.snapshotCount,
        catchUpEntries: this.config.snapshotCatchupEntries,
        capture: () => pointOf(this.#state.backend),
        commit: () => this.#state.backend.commit(),
        onFatal: (reason) => this.#host.exit(reason),
      },
      this.#booted.snapshot.index,
    )
  }

  #makeLoop(): RaftLoop {
    return new RaftLoop({
      clock: this.#host.clock,
      raft: this.#raft,
      wal: this.#booted.wal,
      send: (messages) => this.#send(messages),
      apply: (entry) => this.#apply(entry),
      onApplied: () => this.#reads.applied(),
      onRead: (context, index) => this.#reads.confirmed(context, index),
      onLeadership: () => this.#onLeadership(),
      install: (metadata) => this.#install(metadata),
      onFatal: (reason) => this.#host.exit(reason),
    })
  }
}

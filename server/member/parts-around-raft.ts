/**
 * The making of the parts between raft, the disk and the other members. {@link Parts}
 * has the order: what is read here at once stands already, the rest is a function.
 */

import { Peers } from '../cluster/peers.js'
import { Leadership } from './leadership.js'
import { LeaseDuty } from './lease-duty.js'
import { LogKeeper } from './log-keeper.js'
import type { Parts } from './parts.js'
import { RaftLoop } from './raft-loop.js'
import { Reconfiguration } from './reconfiguration.js'
import { SnapshotTraffic } from './snapshot-traffic.js'

/** Links to the other members. */
export function peersOf(parts: Parts): Peers {
  const { clock, transport } = parts.ground.host
  return new Peers({
    clock,
    transport,
    clusterId: parts.clusterId,
    selfId: parts.id,
    tuning: parts.ground.tuning,
    onUnreachable: (peer) => {
      parts.raft.reportUnreachable(peer)
      parts.loop.wake()
    },
    ownUrls: () =>
      parts.machine.members.get(parts.id)?.peerUrls ?? parts.ground.config.initialAdvertisePeerUrls,
    onRemoved: (peer) => parts.reconfiguration.removals.told(peer),
  })
}

/** Who leads, and since when nobody does; the duty of leases goes with it. */
export function leadershipOf(parts: Parts): Leadership {
  const { clock } = parts.ground.host
  const lessor = () => parts.machine.lessor
  return new Leadership({
    clock,
    log: parts.log,
    selfId: parts.id,
    electionTimeoutMs: parts.ground.config.electionTimeoutMs,
    raft: () => parts.raft.state,
    lessor,
    leaseDuty: new LeaseDuty({
      clock,
      lessor,
      revokesMax: parts.ground.tuning.leaseRevokesMax,
      propose: (command) => {
        const { appliedIndex } = parts.machine
        if (parts.isLeader) parts.proposals.submitAndForget({ ...command, appliedIndex })
      },
    }),
  })
}

/** Changes of the members and of the leader. */
export function reconfigurationOf(parts: Parts): Reconfiguration {
  return new Reconfiguration({
    clock: parts.ground.host.clock,
    log: parts.log,
    config: parts.ground.config,
    raft: parts.raft,
    wake: () => parts.loop.wake(),
    peers: parts.peers,
    proposals: parts.proposals,
    members: () => parts.machine.members,
    commit: () => parts.ground.booted.state.commit(),
    timeoutMs: parts.requestTimeoutMs,
    end: (reason) => parts.ground.host.exit(reason),
  })
}

/** Snapshots on their way in and out. */
export function snapshotsOf(parts: Parts): SnapshotTraffic {
  const { clock, disk } = parts.ground.host
  return new SnapshotTraffic({
    clock,
    disk,
    log: parts.log,
    peers: parts.peers,
    clusterId: parts.clusterId,
    selfId: parts.id,
    directory: parts.ground.booted.directory.snapshotDirectory,
    freeze: () => parts.ground.booted.state.freeze(),
    report: (peer, ok) => {
      parts.raft.reportSnapshot(peer, ok)
      parts.loop.wake()
    },
    step: (message) => parts.inputs.give(() => parts.raft.step(message)),
    installing: () => parts.loop.installing,
  })
}

/** Keeps the log short. */
export function keeperOf(parts: Parts): LogKeeper {
  const { wal, state, snapshot } = parts.ground.booted
  const options = {
    raft: parts.raft,
    wal,
    state,
    log: parts.log,
    snapshotCount: parts.ground.config.snapshotCount,
    catchUpEntries: parts.ground.config.snapshotCatchupEntries,
    logBytesMax: parts.ground.tuning.logBytesMax,
    onFatal: (reason: Error) => parts.ground.host.exit(reason),
  }
  return new LogKeeper(options, snapshot.index)
}

/** Carries raft's output to disk, peers and apply. */
export function loopOf(parts: Parts): RaftLoop {
  return new RaftLoop({
    clock: parts.ground.host.clock,
    raft: parts.raft,
    wal: parts.ground.booted.wal,
    applySliceMs: parts.ground.tuning.applySliceMs,
    witness: parts.ground.witness,
    send: (messages) => parts.outputs.send(messages),
    apply: (entry) => parts.outputs.apply(entry),
    hasRoom: () => parts.ground.booted.state.hasRoom,
    onApplied: () => parts.outputs.appliedSome(),
    onRead: (context, index) => parts.reads.confirmed(context, index),
    onLeadership: () => parts.outputs.leadershipChanged(),
    install: (metadata) => parts.outputs.install(metadata),
    onFatal: (reason) => parts.ground.host.exit(reason),
  })
}

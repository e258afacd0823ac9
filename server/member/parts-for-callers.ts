/**
 * The making of the parts in which callers wait for raft and apply: commands, reads,
 * leases, pipelines, watchers. {@link Parts} has the order: what is read here at once
 * stands already, the rest is a function.
 */

import * as limits from '../limits.js'
import { WatchHub } from '../mvcc/watch-hub.js'
import { LeaseCalls } from './lease-calls.js'
import type { Parts } from './parts.js'
import { Pipelines } from './pipelines.js'
import { Proposals } from './proposals.js'
import { Publisher } from './publisher.js'
import { Reads } from './reads.js'
import { SpaceAlarm } from './space-alarm.js'

/** Where a numbering starts, so that numbers of an earlier life of this member are not met again. */
function randomStart(parts: Parts): number {
  return Math.floor(parts.ground.host.random.next() * 2 ** 20) * 2 ** 32 + 1
}

/** Commands of callers until they are applied. */
export function proposalsOf(parts: Parts): Proposals {
  return new Proposals({
    clock: parts.ground.host.clock,
    selfId: parts.id,
    firstRequestId: randomStart(parts),
    timeoutMs: parts.requestTimeoutMs,
    requestBytesMax: parts.ground.config.maxRequestBytes,
    parkedBytesMax: parts.ground.tuning.parkedBytesMax,
    propose: (data) => parts.inputs.propose(data),
    timeoutError: (startedAtMs) => parts.leadership.timeoutError(startedAtMs),
  })
}

/** Linearizable reads until their index is applied. */
export function readsOf(parts: Parts): Reads {
  return new Reads({
    clock: parts.ground.host.clock,
    firstContext: randomStart(parts),
    timeoutMs: parts.requestTimeoutMs,
    readIndex: (context) => {
      parts.raft.readIndex(context)
      parts.loop.wake()
    },
    appliedIndex: () => parts.machine.appliedIndex,
    timeoutError: (startedAtMs) => parts.leadership.timeoutError(startedAtMs),
  })
}

/** Keep-alives and remaining times, asked of the leader. */
export function leaseCallsOf(parts: Parts): LeaseCalls {
  return new LeaseCalls({
    clock: parts.ground.host.clock,
    peers: parts.peers,
    selfId: parts.id,
    leader: () => parts.raft.state.leader,
    lessor: () => parts.machine.lessor,
    readBarrier: () => parts.reads.barrier(),
    propose: (command) => parts.proposals.submit(command),
    timeoutMs: parts.requestTimeoutMs,
  })
}

/** The streams on which clients send many calls. */
export function pipelinesOf(parts: Parts): Pipelines {
  return new Pipelines({
    clock: parts.ground.host.clock,
    tuning: parts.ground.tuning,
    electionTimeoutMs: parts.ground.config.electionTimeoutMs,
    timeoutMs: parts.requestTimeoutMs,
    batchBytesMax: parts.ground.config.maxRequestBytes,
    sessions: () => parts.machine.sessions,
    readBarrier: () => parts.reads.barrier(),
    propose: (data) => parts.inputs.propose(data),
    applyLag: () => parts.loop.applyLag,
    isLeader: () => parts.isLeader,
    leaderlessSinceMs: () => parts.leadership.leaderlessSinceMs,
    timeoutError: (startedAtMs) => parts.leadership.timeoutError(startedAtMs),
    calls: parts.calls,
  })
}

/** Tells the cluster the name and the client URLs of this member. */
export function publisherOf(parts: Parts): Publisher {
  return new Publisher({
    clock: parts.ground.host.clock,
    config: parts.ground.config,
    selfId: parts.id,
    members: () => parts.machine.members,
    propose: (command) => parts.proposals.submit(command),
  })
}

/** Whether there is room for more data. */
export function spaceAlarmOf(parts: Parts): SpaceAlarm {
  return new SpaceAlarm({
    log: parts.log,
    selfId: parts.id,
    machine: () => parts.machine,
    propose: (command) => parts.proposals.submit(command),
  })
}

/** The watchers of this member. */
export function watchHubOf(parts: Parts): WatchHub {
  const { host, config, tuning } = parts.ground
  return new WatchHub({
    store: parts.machine.store,
    clock: host.clock,
    random: host.random,
    progressIntervalMs: config.watchProgressNotifyIntervalMs,
    sliceEventsMax: tuning.watchSliceEvents,
    queueResponsesMax: tuning.watchQueueResponses,
    fragmentBytes: config.maxRequestBytes + limits.REQUEST_OVERHEAD_BYTES,
  })
}

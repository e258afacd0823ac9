/**
 * How a leader brings the logs of the others up to its own (figure 2; thesis 3.5, 5, 10.2).
 *
 * Nothing is sent while messages come in: the handlers only move the progress of a member, and
 * `flushAppends` sends what is due once per Ready. So all that was proposed in one turn travels in
 * one message, and several answers of a follower cause one reaction.
 */

import { type Entry, type Message, MessageType } from '../../client/wire/generated/raft.js'
import type { Core } from './core.js'
import { entriesBytes } from './log.js'
import type { Progress } from './progress.js'
import { confirmRounds } from './read-index.js'

/** Sends every follower what is due to it. */
export function flushAppends(core: Core): void {
  for (const progress of core.tracker.progress.values()) {
    if (progress.id === core.id) continue
    // Each round either fills the window, pauses the probe or runs out of entries.
    while (sendAppend(core, progress)) {}
  }
}

/** Sends one append, or a snapshot. Returns whether there may be more to send. */
function sendAppend(core: Core, progress: Progress): boolean {
  if (progress.paused) return false
  const { log, config } = core
  const { next } = progress
  const logTerm = log.term(next - 1)
  if (logTerm === undefined || next < log.first) {
    sendSnapshot(core, progress)
    return false
  }
  const windowFull = progress.state === 'replicate' && progress.inflights.full
  const entries =
    windowFull || next > log.last ? [] : log.slice(next, log.last, config.appendBytesMax)
  if (entries.length === 0 && !emptyAppendDue(core, progress)) return false
  const { commit } = log
  core.send(MessageType.APPEND, progress.id, { index: next - 1, logTerm, entries, commit })
  progress.sent(entries.length, entriesBytes(entries), commit)
  return entries.length > 0
}

/** An append without entries has something to say: a place to probe, or a commit index. */
function emptyAppendDue({ log }: Core, { state, nudged, sentCommit, next }: Progress): boolean {
  if (state === 'probe' || nudged) return true
  return sentCommit < log.commit && sentCommit < next - 1
}

/** Metadata only: the driver streams what its state machine holds by then. */
function sendSnapshot(core: Core, progress: Progress): void {
  // A silent member would only make the driver stream into the void.
  if (!progress.recentActive) return
  const { log } = core
  const snapshot = {
    index: log.applied,
    term: log.term(log.applied)!,
    confState: core.confState,
  }
  progress.becomeSnapshot(snapshot.index)
  core.send(MessageType.SNAPSHOT, progress.id, { snapshot })
}

/** Puts entries of the own term at the end of the log; their bytes are kept, not copied. */
export function appendOwn(core: Core, proposed: readonly Pick<Entry, 'type' | 'data'>[]): void {
  const { log, term } = core
  let index = log.last
  for (const { type, data } of proposed) {
    log.push({ term, index: ++index, type, data })
    core.uncommittedBytes += data.length
  }
}

/**
 * Commits what the needed majorities have on disk, if it ends with an entry of the own term:
 * counting proves nothing about entries of older terms (5.4.2, figure 8).
 */
export function advanceCommit(core: Core): void {
  const { log } = core
  const index = core.tracker.committedIndex()
  if (index <= log.commit || log.term(index) !== core.term) return
  core.uncommittedBytes -= log.dataBytes(log.commit + 1, index, core.term)
  log.commitTo(index)
}

/** The own disk has caught up: the leader counts itself only now. */
export function acknowledgeSelf(core: Core): void {
  const self = core.tracker.progress.get(core.id)
  if (self?.acknowledged(core.log.durable)) advanceCommit(core)
}

/** A follower has taken an append or a snapshot, or has refused it. */
export function receiveAppendResponse(core: Core, message: Message): void {
  const progress = core.tracker.progress.get(message.from)
  if (core.role !== 'leader' || progress === undefined || progress.id === core.id) return
  progress.recentActive = true
  if (message.reject) {
    receiveRejection(core, progress, message)
    return
  }
  if (message.index > core.log.last) {
    core.notes.error('a follower acknowledges an entry that does not exist', {
      from: message.from,
      index: message.index,
      lastIndex: core.log.last,
    })
    return
  }
  const news = progress.acknowledged(message.index)
  if (progress.state === 'replicate') progress.inflights.freeTo(message.index)
  else if (caughtUp(core, progress, message.index)) progress.becomeReplicate()
  if (news) advanceCommit(core)
  handOver(core, progress)
}

/** The logs are known to agree at a place from which this leader can go on. */
function caughtUp({ log }: Core, { match }: Progress, acknowledged: number): boolean {
  return acknowledged === match && match + 1 >= log.first
}

function receiveRejection(core: Core, progress: Progress, message: Message): void {
  const { index, rejectHint, logTerm } = message
  const hint = logTerm > 0 ? core.log.lastAgreement(rejectHint, logTerm).index : rejectHint
  progress.rejected(index, hint)
}

/** A follower has answered a heartbeat. */
export function receiveHeartbeatResponse(core: Core, message: Message): void {
  const progress = core.tracker.progress.get(message.from)
  if (core.role !== 'leader' || progress === undefined || progress.id === core.id) return
  progress.recentActive = true
  progress.probeSent = false
  if (progress.match < core.log.last) progress.nudged = true
  if (message.context > progress.heardRound && message.context <= core.reads.newest) {
    progress.heardRound = message.context
    confirmRounds(core)
  }
}

/** The transport could not reach a member: what was in flight is probably lost. */
export function reportUnreachable(core: Core, id: bigint): void {
  const progress = core.progress.get(id)
  if (progress?.state === 'replicate') progress.becomeProbe()
}

/** The driver has streamed a snapshot, or has failed to. */
export function reportSnapshot(core: Core, id: bigint, ok: boolean): void {
  const progress = core.progress.get(id)
  if (progress?.state !== 'snapshot') return
  if (!ok) progress.pendingSnapshot = 0
  progress.becomeProbe()
  // Success is confirmed by the follower's answer; failure is tried again with the next heartbeat.
  progress.probeSent = true
}

/** The transferee has everything: it may take over. */
export function handOver(core: Core, progress: Progress): void {
  if (progress.id !== core.transferee || progress.match !== core.log.last) return
  core.sendTimeoutNow(progress.id)
}

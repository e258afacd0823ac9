/**
 * How a follower obeys its leader: appends, heartbeats, snapshots (figure 2, AppendEntries;
 * thesis 5).
 *
 * An acknowledgment is a promise: it leaves once the entries and the term are on disk. A refusal
 * promises nothing and leaves at once.
 */

import {
  type Message,
  MessageType,
  type SnapshotMetadata,
} from '../../client/wire/generated/raft.js'
import { membersOf } from './config-change.js'
import type { Core } from './core.js'

/** A leader of the present term has spoken. Returns false when it cannot be one. */
export function heedLeader(core: Core, from: bigint): boolean {
  if (core.role === 'leader' || (core.leader !== 0n && core.leader !== from)) {
    core.notes.error('two members lead in one term; does one of them run with an old disk?', {
      term: core.term,
      leader: core.leader,
      other: from,
    })
    return false
  }
  if (core.role !== 'follower') core.becomeFollower(core.term, from)
  core.leader = from
  core.electionElapsed = 0
  core.leasedUntil = core.now + core.config.electionTicks
  return true
}

/** Takes entries that follow a common place, or says where the logs may agree. */
export function receiveAppend(core: Core, message: Message): void {
  if (!heedLeader(core, message.from)) return
  const { log } = core
  const { index, logTerm, entries, from } = message
  if (!wellFormed(message)) {
    core.notes.error('an append with entries out of order was ignored', { from, index })
    return
  }
  // Old news, or news that begins before the log does; what is committed is common in any case.
  if (index + entries.length < log.commit || index < log.first - 1) {
    core.promise(MessageType.APPEND_RESPONSE, from, { index: log.commit })
    return
  }
  const last = log.appendAfter({ index, term: logTerm }, entries)
  if (last === undefined) {
    refuse(core, message)
    return
  }
  log.commitTo(Math.min(message.commit, last))
  core.promise(MessageType.APPEND_RESPONSE, from, { index: last })
}

function wellFormed({ index, logTerm, term, entries }: Message): boolean {
  let expected = index
  let least = logTerm
  for (const entry of entries) {
    if (entry.index !== ++expected || entry.term < least || entry.term > term) return false
    least = entry.term
  }
  return true
}

function refuse(core: Core, { index, logTerm, from }: Message): void {
  const hint = core.log.lastAgreement(Math.min(index, core.log.last), logTerm)
  core.send(MessageType.APPEND_RESPONSE, from, {
    index,
    reject: true,
    rejectHint: hint.index,
    logTerm: hint.term,
  })
}

/** The leader is alive; answers with the number of its round. */
export function receiveHeartbeat(core: Core, { from, commit, context }: Message): void {
  if (!heedLeader(core, from)) return
  core.log.commitTo(commit)
  core.send(MessageType.HEARTBEAT_RESPONSE, from, { context })
}

/** A snapshot whose data is at hand. Taken only if the log cannot get there by itself. */
export function receiveSnapshot(core: Core, { from, snapshot }: Message): void {
  if (snapshot === undefined || !heedLeader(core, from)) return
  restore(core, snapshot)
  const { log } = core
  // What the leader may now count on: the restored log, or as much as is committed here.
  core.promise(MessageType.APPEND_RESPONSE, from, { index: log.commit })
}

function restore(core: Core, snapshot: SnapshotMetadata): void {
  const { log, notes } = core
  const { index, term, confState } = snapshot
  if (index <= log.commit) return
  if (log.term(index) === term) {
    log.commitTo(index)
    return
  }
  if (confState === undefined || !membersOf(confState).has(core.id)) {
    notes.warn('a snapshot that does not know this member was ignored', { index, term })
    return
  }
  log.restore(snapshot)
  core.tracker.setConfState(confState, log.last)
}

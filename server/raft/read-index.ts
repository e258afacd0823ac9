/**
 * Linearizable reads without a log entry (thesis 6.4): find the commit index, prove that one still
 * leads, answer.
 *
 * - Nothing is answered before an entry of the leader's own term is committed; until then its
 *   commit index may be behind what an earlier leader acknowledged.
 * - `safe` proves leadership by a round of heartbeats. Where the leader is the whole majority the
 *   round is confirmed at once.
 * - `lease` answers at once while the newest confirmed round is younger than an election timeout
 *   less two ticks: those who answered it ignore candidates for an election timeout of their own,
 *   and two ticks cover that neither side knows how far into a tick it is. A member that was told
 *   to campaign at once may break the lease, so from then on the leader falls back to rounds.
 */

import { type Message, MessageType } from '../../client/wire/generated/raft.js'
import type { Core } from './core.js'
import { ProposalDropped } from './proposal-dropped.js'
import type { ReadRequest } from './read-queue.js'

/** The driver of this member asks. Throws ProposalDropped when nobody can be asked. */
export function readIndex(core: Core, context: number): void {
  if (core.role === 'leader') core.reads.add({ from: core.id, context })
  else if (core.leader !== 0n) {
    const number = core.reads.forward(context)
    core.send(MessageType.READ_INDEX, core.leader, { context: number })
  } else throw new ProposalDropped('noLeader', 'no leader is known; try again once there is one')
}

/** A follower asks. Its driver tries again if it gets no answer. */
export function receiveReadIndex(core: Core, { from, context }: Message): void {
  if (core.role !== 'leader') return
  try {
    core.reads.add({ from, context })
  } catch (error) {
    core.notes.warn('a read was dropped', { from, error })
  }
}

/** The leader answers. */
export function receiveReadIndexResponse(core: Core, { context, index }: Message): void {
  const asked = core.reads.answered(context)
  if (asked !== undefined) core.output.answer({ context: asked, index })
}

/** Takes care of the reads that were asked since the last Ready. */
export function flushReads(core: Core): void {
  if (!core.reads.waits || !core.committedInTerm) return
  if (leaseValid(core)) {
    for (const request of core.reads.takeWaiting()) answer(core, request, core.commit)
  } else if (core.reads.open(core.now, core.commit)) broadcastHeartbeat(core)
}

function leaseValid(core: Core): boolean {
  const { readOnly, electionTicks } = core.config
  return (
    readOnly === 'lease' &&
    !core.leaseBroken &&
    core.reads.sinceConfirmed(core.now) < electionTicks - 2
  )
}

function answer(core: Core, { from, context }: ReadRequest, index: number): void {
  if (from === core.id) core.output.answer({ context, index })
  else core.send(MessageType.READ_INDEX_RESPONSE, from, { context, index })
}

/**
 * The heartbeat of a tick. It repeats the number of the newest round, so a round whose messages
 * were lost is not; for the lease it is a round of its own.
 */
export function tickHeartbeat(core: Core): void {
  if (core.config.readOnly === 'lease' && core.committedInTerm)
    core.reads.open(core.now, core.commit)
  broadcastHeartbeat(core)
}

function broadcastHeartbeat(core: Core): void {
  for (const progress of core.tracker.progress.values()) {
    if (progress.id === core.id) progress.heardRound = core.reads.newest
    else
      core.send(MessageType.HEARTBEAT, progress.id, {
        // A follower must not learn of a commit that its log may not hold.
        commit: Math.min(progress.match, core.commit),
        context: core.reads.newest,
      })
  }
  confirmRounds(core)
}

/** Answers the reads of the rounds that the needed majorities have answered. */
export function confirmRounds(core: Core): void {
  for (const { index, requests } of core.reads.confirm(core.tracker.confirmedRound()))
    for (const request of requests) answer(core, request, index)
}

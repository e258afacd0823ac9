/**
 * How leaders come and go (figure 2, RequestVote; thesis 3.4, 4.2.3, 6.2, 9.6).
 *
 * A member that has heard no leader for its election timeout first asks whether it would win
 * (pre-vote); that changes nobody's term. Only then does it raise its term and ask for votes. Its
 * own vote counts like any other: once it is on disk.
 */

import { EntryType, type Message, MessageType } from '../../client/wire/generated/raft.js'
import type { Core } from './core.js'
import type { VoteResult } from './quorum.js'
import { tickHeartbeat } from './read-index.js'
import { appendOwn } from './replication.js'

/** Lets one tick pass. */
export function tick(core: Core): void {
  core.now++
  core.electionElapsed++
  if (core.role === 'leader') tickLeader(core)
  else if (core.electionElapsed >= core.electionTimeout) campaign(core)
}

function tickLeader(core: Core): void {
  const { electionTicks, heartbeatTicks, checkQuorum } = core.config
  if (core.transferee !== 0n && ++core.transferElapsed >= electionTicks) core.transferee = 0n
  if (core.electionElapsed >= electionTicks) {
    core.electionElapsed = 0
    if (checkQuorum && !core.tracker.quorumActive()) {
      core.notes.warn('a majority has been silent for an election timeout; stepping down', {
        term: core.term,
      })
      core.becomeFollower(core.term, 0n)
      return
    }
    core.tracker.clearActive(core.id)
  }
  if (++core.heartbeatElapsed >= heartbeatTicks) {
    core.heartbeatElapsed = 0
    tickHeartbeat(core)
  }
}

/** Campaigns, if this member may lead and knows all configurations that are committed. */
export function campaign(core: Core): void {
  if (core.role === 'leader' || !core.promotable || awaitsConfigChange(core)) return
  core.electionElapsed = 0
  core.drawElectionTimeout()
  if (core.config.preVote) startPreVote(core)
  else startVote(core, false)
}

/** The leader wants this member to take over (thesis 3.10). */
export function receiveTimeoutNow(core: Core): void {
  if (core.role !== 'follower' || !core.promotable || awaitsConfigChange(core)) return
  startVote(core, true)
}

/**
 * A committed configuration change is not in force yet, so the majority may be another one.
 *
 * Of several changes in the log all but the last are committed, whatever the commit index says
 * (after a crash it may be old): each was proposed only after the one before had been applied. Two
 * steps from here there may be a majority that shares no member with the one that is known here.
 */
function awaitsConfigChange({ log }: Core): boolean {
  const changes = log
    .slice(log.applied + 1, log.last, Number.POSITIVE_INFINITY)
    .filter((entry) => entry.type === EntryType.CONFIG_CHANGE)
  const settled = changes.at(-2)
  if (settled) log.commitTo(settled.index)
  return changes.some((entry) => entry.index <= log.commit)
}

function startPreVote(core: Core): void {
  core.role = 'preCandidate'
  core.leader = 0n
  core.tracker.clearVotes()
  core.reads.clear()
  askForVotes(core, MessageType.PRE_VOTE, core.term + 1, false)
  // Saying what one would do needs no disk.
  if (core.tracker.recordVote(core.id, true) === 'won') startVote(core, false)
}

function startVote(core: Core, transfer: boolean): void {
  core.enterTerm(core.term + 1)
  core.role = 'candidate'
  core.vote = core.id
  askForVotes(core, MessageType.VOTE, core.term, transfer)
  core.promise(MessageType.VOTE_RESPONSE, core.id)
}

function askForVotes(core: Core, type: MessageType, term: number, transfer: boolean): void {
  const { log } = core
  for (const id of core.tracker.voters()) {
    if (id === core.id) continue
    const fields = { term, index: log.last, logTerm: log.lastTerm, transfer }
    if (type === MessageType.PRE_VOTE) core.send(type, id, fields)
    // The wish claims a term and a log, which must outlive a crash: a restarted candidate with a
    // shorter log could otherwise win by votes that were given to the longer one.
    else core.promise(type, id, fields)
  }
}

/** A leader was heard within the election timeout, so a majority probably still follows it. */
export function leaderIsFresh(core: Core): boolean {
  const { checkQuorum, electionTicks } = core.config
  return checkQuorum && core.leader !== 0n && core.electionElapsed < electionTicks
}

/** Answers VOTE and PRE_VOTE of the present term, or PRE_VOTE of a later one. */
export function receiveVoteRequest(core: Core, message: Message): void {
  const { type, from, term, index, logTerm } = message
  const pre = type === MessageType.PRE_VOTE
  const free =
    core.vote === from || (core.vote === 0n && core.leader === 0n) || (pre && term > core.term)
  const granted = free && core.log.isCurrent(index, logTerm)
  if (pre) {
    // Granted for the term that was asked about; refused in the one that the asker is in, or in the
    // own one if that is higher. In a lower one the refusal would be taken for an old message.
    const answerTerm = granted ? term : Math.max(core.term, term - 1)
    const fields = { ...whatIsCommitted(core), term: answerTerm, reject: !granted }
    core.send(MessageType.PRE_VOTE_RESPONSE, from, fields)
    return
  }
  if (granted) {
    core.vote = from
    core.electionElapsed = 0
  }
  core.promise(MessageType.VOTE_RESPONSE, from, { ...whatIsCommitted(core), reject: !granted })
}

function whatIsCommitted({ log }: Core): Pick<Message, 'commit' | 'logTerm'> {
  return { commit: log.commit, logTerm: log.term(log.commit)! }
}

/**
 * A voter says what it knows to be committed. That an entry is committed stays true in any term.
 *
 * A candidate may have to know: when the last thing that a leader did was to commit its own
 * removal, those who stay may hold the change without knowing that it is committed. They would ask
 * for a vote of the removed member for ever, and its longer log may keep it from giving one.
 */
function learnCommit({ log, role }: Core, { commit, logTerm }: Message): void {
  if (role !== 'leader' && log.term(commit) === logTerm) log.commitTo(commit)
}

/** A pre-vote has come in. */
export function receivePreVoteResponse(core: Core, message: Message): void {
  const { from, reject, term } = message
  learnCommit(core, message)
  if (core.role !== 'preCandidate' || (!reject && term !== core.term + 1)) return
  const result = core.tracker.recordVote(from, !reject)
  if (result === 'won') startVote(core, false)
  else giveUpIfLost(core, result)
}

/** A vote has come in. */
export function receiveVoteResponse(core: Core, message: Message): void {
  const { from, reject } = message
  learnCommit(core, message)
  if (core.role !== 'candidate') return
  const result = core.tracker.recordVote(from, !reject)
  if (result === 'won') becomeLeader(core)
  else giveUpIfLost(core, result)
}

function giveUpIfLost(core: Core, result: VoteResult): void {
  if (result === 'lost') core.becomeFollower(core.term, 0n)
}

function becomeLeader(core: Core): void {
  const { log, tracker } = core
  core.enterTerm(core.term)
  core.role = 'leader'
  core.leader = core.id
  tracker.resetProgress(log.last)
  tracker.clearActive(core.id)
  const self = tracker.progress.get(core.id)
  if (self) {
    self.acknowledged(log.durable)
    self.becomeReplicate()
  }
  core.pendingConfigIndex = log.last
  // Entries of earlier terms are committed only through one of the own (5.4.2), and reads wait for it.
  appendOwn(core, [{ type: EntryType.NORMAL, data: new Uint8Array(0) }])
}

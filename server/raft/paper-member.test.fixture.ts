/**
 * Test support: one core in a given state, its outputs carried out at once, and messages to it.
 *
 * The tests in `paper-*.test.ts` are "init, step, check": put a member in a state, give it one
 * input, look at what comes out. Logs are written as the list of their terms, as in the paper's
 * figures: `[1, 1, 4]` is entry 1 and 2 of term 1 and entry 3 of term 4.
 */

import { encodeBytes } from '../../client/wire/codec.js'
import {
  ConfigChange,
  ConfigChangeStep,
  ConfState,
  Entry,
  EntryType,
  type Kind,
  Message,
  MessageType,
  type Transition,
} from '../../client/wire/generated/raft.js'
import type { Persist } from './output.js'
import { Raft, type RaftConfig, raftDefaults } from './raft.js'

/** A member's beginning; the paper's algorithm without extras unless told otherwise. */
export interface MemberInit extends Omit<Partial<RaftConfig>, 'log'> {
  readonly voters?: readonly bigint[]
  readonly learners?: readonly bigint[]
  readonly votersOutgoing?: readonly bigint[]
  /** The terms of its log from index 1. */
  readonly log?: readonly number[]
  /** Its log as entries, instead of `log`. */
  readonly entries?: readonly Entry[]
  /** Its term; that of its last entry when absent. */
  readonly term?: number
  readonly vote?: bigint
  readonly commit?: number
}

/** What came out of a core, in order. */
export interface Output {
  readonly messages: Message[]
  readonly persists: Persist[]
  readonly committed: Entry[]
  readonly reads: { context: number; index: number }[]
}

/** A log from its terms. */
export function logOf(terms: readonly number[], from = 1): Entry[] {
  return terms.map((term, i) => Entry.create({ term, index: from + i, data: new Uint8Array([i]) }))
}

/** The terms of a member's log, `undefined` where it was compacted. */
export function termsOf(raft: Raft): (number | undefined)[] {
  return Array.from({ length: raft.state.lastIndex }, (_, i) => raft.term(i + 1))
}

/** A member 1 of three voters, unless told otherwise. Pre-vote and quorum checks are off. */
export function member(init: MemberInit = {}): Raft {
  const { id = 1n, voters = [1n, 2n, 3n], learners, votersOutgoing, log = [], ...rest } = init
  const { entries = logOf(log), ...settings } = rest
  const { term = entries.at(-1)?.term ?? 0, vote = 0n, commit = 0, ...config } = settings
  const confState = ConfState.create({
    voters,
    ...(learners && { learners }),
    ...(votersOutgoing && { votersOutgoing }),
  })
  return new Raft(
    { ...raftDefaults, preVote: false, checkQuorum: false, random: () => 0, ...config, id },
    {
      hardState: { term, vote, commit },
      snapshot: { index: 0, term: 0, confState: ConfState.create() },
      entries: [...entries],
      applied: 0,
      confState,
    },
  )
}

/** Takes all output; writes it to an instant disk and applies it. */
export function settle(raft: Raft): Output {
  const output: Output = { messages: [], persists: [], committed: [], reads: [] }
  for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
    output.messages.push(...ready.messages)
    output.committed.push(...ready.committed)
    output.reads.push(...ready.reads)
    for (const entry of ready.committed) {
      if (entry.type === EntryType.CONFIG_CHANGE) {
        raft.applyConfigChange(ConfigChange.decode(entry.data))
      }
      raft.applied(entry.index)
    }
    if (ready.persist !== undefined) {
      output.persists.push(ready.persist)
      raft.persisted(ready.persist.sequence)
    }
  }
  return output
}

/** Takes all output and leaves the disk alone: nothing is reported as persisted. */
export function take(raft: Raft): Output {
  const output: Output = { messages: [], persists: [], committed: [], reads: [] }
  for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
    output.messages.push(...ready.messages)
    output.committed.push(...ready.committed)
    output.reads.push(...ready.reads)
    if (ready.persist !== undefined) output.persists.push(ready.persist)
  }
  return output
}

/** A message to member 1 from member 2, unless told otherwise. */
export function message(type: MessageType, init: Partial<Message> = {}): Message {
  return Message.create({ to: 1n, from: 2n, ...init, type })
}

/** Steps one message and carries out what it leads to. */
export function step(raft: Raft, type: MessageType, init: Partial<Message> = {}): Output {
  raft.step(message(type, { to: raft.state.id, ...init }))
  return settle(raft)
}

/** The messages of one type. */
export function sent(output: Output, type: MessageType): Message[] {
  return output.messages.filter((each) => each.type === type)
}

/** Ticks so often. */
export function tick(raft: Raft, times: number): Output {
  const outputs = Array.from({ length: times }, () => {
    raft.tick()
    return settle(raft)
  })
  return joined(outputs)
}

function joined(outputs: readonly Output[]): Output {
  return {
    messages: outputs.flatMap((each) => each.messages),
    persists: outputs.flatMap((each) => each.persists),
    committed: outputs.flatMap((each) => each.committed),
    reads: outputs.flatMap((each) => each.reads),
  }
}

/** Makes the member campaign and gives it everybody's vote; what came out when it won. */
export function elect(raft: Raft): Output {
  raft.campaign()
  let asked = settle(raft)
  if (raft.state.role === 'preCandidate') {
    asked = joined(sent(asked, MessageType.PRE_VOTE).map((ask) => grant(raft, ask)))
  }
  const won = joined(sent(asked, MessageType.VOTE).map((ask) => grant(raft, ask)))
  if (raft.state.role !== 'leader') throw new Error(`still a ${raft.state.role}`)
  return raft.state.confState.voters.length === 1 ? asked : won
}

/** The candidate gets the vote that it asked for. */
export function grant(raft: Raft, ask: Message): Output {
  const pre = ask.type === MessageType.PRE_VOTE
  const type = pre ? MessageType.PRE_VOTE_RESPONSE : MessageType.VOTE_RESPONSE
  return step(raft, type, { from: ask.to, term: ask.term })
}

/** A leader whose followers hold its whole log and that has committed it. */
export function settledLeader(init: MemberInit = {}): Raft {
  const raft = member(init)
  elect(raft)
  const { voters, learners, votersOutgoing } = raft.state.confState
  for (const from of new Set([...voters, ...learners, ...votersOutgoing])) {
    if (from !== raft.state.id) acknowledge(raft, from)
  }
  return raft
}

/** A follower tells the leader that it holds the log up to `index` (all of it when absent). */
export function acknowledge(raft: Raft, from: bigint, index = raft.state.lastIndex): Output {
  return step(raft, MessageType.APPEND_RESPONSE, { from, term: raft.state.term, index })
}

/** The log entry of a configuration change. */
export function changeEntry(term: number, index: number, of: ConfigChange): Entry {
  const data = encodeBytes(ConfigChange, of)
  return Entry.create({ term, index, type: EntryType.CONFIG_CHANGE, data })
}

/** A configuration change from its steps. */
export function change(
  steps: readonly (readonly [Kind, bigint])[],
  transition: Transition = 0,
): ConfigChange {
  return ConfigChange.create({
    transition,
    steps: steps.map(([kind, id]) => ConfigChangeStep.create({ kind, member: id })),
  })
}

/** Some members that talk to each other over a perfect network, until all is said. */
export function converse(
  members: readonly Raft[],
  lost: (message: Message) => boolean = () => false,
) {
  const byId = new Map(members.map((raft) => [raft.state.id, raft]))
  for (let round = 0; round < 1000; round++) {
    const messages = members.flatMap((raft) => settle(raft).messages)
    if (messages.length === 0) return
    for (const each of messages) if (!lost(each)) byId.get(each.to)?.step(each)
  }
  throw new Error('the members never stop talking')
}

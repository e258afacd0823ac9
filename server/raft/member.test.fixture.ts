/** One member as its driver sees it, for the tests of this room. */

import { expect } from '@jest/globals'
import {
  type ConfState,
  type Entry,
  EntryType,
  Message,
  MessageType,
} from '../../client/wire/generated/raft.js'
import { Raft, type RaftConfig, type RaftInitial, type Ready, raftDefaults } from './raft.js'

/** The member under test. */
export const ME = 1n

/** A configuration of voters only. */
export function voters(...members: bigint[]): ConfState {
  return { voters: members, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false }
}

/** A member of the given voters; its log begins after entry 1 of term 1. */
export function member(
  config: Partial<RaftConfig> = {},
  members = [1n, 2n, 3n],
  initial: Partial<RaftInitial> = {},
): Raft {
  return new Raft(
    { ...raftDefaults, preVote: false, random: () => 0, id: ME, ...config },
    {
      hardState: { term: 1, vote: 0n, commit: 1 },
      snapshot: { index: 1, term: 1, confState: voters(...members) },
      entries: [],
      applied: 1,
      ...initial,
    },
  )
}

/** An entry with text as data. */
export function entry(index: number, term: number, text = ''): Entry {
  return { index, term, type: EntryType.NORMAL, data: new TextEncoder().encode(text) }
}

/** Another member sends, in the term of `raft` unless `fields` say otherwise. */
export function from(
  raft: Raft,
  id: bigint,
  type: MessageType,
  fields: Partial<Message> = {},
): void {
  const { term } = raft.state
  raft.step(Message.create({ from: id, to: ME, type, term, ...fields }))
}

/** Takes all output; the disk is as fast as `persist` says. */
export function drain(raft: Raft, persist = true): Ready[] {
  const taken: Ready[] = []
  for (let ready = raft.ready(); ready; ready = raft.ready()) {
    taken.push(ready)
    if (ready.persist && persist) raft.persisted(ready.persist.sequence)
    const last = ready.committed.at(-1)
    if (last) raft.applied(last.index)
  }
  return taken
}

/** The messages of one type. */
export function sent(readies: Ready[], type: MessageType): Message[] {
  return readies.flatMap(({ messages }) => messages).filter((message) => message.type === type)
}

/** The indexes of what was handed out to be applied. */
export function committed(readies: Ready[]): number[] {
  return readies.flatMap((ready) => ready.committed.map(({ index }) => index))
}

/** A leader in term 2 whose empty entry 2 is everywhere. */
export function leader(config: Partial<RaftConfig> = {}, members = [1n, 2n, 3n]): Raft {
  const raft = member(config, members)
  raft.campaign()
  drain(raft)
  for (const id of members) if (id !== ME) from(raft, id, MessageType.VOTE_RESPONSE)
  drain(raft)
  for (const id of members) if (id !== ME) acknowledge(raft, id, raft.state.lastIndex)
  drain(raft)
  expect(raft.state).toMatchObject({ role: 'leader', commit: raft.state.lastIndex })
  return raft
}

/** Another member has the log up to `index`. */
export function acknowledge(raft: Raft, id: bigint, index: number): void {
  from(raft, id, MessageType.APPEND_RESPONSE, { index })
}

/** The extended Raft paper, section 5.1: terms are a logical clock. */

import { describe, expect, test } from '@jest/globals'
import { MessageType } from '../../client/wire/generated/raft.js'
import { elect, logOf, member, sent, step, termsOf, tick } from './paper-member.test.fixture.js'
import type { Raft } from './raft.js'

const roles: [string, () => Raft][] = [
  ['follower', () => member({ term: 1 })],
  ['candidate', () => candidate()],
  ['leader', () => leader()],
]

function candidate(): Raft {
  const raft = member()
  raft.campaign()
  return raft
}

function leader(): Raft {
  const raft = member()
  elect(raft)
  return raft
}

describe.each(roles)('5.1 a %s', (_, start) => {
  test('that meets a newer term adopts it and becomes a follower', () => {
    const raft = start()
    step(raft, MessageType.APPEND, { term: 7 })
    expect(raft.state).toMatchObject({ term: 7, role: 'follower', leader: 2n })
  })

  test('that is asked for a vote in a newer term adopts the term and becomes a follower', () => {
    const raft = start()
    step(raft, MessageType.VOTE, { term: 7, index: 9, logTerm: 6 })
    expect(raft.state).toMatchObject({ term: 7, role: 'follower', leader: 0n, vote: 2n })
  })

  test('that is asked for a vote in an older term refuses', () => {
    const raft = start()
    step(raft, MessageType.HEARTBEAT, { term: 5 })
    const [answer] = sent(
      step(raft, MessageType.VOTE, { from: 3n, term: 4, index: 9, logTerm: 4 }),
      MessageType.VOTE_RESPONSE,
    )
    // An answer may be left out: a refusal only spares the candidate some waiting.
    if (answer !== undefined) expect(answer).toMatchObject({ to: 3n, reject: true, term: 5 })
    expect(raft.state).toMatchObject({ term: 5, leader: 2n })
  })

  test('takes no entries from the leader of an older term', () => {
    const raft = start()
    step(raft, MessageType.HEARTBEAT, { term: 5, from: 3n })
    const before = termsOf(raft)
    step(raft, MessageType.APPEND, { term: 4, entries: logOf([4, 4]), commit: 2 })
    expect(termsOf(raft)).toEqual(before)
    expect(raft.state).toMatchObject({ term: 5, leader: 3n, commit: 0 })
  })
})

test('5.1 the term is on disk before anyone is told about a vote in it', () => {
  const raft = member({ term: 1 })
  const output = step(raft, MessageType.VOTE, { term: 4 })
  expect(output.persists[0]).toMatchObject({ hardState: { term: 4, vote: 2n }, mustSync: true })
})

test('5.1 each campaign has a term of its own, one above the last', () => {
  const raft = member({ term: 3 })
  raft.campaign()
  expect(raft.state).toMatchObject({ role: 'candidate', term: 4 })
  tick(raft, 20)
  expect(raft.state.term).toBeGreaterThan(4)
})

test('5.1 a member comes back with the term and the vote that it had', () => {
  const raft = member({ term: 6, vote: 3n })
  expect(raft.state).toMatchObject({ term: 6, vote: 3n, role: 'follower', leader: 0n })
})

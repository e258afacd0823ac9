/** The extended Raft paper, section 5.4: who may lead, and what a leader may call committed. */

import { describe, expect, test } from '@jest/globals'
import { MessageType } from '../../client/wire/generated/raft.js'
import {
  acknowledge,
  converse,
  elect,
  member,
  sent,
  step,
  termsOf,
} from './paper-member.test.fixture.js'

describe('5.4.1 a vote is refused to a candidate whose log is less up to date', () => {
  test.each([
    ['same last term, same length', [1], 1, 1, false],
    ['same last term, longer', [1], 2, 1, false],
    ['same last term, shorter', [1, 1], 1, 1, true],
    ['later last term, same length', [1], 1, 2, false],
    ['later last term, longer', [1], 2, 2, false],
    ['later last term, shorter', [1, 1], 1, 2, false],
    ['earlier last term, same length', [2], 1, 1, true],
    ['earlier last term, longer', [2], 2, 1, true],
    ['earlier last term, much longer', [2], 9, 1, true],
    ['nothing against something', [1], 0, 0, true],
    ['nothing against nothing', [], 0, 0, false],
  ])('%s', (_, log, index, logTerm, refused) => {
    const raft = member({ log })
    const output = step(raft, MessageType.VOTE, { term: 3, index, logTerm })
    const [answer] = sent(output, MessageType.VOTE_RESPONSE)
    expect(answer).toMatchObject({ to: 2n, term: 3, reject: refused })
    expect(raft.state.vote).toBe(refused ? 0n : 2n)
  })
})

test('5.4.1 a candidate says how far its log goes', () => {
  const raft = member({ log: [1, 2, 2], term: 4 })
  raft.campaign()
  const asks = []
  for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
    asks.push(...ready.messages)
    if (ready.persist !== undefined) raft.persisted(ready.persist.sequence)
  }
  for (const ask of asks) expect(ask).toMatchObject({ term: 5, index: 3, logTerm: 2 })
  expect(asks).toHaveLength(2)
})

describe('5.4.2 a leader counts copies of entries of its own term only', () => {
  test.each([
    ['an entry of an earlier term on all voters', 2, 0],
    ['the entry of its own term', 3, 3],
  ])('%s', (_, index, commit) => {
    const raft = member({ log: [1, 2] })
    elect(raft)
    acknowledge(raft, 2n, index)
    acknowledge(raft, 3n, index)
    expect(raft.state).toMatchObject({ term: 3, commit })
  })
})

test('5.4.2 figure 8: an entry on a majority is lost when a later one wins, so it was not committed', () => {
  const voters = [1n, 2n, 3n, 4n, 5n]
  const s1 = member({ id: 1n, voters, log: [1, 2], term: 3 })
  const s2 = member({ id: 2n, voters, log: [1, 2], term: 3 })
  const s3 = member({ id: 3n, voters, log: [1], term: 3 })
  const s4 = member({ id: 4n, voters, log: [1], term: 3 })
  const s5 = member({ id: 5n, voters, log: [1, 3], term: 3 })
  // (c) S1 leads term 4 and copies entry 2 to S3, but its own entry goes nowhere.
  s1.campaign()
  converse([s1, s2, s3, s4], (message) => message.entries.some(({ term }) => term === 4))
  expect(s1.state).toMatchObject({ role: 'leader', term: 4, commit: 0 })
  acknowledge(s1, 2n, 2)
  acknowledge(s1, 3n, 2)
  expect(s1.state.commit).toBe(0)
  // (d) S1 is gone; S5 wins term 5 with the votes of S3 and S4 and overwrites entry 2.
  s5.campaign()
  s5.campaign()
  converse([s2, s3, s4, s5])
  expect(s5.state).toMatchObject({ role: 'leader', term: 5 })
  expect(termsOf(s3)).toEqual([1, 3, 5])
})

test('5.4.3 a leader cannot be elected without the entries that are committed', () => {
  const voters = [1n, 2n, 3n]
  const leader = member({ id: 1n, voters })
  const holder = member({ id: 2n, voters })
  const lagging = member({ id: 3n, voters })
  leader.campaign()
  converse([leader, holder])
  expect(leader.state.commit).toBe(1)
  for (let i = 0; i < 5; i++) {
    lagging.campaign()
    converse([lagging, holder])
    expect(lagging.state.role).not.toBe('leader')
  }
  holder.campaign()
  converse([lagging, holder])
  expect(holder.state.role).toBe('leader')
})

/** Ongaro's dissertation, 9.6 (pre-vote) and 4.2.3 (servers that disturb). */

import { describe, expect, test } from '@jest/globals'
import { MessageType } from '../../client/wire/generated/raft.js'
import {
  elect,
  grant,
  member,
  sent,
  settledLeader,
  step,
  tick,
} from './paper-member.test.fixture.js'

describe('9.6 pre-vote', () => {
  test('a member asks around before it raises its term', () => {
    const raft = member({ preVote: true, term: 3, log: [1] })
    const asks = sent(tick(raft, 10), MessageType.PRE_VOTE)
    expect(asks.map(({ to, term, index, logTerm }) => [to, term, index, logTerm])).toEqual([
      [2n, 4, 1, 1],
      [3n, 4, 1, 1],
    ])
    expect(raft.state).toMatchObject({ role: 'preCandidate', term: 3, vote: 0n })
  })

  test('and campaigns once a majority would vote for it', () => {
    const raft = member({ preVote: true, term: 3 })
    const [ask] = sent(tick(raft, 10), MessageType.PRE_VOTE)
    const asks = sent(grant(raft, ask!), MessageType.VOTE)
    expect(raft.state).toMatchObject({ role: 'candidate', term: 4, vote: 1n })
    expect(asks.map(({ term }) => term)).toEqual([4, 4])
  })

  test('and does not when most would refuse', () => {
    const raft = member({ preVote: true, term: 3 })
    tick(raft, 10)
    for (const from of [2n, 3n]) {
      step(raft, MessageType.PRE_VOTE_RESPONSE, { from, term: 3, reject: true })
    }
    expect(raft.state).toMatchObject({ role: 'follower', term: 3 })
  })

  test('a member that is cut off for long comes back with the term it had', () => {
    const raft = member({ preVote: true, term: 3 })
    tick(raft, 1000)
    expect(raft.state.term).toBe(3)
  })

  test('a wish binds nobody: two candidates get it in the same term', () => {
    const raft = member({ term: 3 })
    for (const from of [2n, 3n]) {
      const output = step(raft, MessageType.PRE_VOTE, { from, term: 4 })
      expect(sent(output, MessageType.PRE_VOTE_RESPONSE)).toMatchObject([
        { to: from, term: 4, reject: false },
      ])
    }
    expect(raft.state).toMatchObject({ term: 3, vote: 0n })
  })

  test('is refused to a candidate whose log is less up to date', () => {
    const raft = member({ log: [1, 2] })
    const output = step(raft, MessageType.PRE_VOTE, { term: 3, index: 5, logTerm: 1 })
    expect(sent(output, MessageType.PRE_VOTE_RESPONSE)).toMatchObject([{ to: 2n, reject: true }])
  })

  test('a refusal from an older term is understood', () => {
    const behind = member({ id: 2n, log: [1, 2], term: 2 })
    const output = step(behind, MessageType.PRE_VOTE, { from: 1n, term: 9, index: 5, logTerm: 1 })
    const [refusal] = sent(output, MessageType.PRE_VOTE_RESPONSE)
    const raft = member({ preVote: true, voters: [1n, 2n], term: 8 })
    tick(raft, 10)
    expect(raft.state.role).toBe('preCandidate')
    raft.step(refusal!)
    expect(raft.state).toMatchObject({ role: 'follower', term: 8 })
  })

  test('a refusal from a newer term makes the candidate adopt it', () => {
    const raft = member({ preVote: true, term: 3 })
    tick(raft, 10)
    step(raft, MessageType.PRE_VOTE_RESPONSE, { term: 8, reject: true })
    expect(raft.state).toMatchObject({ role: 'follower', term: 8 })
  })
})

describe('4.2.3 a member that hears a leader ignores candidates', () => {
  test.each([MessageType.VOTE, MessageType.PRE_VOTE])('message type %i', (type) => {
    const raft = member({ checkQuorum: true, term: 1 })
    step(raft, MessageType.HEARTBEAT, { term: 1 })
    tick(raft, 9)
    const output = step(raft, type, { from: 3n, term: 2, index: 9, logTerm: 1 })
    expect(output.messages.every(({ reject }) => reject)).toBe(true)
    expect(raft.state).toMatchObject({ term: 1, leader: 2n })
  })

  test('and listens to them once it has heard none for an election timeout', () => {
    const raft = member({ checkQuorum: true, term: 1, random: () => 0.9 })
    step(raft, MessageType.HEARTBEAT, { term: 1 })
    tick(raft, 11)
    const output = step(raft, MessageType.VOTE, { from: 3n, term: 2, index: 9, logTerm: 1 })
    expect(sent(output, MessageType.VOTE_RESPONSE)).toMatchObject([{ to: 3n, reject: false }])
  })

  test('a leader that hears its majority ignores them too', () => {
    const raft = settledLeader({ checkQuorum: true })
    step(raft, MessageType.VOTE, { from: 3n, term: 9, index: 9, logTerm: 8 })
    expect(raft.state).toMatchObject({ role: 'leader', term: 1 })
  })

  test('a member stuck in a newer term is brought back by a newer one', () => {
    const raft = settledLeader({ checkQuorum: true })
    const output = step(raft, MessageType.APPEND_RESPONSE, { from: 3n, term: 7, reject: true })
    expect(output.messages.length + raft.state.term).toBeGreaterThan(1)
    expect(raft.state.role).toBe('follower')
  })
})

describe('6.2 a leader that does not hear a majority for an election timeout steps down', () => {
  test('when it hears nobody', () => {
    const raft = member({ checkQuorum: true, electionTicks: 10 })
    elect(raft)
    tick(raft, 9)
    expect(raft.state.role).toBe('leader')
    for (let i = 0; i < 11 && raft.state.role === 'leader'; i++) tick(raft, 1)
    expect(raft.state).toMatchObject({ role: 'follower', leader: 0n, term: 1 })
  })

  test('and stays as long as a majority answers', () => {
    const raft = member({ checkQuorum: true, electionTicks: 10 })
    elect(raft)
    for (let i = 0; i < 50; i++) {
      tick(raft, 5)
      step(raft, MessageType.HEARTBEAT_RESPONSE, { term: 1 })
    }
    expect(raft.state.role).toBe('leader')
  })

  test('learners are no majority', () => {
    const raft = member({ checkQuorum: true, electionTicks: 10, learners: [4n, 5n] })
    elect(raft)
    for (let i = 0; i < 20 && raft.state.role === 'leader'; i++) {
      for (const from of [4n, 5n]) step(raft, MessageType.HEARTBEAT_RESPONSE, { from, term: 1 })
      tick(raft, 1)
    }
    expect(raft.state.role).toBe('follower')
  })
})

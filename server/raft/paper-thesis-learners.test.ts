/** Ongaro's dissertation, 4.2.1: members without a vote. */

import { expect, test } from '@jest/globals'
import { Kind, MessageType } from '../../client/wire/generated/raft.js'
import {
  acknowledge,
  change,
  logOf,
  member,
  sent,
  settle,
  settledLeader,
  step,
  tick,
} from './paper-member.test.fixture.js'

const command = new Uint8Array([1])

test('4.2.1 a learner never campaigns', () => {
  const raft = member({ id: 4n, learners: [4n] })
  tick(raft, 1000)
  expect(raft.state).toMatchObject({ role: 'follower', term: 0 })
})

test('4.2.1 a member that nobody has added yet does not campaign', () => {
  const raft = member({ voters: [] })
  tick(raft, 1000)
  expect(raft.state).toMatchObject({ role: 'follower', term: 0 })
})

test('4.2.1 a learner receives entries and applies what is committed', () => {
  const raft = member({ id: 4n, learners: [4n] })
  const entries = logOf([1, 1])
  const output = step(raft, MessageType.APPEND, { term: 1, entries, commit: 2 })
  expect(output.committed).toEqual(entries)
  expect(sent(output, MessageType.APPEND_RESPONSE)).toMatchObject([{ to: 2n, index: 2 }])
})

test('4.2.1 a learner is not asked for its vote', () => {
  const raft = member({ learners: [4n] })
  raft.campaign()
  expect(sent(settle(raft), MessageType.VOTE).map(({ to }) => to)).toEqual([2n, 3n])
})

test('4.2.1 what a learner holds does not count for commitment', () => {
  const raft = settledLeader({ learners: [4n, 5n] })
  raft.propose(command)
  settle(raft)
  acknowledge(raft, 4n)
  acknowledge(raft, 5n)
  expect(raft.state.commit).toBe(1)
  acknowledge(raft, 2n)
  expect(raft.state.commit).toBe(2)
})

test('4.2.1 the vote of one that a member takes for a learner is given all the same', () => {
  // The candidate may have been promoted already, which this member has not yet learnt.
  const raft = member({ learners: [4n] })
  const output = step(raft, MessageType.VOTE, { from: 4n, term: 2, index: 1, logTerm: 1 })
  expect(sent(output, MessageType.VOTE_RESPONSE)).toMatchObject([{ to: 4n, reject: false }])
})

test('4.2.1 a learner that is asked for a vote gives it: it may be a voter by now', () => {
  const raft = member({ id: 4n, learners: [4n] })
  const output = step(raft, MessageType.VOTE, { from: 2n, term: 2, index: 1, logTerm: 1 })
  expect(sent(output, MessageType.VOTE_RESPONSE)).toMatchObject([{ to: 2n, reject: false }])
})

test('4.2.1 a learner is promoted to voter and then counts', () => {
  const raft = settledLeader({ voters: [1n, 2n], learners: [3n] })
  raft.proposeConfigChange(change([[Kind.ADD_VOTER, 3n]]))
  settle(raft)
  acknowledge(raft, 2n)
  expect([...raft.state.confState.voters].sort()).toEqual([1n, 2n, 3n])
  expect(raft.state.confState.learners).toEqual([])
  raft.propose(command)
  settle(raft)
  const before = raft.state.commit
  acknowledge(raft, 3n)
  expect(raft.state.commit).toBeGreaterThan(before)
})

test('4.2.1 a voter that becomes a learner no longer counts, and the leader may be the one', () => {
  const raft = settledLeader()
  raft.proposeConfigChange(change([[Kind.ADD_LEARNER, 1n]]))
  settle(raft)
  acknowledge(raft, 2n)
  acknowledge(raft, 3n)
  expect(raft.state.confState.learners).toEqual([1n])
  expect(raft.state.role).not.toBe('leader')
})

/** Ongaro's dissertation, 3.10: leadership transfer. */

import { expect, test } from '@jest/globals'
import { MessageType } from '../../client/wire/generated/raft.js'
import {
  acknowledge,
  converse,
  member,
  sent,
  settle,
  settledLeader,
  step,
  tick,
} from './paper-member.test.fixture.js'
import { ProposalDropped } from './raft.js'

test('3.10 a leader tells a member that has its whole log to campaign at once', () => {
  const raft = settledLeader()
  raft.transferLeadership(2n)
  expect(sent(settle(raft), MessageType.TIMEOUT_NOW)).toMatchObject([{ to: 2n, term: 1 }])
  expect(raft.state).toMatchObject({ role: 'leader', transferee: 2n })
})

test('3.10 a leader first brings the target up to date', () => {
  const raft = settledLeader()
  raft.propose(new Uint8Array(1))
  settle(raft)
  raft.transferLeadership(3n)
  expect(sent(settle(raft), MessageType.TIMEOUT_NOW)).toEqual([])
  expect(sent(acknowledge(raft, 3n), MessageType.TIMEOUT_NOW)).toMatchObject([{ to: 3n }])
})

test('3.10 proposals wait while leadership moves', () => {
  const raft = settledLeader()
  raft.transferLeadership(2n)
  expect(() => raft.propose(new Uint8Array(1))).toThrow(
    expect.objectContaining({ name: 'ProposalDropped', reason: 'transferring' }),
  )
})

test('3.10 a transfer that takes longer than an election timeout is given up', () => {
  const raft = settledLeader({ electionTicks: 10 })
  raft.transferLeadership(2n)
  tick(raft, 21)
  expect(raft.state).toMatchObject({ role: 'leader', transferee: 0n })
  expect(() => raft.propose(new Uint8Array(1))).not.toThrow()
})

test('3.10 the target campaigns at once, without pre-vote, and disturbs those that hear the leader', () => {
  const raft = member({ preVote: true, checkQuorum: true, term: 1 })
  step(raft, MessageType.HEARTBEAT, { term: 1 })
  const asks = sent(step(raft, MessageType.TIMEOUT_NOW, { term: 1 }), MessageType.VOTE)
  expect(raft.state).toMatchObject({ role: 'candidate', term: 2 })
  expect(asks.map(({ transfer }) => transfer)).toEqual([true, true])
  const other = member({ id: 3n, checkQuorum: true, term: 1 })
  step(other, MessageType.HEARTBEAT, { term: 1 })
  const answer = step(other, MessageType.VOTE, { from: 1n, term: 2, transfer: true })
  expect(sent(answer, MessageType.VOTE_RESPONSE)).toMatchObject([{ reject: false }])
})

test('3.10 the whole journey: the old leader follows the new one and loses nothing', () => {
  const voters = [1n, 2n, 3n]
  const members = voters.map((id) => member({ id, voters, preVote: true, checkQuorum: true }))
  const [first, second] = members as [(typeof members)[0] & object, (typeof members)[0] & object]
  first.campaign()
  converse(members)
  first.propose(new Uint8Array([1]))
  converse(members)
  first.transferLeadership(2n)
  converse(members)
  expect(second.state).toMatchObject({ role: 'leader', term: 2, commit: 3 })
  expect(first.state).toMatchObject({ role: 'follower', leader: 2n })
})

test('3.10 a follower passes the wish on to its leader', () => {
  const raft = member()
  step(raft, MessageType.HEARTBEAT, { term: 1 })
  raft.transferLeadership(3n)
  const [wish] = sent(settle(raft), MessageType.TRANSFER_LEADER)
  expect(wish).toMatchObject({ to: 2n })
})

test('3.10 leadership does not go to a learner', () => {
  const raft = settledLeader({ learners: [4n] })
  try {
    raft.transferLeadership(4n)
  } catch (error) {
    expect(error).toBeInstanceOf(ProposalDropped)
  }
  expect(sent(settle(raft), MessageType.TIMEOUT_NOW)).toEqual([])
  expect(raft.state.transferee).toBe(0n)
})

test('3.10 a learner that is told to campaign does not', () => {
  const raft = member({ id: 4n, learners: [4n], term: 1 })
  step(raft, MessageType.TIMEOUT_NOW, { term: 1 })
  expect(raft.state).toMatchObject({ role: 'follower', term: 1 })
})

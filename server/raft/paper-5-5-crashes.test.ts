/** The extended Raft paper, sections 5.5 and 5.6: crashes, repeated messages, and timing. */

import { expect, test } from '@jest/globals'
import { MessageType } from '../../client/wire/generated/raft.js'
import {
  elect,
  logOf,
  member,
  sent,
  settle,
  settledLeader,
  step,
  termsOf,
  tick,
} from './paper-member.test.fixture.js'

test('5.5 a leader asks a silent follower again and again', () => {
  const raft = member()
  elect(raft)
  for (let i = 0; i < 100; i++) {
    const asked = tick(raft, 5).messages.filter(({ to }) => to === 3n)
    expect(asked.length).toBeGreaterThan(0)
  }
})

test('5.5 a follower that comes back gets what it missed', () => {
  const raft = settledLeader({ voters: [1n, 2n, 3n] })
  raft.reportUnreachable(3n)
  for (let i = 0; i < 3; i++) raft.propose(new Uint8Array([i]))
  settle(raft)
  const output = step(raft, MessageType.HEARTBEAT_RESPONSE, { from: 3n, term: 1 })
  const [append] = sent(output, MessageType.APPEND)
  expect(append).toMatchObject({ to: 3n, index: 1, logTerm: 1 })
  expect(append?.entries.length).toBeGreaterThan(0)
})

test('5.5 the same entries a second time change nothing and are acknowledged again', () => {
  const raft = member({ term: 1 })
  const append = { term: 1, entries: logOf([1, 1]), commit: 1 }
  const first = step(raft, MessageType.APPEND, append)
  const second = step(raft, MessageType.APPEND, append)
  expect(sent(second, MessageType.APPEND_RESPONSE)).toEqual(
    sent(first, MessageType.APPEND_RESPONSE),
  )
  expect(second.persists.flatMap(({ entries }) => entries)).toEqual([])
  expect(termsOf(raft)).toEqual([1, 1])
})

test('5.5 a vote wished for twice is given twice', () => {
  const raft = member()
  for (let i = 0; i < 2; i++) {
    const [answer] = sent(step(raft, MessageType.VOTE, { term: 1 }), MessageType.VOTE_RESPONSE)
    expect(answer).toMatchObject({ to: 2n, reject: false })
  }
})

test('5.5 a member comes back with its log, and what was applied is not applied again', () => {
  const raft = member({ log: [1, 2, 2], term: 3, commit: 2 })
  expect(termsOf(raft)).toEqual([1, 2, 2])
  expect(raft.state).toMatchObject({ commit: 2, lastIndex: 3 })
  expect(settle(raft).committed.map(({ index }) => index)).toEqual([1, 2])
  expect(settle(raft).committed).toEqual([])
})

test('5.6 heartbeats must be more frequent than elections', () => {
  expect(() => member({ electionTicks: 5, heartbeatTicks: 5 })).toThrow(RangeError)
  expect(() => member({ electionTicks: 5, heartbeatTicks: 4 })).not.toThrow()
})

/** The extended Raft paper, section 5.2: leader election. */

import { describe, expect, test } from '@jest/globals'
import { MessageType } from '../../client/wire/generated/raft.js'
import {
  elect,
  grant,
  member,
  message,
  sent,
  settle,
  step,
  take,
  tick,
} from './paper-member.test.fixture.js'

const voterSets = [1, 2, 3, 4, 5, 6, 7].map((count) =>
  Array.from({ length: count }, (_, i) => BigInt(i + 1)),
)

test('5.2 a member starts as a follower without a leader', () => {
  expect(member().state).toMatchObject({ role: 'follower', leader: 0n, term: 0 })
})

test('5.2 a leader sends heartbeats to all others, one round each heartbeat interval', () => {
  const raft = member({ heartbeatTicks: 3 })
  elect(raft)
  expect(sent(tick(raft, 2), MessageType.HEARTBEAT)).toEqual([])
  const beats = sent(tick(raft, 1), MessageType.HEARTBEAT)
  expect(beats.map(({ to, term }) => [to, term])).toEqual([
    [2n, 1],
    [3n, 1],
  ])
})

test('5.2 a follower stays one as long as it hears a leader', () => {
  const raft = member()
  for (let i = 0; i < 50; i++) {
    step(raft, MessageType.HEARTBEAT, { term: 1 })
    tick(raft, 9)
  }
  expect(raft.state).toMatchObject({ role: 'follower', term: 1, leader: 2n })
})

test('5.2 a follower that granted its vote waits a whole timeout before it campaigns', () => {
  const raft = member({ electionTicks: 10 })
  tick(raft, 8)
  step(raft, MessageType.VOTE, { term: 1 })
  tick(raft, 9)
  expect(raft.state).toMatchObject({ role: 'follower', term: 1 })
})

test('5.2 a follower that hears nothing raises its term, votes for itself, and asks all others', () => {
  const raft = member({ term: 3, electionTicks: 10, voters: [1n, 2n, 3n, 4n, 5n] })
  expect(sent(tick(raft, 9), MessageType.VOTE)).toEqual([])
  const asks = sent(tick(raft, 1), MessageType.VOTE)
  expect(raft.state).toMatchObject({ role: 'candidate', term: 4, vote: 1n })
  expect(asks.map(({ to, term }) => [to, term])).toEqual([
    [2n, 4],
    [3n, 4],
    [4n, 4],
    [5n, 4],
  ])
})

test.each(voterSets)(
  '5.2 a candidate wins with a majority and not before, its own vote counted (last voter %i)',
  (...voters) => {
    const raft = member({ voters })
    raft.campaign()
    const asks = sent(settle(raft), MessageType.VOTE)
    let votes = 1
    while (votes <= voters.length / 2) {
      expect(raft.state.role).toBe('candidate')
      grant(raft, asks[votes - 1]!)
      votes++
    }
    expect(raft.state).toMatchObject({ role: 'leader', leader: 1n, term: 1 })
  },
)

test('5.2 the own vote counts once it is on disk', () => {
  const raft = member({ voters: [1n] })
  raft.campaign()
  const { persists } = take(raft)
  expect(raft.state.role).toBe('candidate')
  raft.persisted(persists.at(-1)!.sequence)
  expect(raft.state.role).toBe('leader')
})

test('5.2 a vote counts once, however often it arrives', () => {
  const raft = member({ voters: [1n, 2n, 3n, 4n, 5n] })
  raft.campaign()
  const [ask] = sent(settle(raft), MessageType.VOTE)
  for (let i = 0; i < 4; i++) grant(raft, ask!)
  expect(raft.state.role).toBe('candidate')
})

test('5.2 a vote of an earlier campaign does not count', () => {
  const raft = member()
  raft.campaign()
  const [ask] = sent(settle(raft), MessageType.VOTE)
  raft.campaign()
  settle(raft)
  grant(raft, ask!)
  expect(raft.state).toMatchObject({ role: 'candidate', term: 2 })
})

test('5.2 a candidate that most refuse does not lead', () => {
  const raft = member()
  raft.campaign()
  settle(raft)
  for (const from of [2n, 3n])
    step(raft, MessageType.VOTE_RESPONSE, { from, term: 1, reject: true })
  expect(raft.state.role).not.toBe('leader')
})

describe('5.2 one vote a term, first come first served', () => {
  const cases: [vote: bigint, candidate: bigint, refused: boolean][] = [
    [0n, 2n, false],
    [0n, 3n, false],
    [2n, 2n, false],
    [2n, 3n, true],
    [3n, 3n, false],
    [1n, 2n, true],
  ]
  test.each(cases)('having voted for %i, the wish of %i: refused is %p', (vote, from, refused) => {
    const raft = member({ term: 1, vote })
    const [answer] = sent(
      step(raft, MessageType.VOTE, { from, term: 1 }),
      MessageType.VOTE_RESPONSE,
    )
    expect(answer).toMatchObject({ to: from, term: 1, reject: refused })
  })
})

test('5.2 a vote of an earlier term leaves the vote of a later one free', () => {
  const raft = member({ term: 1, vote: 3n })
  const [answer] = sent(step(raft, MessageType.VOTE, { term: 2 }), MessageType.VOTE_RESPONSE)
  expect(answer).toMatchObject({ to: 2n, term: 2, reject: false })
})

test('5.2 a vote leaves the member only after it is on disk', () => {
  const raft = member({ term: 1 })
  raft.step(message(MessageType.VOTE, { term: 2 }))
  const before = take(raft)
  expect(sent(before, MessageType.VOTE_RESPONSE)).toEqual([])
  raft.persisted(before.persists.at(-1)!.sequence)
  expect(sent(take(raft), MessageType.VOTE_RESPONSE)).toHaveLength(1)
})

test.each([1, 2])(
  '5.2 a candidate that meets a leader of term %i, equal or higher, steps down',
  (term) => {
    const raft = member()
    raft.campaign()
    settle(raft)
    step(raft, MessageType.APPEND, { from: 3n, term })
    expect(raft.state).toMatchObject({ role: 'follower', leader: 3n, term })
  },
)

test('5.2 a candidate that meets the leader of an older term goes on', () => {
  const raft = member({ term: 4 })
  raft.campaign()
  settle(raft)
  step(raft, MessageType.HEARTBEAT, { from: 3n, term: 4 })
  expect(raft.state).toMatchObject({ role: 'candidate', term: 5 })
})

test('5.2 after a split vote a candidate starts anew in the next term', () => {
  const raft = member({ electionTicks: 10 })
  raft.campaign()
  settle(raft)
  const asks = sent(tick(raft, 10), MessageType.VOTE)
  expect(raft.state).toMatchObject({ role: 'candidate', term: 2 })
  expect(asks.map(({ to, term }) => [to, term])).toEqual([
    [2n, 2],
    [3n, 2],
  ])
})

describe('5.2 election timeouts are drawn anew from [n, 2n)', () => {
  test.each([
    [0, 10],
    [0.5, 15],
    [0.999, 19],
  ])('a draw of %p waits %i ticks', (draw, ticks) => {
    const raft = member({ electionTicks: 10, random: () => draw })
    tick(raft, ticks - 1)
    expect(raft.state.role).toBe('follower')
    tick(raft, 1)
    expect(raft.state.role).toBe('candidate')
  })

  test('a candidate waits as long as it drew, not as long as last time', () => {
    const draws = [0, 0.9, 0.3]
    let drawn = 0
    const raft = member({ electionTicks: 10, random: () => draws[drawn++ % 3]! })
    const waits: number[] = []
    for (let ticks = 1, term = 0; waits.length < 6; ticks++) {
      tick(raft, 1)
      if (raft.state.term === term) continue
      waits.push(ticks)
      term = raft.state.term
      ticks = 0
    }
    expect(new Set(waits).size).toBeGreaterThan(1)
    for (const wait of waits) expect(wait >= 10 && wait < 20).toBe(true)
  })
})

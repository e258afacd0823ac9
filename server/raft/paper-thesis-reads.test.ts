/** Ongaro's dissertation, 6.4 (ReadIndex) and 6.4.1 (reads under a lease). */

import { describe, expect, test } from '@jest/globals'
import { type Message, MessageType } from '../../client/wire/generated/raft.js'
import {
  acknowledge,
  elect,
  member,
  type Output,
  sent,
  settle,
  settledLeader,
  step,
  tick,
} from './paper-member.test.fixture.js'
import type { Raft } from './raft.js'

function confirm(raft: Raft, beat: Message): Output {
  const { to, term, context } = beat
  return step(raft, MessageType.HEARTBEAT_RESPONSE, { from: to, term, context })
}

describe('6.4 ReadIndex', () => {
  test('a read is answered with what was committed when it was asked', () => {
    const raft = settledLeader()
    raft.readIndex(5)
    const [beat] = sent(settle(raft), MessageType.HEARTBEAT)
    raft.propose(new Uint8Array(1))
    settle(raft)
    acknowledge(raft, 3n)
    expect(raft.state.commit).toBe(2)
    expect(confirm(raft, beat!).reads).toEqual([{ context: 5, index: 1 }])
  })

  test('an answer to an earlier round confirms nothing', () => {
    const raft = settledLeader()
    const [old] = sent(tick(raft, 1), MessageType.HEARTBEAT)
    raft.readIndex(5)
    settle(raft)
    expect(confirm(raft, old!).reads).toEqual([])
  })

  test('an answer to a later round confirms the earlier ones too', () => {
    const raft = settledLeader()
    raft.readIndex(5)
    settle(raft)
    raft.readIndex(6)
    const rounds = [...sent(settle(raft), MessageType.HEARTBEAT), ...sent(tick(raft, 2), 2)]
    const last = rounds.reduce((a, b) => (a.context > b.context ? a : b))
    const output = confirm(raft, last)
    expect(output.reads.map(({ context }) => context)).toEqual(expect.arrayContaining([5, 6]))
  })

  test('a lone voter needs to ask nobody', () => {
    const raft = settledLeader({ voters: [1n] })
    raft.readIndex(5)
    expect(settle(raft).reads).toEqual([{ context: 5, index: 1 }])
  })

  test('learners do not confirm', () => {
    const raft = settledLeader({ learners: [4n] })
    raft.readIndex(5)
    const beats = sent(settle(raft), MessageType.HEARTBEAT)
    const learner = beats.find(({ to }) => to === 4n)
    if (learner !== undefined) expect(confirm(raft, learner).reads).toEqual([])
    expect(confirm(raft, beats.find(({ to }) => to === 2n)!).reads).toHaveLength(1)
  })

  test('reads of a leader that is deposed are not answered', () => {
    const raft = settledLeader()
    raft.readIndex(5)
    const [beat] = sent(settle(raft), MessageType.HEARTBEAT)
    step(raft, MessageType.HEARTBEAT, { from: 3n, term: 9 })
    expect(confirm(raft, beat!).reads).toEqual([])
  })

  test('a follower asks its leader, and answers with what that says', () => {
    const raft = member({ log: [1, 1] })
    step(raft, MessageType.HEARTBEAT, { term: 1 })
    raft.readIndex(5)
    const [ask] = sent(settle(raft), MessageType.READ_INDEX)
    expect(ask).toMatchObject({ to: 2n })
    const answer = { term: 1, index: 2, context: ask!.context }
    expect(step(raft, MessageType.READ_INDEX_RESPONSE, answer).reads).toEqual([
      { context: 5, index: 2 },
    ])
  })

  test('a leader answers the follower that asked', () => {
    const raft = settledLeader()
    const output = step(raft, MessageType.READ_INDEX, { from: 3n, term: 1, context: 77 })
    const [beat] = sent(output, MessageType.HEARTBEAT)
    const answers = sent(confirm(raft, beat!), MessageType.READ_INDEX_RESPONSE)
    expect(answers).toMatchObject([{ to: 3n, context: 77, index: 1 }])
  })

  test('nobody answers a read without a leader', () => {
    expect(() => member().readIndex(5)).toThrow(
      expect.objectContaining({ name: 'ProposalDropped', reason: 'noLeader' }),
    )
  })
})

describe('6.4.1 reads under a lease', () => {
  const lease = { readOnly: 'lease', checkQuorum: true, electionTicks: 10 } as const

  function confirmed(): Raft {
    const raft = settledLeader(lease)
    for (const beat of sent(tick(raft, 1), MessageType.HEARTBEAT)) confirm(raft, beat)
    return raft
  }

  test('need the quorum check', () => {
    expect(() => member({ readOnly: 'lease', checkQuorum: false })).toThrow(RangeError)
  })

  test('are answered at once while a majority has answered a recent heartbeat', () => {
    const raft = confirmed()
    raft.readIndex(5)
    expect(settle(raft).reads).toEqual([{ context: 5, index: 1 }])
  })

  test('are not answered from an old lease', () => {
    const raft = confirmed()
    tick(raft, 10)
    raft.readIndex(5)
    expect(settle(raft).reads).toEqual([])
  })

  test('wait for an entry of the own term', () => {
    const raft = member({ ...lease, log: [1], commit: 1 })
    elect(raft)
    for (const beat of sent(tick(raft, 1), MessageType.HEARTBEAT)) confirm(raft, beat)
    raft.readIndex(5)
    expect(settle(raft).reads).toEqual([])
  })

  test('are not answered from the lease while leadership moves', () => {
    const raft = confirmed()
    raft.transferLeadership(2n)
    settle(raft)
    try {
      raft.readIndex(5)
    } catch {
      return
    }
    expect(settle(raft).reads).toEqual([])
  })

  test('are not answered from the lease after a transfer was given up: its order may still arrive', () => {
    const raft = confirmed()
    raft.transferLeadership(2n)
    settle(raft)
    for (let i = 0; i < 21; i++) {
      for (const beat of sent(tick(raft, 1), MessageType.HEARTBEAT)) confirm(raft, beat)
    }
    expect(raft.state).toMatchObject({ role: 'leader', transferee: 0n })
    raft.readIndex(5)
    expect(settle(raft).reads).toEqual([])
  })

  test.each([0, 1])(
    'a member that just started in term %i keeps the promise that it may have made before',
    (term) => {
      const raft = member({ ...lease, id: 3n, term })
      const output = step(raft, MessageType.VOTE, { term: 2 })
      expect(sent(output, MessageType.VOTE_RESPONSE).filter(({ reject }) => !reject)).toEqual([])
      tick(raft, 10)
      const later = step(raft, MessageType.VOTE, { term: raft.state.term + 1 })
      expect(sent(later, MessageType.VOTE_RESPONSE)).toMatchObject([{ reject: false }])
    },
  )

  test.each([5, 6])(
    'a member that hears of a newer term keeps the promise to its old leader: vote in term %i',
    (term) => {
      const raft = member({ ...lease, id: 3n, term: 1, random: () => 0.9 })
      tick(raft, 11)
      step(raft, MessageType.HEARTBEAT, { term: 1, from: 2n })
      step(raft, MessageType.PRE_VOTE_RESPONSE, { term: 5, from: 1n, reject: true })
      expect(raft.state).toMatchObject({ term: 5, leader: 0n })
      const output = step(raft, MessageType.VOTE, { term, from: 1n })
      expect(sent(output, MessageType.VOTE_RESPONSE).filter(({ reject }) => !reject)).toEqual([])
      tick(raft, 10)
      const later = step(raft, MessageType.VOTE, { term: 6, from: 1n })
      expect(sent(later, MessageType.VOTE_RESPONSE)).toMatchObject([{ reject: false }])
    },
  )
})

/** The extended Raft paper, section 8: what clients may rely on. */

import { describe, expect, test } from '@jest/globals'
import { EntryType, MessageType } from '../../client/wire/generated/raft.js'
import {
  acknowledge,
  elect,
  member,
  sent,
  settle,
  settledLeader,
  step,
  tick,
} from './paper-member.test.fixture.js'
import { ProposalDropped } from './raft.js'

test('8 a new leader begins its term with an entry without content', () => {
  const raft = member({ log: [1, 1] })
  const [append] = sent(elect(raft), MessageType.APPEND)
  expect(append?.entries).toEqual([
    { term: 2, index: 3, type: EntryType.NORMAL, data: new Uint8Array(0) },
  ])
})

test('8 nobody proposes without a leader', () => {
  const raft = member()
  expect(() => raft.propose(new Uint8Array(1))).toThrow(ProposalDropped)
})

describe('8 a read is answered by a leader', () => {
  test('only after it has committed an entry of its own term', () => {
    const raft = member({ log: [1, 1], commit: 2 })
    elect(raft)
    raft.readIndex(5)
    settle(raft)
    const early = tick(raft, 3)
    const round = sent(early, MessageType.HEARTBEAT)
    for (const { context, term, to } of round) {
      const answer = step(raft, MessageType.HEARTBEAT_RESPONSE, { from: to, term, context })
      expect(answer.reads).toEqual([])
    }
    const output = acknowledge(raft, 2n)
    const asks = sent(output, MessageType.HEARTBEAT)
    const reads = [...output.reads]
    for (const { context, term, to } of asks) {
      reads.push(...step(raft, MessageType.HEARTBEAT_RESPONSE, { from: to, term, context }).reads)
    }
    expect(reads).toEqual([{ context: 5, index: 3 }])
  })

  test('only after a majority has confirmed that it still leads', () => {
    const raft = settledLeader({ voters: [1n, 2n, 3n, 4n, 5n] })
    raft.readIndex(5)
    const output = settle(raft)
    expect(output.reads).toEqual([])
    const [first, second] = sent(output, MessageType.HEARTBEAT)
    const answer = ({ to, term, context }: typeof first & object) =>
      step(raft, MessageType.HEARTBEAT_RESPONSE, { from: to, term, context })
    expect(answer(first!).reads).toEqual([])
    expect(answer(first!).reads).toEqual([])
    expect(answer(second!).reads).toEqual([{ context: 5, index: 1 }])
  })
})

test('8 what was committed by an old leader is found by the next one', () => {
  const raft = member({ log: [1, 1], commit: 1 })
  elect(raft)
  const { committed } = acknowledge(raft, 3n)
  expect(committed.map(({ index }) => index)).toEqual(expect.arrayContaining([2, 3]))
})

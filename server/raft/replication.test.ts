/** What a leader sends: limits, batches, snapshots. */

import { describe, expect, test } from '@jest/globals'
import { type Message, MessageType } from '../../client/wire/generated/raft.js'
import { acknowledge, drain, from, leader, member, sent } from './member.test.fixture.js'
import type { Raft } from './raft.js'

describe('limits', () => {
  test('what is proposed in one turn travels in one message', () => {
    const raft = leader()
    for (let i = 0; i < 5; i++) raft.propose(new Uint8Array(1))
    const appends = sent(drain(raft), MessageType.APPEND)
    expect(appends.map(({ to, entries }) => [to, entries.length])).toEqual([
      [2n, 5],
      [3n, 5],
    ])
  })

  test('appends are cut at their bytes, and stop at the window', () => {
    const raft = leader({ appendBytesMax: 250, inflightBytesMax: 500 })
    for (let i = 0; i < 9; i++) raft.propose(new Uint8Array(100))
    const appends = sent(drain(raft), MessageType.APPEND).filter(({ to }) => to === 2n)
    expect(appends.map(({ entries }) => entries.length)).toEqual([2, 2, 2])
    acknowledge(raft, 2n, 4)
    const more = sent(drain(raft), MessageType.APPEND).filter(({ to }) => to === 2n)
    expect(more.flatMap(({ entries }) => entries.map(({ index }) => index))).toEqual([9, 10])
  })

  test('a follower passes on what is proposed in one turn together', () => {
    const raft = member()
    from(raft, 2n, MessageType.HEARTBEAT, { term: 2 })
    for (let i = 0; i < 3; i++) raft.propose(new Uint8Array(1))
    expect(sent(drain(raft), MessageType.PROPOSE)).toMatchObject([{ entries: { length: 3 } }])
  })

  test('too much that is not committed is refused, until it is', () => {
    const raft = leader({ uncommittedBytesMax: 100 })
    raft.propose(new Uint8Array(60))
    expect(() => raft.propose(new Uint8Array(60))).toThrow(
      expect.objectContaining({ name: 'ProposalDropped', reason: 'overloaded' }),
    )
    drain(raft)
    acknowledge(raft, 2n, 3)
    raft.propose(new Uint8Array(1_000))
    expect(raft.state.lastIndex).toBe(4)
  })

  test('committed entries come out in portions', () => {
    const raft = leader({ applyBytesMax: 50 })
    for (let i = 0; i < 4; i++) raft.propose(new Uint8Array(10))
    drain(raft)
    acknowledge(raft, 2n, 6)
    const portions = drain(raft).map((ready) => ready.committed.length)
    expect(portions.filter((count) => count > 0)).toEqual([1, 1, 1, 1])
  })
})

describe('a follower that needs a snapshot', () => {
  function lagging(): Raft {
    const raft = leader()
    from(raft, 3n, MessageType.APPEND_RESPONSE, { index: 2 })
    for (let i = 0; i < 3; i++) raft.propose(new Uint8Array(1))
    drain(raft)
    acknowledge(raft, 2n, 5)
    drain(raft)
    raft.compact(5)
    return raft
  }

  function refuse(raft: Raft): Message[] {
    from(raft, 3n, MessageType.APPEND_RESPONSE, {
      index: 5,
      reject: true,
      rejectHint: 2,
      logTerm: 2,
    })
    return sent(drain(raft), MessageType.SNAPSHOT)
  }

  test('gets it once, also when an old answer of it comes in later', () => {
    const raft = lagging()
    expect(refuse(raft)).toMatchObject([{ to: 3n, snapshot: { index: 5 } }])
    raft.reportSnapshot(3n, true)
    acknowledge(raft, 3n, 2)
    expect(sent(drain(raft), MessageType.SNAPSHOT)).toEqual([])
    acknowledge(raft, 3n, 5)
    expect(raft.state.progress.get(3n)).toMatchObject({ state: 'replicate', match: 5 })
  })

  test('does not get it while it is silent', () => {
    const raft = lagging()
    for (let i = 0; i < 10; i++) {
      raft.tick()
      from(raft, 2n, MessageType.HEARTBEAT_RESPONSE)
    }
    raft.reportUnreachable(3n)
    expect(sent(drain(raft), MessageType.SNAPSHOT)).toEqual([])
    from(raft, 3n, MessageType.HEARTBEAT_RESPONSE)
    expect(sent(drain(raft), MessageType.SNAPSHOT)).toMatchObject([{ to: 3n }])
  })
})

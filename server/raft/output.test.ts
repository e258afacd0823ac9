/** What a member promises while its disk is slow. */

import { describe, expect, test } from '@jest/globals'
import { MessageType } from '../../client/wire/generated/raft.js'
import {
  acknowledge,
  committed,
  drain,
  entry,
  from,
  leader,
  ME,
  member,
  sent,
  voters,
} from './member.test.fixture.js'

describe('while the disk is slow', () => {
  test('a leader counts its own copy only when it is durable', () => {
    const raft = leader()
    raft.propose(new Uint8Array(1))
    const [first] = drain(raft, false)
    acknowledge(raft, 2n, 3)
    expect(raft.state.commit).toBe(2)
    expect(raft.state.progress.get(ME)?.match).toBe(2)
    acknowledge(raft, 3n, 3)
    expect(raft.state.commit).toBe(3)
    expect(committed(drain(raft, false))).toEqual([])
    raft.persisted(first!.persist!.sequence)
    expect(committed(drain(raft))).toEqual([3])
  })

  test('one of two cannot commit before its own disk', () => {
    const raft = leader({}, [1n, 2n])
    raft.propose(new Uint8Array(1))
    const [first] = drain(raft, false)
    acknowledge(raft, 2n, 3)
    expect(raft.state.commit).toBe(2)
    raft.persisted(first!.persist!.sequence)
    expect(raft.state.commit).toBe(3)
  })

  test('a leader counts of its own copy what each batch brought', () => {
    const raft = leader({}, [1n, 2n])
    raft.propose(new Uint8Array(1))
    const [first] = drain(raft, false)
    raft.propose(new Uint8Array(1))
    drain(raft, false)
    acknowledge(raft, 2n, 4)
    raft.persisted(first!.persist!.sequence)
    expect(raft.state).toMatchObject({ commit: 3, lastIndex: 4 })
  })

  test('several batches are under way, and answers leave as each becomes durable', () => {
    const raft = member()
    from(raft, 2n, MessageType.APPEND, { term: 2, index: 1, logTerm: 1, entries: [entry(2, 2)] })
    const first = drain(raft, false)
    from(raft, 2n, MessageType.APPEND, { index: 2, logTerm: 2, entries: [entry(3, 2)] })
    const second = drain(raft, false)
    expect([...first, ...second].map((ready) => ready.persist?.sequence)).toEqual([1, 2])
    expect(sent([...first, ...second], MessageType.APPEND_RESPONSE)).toEqual([])
    raft.persisted(1)
    expect(sent(drain(raft), MessageType.APPEND_RESPONSE)).toMatchObject([{ index: 2 }])
    raft.persisted(2)
    expect(sent(drain(raft), MessageType.APPEND_RESPONSE)).toMatchObject([{ index: 3 }])
  })

  test('an answer that repeats what is durable still waits for the write that is under way', () => {
    const raft = member()
    from(raft, 2n, MessageType.APPEND, { term: 2, index: 1, logTerm: 1 })
    const first = drain(raft, false)
    expect(first[0]?.persist).toMatchObject({ mustSync: true, hardState: { term: 2 } })
    from(raft, 2n, MessageType.APPEND, { index: 1, logTerm: 1 })
    expect(drain(raft, false)).toEqual([])
    raft.persisted(1)
    expect(sent(drain(raft), MessageType.APPEND_RESPONSE)).toHaveLength(2)
  })

  test('an acknowledgment of entries that a later leader replaced does not count', () => {
    const raft = member()
    from(raft, 2n, MessageType.APPEND, { term: 2, index: 1, logTerm: 1, entries: [entry(2, 2)] })
    drain(raft, false)
    const entries = [entry(2, 3), entry(3, 3)]
    from(raft, 3n, MessageType.APPEND, { term: 3, index: 1, logTerm: 1, entries, commit: 3 })
    drain(raft, false)
    raft.persisted(1)
    expect(raft.state).toMatchObject({ durableIndex: 1, commit: 3 })
    expect(committed(drain(raft))).toEqual([])
    raft.persisted(2)
    expect(committed(drain(raft))).toEqual([2, 3])
  })

  test('a refusal does not wait', () => {
    const raft = member()
    from(raft, 2n, MessageType.APPEND, { term: 2, index: 9, logTerm: 2 })
    const refusals = sent(drain(raft, false), MessageType.APPEND_RESPONSE)
    expect(refusals).toMatchObject([{ reject: true, rejectHint: 1, logTerm: 1 }])
  })

  test('a campaign that is over asks nobody any more', () => {
    const raft = member()
    raft.campaign()
    drain(raft, false)
    from(raft, 2n, MessageType.APPEND, { term: 5, index: 1, logTerm: 1 })
    drain(raft, false)
    raft.persisted(1)
    raft.persisted(2)
    expect(sent(drain(raft), MessageType.VOTE)).toEqual([])
  })

  test('the disk never hears of a commit beyond what it holds', () => {
    const raft = member()
    const entries = [entry(2, 2), entry(3, 2)]
    from(raft, 2n, MessageType.APPEND, { term: 2, index: 1, logTerm: 1, entries, commit: 3 })
    const [first] = drain(raft, false)
    expect(first?.persist?.hardState).toEqual({ term: 2, vote: 0n, commit: 1 })
    raft.persisted(1)
    const [second] = drain(raft, false)
    expect(second?.persist).toMatchObject({ hardState: { commit: 3 }, mustSync: false })
  })

  test('a restored snapshot keeps its member from campaigning until it is durable', () => {
    const raft = member()
    const snapshot = { index: 9, term: 2, confState: voters(1n, 2n, 3n) }
    from(raft, 2n, MessageType.SNAPSHOT, { term: 2, snapshot })
    const [ready] = drain(raft, false)
    expect(ready).toMatchObject({ snapshot: { index: 9 }, persist: { snapshot: { index: 9 } } })
    raft.campaign()
    expect(raft.state.role).toBe('follower')
    raft.persisted(1)
    expect(sent(drain(raft), MessageType.APPEND_RESPONSE)).toMatchObject([{ index: 9 }])
    raft.campaign()
    expect(raft.state.role).toBe('candidate')
  })
})

/** The extended Raft paper, section 7: log compaction. */

import { describe, expect, test } from '@jest/globals'
import { ConfState, MessageType, type SnapshotMetadata } from '../../client/wire/generated/raft.js'
import {
  logOf,
  member,
  message,
  sent,
  settle,
  settledLeader,
  step,
  termsOf,
  tick,
} from './paper-member.test.fixture.js'
import type { Raft } from './raft.js'

function snapshot(index: number, term: number, voters = [1n, 2n, 3n]): SnapshotMetadata {
  return { index, term, confState: ConfState.create({ voters }) }
}

/** A leader of term 2 with 4 entries, of which it keeps only the last; 3 has heard nothing yet. */
function compacted(): Raft {
  const raft = member({ log: [1, 1, 1] })
  raft.campaign()
  settle(raft)
  step(raft, MessageType.VOTE_RESPONSE, { term: 2 })
  step(raft, MessageType.APPEND_RESPONSE, { term: 2, index: 4 })
  raft.compact(3)
  return raft
}

test('7 compaction keeps the term at its point, for the check of the entry after it', () => {
  const raft = compacted()
  expect(raft.state).toMatchObject({ firstIndex: 4, lastIndex: 4 })
  expect(termsOf(raft)).toEqual([undefined, undefined, 1, 2])
})

test('7 only what is applied may be compacted', () => {
  const raft = settledLeader()
  raft.propose(new Uint8Array(1))
  settle(raft)
  expect(() => raft.compact(2)).toThrow()
})

test('7 a leader sends a snapshot when the entries that a follower needs are gone', () => {
  const raft = compacted()
  const refusal = { from: 3n, term: 2, index: 3, reject: true, rejectHint: 0 }
  const output = step(raft, MessageType.APPEND_RESPONSE, refusal)
  const [sending] = sent(output, MessageType.SNAPSHOT)
  expect(sending).toMatchObject({ to: 3n, term: 2 })
  expect(sending?.snapshot?.index).toBeGreaterThanOrEqual(3)
  expect(sending?.snapshot?.confState?.voters).toEqual([1n, 2n, 3n])
  expect(raft.state.progress.get(3n)?.state).toBe('snapshot')
})

test('7 while a snapshot is on its way nothing else is sent after it', () => {
  const raft = compacted()
  step(raft, MessageType.APPEND_RESPONSE, { from: 3n, term: 2, index: 3, reject: true })
  raft.propose(new Uint8Array(1))
  const appends = [
    ...sent(settle(raft), MessageType.APPEND),
    ...sent(tick(raft, 3), MessageType.SNAPSHOT),
  ]
  expect(appends.filter(({ to }) => to === 3n)).toEqual([])
})

describe('7 after a snapshot the leader goes on', () => {
  test('with the entries behind it when it has arrived', () => {
    const raft = compacted()
    step(raft, MessageType.APPEND_RESPONSE, { from: 3n, term: 2, index: 3, reject: true })
    step(raft, MessageType.APPEND_RESPONSE, { from: 3n, term: 2, index: 4 })
    expect(raft.state.progress.get(3n)).toMatchObject({ state: 'replicate', match: 4, next: 5 })
  })

  test('and tries again when it was lost', () => {
    const raft = compacted()
    step(raft, MessageType.APPEND_RESPONSE, { from: 3n, term: 2, index: 3, reject: true })
    raft.reportSnapshot(3n, false)
    const again = [...settle(raft).messages]
    for (let i = 0; i < 20 && again.every(({ type }) => type !== MessageType.SNAPSHOT); i++) {
      again.push(...tick(raft, 1).messages)
      again.push(...step(raft, MessageType.HEARTBEAT_RESPONSE, { from: 3n, term: 2 }).messages)
      const refusal = { from: 3n, term: 2, index: 3, reject: true, rejectHint: 0 }
      if (again.some(({ to, type }) => to === 3n && type === MessageType.APPEND)) {
        again.push(...step(raft, MessageType.APPEND_RESPONSE, refusal).messages)
      }
    }
    expect(again.some(({ type }) => type === MessageType.SNAPSHOT)).toBe(true)
  })
})

describe('7 a follower that receives a snapshot', () => {
  test('of entries it lacks throws its log away and starts from there', () => {
    const raft = member({ log: [1, 1] })
    const output = step(raft, MessageType.SNAPSHOT, { term: 3, snapshot: snapshot(5, 2) })
    expect(raft.state).toMatchObject({ firstIndex: 6, lastIndex: 5, commit: 5 })
    expect(raft.term(5)).toBe(2)
    expect(output.persists.map((persist) => persist.snapshot?.index)).toContain(5)
    const [answer] = sent(output, MessageType.APPEND_RESPONSE)
    expect(answer).toMatchObject({ to: 2n, index: 5, reject: false })
  })

  test('that contradicts its log throws the log away', () => {
    const raft = member({ log: [1, 1, 1] })
    step(raft, MessageType.SNAPSHOT, { term: 3, snapshot: snapshot(2, 2) })
    expect(raft.state).toMatchObject({ lastIndex: 2, commit: 2 })
    expect(raft.term(2)).toBe(2)
  })

  test('of a part of its log keeps what follows', () => {
    const raft = member({ log: [1, 1, 2] })
    const output = step(raft, MessageType.SNAPSHOT, { term: 3, snapshot: snapshot(2, 1) })
    expect(raft.state).toMatchObject({ lastIndex: 3, commit: 2 })
    expect(raft.term(3)).toBe(2)
    expect(sent(output, MessageType.APPEND_RESPONSE)[0]).toMatchObject({ reject: false })
  })

  test('older than what it has committed ignores it and says how far it is', () => {
    const raft = member({ log: [1, 1, 1], commit: 3 })
    settle(raft)
    const output = step(raft, MessageType.SNAPSHOT, { term: 1, snapshot: snapshot(2, 1) })
    expect(output.persists.some((persist) => persist.snapshot)).toBe(false)
    expect(sent(output, MessageType.APPEND_RESPONSE)[0]).toMatchObject({ index: 3, reject: false })
    expect(raft.state.lastIndex).toBe(3)
  })

  test('takes its voters from it', () => {
    const raft = member({ voters: [], log: [] })
    step(raft, MessageType.SNAPSHOT, { term: 3, snapshot: snapshot(5, 2, [1n, 2n, 4n]) })
    expect(raft.state.confState.voters).toEqual([1n, 2n, 4n])
  })

  test('then goes on with the entries behind it', () => {
    const raft = member()
    step(raft, MessageType.SNAPSHOT, { term: 3, snapshot: snapshot(5, 2) })
    const entries = logOf([2, 3], 6)
    const append = { term: 3, index: 5, logTerm: 2, entries, commit: 7 }
    expect(step(raft, MessageType.APPEND, append).committed).toEqual(entries)
  })

  test('acknowledges it once it is on disk', () => {
    const raft = member()
    raft.step(message(MessageType.SNAPSHOT, { term: 3, snapshot: snapshot(5, 2) }))
    const ready = raft.ready()
    expect(ready?.snapshot?.index).toBe(5)
    expect(ready?.messages.some(({ type }) => type === MessageType.APPEND_RESPONSE)).toBe(false)
  })
})

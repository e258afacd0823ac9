/** The extended Raft paper, section 5.3: log replication, with the logs of figure 7. */

import { describe, expect, test } from '@jest/globals'
import { Entry, MessageType } from '../../client/wire/generated/raft.js'
import {
  acknowledge,
  converse,
  elect,
  logOf,
  member,
  message,
  sent,
  settle,
  settledLeader,
  step,
  take,
  termsOf,
  tick,
} from './paper-member.test.fixture.js'

const command = new TextEncoder().encode('put')

test('5.3 a leader appends a proposal to its log and sends it to all followers at once', () => {
  const raft = settledLeader()
  raft.propose(command)
  const output = settle(raft)
  expect(output.persists.flatMap(({ entries }) => entries)).toEqual([
    Entry.create({ term: 1, index: 2, data: command }),
  ])
  const appends = sent(output, MessageType.APPEND)
  expect(appends.map(({ to, index, logTerm }) => [to, index, logTerm])).toEqual([
    [2n, 1, 1],
    [3n, 1, 1],
  ])
  for (const { entries } of appends) expect(entries.map(({ data }) => data)).toEqual([command])
})

test('5.3 a leader sends before its own disk has the entry', () => {
  const raft = settledLeader()
  raft.propose(command)
  expect(sent(take(raft), MessageType.APPEND)).toHaveLength(2)
})

describe('5.3 an entry is committed once a majority holds it, the leader among them or not', () => {
  test.each([
    [3, 1],
    [4, 2],
    [5, 2],
    [7, 3],
  ])('of %i voters it takes the leader and %i more', (count, others) => {
    const voters = Array.from({ length: count }, (_, i) => BigInt(i + 1))
    const raft = settledLeader({ voters })
    raft.propose(command)
    settle(raft)
    for (let i = 0; i < others; i++) {
      expect(raft.state.commit).toBe(1)
      acknowledge(raft, BigInt(i + 2))
    }
    expect(raft.state.commit).toBe(2)
  })

  test('the followers alone are a majority while the disk of the leader is slow', () => {
    const raft = settledLeader()
    raft.propose(command)
    const { persists } = take(raft)
    raft.step(message(MessageType.APPEND_RESPONSE, { from: 2n, term: 1, index: 2 }))
    expect(raft.state.commit).toBe(1)
    raft.step(message(MessageType.APPEND_RESPONSE, { from: 3n, term: 1, index: 2 }))
    expect(raft.state.commit).toBe(2)
    expect(take(raft).committed).toEqual([])
    raft.persisted(persists.at(-1)!.sequence)
    expect(settle(raft).committed.map(({ index }) => index)).toEqual([2])
  })
})

test('5.3 a lone voter commits what is on its own disk, and nothing earlier', () => {
  const raft = settledLeader({ voters: [1n] })
  raft.propose(command)
  const { persists, committed } = take(raft)
  expect(committed).toEqual([])
  expect(raft.state.commit).toBe(1)
  raft.persisted(persists.at(-1)!.sequence)
  expect(raft.state.commit).toBe(2)
})

test('5.3 committing an entry commits all before it, also those of earlier leaders', () => {
  const raft = member({ log: [1, 2, 2], term: 2 })
  elect(raft)
  expect(raft.state.commit).toBe(0)
  const { committed } = acknowledge(raft, 2n)
  expect(committed.map(({ index, term }) => [index, term])).toEqual([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
  ])
})

test('5.3 followers learn what is committed and apply it in log order', () => {
  const raft = member()
  const entries = logOf([1, 1, 1])
  expect(step(raft, MessageType.APPEND, { term: 1, entries, commit: 1 }).committed).toEqual(
    entries.slice(0, 1),
  )
  expect(step(raft, MessageType.HEARTBEAT, { term: 1, commit: 3 }).committed).toEqual(
    entries.slice(1),
  )
})

describe('5.3 a follower commits no further than the entries that it is known to share', () => {
  test.each([
    ['one new entry', 0, [1], 1],
    ['all entries', 0, [1, 1], 2],
    ['nothing new', 1, [], 1],
  ])('%s', (_, index, terms, commit) => {
    const raft = member({ log: [1, 1, 1] })
    const logTerm = index === 0 ? 0 : 1
    const entries = logOf(terms, index + 1)
    step(raft, MessageType.APPEND, { term: 1, index, logTerm, entries, commit: 3 })
    expect(raft.state.commit).toBe(commit)
  })

  test('a heartbeat carries no more than what the follower has acknowledged', () => {
    const raft = settledLeader()
    raft.propose(command)
    settle(raft)
    acknowledge(raft, 2n)
    const beats = sent(tick(raft, 1), MessageType.HEARTBEAT)
    expect(beats.map(({ to, commit }) => [to, commit])).toEqual([
      [2n, 2],
      [3n, 1],
    ])
  })
})

describe('5.3 a follower refuses entries that do not follow on an entry it shares', () => {
  test.each([
    [0, 0, false],
    [1, 1, false],
    [2, 2, false],
    [1, 2, true],
    [2, 1, true],
    [3, 3, true],
  ])('previous entry %i of term %i: refused is %p', (index, logTerm, refused) => {
    const raft = member({ log: [1, 2] })
    const output = step(raft, MessageType.APPEND, { term: 2, index, logTerm })
    const [answer] = sent(output, MessageType.APPEND_RESPONSE)
    expect(answer).toMatchObject({ to: 2n, term: 2, index, reject: refused })
    expect(termsOf(raft)).toEqual([1, 2])
  })
})

describe('5.3 a follower drops what conflicts with the leader, and all after it', () => {
  test.each([
    ['the leader has more', [1, 2], 2, 2, [3], [1, 2, 3]],
    ['the last entry conflicts', [1, 2], 1, 1, [3, 3], [1, 3, 3]],
    ['everything conflicts', [1, 2], 0, 0, [3, 3], [3, 3]],
    ['the tail conflicts', [1, 2, 2, 2], 1, 1, [3], [1, 3]],
    ['a part is shared', [1, 2, 2], 0, 0, [1, 2, 3], [1, 2, 3]],
  ])('%s', (_, log, index, logTerm, terms, result) => {
    const raft = member({ log })
    step(raft, MessageType.APPEND, { term: 3, index, logTerm, entries: logOf(terms, index + 1) })
    expect(termsOf(raft)).toEqual(result)
  })

  test('but keeps what only lies beyond an old message', () => {
    const raft = member({ log: [1, 1, 1] })
    const output = step(raft, MessageType.APPEND, { term: 1, entries: logOf([1]) })
    expect(termsOf(raft)).toEqual([1, 1, 1])
    const [answer] = sent(output, MessageType.APPEND_RESPONSE)
    expect(answer).toMatchObject({ reject: false, index: 1 })
  })

  test('and its disk is told to overwrite them', () => {
    const raft = member({ log: [1, 2, 2] })
    const entries = logOf([3], 2)
    const output = step(raft, MessageType.APPEND, { term: 3, index: 1, logTerm: 1, entries })
    expect(output.persists.flatMap((persist) => persist.entries)).toEqual(entries)
  })
})

test('5.3 entries are acknowledged once they are on disk', () => {
  const raft = member({ term: 1 })
  raft.step(message(MessageType.APPEND, { term: 1, entries: logOf([1, 1]) }))
  const before = take(raft)
  expect(sent(before, MessageType.APPEND_RESPONSE)).toEqual([])
  raft.persisted(before.persists.at(-1)!.sequence)
  const [answer] = sent(take(raft), MessageType.APPEND_RESPONSE)
  expect(answer).toMatchObject({ to: 2n, term: 1, index: 2, reject: false })
})

describe('5.3 figure 7: a leader brings every follower to its own log', () => {
  const leaderLog = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
  test.each([
    ['a: one entry is missing', [1, 1, 1, 4, 4, 5, 5, 6, 6]],
    ['b: many are missing', [1, 1, 1, 4]],
    ['c: one too many', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ['d: entries of a later term', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ['e: missing and too many', [1, 1, 1, 4, 4, 4, 4]],
    ['f: missing and too many, long ago', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ])('%s', (_, log) => {
    const leader = member({ log: leaderLog, term: 7 })
    const follower = member({ id: 2n, log, term: 7 })
    const third = member({ id: 3n, log: [], term: 7 })
    leader.campaign()
    converse([leader, follower, third])
    expect(leader.state).toMatchObject({ role: 'leader', term: 8, commit: 11 })
    tick(leader, 1)
    converse([leader, follower, third])
    expect(termsOf(leader)).toEqual([...leaderLog, 8])
    expect(termsOf(follower)).toEqual([...leaderLog, 8])
    expect(termsOf(third)).toEqual([...leaderLog, 8])
  })
})

test('5.3 a new leader first tries to continue at the end of its own log', () => {
  const appends = sent(elect(member({ log: [1, 2, 2] })), MessageType.APPEND)
  expect(appends.map(({ to, index, logTerm }) => [to, index, logTerm])).toEqual([
    [2n, 3, 2],
    [3n, 3, 2],
  ])
})

test('5.3 a leader goes back in its log when a follower refuses', () => {
  const raft = member({ log: [1, 2, 2] })
  elect(raft)
  const output = step(raft, MessageType.APPEND_RESPONSE, {
    term: 3,
    index: 3,
    reject: true,
    rejectHint: 1,
    logTerm: 1,
  })
  const [append] = sent(output, MessageType.APPEND)
  expect(append).toMatchObject({ to: 2n, index: 1, logTerm: 1 })
  expect(append?.entries.map(({ term }) => term)).toEqual([2, 2, 3])
})

test('5.3 a leader never overwrites or deletes entries of its own log', () => {
  const raft = settledLeader({ log: [1, 2] })
  const before = termsOf(raft)
  step(raft, MessageType.APPEND_RESPONSE, { term: 3, index: 3, reject: true, rejectHint: 0 })
  raft.propose(command)
  settle(raft)
  expect(termsOf(raft)).toEqual([...before, 3])
})

test('5.3 a refusal that is overtaken by an acceptance does not send the leader back', () => {
  const raft = settledLeader({ log: [1, 2] })
  step(raft, MessageType.APPEND_RESPONSE, { term: 3, index: 2, reject: true, rejectHint: 0 })
  expect(raft.state.progress.get(2n)).toMatchObject({ match: 3, next: 4 })
})

test('5.3 a follower hands proposals to its leader', () => {
  const raft = member()
  step(raft, MessageType.HEARTBEAT, { term: 1 })
  raft.propose(command)
  const [forwarded] = sent(settle(raft), MessageType.PROPOSE)
  expect(forwarded).toMatchObject({ to: 2n })
  expect(forwarded?.entries.map(({ data }) => data)).toEqual([command])
})

/** The Raft judge convicts each broken promise and lets right lives pass. */

import { beforeEach, describe, expect, test } from '@jest/globals'
import { MessageType } from '../../client/wire/generated/raft.js'
import { RaftJudge } from './raft-rules.js'
import { entryOf, ShownMember } from './shown-member.js'

let judge: RaftJudge
let a: ShownMember
let b: ShownMember
let c: ShownMember

beforeEach(() => {
  judge = new RaftJudge(() => 7)
  a = new ShownMember(1n, judge.witness('a'))
  b = new ShownMember(2n, judge.witness('b'))
  c = new ShownMember(3n, judge.witness('c'))
})

const vote = (term: number, to: bigint) => ({ type: MessageType.VOTE_RESPONSE, term, to })

describe('right lives', () => {
  test('an election, an entry, its commit and its application', () => {
    a.show({ term: 1, messages: [{ type: MessageType.VOTE, term: 1, to: 2n }] })
    b.show({ term: 1, messages: [vote(1, 1n)] })
    a.show({ term: 1, role: 'leader', log: [1], entries: [entryOf(1, 1)] })
    b.show({ term: 1, log: [1], entries: [entryOf(1, 1)] })
    a.show({ term: 1, role: 'leader', log: [1], commit: 1 })
    for (const member of [a, b]) member.apply(entryOf(1, 1))
    expect(judge.violation).toBeUndefined()
    expect(judge.leaders).toBe(1)
    expect(judge.committed).toMatchObject([{ index: 1, term: 1, atMs: 7, member: 'a' }])
  })

  test('an overwritten entry that nobody committed', () => {
    a.show({ term: 1, role: 'leader', log: [1], entries: [entryOf(1, 1)] })
    b.show({ term: 2, role: 'leader', log: [2], entries: [entryOf(1, 2)] })
    a.show({ term: 2, log: [2], entries: [entryOf(1, 2)] })
    expect(judge.violation).toBeUndefined()
  })

  test('a restart without what the disk had not vouched for, applying again', () => {
    a.show({ term: 1, role: 'leader', log: [1, 1], durable: 1 })
    b.show({ term: 1, log: [1] })
    a.show({ term: 1, role: 'leader', log: [1, 1], durable: 1, commit: 1 })
    a.apply(entryOf(1, 1))
    judge.restarted('a')
    a.show({ term: 1, log: [1] })
    a.apply(entryOf(1, 1))
    expect(judge.violation).toBeUndefined()
    expect(judge.committed).toHaveLength(1)
  })

  test('a durable entry that the first output of a new life overwrites', () => {
    a.show({ term: 1, log: [1, 1] })
    judge.restarted('a')
    a.show({ term: 2, log: [2], entries: [entryOf(1, 2)] })
    expect(judge.violation).toBeUndefined()
  })

  test('a word to an old leader of a term that no disk holds yet', () => {
    const word = { type: MessageType.APPEND_RESPONSE, term: 2, to: 1n, index: 0 }
    b.show({ term: 2, messages: [word] })
    judge.restarted('b')
    b.show({ term: 1 })
    expect(judge.violation).toBeUndefined()
  })

  test('a snapshot of what others have applied, and the next entry', () => {
    a.apply(entryOf(1, 1))
    a.apply(entryOf(2, 1))
    b.install(1)
    b.apply(entryOf(2, 1))
    expect(judge.violation).toBeUndefined()
  })
})

describe('broken promises', () => {
  const convicts = (rule: string) => expect(judge.violation?.rule).toBe(`raft: ${rule}`)

  test('two leaders in a term', () => {
    a.show({ term: 1, role: 'leader' })
    b.show({ term: 1, role: 'leader' })
    convicts('election safety')
  })

  test('two votes in a term, with a restart between them', () => {
    a.show({ term: 1, messages: [vote(1, 2n)] })
    judge.restarted('a')
    a.show({ term: 1, messages: [vote(1, 3n)] })
    convicts('votes stay')
  })

  test('a vote for another after a candidacy in the term', () => {
    a.show({ term: 1, messages: [{ type: MessageType.VOTE, term: 1, to: 2n }] })
    a.show({ term: 1, messages: [vote(1, 3n)] })
    convicts('votes stay')
  })

  test('a term below one that was promised in', () => {
    a.show({ term: 2, messages: [vote(2, 2n)] })
    judge.restarted('a')
    a.show({ term: 1 })
    convicts('terms grow')
  })

  test('a log that lost what its disk had vouched for', () => {
    a.show({ term: 1, log: [1, 1] })
    judge.restarted('a')
    a.show({ term: 1, log: [1] })
    convicts('durable stays')
  })

  test('one index and term with two contents', () => {
    a.show({ term: 1, role: 'leader', log: [1], entries: [entryOf(1, 1, 1)] })
    b.show({ term: 1, log: [1], entries: [entryOf(1, 1, 2)] })
    convicts('log matching')
  })

  test('one entry after different ones', () => {
    a.show({ term: 2, role: 'leader', log: [1, 2], entries: [entryOf(2, 2)] })
    b.show({ term: 2, log: [2, 2], entries: [entryOf(2, 2)] })
    convicts('log matching')
  })

  test('a leader that shortens its log', () => {
    a.show({ term: 1, role: 'leader', log: [1, 1] })
    a.show({ term: 1, role: 'leader', log: [1] })
    convicts('leader append-only')
  })

  test('a commit index that goes back', () => {
    for (const member of [a, b]) member.show({ term: 1, log: [1, 1] })
    a.show({ term: 1, log: [1, 1], commit: 2 })
    a.show({ term: 1, log: [1, 1], commit: 1 })
    convicts('commit order')
  })

  test('an entry of an older term, committed by counting', () => {
    for (const member of [a, b]) member.show({ term: 1, log: [1] })
    a.show({ term: 2, role: 'leader', log: [1] })
    a.show({ term: 2, role: 'leader', log: [1], commit: 1 })
    convicts('counts its own term')
  })

  test('a commit that is on the disk of a minority', () => {
    b.show({ term: 1, log: [1], durable: 0 })
    a.show({ term: 1, role: 'leader', log: [1] })
    a.show({ term: 1, role: 'leader', log: [1], commit: 1 })
    convicts('commit is durable')
  })

  test('a lone voter that commits before its own sync', () => {
    const lone = new ShownMember(9n, judge.witness('lone'), [9n])
    lone.show({ term: 1, role: 'leader', log: [1], durable: 0 })
    lone.show({ term: 1, role: 'leader', log: [1], durable: 0, commit: 1 })
    convicts('commit is durable')
  })

  test('two choices for one index', () => {
    for (const member of [a, b]) member.show({ term: 1, log: [1] })
    a.show({ term: 1, log: [1], commit: 1 })
    c.show({ term: 2, log: [2], commit: 1 })
    convicts('one choice an index')
  })

  test('a leader without a committed entry', () => {
    for (const member of [a, b]) member.show({ term: 1, log: [1] })
    a.show({ term: 1, log: [1], commit: 1 })
    c.show({ term: 2, role: 'leader', log: [2] })
    convicts('leader completeness')
  })

  test('a leader of a later term without an entry that is committed after its election', () => {
    b.show({ term: 1, log: [1] })
    a.show({ term: 1, role: 'leader', log: [1] })
    c.show({ term: 2, role: 'leader', log: [2] })
    a.show({ term: 1, role: 'leader', log: [1], commit: 1 })
    convicts('leader completeness')
  })

  test('an applied entry that is not the committed one', () => {
    for (const member of [a, b]) member.show({ term: 1, log: [1] })
    a.show({ term: 1, log: [1], commit: 1 })
    a.apply(entryOf(1, 2))
    convicts('state-machine safety')
  })

  test('different entries applied at one index', () => {
    a.apply(entryOf(1, 1, 1))
    b.apply(entryOf(1, 1, 2))
    convicts('state-machine safety')
  })

  test('a gap in what a life applies', () => {
    for (const index of [1, 2, 3]) a.apply(entryOf(index, 1))
    b.apply(entryOf(1, 1))
    b.apply(entryOf(3, 1))
    convicts('apply order')
  })

  test('a snapshot of what nobody has applied', () => {
    a.apply(entryOf(1, 1))
    b.install(2)
    convicts('apply order')
  })

  test('the first violation stays, and nothing is thrown at the member', () => {
    a.show({ term: 1, role: 'leader' })
    b.show({ term: 1, role: 'leader' })
    const first = judge.violation
    a.show({ term: 0 })
    expect(judge.violation).toBe(first)
  })
})

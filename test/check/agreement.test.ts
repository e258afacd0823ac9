/** The judge of agreement tells members that differ from members that only look different. */

import { describe, expect, test } from '@jest/globals'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { Applied, ApplyResult } from '../../server/state/applied.js'
import { AgreementJudge, compareMembers } from './agreement.js'
import { entryOf } from './shown-member.js'

const put = (revision: number): ApplyResult => ({ ok: true, response: { header: { revision } } })
const refused: ApplyResult = { ok: false, error: etcdErrors.leaseNotFound.error() }
const full: ApplyResult = { ok: false, error: etcdErrors.noSpace.error() }

function judged(...results: [member: string, result: ApplyResult, raiseNoSpace?: true][]) {
  const judge = new AgreementJudge()
  for (const [member, result, raiseNoSpace = false] of results) {
    const applied = { index: 5, proposer: 0n, requestId: 0, result, raiseNoSpace } as Applied
    judge.witness(member).applied!(entryOf(5, 1, 1), applied)
  }
  return judge.violation
}

describe('outcomes', () => {
  test('equal ones agree, whatever kind of bytes they hold', () => {
    const read = (value: Uint8Array): ApplyResult => ({
      ok: true,
      response: { header: { revision: 2 }, prevKv: { value } },
    })
    expect(judged(['a', read(Buffer.from('x'))], ['b', read(Uint8Array.of(120))])).toBeUndefined()
    expect(judged(['a', refused], ['b', refused], ['c', refused])).toBeUndefined()
  })

  test('a replay has none', () => {
    const judge = new AgreementJudge()
    judge.witness('a').applied!(entryOf(5, 1, 1), undefined)
    expect(judge.violation).toBeUndefined()
  })

  test('different revisions, and a refusal on one member only, are convicted', () => {
    expect(judged(['a', put(2)], ['b', put(3)])?.rule).toBe('agreement: same outcome')
    expect(judged(['a', put(2)], ['b', refused])?.rule).toBe('agreement: same outcome')
  })

  test('a quota is an opinion, and hides nothing of the others', () => {
    expect(judged(['a', put(2)], ['b', full, true])).toBeUndefined()
    expect(judged(['a', full, true], ['b', put(2)])).toBeUndefined()
    expect(judged(['a', full, true], ['b', put(2)], ['c', put(3)])).toBeDefined()
    expect(judged(['a', put(2)], ['b', full])).toBeDefined()
  })
})

describe('members at rest', () => {
  const member = (name: string, fields: Partial<Record<string, number>>, text = 'same') => {
    const { index = 9, revision = 4, compactRevision = -1, hash = 77, learner = 3 } = fields
    const store = { revision, compactRevision, hash: async () => ({ hash }) }
    const confState = { voters: [1n, 2n], learners: [3n], learnersNext: [] }
    const members = {
      list: () => [1n, 2n, 3n].map((ID) => ({ ID, isLearner: ID === BigInt(learner) })),
    }
    const fingerprint = async () => text
    return { name, machine: { appliedIndex: index, store, confState, members, fingerprint } }
  }

  test('agree', async () => {
    expect(await compareMembers([member('a', {}), member('b', {})])).toEqual([])
    expect(await compareMembers([])).toEqual([])
  })

  test('may be at different indexes, or compacted differently far', async () => {
    const behind = member('b', { index: 8, revision: 3 }, 'other')
    expect(await compareMembers([member('a', {}), behind])).toEqual([])
    const compacted = member('b', { index: 10, compactRevision: 3, hash: 5 })
    expect(await compareMembers([member('a', {}), compacted])).toEqual([])
  })

  test('must have a record for whom raft knows, and nobody else', async () => {
    const [violation] = await compareMembers([member('a', { learner: 0 })])
    expect(violation).toEqual({
      rule: 'agreement: one membership',
      message: 'a has records of voters 1,2,3, learners ; raft has voters 1,2, learners 3',
    })
    expect(await compareMembers([member('a', { learner: 0, index: 0 })])).toEqual([])
  })

  test('must have one hash, and one state', async () => {
    const [other] = await compareMembers([member('a', {}), member('b', { index: 8, hash: 5 })])
    expect(other?.rule).toBe('agreement: same hash')
    const [state] = await compareMembers([
      member('a', {}, 'x\nlease 1'),
      member('b', {}, 'x\nlease 2'),
    ])
    expect(state).toEqual({
      rule: 'agreement: same state',
      message: 'at index 9: b has lease 2; a has lease 1',
    })
  })
})

/** The revision judge convicts a wrong history for each of its rules, and acquits right ones. */

import { describe, expect, test } from '@jest/globals'
import type { EtcdErrorName } from '../../client/wire/etcd-errors.js'
import type { RangeResponse, TxnResponse } from '../../client/wire/generated/rpc.js'
import type { Call } from '../model/call.js'
import { wireEvent } from '../model/model.js'
import { bytesOf, compare, del, op, put, range, txn } from '../model/requests.js'
import { judgeRevisions } from './revision-judge.js'
import { answerOf, type Draft, FAILED, refused, Story, UNKNOWN } from './story.js'
import { truthOfWatch } from './truth.js'

const call = {
  put: (...args: Parameters<typeof put>): Call => ({ kind: 'put', request: put(...args) }),
  range: (...args: Parameters<typeof range>): Call => ({ kind: 'range', request: range(...args) }),
  del: (...args: Parameters<typeof del>): Call => ({ kind: 'deleteRange', request: del(...args) }),
  txn: (...args: Parameters<typeof txn>): Call => ({ kind: 'txn', request: txn(...args) }),
  compact: (revision: number): Call => {
    return { kind: 'compaction', request: { revision, physical: false } }
  },
  grant: (ID: bigint): Call => ({ kind: 'leaseGrant', request: { ID, TTL: 60 } }),
  revoke: (ID: bigint): Call => ({ kind: 'leaseRevoke', request: { ID } }),
}

/** The rules that the story breaks, each once. */
function broken({ operations, truth }: Pick<Story, 'operations' | 'truth'>): string[] {
  return [...new Set(judgeRevisions(operations, truth).map(({ rule }) => rule))]
}

/** Changes what an operation was answered. */
function answered(operation: Draft, change: object): void {
  if (operation.answer?.kind !== 'ok') throw new Error('it was not answered')
  operation.answer = { kind: 'ok', response: { ...operation.answer.response, ...change } }
}

/** The response of a range in another story: what another state would have answered. */
function seen(story: Story, request: Call): object {
  const outcome = story.model.execute(request)
  if (!outcome.ok) throw new Error(outcome.error)
  return outcome.response
}

/** a is put twice, b once, by three processes after each other. */
function plain(): Story {
  const story = new Story()
  story.ask('c1', call.put('a', 'c1#1'))
  story.ask('c2', call.put('a', 'c2#1', { prevKv: true }))
  story.ask('c3', call.put('b', 'c3#1'))
  return story
}

describe('right histories are acquitted', () => {
  test('calls of every kind, one after the other', () => {
    const story = plain()
    story.ask('c1', call.grant(7n))
    story.ask('c1', call.put('l', 'c1#2', { lease: 7n }))
    story.ask('c1', call.revoke(7n))
    story.ask(
      'c1',
      call.txn([compare('a', { version: 2 })], [op.put('a', 'c1#3'), op.range('a', 'z')]),
    )
    story.ask('c2', call.range('a', '\0'))
    story.ask('c2', call.range('a', '', { revision: 2 }))
    story.ask('c2', call.compact(4))
    story.ask('c2', call.compact(4))
    story.ask('c2', call.range('a', '', { revision: 2 }))
    story.ask('c2', call.range('a', '', { revision: 99 }))
    story.ask('c2', call.put('x', '', { ignoreValue: true }))
    story.ask('c3', call.del('a', '\0', { prevKv: true }))
    story.ask('c3', call.del('a', '\0'))
    story.ask('c3', call.put('', 'c3#2'))
    expect(broken(story)).toEqual([])
  })

  test('writes that overlap, in either order', () => {
    const story = new Story()
    const first = story.begin('c1', call.put('a', 'c1#1'))
    const second = story.begin('c2', call.put('a', 'c2#1'))
    const outcome = story.happen(second.call)
    story.end(first, answerOf(story.happen(first.call)))
    story.end(second, answerOf(outcome))
    expect(broken(story)).toEqual([])
  })

  test('an unknown write that never happens, and one that happens long afterwards', () => {
    const story = plain()
    story.end(story.begin('c1', call.put('a', 'c1#2')), UNKNOWN)
    const late = story.end(story.begin('c1', call.put('a', 'c1#3')), UNKNOWN)
    story.ask('c2', call.range('a'))
    story.happen(late.call)
    story.ask('c2', call.range('a'))
    expect(broken(story)).toEqual([])
  })

  test('a stale answer to a read that accepts it', () => {
    const story = plain()
    const old = plain()
    story.ask('c1', call.put('b', 'c1#2'))
    const read = story.begin('c2', call.range('b', '', { serializable: true }))
    story.end(read, answerOf(old.model.execute(read.call)))
    expect(broken(story)).toEqual([])
  })

  test('somebody who is not recorded deletes the same key of his own', () => {
    const story = plain()
    const deletion = story.ask('c1', call.del('lock/1'))
    story.happen(deletion.call)
    expect(broken(story)).toEqual([])
  })

  test('the truth of a watch serves as well as that of a log', () => {
    const story = plain()
    story.ask('c1', call.range('a'))
    const events = story.truth.events.map((event) => wireEvent(event, true))
    const truth = truthOfWatch(events)
    expect(truth.events).toEqual(story.truth.events)
    expect(judgeRevisions(story.operations, truth)).toEqual([])
    answered(story.operations[0]!, { header: { revision: 3 } })
    expect(broken({ operations: story.operations, truth })).toContain('claimedTwice')
    const short = truthOfWatch(events.slice(0, 1))
    const violations = judgeRevisions(story.operations.slice(1), short)
    expect(violations.map(({ rule, undecided }) => [rule, undecided])).toContainEqual([
      'existence',
      true,
    ])
  })
})

describe('what writes claim', () => {
  test('a revision that does not exist', () => {
    const story = plain()
    answered(story.operations[2]!, { header: { revision: 9 } })
    expect(broken(story)).toContain('existence')
  })

  test('a lost update: two writes claim one revision', () => {
    const story = plain()
    story.log.pop()
    answered(story.operations[2]!, { header: { revision: 3 } })
    expect(broken(story)).toEqual(['claimedTwice', 'realTime', 'write'])
  })

  test('a wrong previous value', () => {
    const story = plain()
    const { prevKv } = seen(story, call.put('b', 'other', { prevKv: true })) as { prevKv: object }
    answered(story.operations[1]!, { prevKv })
    expect(broken(story)).toEqual(['write'])
    answered(story.operations[1]!, { prevKv: undefined })
    expect(broken(story)).toEqual(['write'])
  })

  test('the wrong branch of a transaction', () => {
    const story = plain()
    const guarded = call.txn(
      [compare('a', { modRevision: 3, target: 2 })],
      [op.put('a', 'c1#2')],
      [op.put('a', 'c1#3')],
    )
    const operation = story.ask('c1', guarded)
    expect(broken(story)).toEqual([])
    answered(operation, { succeeded: false })
    expect(broken(story)).toEqual(['write'])
  })

  test('a wrong answer deep inside a transaction', () => {
    const story = plain()
    const inner = op.txn([], [op.range('a'), op.del('b', '', { prevKv: true })])
    const operation = story.ask('c1', call.txn([], [inner]))
    expect(broken(story)).toEqual([])
    const wrong = structuredClone(operation.answer) as { response: TxnResponse }
    wrong.response.responses[0]!.responseTxn!.responses[0]!.responseRange!.count = 2
    answered(operation, wrong.response)
    expect(broken(story)).toEqual(['write'])
  })

  test('a number of deleted keys that were not there', () => {
    const story = plain()
    const operation = story.ask('c1', call.del('a', '\0'))
    answered(operation, { deleted: 3 })
    expect(broken(story)).toEqual(['write'])
  })

  test('a change that nobody asked for', () => {
    const story = plain()
    story.happen(call.put('a', 'x#1'))
    expect(broken(story)).toEqual(['madeUp'])
  })
})

describe('what is unknown or did not happen', () => {
  test('an unknown write happens twice, with others in between or at once', () => {
    for (const between of [true, false]) {
      const story = plain()
      const { call: lost } = story.end(story.begin('c1', call.put('a', 'c1#2')), UNKNOWN)
      story.happen(lost)
      if (between) story.ask('c2', call.put('a', 'c2#2'))
      story.happen(lost)
      expect(broken(story)).toEqual(['once'])
    }
  })

  test('an answered write happens again', () => {
    const story = plain()
    story.happen(story.operations[0]!.call)
    expect(broken(story)).toEqual(['once'])
  })

  test('an unknown deletion happens twice', () => {
    const story = plain()
    const { call: lost } = story.end(story.begin('c1', call.del('a')), UNKNOWN)
    story.happen(lost)
    expect(broken(story)).toEqual([])
    story.ask('c2', call.put('a', 'c2#2'))
    story.happen(lost)
    expect(broken(story)).toEqual(['once'])
  })

  test('a failed or refused write happens all the same, but not one refused for space', () => {
    for (const answer of [FAILED, refused('leaseNotFound')]) {
      const story = plain()
      story.happen(story.end(story.begin('c1', call.put('a', 'c1#2', { lease: 0n })), answer).call)
      expect(broken(story)).toContain('never')
    }
    const story = plain()
    story.happen(story.end(story.begin('c1', call.put('a', 'c1#2')), refused('noSpace')).call)
    expect(broken(story)).toEqual([])
  })

  test('an unknown transaction happens in part', () => {
    const story = plain()
    story.end(story.begin('c1', call.txn([], [op.put('a', 'c1#2'), op.put('b', 'c1#3')])), UNKNOWN)
    story.happen(call.put('a', 'c1#2'))
    expect(broken(story)).toEqual(['unknown'])
  })

  test('an unknown write happens before it was asked for', () => {
    const story = plain()
    const lost = call.put('a', 'c1#2')
    story.happen(lost)
    story.ask('c2', call.put('b', 'c2#2'))
    story.end(story.begin('c1', lost), UNKNOWN)
    expect(broken(story)).toEqual(['realTime'])
  })

  test('an answered write is lost', () => {
    const story = plain()
    story.ask('c1', call.del('b'))
    const deletion = story.ask('c1', call.del('b', '', { prevKv: true }))
    expect(broken(story)).toEqual([])
    story.log.pop()
    expect(broken(story)).toEqual(['lost'])
    story.operations.splice(story.operations.indexOf(deletion), 1)
    story.log.pop()
    expect(broken(story)).toEqual(['existence', 'lost'])
  })
})

describe('real time', () => {
  test('the order of revisions against the order in time', () => {
    const story = plain()
    const [first, second] = story.operations
    Object.assign(second!, { began: -4, ended: -3 })
    expect(broken(story)).toEqual(['realTime'])
    Object.assign(second!, { began: first!.began + 0.1, ended: first!.ended + 0.1 })
    expect(broken(story)).toEqual([])
  })

  test('a stale read', () => {
    const story = plain()
    const old = seen(story, call.range('a'))
    story.ask('c1', call.put('a', 'c1#2'))
    const read = story.ask('c2', call.range('a'))
    answered(read, old)
    expect(broken(story)).toEqual(['stale'])
  })

  test('a read that goes back behind another read, of any kind', () => {
    const story = plain()
    const old = seen(story, call.range('a'))
    const lost = story.end(story.begin('c1', call.put('a', 'c1#2')), UNKNOWN)
    story.happen(lost.call)
    story.ask('c2', call.range('a', '', { serializable: true }))
    answered(story.ask('c3', call.range('a')), old)
    expect(broken(story)).toEqual(['stale'])
  })

  test('a write that does not change anything, on a state of long ago', () => {
    const story = new Story()
    const old = seen(story, call.del('b'))
    story.ask('c1', call.put('a', 'c1#1'))
    answered(story.ask('c2', call.del('b')), old)
    expect(broken(story)).toEqual(['stale'])
  })

  test('a read from the future', () => {
    const story = plain()
    const read = story.begin('c1', call.range('a', '', { serializable: true }))
    story.ask('c2', call.put('a', 'c2#2'))
    story.end(read, answerOf(story.happen(read.call)))
    expect(broken(story)).toEqual([])
    Object.assign(read, { began: -2, ended: -1 })
    expect(broken(story)).toEqual(['realTime'])
  })
})

describe('reads', () => {
  test('a dirty read of a write that never happened', () => {
    const story = plain()
    story.end(story.begin('c1', call.put('a', 'c1#2')), UNKNOWN)
    const read = story.ask('c2', call.range('a'))
    const { kvs } = structuredClone(read.answer as { response: RangeResponse }).response
    kvs[0]!.value = bytesOf('c1#2')
    answered(read, { kvs })
    expect(broken(story)).toEqual(['read'])
  })

  test('a count, a field or a key that is wrong', () => {
    for (const wrong of [{ count: 3 }, { more: true }, { kvs: [] }]) {
      const story = plain()
      answered(story.ask('c2', call.range('a', '\0')), wrong)
      expect(broken(story)).toEqual(['read'])
    }
  })

  test('a transaction that reads two states at once', () => {
    const story = plain()
    const both = call.txn([], [op.range('a'), op.range('b')])
    const { responses: old } = seen(story, both) as TxnResponse
    story.ask('c1', call.put('a', 'c1#2'))
    story.ask('c1', call.put('b', 'c1#3'))
    const read = story.ask('c2', both)
    const { responses } = (read.answer as { response: TxnResponse }).response
    answered(read, { responses: [responses[0], old[1]] })
    expect(broken(story)).toEqual(['read'])
  })

  test('a serializable read of a state that never was', () => {
    const story = plain()
    const read = story.ask('c2', call.range('a', '', { serializable: true }))
    answered(read, { header: { revision: 2 } })
    expect(broken(story)).toEqual(['serializable'])
  })

  test('a read of an old revision that cannot be repeated', () => {
    const story = plain()
    story.ask('c1', call.range('a', '', { revision: 2 }))
    const again = story.ask('c1', call.range('a', '', { revision: 2 }))
    answered(again, { kvs: (seen(story, call.range('a')) as RangeResponse).kvs })
    expect(broken(story)).toEqual(['read'])
  })

  test('a read of a revision that did not exist yet', () => {
    const story = plain()
    const old = story.ask('c1', call.range('a', '', { revision: 4 }))
    answered(old, { header: { revision: 3 } })
    expect(broken(story)).toEqual(['stale', 'read'])
  })
})

describe('compaction', () => {
  test('a compacted revision is read, after the compaction in time or in revisions', () => {
    const story = plain()
    const old = seen(story, call.range('a', '', { revision: 2 }))
    story.ask('c1', call.compact(3))
    const read = story.end(story.begin('c1', call.range('a', '', { revision: 2 })), FAILED)
    read.answer = { kind: 'ok', response: old as RangeResponse }
    expect(broken(story)).toEqual(['read'])
    Object.assign(read, { began: 0.5, ended: 99 })
    expect(broken(story)).toEqual([])
    story.ask('c1', call.put('a', 'c1#2'))
    answered(read, { header: { revision: 5 } })
    expect(broken(story)).toEqual(['read'])
  })

  test('an answer that does not fit', () => {
    const story = plain()
    const compaction = story.ask('c1', call.compact(3))
    story.ask('c1', call.put('a', 'c1#2'))
    answered(compaction, { header: { revision: 5 } })
    expect(broken(story)).toContain('compaction')
    const twice = plain()
    const outcome = answerOf(twice.happen(call.compact(3)))
    twice.end(twice.begin('c1', call.compact(3)), outcome)
    twice.end(twice.begin('c2', call.compact(3)), outcome)
    expect(broken(twice)).toEqual(['compaction'])
    const never = plain()
    never.end(never.begin('c1', call.compact(2)), outcome)
    expect(broken(never)).toEqual(['compaction'])
  })
})

describe('leases', () => {
  test('a key outlives its lease', () => {
    const story = new Story()
    story.ask('c1', call.grant(7n))
    story.ask('c1', call.put('a', 'c1#1', { lease: 7n }))
    const revoke = story.begin('c1', call.revoke(7n))
    story.end(revoke, { kind: 'ok', response: { header: undefined } })
    answered(revoke, { header: { revision: 2 } })
    expect(broken(story)).toEqual(['lease'])
  })

  test('a lease that is not the one asked for, or shorter', () => {
    for (const wrong of [{ ID: 8n }, { TTL: 59 }]) {
      const story = new Story()
      answered(story.ask('c1', call.grant(7n)), wrong)
      expect(broken(story)).toEqual(['lease'])
    }
  })
})

describe('refusals', () => {
  const wrong: readonly [string, Call, EtcdErrorName][] = [
    ['compacted', call.range('a', '', { revision: 2 }), 'compacted'],
    ['compacted, of the present', call.range('a'), 'compacted'],
    ['compacted already', call.compact(2), 'compacted'],
    ['a future revision', call.range('a', '', { revision: 4 }), 'futureRev'],
    ['a future compaction', call.compact(4), 'futureRev'],
    ['a missing key', call.put('a', '', { ignoreValue: true }), 'keyNotFound'],
    ['a missing key that nobody needs', call.put('a', 'c1#2'), 'keyNotFound'],
    ['an empty key', call.put('a', 'c1#2'), 'emptyKey'],
    ['a key put twice', call.txn([], [op.put('a', 'c1#2')]), 'duplicateKey'],
    ['a missing lease', call.put('a', 'c1#2'), 'leaseNotFound'],
    ['a lease that exists', call.put('a', 'c1#2'), 'leaseExist'],
  ]
  test.each(wrong)('for nothing: %s', (_, request, error) => {
    const story = plain()
    story.end(story.begin('c1', request), refused(error))
    expect(broken(story)).toEqual(['refusal'])
  })

  test('a compaction that came only afterwards', () => {
    const story = plain()
    const read = story.end(
      story.begin('c1', call.range('a', '', { revision: 2 })),
      refused('compacted'),
    )
    story.ask('c1', call.compact(3))
    expect(broken(story)).toEqual(['refusal'])
    read.ended = 99
    expect(broken(story)).toEqual([])
  })

  test('a compaction of which nobody knows who asked, made after a write that came afterwards', () => {
    const story = plain()
    const request = call.range('a', '', { revision: 2 })
    const read = story.end(story.begin('c1', request), refused('compacted'))
    story.ask('c1', call.put('a', 'c1#2'))
    story.happen(call.compact(3))
    expect(broken(story)).toEqual(['refusal'])
    read.ended = 99
    expect(broken(story)).toEqual([])
  })

  test('a key was missing for a moment', () => {
    const story = plain()
    const keeping = story.begin('c1', call.put('a', '', { ignoreValue: true }))
    story.ask('c2', call.del('a'))
    story.ask('c2', call.put('a', 'c2#2'))
    story.end(keeping, refused('keyNotFound'))
    expect(broken(story)).toEqual([])
    const late = call.put('a', '', { ignoreValue: true })
    story.end(story.begin('c1', late), refused('keyNotFound'))
    expect(broken(story)).toEqual(['refusal'])
  })
})

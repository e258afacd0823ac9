/** Every judge convicts a wrong history, and all of them acquit a right one. */

import { describe, expect, test } from '@jest/globals'
import type { Event as WatchEvent } from '../../client/wire/generated/kv.js'
import { WatchCreateRequest, WatchResponse } from '../../client/wire/generated/rpc.js'
import { Model, wireEvent } from '../model/model.js'
import { bytesOf, del, op, put, txn } from '../model/requests.js'
import { judgeWatch, type WatchTruth, watchRules } from './watch-rules.js'
import type { WatchTrace } from './watch-trace.js'

/** a is created at 2, put at 3, put together with b at 4, deleted at 5; x is put at 6. */
const model = new Model()
model.put(put('a', '1'))
model.put(put('a', '2'))
model.txn(txn([], [op.put('a', '3'), op.put('b', '1')]))
model.deleteRange(del('a'))
model.put(put('x', '1'))

const truth: WatchTruth = {
  events: model.events(1, 99, '\0', '\0'),
  revision: model.revision,
  compactRevision: -1,
}

/** The events of [a, c) in truth, as told with previous values. */
function told(from = 2, to = 5): WatchEvent[] {
  return model.events(from, to, 'a', 'c').map((event) => wireEvent(event, true))
}

function response(events: WatchEvent[], more: Partial<WatchResponse> = {}): WatchResponse {
  return { ...WatchResponse.create({ header: { revision: 6 } }), ...more, events }
}

function trace(responses: WatchResponse[], more: Partial<WatchCreateRequest> = {}): WatchTrace {
  const request = WatchCreateRequest.create({
    key: bytesOf('a'),
    rangeEnd: bytesOf('c'),
    startRevision: 2,
    prevKv: true,
  })
  return {
    request: { ...request, ...more },
    responses: [response([], { created: true }), ...responses],
  }
}

function broken(each: WatchTrace, against = truth): string[] {
  return judgeWatch(each, against).map(({ rule }) => rule)
}

const progress = (revision: number) => response([], WatchResponse.create({ header: { revision } }))

describe('a right history is acquitted', () => {
  test('all at once, one by one, and in fragments', () => {
    expect(broken(trace([response(told())]))).toEqual([])
    const each = [2, 3, 4, 5].map((revision) => response(told(revision, revision)))
    expect(broken(trace(each))).toEqual([])
    const [a, b] = told(4, 4)
    const fragments = [response([a!], { fragment: true }), response([b!])]
    expect(broken(trace(fragments, { startRevision: 4 }))).toEqual([])
    expect(watchRules.level(trace(each), truth)).toBeUndefined()
  })

  test('with progress in between, and canceled at the end', () => {
    const responses = [response(told(2, 3)), progress(3), response(told(4, 5)), progress(6)]
    expect(broken(trace([...responses, response([], { canceled: true })]))).toEqual([])
  })

  test('without the previous value of what is compacted', () => {
    const [first, ...rest] = told(3, 5)
    const events = [{ ...first!, prevKv: undefined }, ...rest]
    const compacted = { ...truth, compactRevision: 3 }
    expect(broken(trace([response(events)], { startRevision: 3 }), compacted)).toEqual([])
    expect(broken(trace([response(events)], { startRevision: 3 }))).toEqual(['prevKv'])
  })
})

describe('a wrong history is convicted', () => {
  test('form: no created, created twice, or something after canceled', () => {
    expect(broken({ ...trace([]), responses: [response(told())] })).toContain('form')
    expect(broken(trace([response([], { created: true })]))).toEqual(['form'])
    const canceled = response([], { canceled: true })
    expect(broken(trace([canceled, response(told())]))).toEqual(['form'])
  })

  test('ordered: an older revision after a newer one', () => {
    const swapped = [response(told(2, 2)), response(told(4, 4)), response(told(3, 3))]
    expect(broken(trace(swapped))).toContain('ordered')
  })

  test('unique: the same change twice', () => {
    expect(broken(trace([response(told(2, 3)), response(told(3, 5))]))).toContain('unique')
  })

  test('atomic: a revision in two responses', () => {
    const [a, b] = told(4, 4)
    const split = trace([response([a!]), response([b!])], { startRevision: 4 })
    expect(broken(split)).toEqual(['atomic'])
  })

  test('reliable: an event is missing, altered, or made up', () => {
    expect(broken(trace([response(told(2, 2)), response(told(4, 5))]))).toEqual(['reliable'])
    const altered = told()
    altered[1] = { ...altered[1]!, kv: { ...altered[1]!.kv!, value: bytesOf('other') } }
    expect(broken(trace([response(altered)]))).toContain('reliable')
    const [made] = told(5, 5)
    const later = { ...made!, kv: { ...made!.kv!, modRevision: 7 } }
    expect(broken(trace([response([...told(), later])]))).toContain('reliable')
  })

  test('resumable: it begins too early or too late', () => {
    expect(broken(trace([response(told())], { startRevision: 3 }))).toEqual(['resumable'])
    expect(broken(trace([response(told(3, 5))]))).toEqual(['resumable'])
    const fromNow = trace([response(told(5, 5))], { startRevision: 0 })
    expect(broken(fromNow)).toEqual(['resumable'])
  })

  test('bookmarkable: progress overtakes an event, or stays below one', () => {
    expect(broken(trace([response(told(2, 3)), progress(4), response(told(4, 5))]))).toEqual([
      'bookmarkable',
    ])
    expect(broken(trace([response(told(2, 4)), progress(3)]))).toEqual(['bookmarkable'])
    expect(broken(trace([response(told(2, 3)), progress(5)]))).toEqual(['bookmarkable'])
  })

  test('filter: a type or a key that was not wanted', () => {
    expect(broken(trace([response(told())], { filters: [1] }))).toContain('filter')
    expect(broken(trace([response(told())], { rangeEnd: new Uint8Array() }))).toContain('filter')
  })

  test('prevKv: wrong, missing, or not asked for', () => {
    const wrong = told()
    wrong[1] = { ...wrong[1]!, prevKv: wrong[1]!.kv }
    expect(broken(trace([response(wrong)]))).toEqual(['prevKv'])
    const missing = told().map((event) => ({ ...event, prevKv: undefined }))
    expect(broken(trace([response(missing)]))).toEqual(['prevKv'])
    expect(broken(trace([response(told())], { prevKv: false }))).toEqual(['prevKv'])
  })

  test('isCreate: an update that looks like a creation', () => {
    const events = told()
    events[1] = { ...events[1]!, kv: { ...events[1]!.kv!, createRevision: 3 } }
    expect(broken(trace([response(events)]))).toContain('isCreate')
  })

  test('compacted: canceled though nothing that it needs was compacted', () => {
    const compacted = { ...truth, compactRevision: 5 }
    const cancel = response([], { canceled: true, compactRevision: 5 })
    expect(broken(trace([response(told(2, 3)), cancel]), compacted)).toEqual([])
    expect(broken(trace([response(told(2, 4)), cancel]), compacted)).toEqual(['compacted'])
    expect(broken(trace([cancel], { startRevision: 5 }), compacted)).toEqual(['compacted'])
    expect(broken(trace([cancel]))).toEqual(['compacted'])
  })

  test('level: the last events never came', () => {
    const short = trace([response(told(2, 4))])
    expect(watchRules.level(short, truth)).toBe('was told 4 events of 5')
    expect(broken(short)).toEqual([])
    const canceled = trace([response(told(2, 4)), response([], { canceled: true })])
    expect(watchRules.level(canceled, truth)).toBeUndefined()
  })
})

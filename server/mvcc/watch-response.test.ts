/** Events made once, responses spliced from bytes, and cuts by size. */

import { describe, expect, test } from '@jest/globals'
import { EventType } from '../../client/wire/generated/kv.js'
import { WatchResponse } from '../../client/wire/generated/rpc.js'
import { bytesOf } from './interval.js'
import type { StoredKv } from './stored-kv.js'
import { eventBytes, fragments, ResponseEncoder, SharedEvent } from './watch-response.js'

function kv(key: string, modRevision: number, valueBytes = 1): StoredKv {
  const value = new Uint8Array(valueBytes).fill(7)
  return { key, createRevision: 2, modRevision, version: 1, value, lease: 0n }
}

function event(key: string, valueBytes = 1): SharedEvent {
  return new SharedEvent({ type: 'put', kv: kv(key, 3, valueBytes), prev: kv(key, 2) })
}

describe('SharedEvent', () => {
  test('each form is made once, and both are the same when there is nothing before', () => {
    const update = event('a')
    expect(update.form(true)).toBe(update.form(true))
    expect(update.form(true).event.prevKv?.modRevision).toBe(2)
    expect(update.form(false).event.prevKv).toBeUndefined()
    const create = new SharedEvent({ type: 'put', kv: kv('a', 2), prev: undefined })
    expect(create.form(true)).toBe(create.form(false))
  })
})

describe('ResponseEncoder', () => {
  test('splicing gives what encoding the whole message gives, header after header', () => {
    const forms = [event('a').form(true), event('b', 300).form(false)]
    const encoder = new ResponseEncoder()
    const headers = [
      {},
      { revision: 9, clusterId: 1n },
      { revision: 9, clusterId: 1n, raftTerm: 2 },
    ]
    for (const header of [...headers, ...headers.reverse()]) {
      const head = { watchId: 4, fragment: true }
      const bytes = encoder.encode(header, head, forms)
      const whole = WatchResponse.create({ header, ...head })
      const encoded = WatchResponse.encode({ ...whole, events: forms.map((form) => form.event) })
      expect(Buffer.compare(bytes, encoded.finish())).toBe(0)
    }
    const decoded = WatchResponse.decode(encoder.encode({}, {}, forms))
    expect(decoded.events.map((each) => each.type)).toEqual([EventType.PUT, EventType.PUT])
    expect(decoded.events[1]?.kv?.key).toEqual(new Uint8Array(bytesOf('b')))
  })
})

describe('fragments', () => {
  test('nothing is cut that fits, nor a single event that does not', () => {
    const forms = [event('a').form(false), event('b').form(false)]
    expect(fragments(forms, 1000)).toEqual([forms])
    const large = [event('a', 5000).form(false)]
    expect(fragments(large, 1000)).toEqual([large])
  })

  test('every run is below the limit or a single event, and together they are the whole', () => {
    const sizes = [300, 300, 300, 2000, 10, 10, 900, 900]
    const forms = sizes.map((size, i) => event(`k${i}`, size).form(false))
    const runs = fragments(forms, 1000)
    expect(runs.flat()).toEqual(forms)
    for (const run of runs) if (run.length > 1) expect(eventBytes(run)).toBeLessThan(1000 - 64)
    expect(runs.map((run) => run.length)).toEqual([2, 1, 1, 2, 1, 1])
  })
})

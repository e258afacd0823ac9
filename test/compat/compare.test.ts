/** The judge of the differential test sees what it should see, and overlooks only what it says. */

import { describe, expect, test } from '@jest/globals'
import { PutResponse, RangeResponse } from '../../client/wire/generated/rpc.js'
import { firstDifference } from './compare.js'
import { knownDifferences } from './known-differences.js'
import { generateSequence } from './sequence.js'
import { shifted } from './shift.js'

const kv = { key: new Uint8Array([97]), createRevision: 2, modRevision: 3, version: 2, lease: 7n }

function range(more: object = {}, header: object = {}) {
  const ids = { clusterId: 1n, memberId: 2n, raftTerm: 3 }
  const full = { header: { ...ids, revision: 3, ...header }, kvs: [{ ...kv, ...more }], count: 1 }
  return { response: RangeResponse.create(full) }
}
const model = { response: { ...range().response, header: { revision: 3 } } }

describe('firstDifference', () => {
  test('other ids and terms are no difference', () => {
    const other = range({}, { clusterId: 9n, memberId: 8n, raftTerm: 7 })
    expect(firstDifference(range(), other, model)).toBeUndefined()
  })

  test('an id that is missing is one', () => {
    expect(firstDifference(range(), range({}, { memberId: 0n }), model)).toMatchObject({
      field: 'response.header.memberId',
      ours: 'set',
      etcd: 'nothing',
    })
  })

  test('any other field is one, also when only the model says otherwise', () => {
    const fields = ['createRevision', 'modRevision', 'version', 'lease'] as const
    for (const name of fields) {
      const other = range({ [name]: name === 'lease' ? 9n : 9 })
      expect(firstDifference(range(), other, model)?.field).toBe(`response.kvs.0.${name}`)
      expect(firstDifference(other, other, model)?.field).toBe(`response.kvs.0.${name}`)
    }
    expect(firstDifference(range(), range({}, { revision: 4 }), model)).toBeDefined()
  })

  test('a message that is absent is not an empty one', () => {
    const absent = { response: PutResponse.create({}) }
    const empty = { response: PutResponse.create({ prevKv: {} }) }
    expect(firstDifference(absent, empty, absent)).toBeDefined()
  })

  test('code, text and silence count', () => {
    const error = { code: 3, text: 'a' }
    expect(firstDifference(error, { code: 3, text: 'b' }, error)).toBeDefined()
    expect(firstDifference(error, { code: 5, text: 'a' }, error)).toBeDefined()
    expect(firstDifference(error, { silent: true }, error)).toBeDefined()
  })

  test('what is left of a lease may be less than granted by a minute, no more', () => {
    const lease = (TTL: number) => ({ response: { TTL, grantedTTL: 3600 } })
    expect(firstDifference(lease(3599), lease(3590), lease(3600))).toBeUndefined()
    expect(firstDifference(lease(3599), lease(3000), lease(3600))).toBeDefined()
    expect(firstDifference(lease(3601), lease(3599), lease(3600))).toBeDefined()
  })
})

test('shifting moves revisions wherever they are, and nothing else', () => {
  const there = shifted(range().response, 10)
  expect(there).toMatchObject({ header: { revision: 13 }, count: 1 })
  expect(there.kvs[0]).toEqual({ ...range().response.kvs[0], createRevision: 12, modRevision: 13 })
  expect(shifted(there, -10)).toEqual(range().response)
  const limits = { revision: 0, startRevision: -1, maxModRevision: Number.MAX_SAFE_INTEGER }
  expect(shifted(limits, 10)).toEqual(limits)
})

test('a seed makes the same sequence each time', () => {
  expect(generateSequence(7)).toEqual(generateSequence(7))
  expect(generateSequence(8)).not.toEqual(generateSequence(7))
})

test('every rule says what it is about, and why', () => {
  for (const { name, reason } of knownDifferences) {
    expect(name.length).toBeGreaterThan(10)
    expect(reason).toMatch(/etcd/)
  }
})

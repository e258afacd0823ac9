/** Reads of the store as it stood: what was written since is not there. */

import { expect, test } from '@jest/globals'
import { compare, op, put, range, txn } from '../../test/model/requests.js'
import { MachineBed } from '../../test/state/machine-bed.js'
import { readTxn } from '../state/txn.js'
import { rangeRequest } from './range-query.js'
import { storeAt } from './store-at.js'

test('ranges and transactions see a revision, and no other is seen behind it', async () => {
  const bed = await MachineBed.founded(1)
  bed.ok({ put: put('a', '1') })
  const then = storeAt(bed.machine.store, bed.machine.store.revision)
  bed.ok({ put: put('a', '2') })
  bed.ok({ put: put('b', '1') })
  const all = rangeRequest(then, range('a', 'c'))
  expect(all.kvs.map(({ key, version }) => [key, version])).toEqual([['a', 1]])
  expect(rangeRequest(then, range('a', 'c', { countOnly: true })).count).toBe(1)
  const read = readTxn(then, txn([compare('a', { version: 1 })], [op.range('a', 'c')]))
  expect(read).toMatchObject({ header: { revision: 2 }, succeeded: true })
  expect(read.responses?.[0]?.responseRange?.count).toBe(1)
  const future = range('a', 'c', { revision: 3 })
  expect(() => rangeRequest(then, future)).toThrow('future revision')
  expect(() => readTxn(then, txn([], [op.range('a', 'c', { revision: 3 })]))).toThrow('future')
  bed.ok({ compaction: { revision: 4, physical: false } })
  expect(() => rangeRequest(then, range('a', 'c'))).toThrow('compacted')
})

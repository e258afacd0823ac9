/** Who holds a read-write lock or permits, replayed; and the lock judge convicts grants that were none. */

import { describe, expect, test } from '@jest/globals'
import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { HeldRecipe, LockRecord } from './lock-record.js'
import { judgeLocks } from './lock-rules.js'
import { sharedReigns } from './shared-reigns.js'

/** Each step is a revision, from 2 on: a key and its value, or a key that goes. */
function events(...steps: [key: string, value?: string][]): ModelEvent[] {
  return steps.map(([key, value], i) => ({
    revision: i + 2,
    type: value === undefined ? EventType.DELETE : EventType.PUT,
    kv: { key, lease: 1n, value: Buffer.from(value ?? '') } as unknown as ModelEvent['kv'],
    prev: undefined,
  }))
}

/** From when to when each token held. */
function reigns(recipe: 'rwlock' | 'semaphore', ...steps: Parameters<typeof events>) {
  const all = sharedReigns(recipe, 'x', events(...steps))
  return Object.fromEntries([...all].map(([token, { from, to }]) => [token, [from, to]]))
}

const claim = (permits: number) => JSON.stringify({ owner: '', permits })
const forEver = Number.POSITIVE_INFINITY

describe('a read-write lock', () => {
  test('is held by readers together, and by a writer alone', () => {
    const held = reigns(
      'rwlock',
      ['x/read/1', ''],
      ['x/write/2', ''],
      ['x/read/3', ''],
      ['x/read/1'],
      ['x/write/2'],
      ['x/read/4', ''],
    )
    expect(held).toEqual({ 2: [2, 5], 3: [5, 6], 4: [6, forEver], 7: [7, forEver] })
  })

  test('is held by readers beside a writer that was put again, but by no other writer', () => {
    const held = reigns(
      'rwlock',
      ['x/write/1', ''],
      ['x/read/2', ''],
      ['x/write/3', ''],
      ['x/write/1', ''],
      ['x/write/1'],
    )
    expect(held).toEqual({ 2: [2, 6], 3: [5, forEver] })
  })
})

describe('a semaphore', () => {
  test('is held by the oldest within the limit, as it changes', () => {
    const held = reigns(
      'semaphore',
      ['x/limit', '2'],
      ['x/permits/1', claim(1)],
      ['x/permits/2', claim(2)],
      ['x/permits/3', claim(1)],
      ['x/limit', '3'],
      ['x/permits/1'],
    )
    expect(held).toEqual({ 3: [3, 7], 4: [6, forEver], 5: [7, forEver] })
  })
})

test('a grant that the rule does not give is convicted', () => {
  const rules = (recipe: HeldRecipe, fencingToken: number, key: string, all: ModelEvent[]) => {
    const moment = { at: 1, ms: 1 }
    const grant: LockRecord = {
      ...{ process: 'p', recipe, name: 'x', leaseId: 1n, key, fencingToken },
      ...{ asked: moment, granted: moment, end: undefined },
    }
    const material = { grants: [grant], writes: [], proclamations: [], observations: [] }
    const truth = { events: all, log: undefined }
    return judgeLocks(material, [], truth).map(({ rule }) => rule)
  }
  const readers = events(['x/write/1', ''], ['x/read/2', ''])
  expect(rules('rwlock', 2, 'x/write/1', readers)).toEqual([])
  expect(rules('rwlock', 3, 'x/read/2', readers)).toEqual(['lock M3'])
  const permits = events(['x/limit', '2'], ['x/permits/1', claim(2)], ['x/permits/2', claim(1)])
  expect(rules('semaphore', 3, 'x/permits/1', permits)).toEqual([])
  expect(rules('semaphore', 4, 'x/permits/2', permits)).toEqual(['lock M3'])
})

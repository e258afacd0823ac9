/** Calls that take turns. */

import { expect, test } from '@jest/globals'
import { settled } from '../test/client/fake-members.js'
import type { Calls } from './calls.js'
import { LimitedCalls } from './limited-calls.js'
import { KV } from './wire/methods.js'

test('only so many are under way; the others follow in order, also after a failure', async () => {
  const begun: number[] = []
  const ends: ((error?: Error) => void)[] = []
  const slow: Calls = {
    call: (_method, request) => {
      begun.push((request as unknown as { limit: number }).limit)
      return new Promise((resolve, reject) =>
        ends.push((error) => (error ? reject(error) : resolve({} as never))),
      )
    },
  }
  const calls = new LimitedCalls(slow, 2)
  const all = [1, 2, 3, 4, 5].map((limit) =>
    calls.call(KV.range, { limit }, 'read').then(
      () => 'answered',
      () => 'failed',
    ),
  )
  await settled()
  expect(begun).toEqual([1, 2])
  ends[1]!(new Error('no'))
  await settled()
  expect(begun).toEqual([1, 2, 3])
  for (const end of [0, 2]) ends[end]!()
  await settled()
  expect(begun).toEqual([1, 2, 3, 4, 5])
  for (const end of [3, 4]) ends[end]!()
  expect(await Promise.all(all)).toEqual(['answered', 'failed', 'answered', 'answered', 'answered'])
  const after = calls.call(KV.range, { limit: 6 }, 'read')
  await settled()
  ends[5]!()
  await after
  expect(begun.at(-1)).toBe(6)
})

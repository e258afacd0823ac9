/** The judge of leases from outside: which ends were too early, and of which nothing can be said. */

import { describe, expect, test } from '@jest/globals'
import { EventType } from '../../../client/wire/generated/kv.js'
import type { LeaseRecord } from '../../check/lease-record.js'
import type { Truth } from '../../check/truth.js'
import { judgeLeaseEnds } from './lease-ends.js'

const LEASE = 7n

/** A key with a lease was put at revision 2, and deleted at revision 3. */
const TRUTH = {
  events: [
    {
      revision: 3,
      type: EventType.DELETE,
      kv: { key: 'x/c1/0' },
      prev: { key: 'x/c1/0', lease: LEASE },
    },
  ],
} as unknown as Truth

const record = (kind: LeaseRecord['kind'], beganMs: number, ttlSeconds = 2): LeaseRecord => ({
  ...{ process: 'c1', leaseId: LEASE, kind, began: 0, beganMs, ended: 1, endedMs: beganMs },
  answer: { kind: 'ok', ttlSeconds },
})

/** Deleted not later than this. */
const judged = (records: readonly LeaseRecord[], toldMs: number) =>
  judgeLeaseEnds(records, TRUTH, new Map([[3, toldMs]]))

describe('a lease that nobody revoked', () => {
  test('may end when its time is over', () => {
    expect(judged([record('grant', 1000)], 3000)).toEqual({ expired: 1, violations: [] })
  })

  test('must not end before', () => {
    expect(judged([record('grant', 1000)], 2999).violations).toMatchObject([
      { rule: 'lease early' },
    ])
  })

  test('lives as long as its last keep-alive promised', () => {
    const records = [record('grant', 0), record('keepAlive', 1900)]
    expect(judged(records, 3000).violations).toHaveLength(1)
    expect(judged(records, 3900).violations).toEqual([])
  })
})

test('a revocation ends a lease at any time; of an id that was granted twice nothing is said', () => {
  const grant = record('grant', 1000)
  expect(judged([grant, record('revoke', 1500, 0)], 1600).violations).toEqual([])
  expect(judged([grant, record('grant', 2500)], 1600).violations).toEqual([])
})

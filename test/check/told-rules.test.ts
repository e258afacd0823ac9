/** The judge of told holders convicts one that was told late, and nobody to whom nothing is owed. */

import { describe, expect, test } from '@jest/globals'
import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'
import type { HoldEnd, LockRecord } from './lock-record.js'
import { isToldOwed, judgeTold, type ToldEvidence } from './told-rules.js'

const exact = { serverRateMax: 1, holderRateMin: 1, holderAheadMsMax: 0 }
const moment = (ms: number) => ({ at: ms, ms })
const lost = (ms: number): HoldEnd => ({ kind: 'lost', reason: 'expired', moment: moment(ms) })

const grant = (end: HoldEnd | undefined): LockRecord => ({
  process: 'p',
  recipe: 'mutex',
  name: 'm',
  leaseId: 7n,
  key: 'm/7',
  fencingToken: 2,
  asked: moment(100),
  granted: moment(200),
  end,
})

/** A store whose revision 3 deletes the key, by such a revocation. */
function judged(
  end: HoldEnd | undefined,
  { leaderTerm = 5, lease = 7n, ...more }: Partial<ToldEvidence> & Record<string, unknown> = {},
): string[] {
  const event = (revision: number, type: EventType) =>
    ({ revision, type, kv: { key: 'm/7', lease: 7n }, prev: undefined }) as unknown as ModelEvent
  const entry = (atMs: number, revision: number, command: object) =>
    ({ atMs, command, result: { ok: true, response: { header: { revision } } } }) as Committed
  const evidence: ToldEvidence = {
    grants: [grant(end)],
    events: [event(2, EventType.PUT), event(3, EventType.DELETE)],
    log: [
      entry(200, 2, { put: {} }),
      entry(1_000, 3, { leaseRevoke: { ID: lease, leaderTerm } }),
      entry(1_500, 3, { leaseRevoke: { ID: 9n, leaderTerm: 5 } }),
    ],
    clocks: exact,
    stood: () => false,
    ...more,
  }
  return judgeTold(evidence).map(({ rule }) => rule)
}

describe('a holder whose lease ended', () => {
  test('was told before, or had given it back: right', () => {
    expect(judged(lost(999))).toEqual([])
    expect(judged(lost(1_000))).toEqual([])
    const began = moment(900)
    expect(judged({ kind: 'released', began, moment: moment(1_200) })).toEqual([])
    expect(judged({ kind: 'unknown', reason: '', moment: moment(1_200) })).toEqual([])
  })

  test('M4: was told after, or never, or gave it back after', () => {
    expect(judged(lost(1_001))).toEqual(['lock M4'])
    expect(judged(undefined)).toEqual(['lock M4'])
    const began = moment(1_100)
    expect(judged({ kind: 'released', began, moment: moment(1_200) })).toEqual(['lock M4'])
  })

  test('stood still then: nothing is owed', () => {
    expect(
      judged(lost(1_300), { stood: (process, ms) => process === 'p' && ms === 1_000 }),
    ).toEqual([])
  })

  test('by a request, or whose key somebody deleted: nothing is owed', () => {
    expect(judged(lost(1_300), { leaderTerm: 0 })).toEqual([])
    expect(judged(lost(1_300), { lease: 8n })).toEqual([])
    expect(judged(lost(1_300), { log: undefined })).toEqual([])
  })

  test('on clocks that differ by more than the margin: nothing is owed', () => {
    expect(isToldOwed({ ...exact, serverRateMax: 1.05, holderRateMin: 0.98 })).toBe(true)
    expect(isToldOwed({ ...exact, serverRateMax: 1.1, holderRateMin: 0.98 })).toBe(false)
    expect(isToldOwed({ ...exact, holderAheadMsMax: 120 })).toBe(false)
    expect(judged(lost(1_300), { clocks: { ...exact, serverRateMax: 1.2 } })).toEqual([])
  })
})

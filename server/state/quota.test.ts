/** The quota, and what the alarms forbid. */

import { describe, expect, test } from '@jest/globals'
import type { AlarmResponse } from '../../client/wire/generated/rpc.js'
import { AlarmAction, AlarmType, PutRequest, RequestOp } from '../../client/wire/generated/rpc.js'
import { del, op, put, txn } from '../../test/model/requests.js'
import { MachineBed } from '../../test/state/machine-bed.js'
import { cost, Quota } from './quota.js'

const NOSPACE = { memberID: 1n, alarm: AlarmType.NOSPACE }
const CORRUPT = { memberID: 2n, alarm: AlarmType.CORRUPT }
const { ACTIVATE, DEACTIVATE, GET } = AlarmAction

describe('cost', () => {
  test('a put costs 256 and its bytes, a lease 64, a transaction its dearer branch, nested ones too', () => {
    expect(cost({ put: put('abc', 'de') })).toBe(261)
    expect(cost({ leaseGrant: { ID: 1n, TTL: 1 } })).toBe(64)
    const inner = RequestOp.create({ requestTxn: txn([], [op.put('a', '')], [op.put('abcd', '')]) })
    expect(cost({ txn: txn([], [op.put('a', '')], [inner, op.del('b')]) })).toBe(260)
    expect(cost({ txn: txn([], [op.range('a'), op.del('b')]) })).toBe(0)
    expect(cost({})).toBe(0)
  })
})

describe('quota', () => {
  const request = { put: PutRequest.create({ key: new Uint8Array(44) }) }

  test('there is room while size and cost stay below it', () => {
    let size = 600
    const quota = new Quota(1000, 0, () => size)
    expect(quota.available(request)).toBe(true)
    size = 700
    expect(new Quota(1000, 0, () => size).available(request)).toBe(false)
    expect(new Quota(1000, 0, () => size).available({})).toBe(true)
  })

  test('what was admitted counts until the size is measured again; nobody is refused on an estimate', () => {
    let size = 0
    const quota = new Quota(1000, 0, () => size)
    for (let i = 0; i < 3; i++) quota.spend(request)
    expect(quota.available(request)).toBe(true)
    size = 900
    for (let i = 0; i < 3; i++) quota.spend(request)
    expect(quota.available(request)).toBe(false)
  })

  test('0 takes the default, a negative number turns it off', () => {
    expect(new Quota(0, 77, () => 0).bytesMax).toBe(77)
    expect(new Quota(-1, 77, () => 1e15).available(request)).toBe(true)
  })
})

describe('over the quota at apply', () => {
  test('the write is carried out, its caller gets the error, and an alarm is asked for once', async () => {
    const bed = await MachineBed.open({ quotaBytes: 1 })
    const applied = bed.apply({ put: put('a', 'v') })
    expect(applied.result).toMatchObject({ ok: false, error: { code: 8 } })
    expect(applied.raiseNoSpace).toBe(true)
    expect(bed.machine.store.keyCount).toBe(1)
    bed.ok({ alarm: { action: ACTIVATE, ...NOSPACE } })
    const refused = bed.apply({ put: put('b', 'v') })
    expect(refused).toMatchObject({ result: { ok: false }, raiseNoSpace: false })
    expect(bed.machine.store.keyCount).toBe(1)
  })
})

describe('alarms', () => {
  test('NOSPACE refuses what adds, and lets pass what frees', async () => {
    const bed = await MachineBed.open()
    bed.ok({ leaseGrant: { ID: 1n, TTL: 60 } })
    bed.ok({ put: put('a', '', { lease: 1n }) })
    bed.ok({ alarm: { action: ACTIVATE, ...NOSPACE } })
    expect(bed.refused({ put: put('a', '') })).toBe('noSpace')
    expect(bed.refused({ leaseGrant: { ID: 2n, TTL: 60 } })).toBe('noSpace')
    expect(bed.refused({ txn: txn([], [op.del('a')], [op.put('a', '')]) })).toBe('noSpace')
    bed.ok({ txn: txn([], [op.range('a')]) })
    bed.ok({ deleteRange: del('x') })
    bed.ok({ compaction: { revision: 2 } })
    bed.ok({ leaseRevoke: { ID: 1n } })
    bed.ok({ alarm: { action: DEACTIVATE, ...NOSPACE } })
    bed.ok({ put: put('a', '') })
  })

  test('CORRUPT refuses every change a client may make, but lets itself be lowered', async () => {
    const bed = await MachineBed.founded(1)
    bed.ok({ alarm: { action: ACTIVATE, ...CORRUPT } })
    for (const command of [
      { put: put('a', '') },
      { deleteRange: del('a') },
      { txn: txn([], []) },
      { compaction: { revision: 1 } },
      { leaseGrant: { ID: 1n, TTL: 60 } },
      { leaseRevoke: { ID: 1n } },
    ])
      expect(bed.refused(command)).toBe('corrupt')
    bed.ok({ memberAttributes: { memberId: 1n, name: 'x' } })
    bed.ok({ alarm: { action: DEACTIVATE, ...CORRUPT } })
    bed.ok({ put: put('a', '') })
  })

  test('get filters by kind only; activate and deactivate answer the alarm concerned', async () => {
    const bed = await MachineBed.open()
    const alarm = (action: AlarmAction, which: object) => {
      return bed.ok<AlarmResponse>({ alarm: { action, ...which } }).alarms
    }
    expect(alarm(ACTIVATE, NOSPACE)).toEqual([NOSPACE])
    expect(alarm(ACTIVATE, NOSPACE)).toEqual([NOSPACE])
    expect(alarm(ACTIVATE, CORRUPT)).toEqual([CORRUPT])
    expect(alarm(ACTIVATE, { memberID: 1n, alarm: AlarmType.NONE })).toEqual([])
    await bed.restart()
    expect(alarm(GET, { memberID: 99n, alarm: AlarmType.NONE })).toEqual([NOSPACE, CORRUPT])
    expect(alarm(GET, { alarm: AlarmType.CORRUPT })).toEqual([CORRUPT])
    expect(alarm(DEACTIVATE, { memberID: 9n, alarm: AlarmType.CORRUPT })).toEqual([])
    expect(alarm(DEACTIVATE, CORRUPT)).toEqual([CORRUPT])
    expect(alarm(7 as AlarmAction, NOSPACE)).toEqual([])
    await bed.restart()
    expect(alarm(GET, {})).toEqual([NOSPACE])
  })
})

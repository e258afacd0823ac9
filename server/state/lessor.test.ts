/** Leases: what is replicated, what the leader does on its clock, and the rules L1 to L7 of leases. */

import { describe, expect, test } from '@jest/globals'
import type { LeaseGrantResponse, PutResponse } from '../../client/wire/generated/rpc.js'
import { put } from '../../test/model/requests.js'
import { MachineBed } from '../../test/state/machine-bed.js'

const SECOND = 1000
const ELECTION_MS = 1000

async function leaderBed(): Promise<MachineBed> {
  const bed = await MachineBed.founded(1)
  bed.machine.lessor.promote(0)
  return bed
}

function grant(bed: MachineBed, ID: bigint, TTL: number): void {
  bed.ok({ leaseGrant: { ID, TTL } })
}

function keysIn(bed: MachineBed): string[] {
  return bed.machine.store.range({ from: '', to: undefined }, {}).kvs.map((kv) => kv.key)
}

/** What the member does with checkpoints. */
function applyCheckpoints(bed: MachineBed): number {
  const checkpoints = bed.machine.lessor.checkpoints()
  if (checkpoints.length > 0) bed.ok({ leaseCheckpoint: { checkpoints } })
  return checkpoints.length
}

describe('granting', () => {
  test('the answer carries id, TTL and the current revision; an id is granted once', async () => {
    const bed = await leaderBed()
    const response = bed.ok<LeaseGrantResponse>({ leaseGrant: { ID: 5n, TTL: 60 } })
    expect(response).toMatchObject({ ID: 5n, TTL: 60, header: { revision: 1 } })
    expect(bed.refused({ leaseGrant: { ID: 5n, TTL: 60 } })).toBe('leaseExist')
    expect(bed.refused({ leaseGrant: { ID: 0n, TTL: 60 } })).toBe('leaseNotFound')
    expect(bed.refused({ leaseGrant: { ID: 6n, TTL: 9_000_000_001 } })).toBe('leaseTTLTooLarge')
    grant(bed, -7n, 9_000_000_000)
    await bed.restart()
    expect([...bed.machine.lessor.records()].map(({ ID }) => ID)).toEqual([-7n, 5n])
  })
})

describe('keys on leases', () => {
  test('a put moves its key to its lease, a put without a lease takes it off, a delete too', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    grant(bed, 1n, 60)
    grant(bed, 2n, 60)
    bed.ok({ put: put('a', '', { lease: 1n }) })
    bed.ok({ put: put('b', '', { lease: 1n }) })
    bed.ok({ put: put('c', '', { lease: 1n }) })
    bed.ok({ put: put('a', '', { lease: 2n }) })
    bed.ok({ put: put('b', '') })
    bed.ok({ put: put('c', 'kept', { ignoreLease: true }) })
    expect([lessor.keys(1n), lessor.keys(2n)]).toEqual([['c'], ['a']])
    bed.ok({ deleteRange: { key: Buffer.from('c') } })
    expect(lessor.keys(1n)).toEqual([])
  })

  test('a put on an unknown lease is refused and changes nothing', async () => {
    const bed = await leaderBed()
    expect(bed.refused({ put: put('a', '', { lease: 1n }) })).toBe('leaseNotFound')
    expect(keysIn(bed)).toEqual([])
  })

  test('L2: revoking deletes all keys of the lease, sorted, in one revision', async () => {
    const bed = await leaderBed()
    grant(bed, 1n, 60)
    for (const key of ['c', 'a', 'b']) bed.ok({ put: put(key, '', { lease: 1n }) })
    bed.ok({ put: put('z', '') })
    const changes: { revision: number; keys: string[] }[] = []
    bed.machine.store.onChange(({ revision, events }) =>
      changes.push({ revision, keys: events.map(({ kv }) => kv.key) }),
    )
    const { header } = bed.ok<PutResponse>({ leaseRevoke: { ID: 1n } })
    expect(header?.revision).toBe(6)
    expect(changes).toEqual([{ revision: 6, keys: ['a', 'b', 'c'] }])
    expect(keysIn(bed)).toEqual(['z'])
    expect(bed.refused({ leaseRevoke: { ID: 1n } })).toBe('leaseNotFound')
  })

  test('L4: revoking a lease without keys makes no revision; no key ever points to a missing lease', async () => {
    const bed = await leaderBed()
    grant(bed, 1n, 60)
    expect(bed.ok<PutResponse>({ leaseRevoke: { ID: 1n } }).header?.revision).toBe(1)
    await bed.restart()
    expect(bed.machine.lessor.size).toBe(0)
  })
})

describe('expiry by the leader', () => {
  test('L1, L7: a lease is handed out when its TTL is over, not a moment before', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    grant(bed, 1n, 10)
    expect(lessor.expired(10)).toEqual([])
    bed.clock.advance(10 * SECOND - 1)
    expect(lessor.expired(10)).toEqual([])
    bed.clock.advance(1)
    expect(lessor.expired(10)).toEqual([1n])
  })

  test('a revocation that did not happen is handed out again after a while, not at once', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    grant(bed, 1n, 2)
    lessor.expired(10)
    bed.clock.advance(2 * SECOND)
    expect(lessor.expired(10)).toEqual([1n])
    expect(lessor.expired(10)).toEqual([])
    bed.clock.advance(3 * SECOND)
    expect(lessor.expired(10)).toEqual([1n])
  })

  test('the oldest go first and no more than asked for', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    for (const [ID, TTL] of [
      [1n, 4],
      [2n, 2],
      [3n, 3],
    ] as const)
      grant(bed, ID, TTL)
    lessor.expired(0)
    bed.clock.advance(10 * SECOND)
    expect(lessor.expired(2)).toEqual([2n, 3n])
    expect(lessor.expired(2)).toEqual([1n])
  })

  test('leases are listed in the order of their ends from the moment of the grant on', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    for (const [ID, TTL] of [
      [1n, 4],
      [9n, 2],
      [2n, 2],
      [3n, 3],
    ] as const)
      grant(bed, ID, TTL)
    expect(lessor.list()).toEqual([9n, 2n, 3n, 1n])
    lessor.renew(9n)
    expect(lessor.list()).toEqual([2n, 9n, 3n, 1n])
  })

  test('a keep-alive starts the TTL anew', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    grant(bed, 1n, 10)
    lessor.expired(1)
    bed.clock.advance(9 * SECOND)
    expect(lessor.renew(1n)).toBe(10)
    bed.clock.advance(9 * SECOND)
    expect(lessor.expired(1)).toEqual([])
    expect(lessor.timeToLive(1n)).toEqual({ id: 1n, ttlSeconds: 10, remainingSeconds: 1 })
    bed.clock.advance(500)
    expect(lessor.timeToLive(1n)?.remainingSeconds).toBe(0)
  })

  test('L3: a lease handed out for revocation, or revoked, is never renewed', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    grant(bed, 1n, 2)
    lessor.expired(1)
    bed.clock.advance(2 * SECOND)
    lessor.expired(1)
    expect(() => lessor.renew(1n)).toThrow('requested lease not found')
    bed.ok({ leaseRevoke: { ID: 1n, leaderTerm: bed.term } })
    expect(() => lessor.renew(1n)).toThrow('requested lease not found')
    expect(lessor.timeToLive(1n)).toBeUndefined()
  })

  test('L6: a leader of another term cannot revoke; a client can at any time', async () => {
    const bed = await leaderBed()
    grant(bed, 1n, 2)
    bed.ok({ put: put('a', '', { lease: 1n }) })
    bed.term = 5
    expect(bed.refused({ leaseRevoke: { ID: 1n, leaderTerm: 4 } })).toBe('notLeader')
    expect(keysIn(bed)).toEqual(['a'])
    bed.ok({ leaseRevoke: { ID: 1n, leaderTerm: 5 } })
    expect(keysIn(bed)).toEqual([])
  })

  test('nothing expires and nothing is renewed where nobody leads', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    grant(bed, 1n, 2)
    lessor.demote()
    bed.clock.advance(100 * SECOND)
    expect(lessor.expired(10)).toEqual([])
    expect(lessor.checkpoints()).toEqual([])
    expect(() => lessor.renew(1n)).toThrow('not leader')
    expect(() => lessor.timeToLive(1n)).toThrow('not leader')
    expect(lessor.list()).toEqual([1n])
  })
})

describe('a change of the leader', () => {
  test('every lease starts at its full TTL and an election timeout more', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    grant(bed, 1n, 10)
    lessor.expired(1)
    bed.clock.advance(9 * SECOND)
    lessor.demote()
    lessor.promote(ELECTION_MS)
    bed.clock.advance(10 * SECOND + ELECTION_MS - 1)
    expect(lessor.expired(1)).toEqual([])
    bed.clock.advance(1)
    expect(lessor.expired(1)).toEqual([1n])
  })

  test('a long lease goes on from its checkpoint, also after a restart', async () => {
    const bed = await leaderBed()
    grant(bed, 1n, 3600)
    grant(bed, 2n, 300)
    expect(applyCheckpoints(bed)).toBe(0)
    bed.clock.advance(600 * SECOND)
    expect(applyCheckpoints(bed)).toBe(1)
    bed.clock.advance(100 * SECOND)
    await bed.restart()
    const { lessor } = bed.machine
    lessor.promote(ELECTION_MS)
    expect(lessor.timeToLive(1n)?.remainingSeconds).toBe(3001)
  })

  test('a checkpoint is due every five minutes, and not while keep-alives come', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    grant(bed, 1n, 3600)
    grant(bed, 2n, 3600)
    lessor.checkpoints()
    for (let minute = 0; minute < 5; minute++) {
      bed.clock.advance(60 * SECOND)
      lessor.renew(2n)
    }
    expect(lessor.checkpoints()).toEqual([{ ID: 1n, remaining_TTL: 3300 }])
    expect(lessor.checkpoints()).toEqual([])
  })

  test('L5: a renewal is promised only when no checkpoint could take it back', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    const clear = () => bed.ok({ leaseCheckpoint: { checkpoints: [{ ID: 1n, remaining_TTL: 0 }] } })
    grant(bed, 1n, 3600)
    lessor.checkpoints()
    bed.clock.advance(300 * SECOND)
    const late = lessor.checkpoints()
    // On its way, not applied yet: a renewal now would be undone by it.
    expect(lessor.mustClear(1n)).toBe(true)
    expect(() => lessor.renew(1n)).toThrow('clear the checkpoint')
    bed.ok({ leaseCheckpoint: { checkpoints: late } })
    expect(lessor.mustClear(1n)).toBe(true)
    clear()
    expect(lessor.mustClear(1n)).toBe(false)
    expect(lessor.renew(1n)).toBe(3600)
    lessor.demote()
    lessor.promote(0)
    expect(lessor.timeToLive(1n)?.remainingSeconds).toBe(3600)
  })

  test('L5: a renewal takes nothing from a lease that a new leader had extended', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    grant(bed, 1n, 3)
    lessor.demote()
    lessor.promote(2 * SECOND)
    bed.clock.advance(100)
    expect(lessor.timeToLive(1n)?.remainingSeconds).toBe(4)
    lessor.renew(1n)
    expect(lessor.timeToLive(1n)?.remainingSeconds).toBe(4)
    bed.clock.advance(4_800)
    expect(lessor.expired(1)).toEqual([])
    bed.clock.advance(200)
    expect(lessor.expired(1)).toEqual([1n])
  })

  test('L5: whatever happens, a new leader never grants less than the old one had promised', async () => {
    const bed = await leaderBed()
    grant(bed, 1n, 1000)
    for (let round = 0; round < 50; round++) {
      const { lessor } = bed.machine
      bed.clock.advance(((round * 7919) % 290) * SECOND)
      applyCheckpoints(bed)
      if (round % 4 === 0) {
        if (lessor.mustClear(1n))
          bed.ok({ leaseCheckpoint: { checkpoints: [{ ID: 1n, remaining_TTL: 0 }] } })
        lessor.renew(1n)
      }
      const before = lessor.timeToLive(1n)!.remainingSeconds
      lessor.demote()
      lessor.promote(0)
      expect(lessor.timeToLive(1n)!.remainingSeconds).toBeGreaterThanOrEqual(before)
    }
  })

  test('what a leader saw of a lease is not done to a later one with its id', async () => {
    const bed = await leaderBed()
    const { lessor } = bed.machine
    grant(bed, 1n, 3600)
    const { appliedIndex } = bed.machine
    bed.ok({ leaseRevoke: { ID: 1n } })
    grant(bed, 1n, 60)
    bed.ok({ put: put('a', '', { lease: 1n }) })
    const late = { appliedIndex, leaseRevoke: { ID: 1n, leaderTerm: bed.term } }
    expect(bed.refused(late)).toBe('leaseNotFound')
    const checkpoints = [{ ID: 1n, remaining_TTL: 5 }]
    bed.ok({ appliedIndex, leaseCheckpoint: { checkpoints } })
    await bed.restart()
    expect(keysIn(bed)).toEqual(['a'])
    expect(lessor.mustClear(1n)).toBe(false)
    expect([...bed.machine.lessor.records()]).toMatchObject([{ ID: 1n, remainingSeconds: 0 }])
    const meant = { leaseRevoke: { ID: 1n, leaderTerm: bed.term } }
    expect(bed.refused({ ...meant, appliedIndex })).toBe('leaseNotFound')
    bed.ok({ ...meant, appliedIndex: bed.machine.appliedIndex })
    expect(keysIn(bed)).toEqual([])
  })

  test('a checkpoint of a lease that is gone is skipped', async () => {
    const bed = await leaderBed()
    bed.ok({ leaseCheckpoint: { checkpoints: [{ ID: 9n, remaining_TTL: 4 }] } })
    expect(bed.machine.lessor.size).toBe(0)
  })
})

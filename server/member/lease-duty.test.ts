/** What a leader does for leases, and when it holds back. */

import { expect, test } from '@jest/globals'
import type { Clock } from '../../client/host/clock.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { LEASE_CHECKPOINT_LOOK_MS, LEASE_EXPIRY_INTERVAL_MS, LEASE_REVOKES_MAX } from '../limits.js'
import type { Lessor } from '../state/lessor.js'
import { LeaseDuty } from './lease-duty.js'

function bed() {
  const time = new VirtualClock()
  const stall = { ms: 0 }
  const clock: Clock = {
    now: () => time.now() + stall.ms,
    wall: () => time.wall(),
    after: (ms, run) => time.after(ms, run),
    soon: (run) => time.soon(run),
  }
  const proposed: unknown[] = []
  const lessor = {
    expiredIds: [] as bigint[],
    due: [] as { ID: bigint; remaining_TTL: number }[],
    expired: (limit: number) => lessor.expiredIds.splice(0, limit),
    checkpoints: (limit: number) => lessor.due.splice(0, limit),
  }
  const duty = new LeaseDuty({
    clock,
    lessor: () => lessor as unknown as Lessor,
    revokesMax: LEASE_REVOKES_MAX,
    propose: (command) => proposed.push(command),
  })
  return { time, stall, proposed, lessor, duty }
}

test('expired leases are revoked in the name of the term, a bounded number at a time', async () => {
  const { time, proposed, lessor, duty } = bed()
  lessor.expiredIds = Array.from({ length: LEASE_REVOKES_MAX + 1 }, (_, i) => BigInt(i + 1))
  duty.start(7)
  await time.run(LEASE_EXPIRY_INTERVAL_MS)
  expect(proposed.length).toBe(LEASE_REVOKES_MAX)
  expect(proposed[0]).toEqual({ leaseRevoke: { ID: 1n, leaderTerm: 7 } })
  await time.run(LEASE_EXPIRY_INTERVAL_MS)
  expect(proposed.length).toBe(LEASE_REVOKES_MAX + 1)
})

test('remaining times are written down together, and nothing when none is due', async () => {
  const { time, proposed, lessor, duty } = bed()
  lessor.due = [
    { ID: 1n, remaining_TTL: 400 },
    { ID: 2n, remaining_TTL: 500 },
  ]
  duty.start(7)
  await time.run(3 * LEASE_CHECKPOINT_LOOK_MS)
  expect(proposed).toEqual([
    {
      leaseCheckpoint: {
        checkpoints: [
          { ID: 1n, remaining_TTL: 400 },
          { ID: 2n, remaining_TTL: 500 },
        ],
      },
    },
  ])
})

test('a leader that stood still lets the keep-alives in first', async () => {
  const { time, stall, proposed, lessor, duty } = bed()
  duty.start(7)
  lessor.expiredIds = [1n]
  stall.ms = 20_000
  await time.run(2 * LEASE_EXPIRY_INTERVAL_MS - 1)
  expect(proposed).toEqual([])
  await time.run(1)
  expect(proposed.length).toBe(1)
})

test('a new term begins anew, and an end leaves no timer', async () => {
  const { time, proposed, lessor, duty } = bed()
  duty.start(7)
  duty.start(8)
  lessor.expiredIds = [1n]
  await time.run(LEASE_EXPIRY_INTERVAL_MS)
  expect(proposed).toEqual([{ leaseRevoke: { ID: 1n, leaderTerm: 8 } }])
  duty.stop()
  expect(time.timerCount).toBe(0)
})

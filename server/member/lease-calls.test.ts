/** Who answers for a lease: the leader, wherever it is, and nobody after the end. */

import { describe, expect, test } from '@jest/globals'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import type { Peers } from '../cluster/peers.js'
import type { Lessor } from '../state/lessor.js'
import { LeaseCalls } from './lease-calls.js'

const SELF = 1n
const OTHER = 2n
const TIMEOUT_MS = 7_000
const clearFirst = () => new RpcError(Status.UNAVAILABLE, 'clear the checkpoint of lease 5 first')

/** A member that is asked; what it meets is changed by the tests. */
class Bed {
  readonly clock = new VirtualClock()
  leader = SELF
  leading = true
  mustClear = false
  renew: () => number = () => 10
  /** What the leader elsewhere answers. */
  there: () => Promise<{ TTL: number; grantedTTL: number }> = () =>
    Promise.reject(etcdErrors.notLeader.error())
  readonly steps: string[] = []
  readBarrier = async () => {
    this.steps.push('barrier')
  }
  readonly calls = new LeaseCalls({
    clock: this.clock,
    selfId: SELF,
    timeoutMs: TIMEOUT_MS,
    leader: () => this.leader,
    peers: { channel: () => ({ call: () => this.there() }) } as unknown as Peers,
    lessor: () =>
      ({
        leading: this.leading,
        mustClear: () => this.mustClear,
        renew: () => this.renew(),
        timeToLive: () => ({ id: 5n, ttlSeconds: 10, remainingSeconds: 7 }),
      }) as unknown as Lessor,
    readBarrier: () => this.readBarrier(),
    propose: async (command) => {
      expect(command.leaseCheckpoint?.checkpoints).toEqual([{ ID: 5n, remaining_TTL: 0 }])
      this.steps.push('clear')
      this.mustClear = false
    },
  })
  /** Lets time pass until the promise has settled. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let done = false
    const end = promise.finally(() => {
      done = true
    })
    end.catch(() => {})
    while (!done && this.clock.now() < 60_000) await this.clock.run(10)
    if (!done) throw new Error('a minute passed without an answer')
    return end
  }
}

describe('on the leader', () => {
  test('a quorum is asked before a lease is renewed', async () => {
    const it = new Bed()
    expect(await it.settled(it.calls.renew(5n))).toBe(10)
    expect(it.steps).toEqual(['barrier'])
  })

  test('a checkpoint is cleared first; one that comes in between is cleared by another try', async () => {
    const it = new Bed()
    it.mustClear = true
    let tries = 0
    it.renew = () => {
      if (tries++ > 0) return 10
      it.mustClear = true
      throw clearFirst()
    }
    expect(await it.settled(it.calls.renew(5n))).toBe(10)
    expect(it.steps).toEqual(['clear', 'barrier', 'clear', 'barrier'])
  })

  test('one that is deposed while it asks says nothing about the lease', async () => {
    const it = new Bed()
    it.readBarrier = async () => {
      it.leading = false
    }
    await expect(it.calls.renewHere(5n)).rejects.toThrow(etcdErrors.notLeader.text)
    it.leading = true
    await expect(it.calls.timeToLiveHere(5n)).rejects.toThrow(etcdErrors.notLeader.text)
  })
})

describe('elsewhere', () => {
  test('the leader is asked again after whatever is no answer about the lease', async () => {
    const it = new Bed()
    it.leader = OTHER
    const failures = [etcdErrors.notLeader.error(), clearFirst(), etcdErrors.timeout.error()]
    it.there = async () => {
      const failure = failures.shift()
      if (failure !== undefined) throw failure
      return { TTL: 9, grantedTTL: 10 }
    }
    expect(await it.settled(it.calls.renew(5n))).toBe(9)
  })

  test('a lease that is gone is a definite answer', async () => {
    const it = new Bed()
    it.leader = OTHER
    it.there = () => Promise.reject(etcdErrors.leaseNotFound.error())
    await expect(it.settled(it.calls.renew(5n))).rejects.toThrow(etcdErrors.leaseNotFound.text)
    it.there = async () => ({ TTL: -1, grantedTTL: 0 })
    expect(await it.settled(it.calls.timeToLive(5n))).toBeUndefined()
  })

  test('without a leader the call ends after the time of a request', async () => {
    const it = new Bed()
    it.leader = 0n
    await expect(it.settled(it.calls.renew(5n))).rejects.toThrow(etcdErrors.timeout.text)
    expect(it.clock.now()).toBeLessThan(TIMEOUT_MS + 200)
    expect(it.clock.timerCount).toBe(0)
  })
})

test('a stop answers whoever waits, at once, and leaves no timer', async () => {
  const it = new Bed()
  it.leader = 0n
  const waiting = [it.calls.renew(5n), it.calls.timeToLive(5n)]
  const answers = Promise.allSettled(waiting)
  await it.clock.run(20)
  it.calls.stop(etcdErrors.stopped.error())
  for (const answer of await answers)
    expect(String((answer as PromiseRejectedResult).reason)).toContain(etcdErrors.stopped.text)
  expect(it.clock.timerCount).toBe(0)
  await expect(it.calls.renew(5n)).rejects.toThrow(etcdErrors.stopped.text)
})

/** Every proposal gets one answer, in time, whatever becomes of it. */

import { describe, expect, test } from '@jest/globals'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { Command } from '../../client/wire/generated/command.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { PARKED_BYTES_MAX, PROPOSALS_WAITING_MAX } from '../limits.js'
import { type DropReason, ProposalDropped } from '../raft/raft.js'
import type { Applied } from '../state/machine.js'
import { Proposals } from './proposals.js'

const TIMEOUT_MS = 7_000
const SELF = 3n

/** Proposals over a raft that takes everything, or refuses for a reason. */
function bed(requestBytesMax = 1_000_000) {
  const clock = new VirtualClock()
  const taken: Command[] = []
  const it = {
    clock,
    taken,
    refuses: undefined as DropReason | undefined,
    /** A rejection may be looked at later. */
    submit(command: Parameters<Proposals['submit']>[0]) {
      const call = it.proposals.submit(command)
      call.catch(() => {})
      return call
    },
    proposals: new Proposals({
      clock,
      selfId: SELF,
      firstRequestId: 100,
      timeoutMs: TIMEOUT_MS,
      requestBytesMax,
      parkedBytesMax: PARKED_BYTES_MAX,
      propose: (data) => {
        if (it.refuses !== undefined) throw new ProposalDropped(it.refuses, 'refused')
        taken.push(Command.decode(data))
      },
      timeoutError: () => etcdErrors.timeout.error(),
    }),
  }
  return it
}

const put = (key: string, value = '') => ({
  put: { key: Buffer.from(key), value: Buffer.from(value) },
})

/** What apply says of the nth command that raft took. */
function applied({ taken }: { taken: Command[] }, n: number, proposer = SELF): Applied {
  const { requestId } = taken[n]!
  const result = { ok: true as const, response: { header: { revision: 10 + n } } }
  return { index: n, proposer, requestId, result, raiseNoSpace: false }
}

/** What each promise has come to so far. */
async function outcomes(promises: readonly Promise<unknown>[]): Promise<string[]> {
  const pending = new Promise((resolve) => setImmediate(() => resolve('waits')))
  return Promise.all(
    promises.map((promise) =>
      Promise.race([promise, pending]).then(
        (value) => (value === 'waits' ? 'waits' : 'answered'),
        (error: Error) => error.message,
      ),
    ),
  )
}

describe('an answer', () => {
  test('goes to its own caller, once, and to no proposal of another member', async () => {
    const it = bed()
    const calls = [it.submit(put('a')), it.submit(put('b'))]
    it.proposals.settle(applied(it, 1, 4n))
    expect(await outcomes(calls)).toEqual(['waits', 'waits'])
    it.proposals.settle(applied(it, 1))
    it.proposals.settle(applied(it, 1))
    expect(await outcomes(calls)).toEqual(['waits', 'answered'])
    expect(it.proposals.waiting).toBe(1)
  })

  test('is the refusal of apply, if that is what came of it', async () => {
    const it = bed()
    const call = it.submit(put('a'))
    const result = { ok: false as const, error: etcdErrors.leaseNotFound.error() }
    it.proposals.settle({ ...applied(it, 0), result })
    await expect(call).rejects.toThrow(etcdErrors.leaseNotFound.text)
  })

  test('comes at the time limit of each, however many wait', async () => {
    const it = bed()
    const first = it.submit(put('a'))
    await it.clock.run(1000)
    const second = it.submit(put('b'))
    await it.clock.run(TIMEOUT_MS - 1000)
    expect(await outcomes([first, second])).toEqual([etcdErrors.timeout.text, 'waits'])
    await it.clock.run(1000)
    expect(await outcomes([second])).toEqual([etcdErrors.timeout.text])
    expect([it.proposals.waiting, it.clock.timerCount]).toEqual([0, 0])
  })

  test('at a stop is the reason of the stop, for all and for whoever comes later', async () => {
    const it = bed()
    const calls = [it.submit(put('a'))]
    it.refuses = 'noLeader'
    calls.push(it.submit(put('parked')))
    it.proposals.stop(etcdErrors.stopped.error())
    calls.push(it.submit(put('late')))
    expect(await outcomes(calls)).toEqual(Array(3).fill(etcdErrors.stopped.text))
    expect(it.clock.timerCount).toBe(0)
  })
})

describe('without a leader', () => {
  test('a proposal waits, and is proposed once one is known', async () => {
    const it = bed()
    it.refuses = 'noLeader'
    const call = it.submit(put('a'))
    it.proposals.leaderKnown()
    it.refuses = undefined
    it.proposals.leaderKnown()
    it.proposals.leaderKnown()
    expect(it.taken.length).toBe(1)
    it.proposals.settle(applied(it, 0))
    expect(await outcomes([call])).toEqual(['answered'])
  })

  test('a write whose caller was told that its time is over is never done', async () => {
    const it = bed()
    it.refuses = 'noLeader'
    const call = it.submit(put('old'))
    await it.clock.run(TIMEOUT_MS)
    expect(await outcomes([call])).toEqual([etcdErrors.timeout.text])
    it.refuses = undefined
    it.proposals.leaderKnown()
    expect(it.taken).toEqual([])
  })

  test('what waits is bounded, and room comes back with the time', async () => {
    const it = bed(PARKED_BYTES_MAX)
    it.refuses = 'noLeader'
    const large = put('k', 'x'.repeat(PARKED_BYTES_MAX / 2))
    const calls = [it.submit(large), it.submit(large)]
    expect(await outcomes(calls)).toEqual(['waits', etcdErrors.noLeader.text])
    await it.clock.run(TIMEOUT_MS)
    expect(await outcomes([...calls, it.submit(large)])).toEqual([
      etcdErrors.timeout.text,
      etcdErrors.noLeader.text,
      'waits',
    ])
  })

  test('one that the new leader cannot take is told so, not left to its time', async () => {
    const it = bed()
    it.refuses = 'noLeader'
    const call = it.submit(put('a'))
    it.refuses = 'overloaded'
    it.proposals.leaderKnown()
    expect(await outcomes([call])).toEqual([etcdErrors.requestTooManyRequests.text])
    expect(it.proposals.waiting).toBe(0)
  })
})

describe('refused at once', () => {
  test('what is too large, what raft has no room for, and one caller too many', async () => {
    const it = bed(300)
    expect(await outcomes([it.submit(put('k', 'x'.repeat(300)))])).toEqual([
      etcdErrors.requestTooLarge.text,
    ])
    it.refuses = 'overloaded'
    expect(await outcomes([it.submit(put('k'))])).toEqual([etcdErrors.requestTooManyRequests.text])
    it.refuses = undefined
    const all = Array.from({ length: PROPOSALS_WAITING_MAX + 1 }, () => it.submit(put('k')))
    expect(await outcomes([all.at(-1)!])).toEqual([etcdErrors.requestTooManyRequests.text])
    expect(it.taken.length).toBe(PROPOSALS_WAITING_MAX)
    it.proposals.stop(etcdErrors.stopped.error())
    await Promise.allSettled(all)
  })

  test('what nobody waits for may be dropped without a word', () => {
    const it = bed()
    it.refuses = 'noLeader'
    it.proposals.submitAndForget({ leaseRevoke: { ID: 1n, leaderTerm: 2 } })
    it.refuses = undefined
    it.proposals.leaderKnown()
    expect(it.taken).toEqual([])
  })
})

/** Linearizable reads: one round for all who ask together, one answer for each. */

import { describe, expect, test } from '@jest/globals'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { READ_RETRY_MS, READS_WAITING_MAX } from '../limits.js'
import { ProposalDropped } from '../raft/raft.js'
import { Reads } from './reads.js'

const TIMEOUT_MS = 7_000

/** Reads over a raft that answers when the test says so. */
class Bed {
  readonly clock = new VirtualClock()
  readonly contexts: number[] = []
  applied = 5
  leaderless = false
  /** Who was answered, in order, and with which error. */
  readonly answers: string[] = []
  readonly reads = new Reads({
    clock: this.clock,
    firstContext: 100,
    timeoutMs: TIMEOUT_MS,
    readIndex: (context) => {
      this.contexts.push(context)
      if (this.leaderless) throw new ProposalDropped('noLeader', 'no leader')
    },
    appliedIndex: () => this.applied,
    timeoutError: () => etcdErrors.timeout.error(),
  })

  ask(name: string): void {
    this.reads.barrier().then(
      () => this.answers.push(name),
      (error: Error) => this.answers.push(`${name}: ${error.message}`),
    )
  }
}

describe('a round', () => {
  test('serves all who asked in one turn; who comes during it shares the next', async () => {
    const it = new Bed()
    for (const name of ['a', 'b']) it.ask(name)
    await it.clock.run(0)
    for (const name of ['c', 'd']) it.ask(name)
    await it.clock.run(0)
    expect(it.contexts).toEqual([100])
    it.reads.confirmed(100, 5)
    await it.clock.run(0)
    expect([it.contexts, it.answers]).toEqual([
      [100, 101],
      ['a', 'b'],
    ])
    it.reads.confirmed(101, 5)
    await it.clock.run(0)
    expect(it.answers).toEqual(['a', 'b', 'c', 'd'])
    expect(it.clock.timerCount).toBe(0)
  })

  test('is answered when apply has reached its index, not before', async () => {
    const it = new Bed()
    it.ask('a')
    await it.clock.run(0)
    it.reads.confirmed(100, 6)
    await it.clock.run(0)
    expect(it.answers).toEqual([])
    it.applied = 6
    it.reads.applied()
    await it.clock.run(0)
    expect(it.answers).toEqual(['a'])
    expect(it.clock.timerCount).toBe(0)
  })

  test('is tried again with a fresh context, and an answer to the old one counts for nothing', async () => {
    const it = new Bed()
    it.ask('a')
    await it.clock.run(READ_RETRY_MS)
    expect(it.contexts).toEqual([100, 101])
    it.reads.confirmed(100, 5)
    await it.clock.run(0)
    expect(it.answers).toEqual([])
    it.reads.confirmed(101, 5)
    await it.clock.run(0)
    expect(it.answers).toEqual(['a'])
  })

  test('without a leader waits for one, and starts at once when it is there', async () => {
    const it = new Bed()
    it.leaderless = true
    it.ask('a')
    await it.clock.run(100)
    it.leaderless = false
    it.reads.leaderKnown()
    expect(it.contexts.length).toBe(2)
    it.reads.confirmed(it.contexts.at(-1)!, 5)
    await it.clock.run(0)
    expect(it.answers).toEqual(['a'])
  })
})

describe('a reader', () => {
  test('that nobody confirms is told so after the time of a request', async () => {
    const it = new Bed()
    it.ask('a')
    await it.clock.run(TIMEOUT_MS + READ_RETRY_MS)
    expect(it.answers).toEqual([`a: ${etcdErrors.timeout.text}`])
    expect(it.clock.timerCount).toBe(0)
    expect(it.contexts.length).toBeLessThanOrEqual(TIMEOUT_MS / READ_RETRY_MS + 1)
  })

  test('whose index apply does not reach is told so, too', async () => {
    const it = new Bed()
    it.ask('a')
    await it.clock.run(0)
    it.reads.confirmed(100, 6)
    await it.clock.run(TIMEOUT_MS + READ_RETRY_MS)
    expect(it.answers).toEqual([`a: ${etcdErrors.timeoutWaitAppliedIndex.text}`])
    expect(it.clock.timerCount).toBe(0)
    it.applied = 6
    it.reads.applied()
    await it.clock.run(0)
    expect(it.answers.length).toBe(1)
  })

  test('too many of them are refused; the places of those who left are free again', async () => {
    const it = new Bed()
    const all = Array.from({ length: READS_WAITING_MAX }, () => it.reads.barrier())
    await expect(it.reads.barrier()).rejects.toThrow(etcdErrors.requestTooManyRequests.text)
    await it.clock.run(0)
    it.reads.confirmed(100, 5)
    await Promise.all(all)
    it.ask('a')
    await it.clock.run(0)
    it.reads.confirmed(101, 5)
    await it.clock.run(0)
    expect(it.answers).toEqual(['a'])
  })

  test('hears of a stop wherever it waits, and when it comes later', async () => {
    const it = new Bed()
    it.ask('applying')
    await it.clock.run(0)
    it.reads.confirmed(100, 6)
    it.ask('asked')
    await it.clock.run(0)
    it.ask('gathering')
    it.reads.stop(etcdErrors.stopped.error())
    it.ask('late')
    await it.clock.run(0)
    const { text } = etcdErrors.stopped
    expect([...it.answers].sort()).toEqual(
      ['applying', 'asked', 'gathering', 'late'].map((name) => `${name}: ${text}`),
    )
    expect(it.clock.timerCount).toBe(0)
  })
})

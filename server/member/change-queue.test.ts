/** Changes of the membership go into the log one after the other, or not at all. */

import { beforeEach, describe, expect, test } from '@jest/globals'
import { ConfigChange, EntryType, Kind, Message } from '../../client/wire/generated/raft.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { CHANGES_WAITING_MAX } from '../limits.js'
import { type DropReason, ProposalDropped } from '../raft/raft.js'
import { ChangeQueue } from './change-queue.js'

const TIMEOUT_MS = 7_000

let clock: VirtualClock
let refuses: DropReason | undefined
let taken: bigint[]
let queue: ChangeQueue

beforeEach(() => {
  clock = new VirtualClock()
  refuses = undefined
  taken = []
  queue = new ChangeQueue({
    clock,
    timeoutMs: TIMEOUT_MS,
    propose: (change) => {
      if (refuses !== undefined) throw new ProposalDropped(refuses, 'refused')
      taken.push(change.steps[0]!.member)
    },
  })
})

function change(member: bigint): ConfigChange {
  return ConfigChange.create({ steps: [{ kind: Kind.REMOVE, member }] })
}

describe('changes', () => {
  test('go to raft at once when it takes them', () => {
    expect(queue.submit(change(1n))).toBeUndefined()
    expect(taken).toEqual([1n])
  })

  test.each(['noLeader', 'transferring', 'pendingChange'] as const)(
    'wait in order while raft says %s',
    (reason) => {
      refuses = reason
      expect(queue.submit(change(1n))).toBeUndefined()
      expect(queue.submit(change(2n))).toBeUndefined()
      queue.retry()
      expect(taken).toEqual([])
      refuses = undefined
      expect(queue.submit(change(3n))).toBeUndefined()
      queue.retry()
      expect(taken).toEqual([1n, 2n, 3n])
    },
  )

  test('are not made when nobody waits for them any more', async () => {
    refuses = 'pendingChange'
    queue.submit(change(1n))
    await clock.run(TIMEOUT_MS - 1)
    queue.submit(change(2n))
    await clock.run(1)
    refuses = undefined
    queue.retry()
    expect(taken).toEqual([2n])
  })

  test('that can never be made are refused', () => {
    refuses = 'illegalChange'
    expect(queue.submit(change(1n))?.details).toContain('not enough started members')
    refuses = 'removed'
    expect(queue.submit(change(1n))?.details).toContain('too many requests')
  })

  test('are bounded while they wait', () => {
    refuses = 'pendingChange'
    for (let i = 0; i < CHANGES_WAITING_MAX; i++) expect(queue.submit(change(1n))).toBeUndefined()
    expect(queue.submit(change(1n))?.details).toContain('too many requests')
  })

  test('that a follower passes on are taken, and the rest of its message is left', () => {
    const normal = { term: 0, index: 0, type: EntryType.NORMAL, data: Buffer.from('x') }
    const data = ConfigChange.encode(change(5n)).finish()
    const passedOn = { term: 0, index: 0, type: EntryType.CONFIG_CHANGE, data }
    const message = Message.create({ entries: [normal, passedOn] })
    refuses = 'pendingChange'
    expect(queue.take(message).entries).toEqual([normal])
    refuses = undefined
    queue.retry()
    expect(taken).toEqual([5n])
    const plain = Message.create({ entries: [normal] })
    expect(queue.take(plain)).toBe(plain)
  })
})

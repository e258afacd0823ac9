/** Who was removed goes when those who stay can do without it, and not before. */

import { beforeEach, describe, expect, test } from '@jest/globals'
import { silentLog } from '../../client/host/log.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { REMOVED_STOP_DELAY_MS } from '../limits.js'
import type { Members } from '../state/members.js'
import { MemberRemoved, Removals } from './removals.js'

const SELF = 1n
const ELECTION_MS = 1_000

/** A member whose state and peers are the test's. */
class Bed {
  readonly clock = new VirtualClock()
  removed: bigint[] = []
  voters = [SELF, 2n, 3n]
  greetings = 0
  ended: Error | undefined
  #commit: () => void = () => {}
  readonly removals = new Removals({
    clock: this.clock,
    log: silentLog,
    selfId: SELF,
    members: () =>
      ({
        removed: () => this.removed,
        isRemoved: (id) => this.removed.includes(id),
      }) as Members,
    voters: () => this.voters,
    electionTimeoutMs: ELECTION_MS,
    commit: () =>
      new Promise((resolve) => {
        this.#commit = resolve
      }),
    greet: () => {
      this.greetings++
    },
    end: (reason) => {
      this.ended = reason
    },
  })

  /** The removal of a member is applied. */
  apply(id: bigint): void {
    this.removed.push(id)
    this.voters = this.voters.filter((voter) => voter !== id)
    this.removals.applied()
  }

  /** What was applied is on the disk. */
  async durable(): Promise<void> {
    this.#commit()
    await this.clock.run(0)
  }

  /** Whether a promise has settled. */
  async isOver(promise: Promise<unknown>): Promise<boolean> {
    let over = false
    void promise.then(() => {
      over = true
    })
    await this.clock.run(0)
    return over
  }
}

let bed: Bed
beforeEach(() => {
  bed = new Bed()
})

describe('another member', () => {
  test('is told of its removal only when that is on the disk', async () => {
    bed.apply(3n)
    expect(bed.removals.isForGood(3n)).toBe(false)
    await bed.durable()
    expect(bed.removals.isForGood(3n)).toBe(true)
    expect(bed.removals.isForGood(2n)).toBe(false)
    expect(bed.ended).toBeUndefined()
  })

  test('that a state from the disk knows is told at once', () => {
    bed.removed = [7n]
    bed.removals.opened()
    expect(bed.removals.isForGood(7n)).toBe(true)
  })

  test('whoever asked for its removal waits as long', async () => {
    bed.apply(3n)
    const answered = bed.removals.forGood(3n, 7_000)
    expect(await bed.isOver(answered)).toBe(false)
    await bed.durable()
    expect(await bed.isOver(answered)).toBe(true)
  })

  test('the wait is bounded, and ends with the member', async () => {
    bed.apply(3n)
    const bounded = bed.removals.forGood(3n, 7_000)
    await bed.clock.run(7_000)
    expect(await bed.isOver(bounded)).toBe(true)
    const stopped = bed.removals.forGood(3n, 7_000)
    bed.removals.stop()
    expect(await bed.isOver(stopped)).toBe(true)
  })
})

describe('this member', () => {
  test('goes on until a majority of the others has said that it was removed', async () => {
    bed.voters = [SELF, 2n, 3n, 4n]
    bed.apply(SELF)
    expect(bed.greetings).toBe(1)
    await bed.durable()
    await bed.clock.run(60_000)
    expect(bed.ended).toBeUndefined()
    bed.removals.told(2n)
    bed.removals.told(2n)
    await bed.clock.run(ELECTION_MS)
    expect(bed.ended).toBeUndefined()
    bed.removals.told(4n)
    await bed.clock.run(0)
    expect(bed.ended).toBeInstanceOf(MemberRemoved)
  })

  test('still answers for a second after it has learned of it', async () => {
    bed.apply(SELF)
    bed.removals.told(2n)
    bed.removals.told(3n)
    await bed.clock.run(REMOVED_STOP_DELAY_MS - 1)
    expect(bed.ended).toBeUndefined()
    await bed.clock.run(1)
    expect(bed.ended).toMatchObject({ code: 'MEMBER_REMOVED' })
  })

  test('that was cut off goes as soon as a majority has said it', async () => {
    bed.removals.told(2n)
    await bed.clock.run(100)
    expect(bed.ended).toBeUndefined()
    bed.removals.told(3n)
    await bed.clock.run(0)
    expect(bed.ended).toBeInstanceOf(MemberRemoved)
  })

  test('does not wait for ever for others that may be gone themselves', async () => {
    bed.removals.told(9n)
    await bed.clock.run(9 * ELECTION_MS)
    expect(bed.ended).toBeUndefined()
    await bed.clock.run(ELECTION_MS)
    expect(bed.ended).toBeInstanceOf(MemberRemoved)
  })

  test('without a vote goes at one word', async () => {
    bed.voters = [2n, 3n, 4n]
    bed.removals.told(2n)
    await bed.clock.run(0)
    expect(bed.ended).toBeInstanceOf(MemberRemoved)
  })

  test('its removal is answered when one of the others has said it, not when it knows itself', async () => {
    bed.apply(SELF)
    await bed.durable()
    const answered = bed.removals.forGood(SELF, 7_000)
    expect(await bed.isOver(answered)).toBe(false)
    bed.removals.told(2n)
    expect(await bed.isOver(answered)).toBe(true)
  })

  test('that finds itself removed when it starts waits to be told, and stops when it is stopped', async () => {
    bed.removed = [SELF]
    bed.voters = [2n]
    bed.removals.opened()
    await bed.clock.run(5_000)
    bed.removals.told(2n)
    bed.removals.stop()
    await bed.clock.run(60_000)
    expect(bed.ended).toBeUndefined()
  })
})

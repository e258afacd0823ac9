/** How a leader feeds one follower, state by state. */

import { describe, expect, test } from '@jest/globals'
import { Progress } from './progress.js'

const limits = { inflightMessagesMax: 2, inflightBytesMax: 0 }

function probing(next: number): Progress {
  return new Progress(2n, next, false, limits)
}

function replicating(match: number): Progress {
  const progress = probing(match + 1)
  progress.acknowledged(match)
  progress.becomeReplicate()
  return progress
}

describe('while it is probed', () => {
  test('a member gets one append at a time', () => {
    const progress = probing(10)
    expect(progress.paused).toBe(false)
    progress.sent(3, 100, 5)
    expect(progress).toMatchObject({ paused: true, next: 10 })
    expect(progress.acknowledged(12)).toBe(true)
    expect(progress).toMatchObject({ paused: false, match: 12, next: 13 })
  })

  test('a refusal leads back to the hint', () => {
    const progress = probing(10)
    progress.sent(1, 1, 0)
    expect(progress.rejected(9, 4)).toBe(true)
    expect(progress).toMatchObject({ next: 5, paused: false })
  })

  test('a refusal never leads below what is known to agree', () => {
    const progress = probing(10)
    progress.acknowledged(6)
    progress.next = 10
    expect(progress.rejected(9, 2)).toBe(true)
    expect(progress.next).toBe(7)
  })

  test('a refusal makes at least one step back, whatever the hint', () => {
    const progress = probing(10)
    expect(progress.rejected(9, 100)).toBe(true)
    expect(progress.next).toBe(9)
  })

  test('a refusal of another place is old', () => {
    expect(probing(10).rejected(5, 4)).toBe(false)
  })
})

describe('while it is replicated to', () => {
  test('a member gets appends ahead of its answers, until the window is full', () => {
    const progress = replicating(4)
    progress.sent(2, 10, 3)
    expect(progress).toMatchObject({ next: 7, paused: false })
    progress.sent(1, 10, 3)
    expect(progress).toMatchObject({ next: 8, paused: true, inflightBytes: 20 })
    progress.nudged = true
    expect(progress.paused).toBe(false)
    progress.sent(0, 0, 3)
    expect(progress).toMatchObject({ next: 8, paused: true })
  })

  test('a refusal of what it has acknowledged is old', () => {
    const progress = replicating(4)
    expect(progress.rejected(4, 1)).toBe(false)
    expect(progress.state).toBe('replicate')
  })

  test('a refusal of what is under way leads to a probe after what agrees', () => {
    const progress = replicating(4)
    progress.sent(2, 10, 3)
    progress.sent(2, 10, 3)
    expect(progress.rejected(6, 4)).toBe(true)
    expect(progress).toMatchObject({ state: 'probe', next: 5, inflightMessages: 0, paused: false })
  })

  test('an old acknowledgment is no news', () => {
    const progress = replicating(4)
    expect(progress.acknowledged(3)).toBe(false)
    expect(progress.match).toBe(4)
  })
})

describe('while a snapshot is on its way', () => {
  test('nothing else is sent, and refusals are old', () => {
    const progress = probing(5)
    progress.becomeSnapshot(20)
    expect(progress).toMatchObject({ paused: true, pendingSnapshot: 20 })
    expect(progress.rejected(4, 1)).toBe(false)
  })

  test('its arrival leads to a probe after it', () => {
    const progress = probing(5)
    progress.becomeSnapshot(20)
    progress.becomeProbe()
    expect(progress).toMatchObject({ state: 'probe', next: 21, pendingSnapshot: 0 })
  })

  test('its failure leads back to where it was', () => {
    const progress = replicating(4)
    progress.becomeSnapshot(20)
    progress.pendingSnapshot = 0
    progress.becomeProbe()
    expect(progress.next).toBe(5)
  })
})

/** What a batch adds up to, and how it reads. */

import { describe, expect, test } from '@jest/globals'
import { lostLife, type Outcome } from './job.js'
import { paintFor } from './paint.js'
import { durationText, Progress } from './progress.js'
import { againCommand, coverageText, failureText, reportText, rulesText } from './report.js'
import { Tally } from './tally.js'

const plain = paintFor({})

const fed = { material: { reads: 700 }, lockOverlap: { grants: 1, longestMs: 2_500 } }

function outcome(seed: number, fields: Partial<Outcome['life']> = {}): Outcome {
  const { violation: _, ...life } = lostLife(seed, '', '')
  const lived = { simulatedMs: 1_800_000, operations: 1_000, faults: { kill: 3, rot: 1 } }
  return {
    life: { ...life, ...lived, ...fed, leasesExpired: 4, ...fields },
    cost: { cpuMs: 90_000, memoryBytes: seed * 2 ** 20 },
  }
}

const broken = { rule: 'stale-read', message: 'a read\nwas stale' }

describe('a tally', () => {
  test('adds up what the lives had, and counts a second life for time and cost only', () => {
    const tally = new Tally()
    tally.add(outcome(1), false)
    tally.add(outcome(2, { violation: broken, longestUnavailableMs: 1_500 }), false)
    tally.add(outcome(1), true)
    expect(tally.totals()).toMatchObject({
      passed: 1,
      failed: 1,
      again: 1,
      simulatedMs: 5_400_000,
      cpuMs: 270_000,
      operations: 2_000,
      leasesExpired: 8,
      faults: { kill: 6, rot: 2 },
      longestUnavailableMs: 1_500,
      longestUnavailableSeed: 2,
      memoryBytesMax: 2 * 2 ** 20,
    })
    expect(tally.failures).toEqual([{ seed: 2, ...broken, lastEvents: [] }])
  })

  test('counts a seed that differs in its second life as failed', () => {
    const tally = new Tally()
    tally.add(outcome(10), false)
    tally.add(outcome(10, { violation: { rule: 'determinism', message: '' } }), true)
    expect(tally.totals()).toMatchObject({ passed: 0, failed: 1 })
  })
})

describe('a report', () => {
  test('says how much was lived, how fast, and which faults there were', () => {
    const tally = new Tally()
    tally.add(outcome(1), false)
    tally.add(outcome(2, { longestUnavailableMs: 12_340 }), false)
    const text = reportText(tally.totals(), 30_000, plain)
    expect(text).toMatch(/^passed\n/)
    expect(text).toMatch(/seeds +2 passed, 0 failed, 0 lived twice/)
    expect(text).toMatch(/simulated +1.00 h in 0.050 CPU h/)
    expect(text).toMatch(/20.0 simulated hours per CPU hour, 4.0 seeds per minute/)
    expect(text).toMatch(/operations judged +2,000 \(1000.0 a seed\)/)
    expect(text).toMatch(/leases expired +8 \(4.0 a seed\)/)
    expect(text).toMatch(/longest unavailable +12.3 s \(seed 2\)/)
    expect(text).toMatch(/faults +8 \(4.0 a seed\)/)
    expect(text).toMatch(/kill +6 +rot +2/)
  })

  test('says what the judges were fed with, and how often with nothing', () => {
    const tally = new Tally()
    tally.add(outcome(1), false)
    tally.add(outcome(2, { material: { reads: 5, 'mutex grants': 3 } }), false)
    tally.add(outcome(2), true)
    const text = reportText(tally.totals(), 30_000, plain)
    expect(text).toMatch(/reads +705 +none in 0 lives/)
    expect(text).toMatch(/mutex grants +3 +none in 1 lives/)
    expect(text).toMatch(/watch events +0 +none in 2 lives/)
    expect(text).toMatch(/locks held by two +2 times, 2.5 s at most/)
  })

  test('names a failure, its last events, and the command that shows it again', () => {
    const failure = {
      seed: 17,
      ...broken,
      lastEvents: ['1 m1 boots', '2 verdict stale-read', '2 m1 killed'],
    }
    expect(failureText(failure, plain)).toBe(
      'FAILED seed 17: stale-read\n  a read\n  was stale\n    1 m1 boots\n    2 verdict stale-read\n' +
        '  again: npm run sim -- --seed 17 --trace\n',
    )
    expect(againCommand(failure, 'lost-write')).toBe(
      'npm run sim -- --seed 17 --canary lost-write --trace',
    )
    expect(againCommand({ ...failure, rule: 'determinism' })).toBe(
      'npm run sim -- --from 17 --seeds 1',
    )
  })

  test('lists the rules that were broken by how often they were', () => {
    const failure = (seed: number, rule: string) => ({ seed, rule, message: '', lastEvents: [] })
    const failures = [failure(5, 'stale-read'), failure(9, 'liveness'), failure(7, 'liveness')]
    expect(rulesText(failures)).toBe('rules broken\n  liveness    2: 7 9\n  stale-read  1: 5\n')
    expect(rulesText([])).toBe('')
  })

  test('gives percents of branches by room, and the misses when they are wanted', () => {
    const misses = ['server/raft/raft.ts:7 else']
    const rooms = [
      { room: 'server/raft', branches: 4, taken: 3, assertions: 2, misses },
      { room: 'server/mvcc', branches: 4, taken: 4, assertions: 0, misses: [] },
    ]
    expect(coverageText(rooms, false)).toMatch(/server\/raft +75.0 % of 4 branches taken; 2 assert/)
    expect(coverageText(rooms, false)).toMatch(/together +87.5 % of 8 branches/)
    expect(coverageText(rooms, false)).not.toMatch(/raft.ts:7/)
    expect(coverageText(rooms, true)).toMatch(/not taken:\n {2}server\/raft\/raft.ts:7 else\n/)
  })
})

describe('progress', () => {
  const standing = { done: 50, of: 200, failed: 1, faults: 1_234, deadlineMs: undefined }

  test('is one line written over on a terminal', () => {
    let nowMs = 0
    let written = ''
    const stream = { isTTY: true, write: (text: string) => (written += text) }
    const progress = new Progress(stream, () => nowMs)
    nowMs = 60_000
    progress.show(standing)
    progress.show(standing)
    expect(written).toBe(
      '\r\x1b[2K50 of 200 seeds, 50 a minute, 1 failed, 1,234 faults, 3 min 0 s left',
    )
    progress.clear()
    expect(written.endsWith('\r\x1b[2K')).toBe(true)
  })

  test('is a plain line now and then elsewhere, and ends with the time that is left', () => {
    let nowMs = 0
    const lines: string[] = []
    const progress = new Progress({ write: (text) => lines.push(text) }, () => nowMs)
    for (; nowMs <= 60_000; nowMs += 1_000) progress.show({ ...standing, deadlineMs: 70_000 })
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/, 10 s left\n$/)
  })

  test('speaks of hours when there are some', () => {
    expect(durationText(3_720_000)).toBe('1 h 2 min')
    expect(durationText(184_000)).toBe('3 min 4 s')
    expect(durationText(900)).toBe('1 s')
  })
})

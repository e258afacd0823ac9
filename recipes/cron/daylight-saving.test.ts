/**
 * Changes of the clock: what runs is what a scan of every minute, or every second, says.
 *
 * The scan is in brute-force.test.fixture.ts; the days are those on which clocks changed.
 */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { expressions, type Made, Scan } from './brute-force.test.fixture.js'
import { type DstRule, parseSchedule } from './schedule.js'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Zones, and instants at which their clocks changed. */
const CHANGES: readonly (readonly [zone: string, what: string, at: string])[] = [
  ['America/New_York', 'an hour forward at 2:00', '2026-03-08T07:00Z'],
  ['America/New_York', 'an hour back at 2:00', '2026-11-01T06:00Z'],
  ['Europe/London', 'an hour forward at 1:00', '2026-03-29T01:00Z'],
  ['Europe/London', 'an hour back at 2:00', '2026-10-25T01:00Z'],
  ['America/Havana', 'an hour forward at midnight', '2026-03-08T05:00Z'],
  ['Australia/Lord_Howe', 'half an hour back at 2:00', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', 'half an hour forward at 2:00', '2026-10-03T15:30Z'],
  ['Australia/Sydney', 'an hour back at 3:00', '2026-04-04T16:00Z'],
  ['Australia/Sydney', 'an hour forward at 2:00', '2026-10-03T16:00Z'],
  ['Pacific/Chatham', 'an hour back at 3:45', '2026-04-04T14:00Z'],
  ['Pacific/Chatham', 'an hour forward at 2:45', '2026-09-26T14:00Z'],
  ['Africa/Casablanca', 'an hour back before Ramadan', '2026-02-15T02:00Z'],
  ['Africa/Casablanca', 'an hour forward after Ramadan', '2026-03-22T02:00Z'],
  ['Asia/Kathmandu', 'a quarter forward, for ever', '1985-12-31T18:30Z'],
  ['Antarctica/Troll', 'two hours forward', '2026-03-29T01:00Z'],
  ['Antarctica/Troll', 'two hours back', '2026-10-25T01:00Z'],
  ['Antarctica/Casey', 'three hours forward', '2009-10-17T18:00Z'],
  ['Antarctica/Casey', 'three hours back', '2010-03-04T15:00Z'],
  ['Pacific/Apia', 'a day left out at the date line', '2011-12-30T10:00Z'],
]
const RULES: readonly DstRule[] = ['debian', 'skip', 'twice']

/**
 * What the schedule says for the whole of a scan, forward. Backward it must say the same, and
 * so it must when it is asked at any other time.
 */
function runsOf(text: string, zone: string, dst: DstRule, scan: Scan): number[] {
  const schedule = parseSchedule(text, { timeZone: zone, dst })
  const forward: number[] = []
  for (let at = schedule.next(scan.fromMs - 1); at !== undefined && at < scan.toMs; ) {
    forward.push(at)
    at = schedule.next(at)
  }
  const backward: number[] = []
  for (let at = schedule.previous(scan.toMs); at !== undefined && at >= scan.fromMs; ) {
    backward.push(at)
    at = schedule.previous(at)
  }
  expect(backward.reverse()).toEqual(forward)
  for (let at = scan.fromMs; at < scan.toMs; at += 97 * scan.stepMs) {
    const [next, previous] = [schedule.next(at), schedule.previous(at)]
    const within = [next, previous].filter((ms) => ms! >= scan.fromMs && ms! < scan.toMs)
    const [after, before] = [forward.find((ms) => ms > at), forward.findLast((ms) => ms < at)]
    expect(within).toEqual([after, before].filter((ms) => ms !== undefined))
    expect(schedule.matches(at)).toBe(forward.includes(at))
  }
  return forward
}

const numRuns = Number(process.env['CONCLAVE_CRON_RUNS'] ?? 10)

describe.each(CHANGES)('%s, %s', (zone, _what, at) => {
  test('runs in the minutes that a scan of every minute finds', () => {
    const scan = new Scan(zone, Date.parse(at), 30 * HOUR_MS, MINUTE_MS)
    const judge = (made: Made) => {
      fc.pre(canRun(made))
      for (const dst of RULES)
        expect(runsOf(made.text, zone, dst, scan)).toEqual(scan.runs(made, dst))
    }
    fc.assert(fc.property(expressions(scan.often), judge), { numRuns })
  })

  test('runs in the seconds that a scan of every second finds', () => {
    const scan = new Scan(zone, Date.parse(at), 3.25 * HOUR_MS, 1_000)
    const judge = (made: Made) => {
      fc.pre(canRun(made))
      const runs = runsOf(made.text, zone, 'debian', scan)
      expect(runs).toEqual(scan.runs(made, 'debian'))
    }
    // Few seconds, so that few runs are to be looked at.
    const made = expressions({ seconds: true, secondKinds: ['list'], ...scan.often })
    fc.assert(fc.property(made, judge), { numRuns: Math.ceil(numRuns / 5) })
  })
})

/** Not 30 February, and not 31 April: such are refused. */
function canRun({ text }: Made): boolean {
  try {
    parseSchedule(text)
    return true
  } catch (error) {
    if (error instanceof Error && error.message.includes('never happens')) return false
    throw error
  }
}

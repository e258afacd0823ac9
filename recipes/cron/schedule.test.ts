/** What a schedule promises to its caller, whatever its expression. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { expressions } from './brute-force.test.fixture.js'
import { parseSchedule, type Schedule, type ScheduleOptions } from './schedule.js'

const LAST_MS = Date.parse('2199-12-31T23:59:59.999Z')
const ZONES = [
  'UTC',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
]
const RULES = ['debian', 'skip', 'twice'] as const

const extensions = fc.constantFrom(
  ...['0 0 L * *', '0 0 L-2 * *', '0 0 15W * *', '0 0 LW * *', '30 2 * * sun#2', '30 1 * * 0L'],
  ...['H H * * *', 'H/20 H(1-3) * * *', '0 2,3 13 * +fri', '0 0 0 29 2 ? 2000-2199', '@daily'],
  ...['@every 90s', '@every 1h', '@every 7ms', '@at 2026-03-29T02:30:00Z', '@never'],
)
const texts = fc.oneof(
  { weight: 2, arbitrary: expressions().map(({ text }) => text) },
  { weight: 1, arbitrary: expressions({ seconds: true }).map(({ text }) => text) },
  { weight: 1, arbitrary: extensions },
)
const options: fc.Arbitrary<ScheduleOptions> = fc.record({
  timeZone: fc.constantFrom(...ZONES),
  dst: fc.constantFrom(...RULES),
  dayMatch: fc.constantFrom('or', 'and'),
  name: fc.constant('a job'),
})

/** undefined: such a day never comes. */
function made(text: string, given: ScheduleOptions): Schedule | undefined {
  try {
    return parseSchedule(text, given)
  } catch {
    return undefined
  }
}

describe('any schedule, at any time', () => {
  const times = fc.oneof(
    fc.integer({ min: Date.parse('2000-01-01'), max: Date.parse('2040-01-01') }),
    fc.integer({ min: -1e13, max: 1e14 }),
  )

  test('goes on and comes back, and matches where it says that it runs', () => {
    const judge = (text: string, given: ScheduleOptions, atMs: number) => {
      const schedule = made(text, given)
      fc.pre(schedule !== undefined)
      let last = atMs
      for (const at of schedule.upcoming(atMs, 5)) {
        expect(at).toBeGreaterThan(last)
        expect(schedule.matches(at)).toBe(true)
        expect(schedule.previous(at + 1)).toBe(at)
        expect(schedule.next(at - 1)).toBe(at)
        if (last !== atMs) expect(schedule.previous(at)).toBe(last)
        last = at
      }
      const previous = schedule.previous(atMs)
      if (previous === undefined) return
      expect(previous).toBeLessThan(atMs)
      expect(schedule.matches(previous)).toBe(true)
      expect(schedule.next(previous) ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(
        Math.min(atMs, LAST_MS),
      )
    }
    fc.assert(fc.property(texts, options, times, judge), { numRuns: 500 })
  })

  test('has a text that means the same', () => {
    const spaces = fc.constantFrom(' ', '  ', '\t', ' \n ')
    const judge = (text: string, space: string, given: ScheduleOptions, atMs: number) => {
      const schedule = made(`${space}${text.replaceAll(' ', space)}${space}`, given)
      fc.pre(schedule !== undefined)
      const again = parseSchedule(schedule.text, given)
      expect(again.text).toBe(schedule.text)
      expect(again.next(atMs)).toBe(schedule.next(atMs))
    }
    fc.assert(fc.property(texts, spaces, options, times, judge), { numRuns: 200 })
  })
})

describe('at its ends', () => {
  test('nothing runs before 1970 or after 2199', () => {
    const yearly = parseSchedule('@yearly')
    expect(yearly.next(-1e15)).toBe(0)
    expect(yearly.previous(0)).toBeUndefined()
    expect(yearly.previous(1)).toBe(0)
    expect(yearly.next(LAST_MS)).toBeUndefined()
    expect(yearly.previous(1e15)).toBe(Date.parse('2199-01-01T00:00Z'))
    expect(yearly.upcoming(Date.parse('2197-06-01'), 10)).toHaveLength(2)
    for (const text of ['@every 1h', '* * * * *', '@at 2026-01-01T00:00:00Z'])
      for (const timeZone of ZONES) {
        const schedule = parseSchedule(text, { timeZone })
        expect(schedule.next(LAST_MS)).toBeUndefined()
        expect(schedule.previous(0)).toBeUndefined()
        expect(schedule.previous(1e15)).toBeLessThanOrEqual(LAST_MS)
        expect(schedule.next(-1e15)).toBeGreaterThanOrEqual(0)
      }
  })

  test('what the clock always leaps over ends the search, and is undefined', () => {
    const zone = { timeZone: 'America/New_York' }
    const skipped = parseSchedule('30 2 * 3 sun#2', { ...zone, dst: 'skip' })
    const from = Date.parse('2026-01-01T00:00Z')
    expect(skipped.next(from)).toBeUndefined()
    const late = parseSchedule('30 2 * 3 sun#2', zone)
    expect(late.next(from)).toBe(Date.parse('2026-03-08T07:00Z'))
  })

  test('a year that is over has runs before, and none after', () => {
    const over = parseSchedule('0 0 0 * * * 2020')
    expect(over.next(Date.parse('2026-01-01'))).toBeUndefined()
    expect(over.previous(Date.parse('2026-01-01'))).toBe(Date.parse('2020-12-31T00:00Z'))
  })
})

test('a run is one millisecond, not the minute or the second around it', () => {
  const schedule = parseSchedule('30 9 * * *')
  const at = Date.parse('2026-01-01T09:30Z')
  expect(schedule.matches(at)).toBe(true)
  expect([at - 1, at + 1, at + 1_000].some((ms) => schedule.matches(ms))).toBe(false)
  expect(schedule.next(at - 0.5)).toBe(at)
  expect(schedule.previous(at + 0.5)).toBe(at)
})

test('the zone is UTC, whatever that of the process is', () => {
  expect(parseSchedule('0 12 * * *').next(0)).toBe(12 * 3_600_000)
})

test('a time or a count that is none is refused', () => {
  const schedule = parseSchedule('@daily')
  const refused = expect.objectContaining({ code: 'invalid-argument' })
  for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(() => schedule.next(ms)).toThrow(refused)
    expect(() => schedule.previous(ms)).toThrow(refused)
    expect(() => schedule.matches(ms)).toThrow(refused)
  }
  for (const count of [-1, 1.5, 10_001]) expect(() => schedule.upcoming(0, count)).toThrow(refused)
  expect(schedule.upcoming(0, 0)).toEqual([])
})

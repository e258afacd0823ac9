/**
 * The same expressions in croner, cron-parser and node-cron: where they mean what we
 * mean, the instants are the same; where they do not, the table says in what and why.
 */

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { CronExpressionParser } from 'cron-parser'
import { Cron } from 'croner'
import fc from 'fast-check'
import { createTask } from 'node-cron'
import { expressions, type Made, PLAIN } from './brute-force.test.fixture.js'
import { parseSchedule, type ScheduleOptions } from './schedule.js'

type Runs = (text: string, zone: string, afterMs: number, count: number) => number[]

const ours =
  (options: ScheduleOptions = {}): Runs =>
  (text, timeZone, afterMs, count) =>
    parseSchedule(text, { ...options, timeZone }).upcoming(afterMs, count)

const croner: Runs = (text, timezone, afterMs, count) =>
  new Cron(text, { paused: true, timezone })
    .nextRuns(count, new Date(afterMs))
    .map((date) => date.getTime())

const cronParser: Runs = (text, tz, afterMs, count) =>
  CronExpressionParser.parse(text, { tz, currentDate: new Date(afterMs) })
    .take(count)
    .map((date) => date.getTime())

/** It counts from now, so now is set. */
const nodeCron: Runs = (text, timezone, afterMs, count) => {
  jest.setSystemTime(afterMs)
  const task = createTask(text, () => {}, { timezone })
  const runs = task.getNextRuns(count).map((date) => date.getTime())
  void task.destroy()
  return runs
}

/** When theirs is asked, in a stretch without a change of the clock. */
const STRETCHES = [
  { zone: 'UTC', from: '2026-01-01T00:00Z', to: '2030-01-01T00:00Z' },
  { zone: 'Asia/Kathmandu', from: '2026-01-01T00:00Z', to: '2030-01-01T00:00Z' },
  { zone: 'America/New_York', from: '2026-03-09T00:00Z', to: '2026-10-31T00:00Z' },
  { zone: 'Australia/Lord_Howe', from: '2026-04-05T00:00Z', to: '2026-10-03T00:00Z' },
].map(({ zone, from, to }) => ({ zone, fromMs: Date.parse(from), toMs: Date.parse(to) }))

const COUNT = 8

beforeAll(() => {
  const doNotFake = [
    'nextTick',
    'setImmediate',
    'setTimeout',
    'clearTimeout',
    'performance',
  ] as const
  jest.useFakeTimers({ doNotFake: [...doNotFake] })
})
afterAll(() => {
  jest.useRealTimers()
})

/** The fields of days of an expression. */
function dayFields(text: string): { dayOfMonth: string; month: string; dayOfWeek: string } {
  const [dayOfMonth, month, dayOfWeek] = text.split(' ').slice(-3) as [string, string, string]
  return { dayOfMonth, month, dayOfWeek }
}

/** A step on a wildcard, with the other field of days restricted: see the differences. */
function isHalfWild(text: string): boolean {
  const { dayOfMonth, dayOfWeek } = dayFields(text)
  return dayOfMonth !== '*' && dayOfWeek !== '*' && /\*/.test(dayOfMonth + dayOfWeek)
}

function happens(text: string): boolean {
  try {
    parseSchedule(text)
    return true
  } catch {
    return false
  }
}

function agree(theirs: Runs, mine: Runs, isAlike: (text: string) => boolean): void {
  const made = fc
    .boolean()
    .chain((seconds) => expressions({ seconds, kinds: PLAIN, secondKinds: PLAIN }))
  const judge = ({ text }: Made, { zone, fromMs, toMs }: (typeof STRETCHES)[0], at: number) => {
    fc.pre(happens(text) && isAlike(text))
    const afterMs = Math.floor((fromMs + (toMs - fromMs) * at) / 1_000) * 1_000
    const within = (runs: number[]) => runs.filter((ms) => ms < toMs)
    expect(within(theirs(text, zone, afterMs, COUNT))).toEqual(
      within(mine(text, zone, afterMs, COUNT)),
    )
  }
  const at = fc.double({ min: 0, max: 0.9, noNaN: true })
  fc.assert(fc.property(made, fc.constantFrom(...STRETCHES), at, judge), { numRuns: 150 })
}

describe('random expressions run at the same instants', () => {
  test('in croner', () => {
    agree(croner, ours(), (text) => !isHalfWild(text))
  })

  test('in cron-parser', () => {
    agree(cronParser, ours(), (text) => !isHalfWild(text))
  })

  test('in node-cron, which wants both fields of days to match', () => {
    // Days that seldom fall together make it search for long.
    const isPlain = (text: string) => {
      const { dayOfMonth, month, dayOfWeek } = dayFields(text)
      return [dayOfMonth, month, dayOfWeek].filter((field) => field !== '*').length <= 1
    }
    agree(nodeCron, ours({ dayMatch: 'and' }), isPlain)
  })
})

const ALL = { croner, 'cron-parser': cronParser, 'node-cron': nodeCron }
type Other = keyof typeof ALL

/** Extensions, and who knows them. */
const EXTENSIONS: readonly (readonly [text: string, ...others: Other[]])[] = [
  ['0 0 L * *', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 L 2 *', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 1,L * *', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 L-3 * *', 'node-cron'],
  ['0 0 15W * *', 'croner', 'node-cron'],
  ['0 0 1W * *', 'croner', 'node-cron'],
  ['0 0 LW * *', 'croner', 'node-cron'],
  ['0 0 * * 5L', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 * * friL', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 * * 5#2', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 * * mon#5', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 * * 1,5#2', 'croner', 'node-cron'],
  ['0 0 * * 1#5,2#5', 'croner', 'node-cron'],
  ['0 0 ? * 1', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 1 * ?', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 * * 0-7', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 * * 5-7', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 * * sat-sun', 'croner', 'node-cron'],
  ['0 0 * * fri-mon', 'node-cron'],
  ['0 22-2 * * *', 'node-cron'],
  ['0 0 1 nov-feb *', 'node-cron'],
  ['0 0 * jan-mar,dec SUN', 'croner', 'cron-parser', 'node-cron'],
  ['0 0 * * sunday', 'node-cron'],
  ['5/20 9 * * *', 'cron-parser'],
  ['0 0 13 * fri', 'croner', 'cron-parser'],
  ['0 0 29 2 *', 'croner', 'cron-parser', 'node-cron'],
  ['@weekly', 'croner', 'cron-parser', 'node-cron'],
  ['@monthly', 'croner', 'cron-parser', 'node-cron'],
]

describe('an extension means the same to those who know it', () => {
  test.each(EXTENSIONS.map(([text, ...others]) => ({ text, others })))(
    '$text',
    ({ text, others }) => {
      for (const other of others)
        for (const after of ['2026-01-05T10:00Z', '2027-06-30T23:59Z', '2028-02-28T00:00Z']) {
          const args = [text, 'UTC', Date.parse(after), COUNT] as const
          expect({ other, runs: ALL[other](...args) }).toEqual({ other, runs: ours()(...args) })
        }
    },
  )
})

/** Where they differ from us: the first instants after a time, theirs and ours. */
const DIFFERENCES: readonly {
  readonly who: Other
  readonly text: string
  readonly why: string
  readonly after: string
  readonly zone?: string
  readonly theirs: string
  readonly ours: string
}[] = [
  {
    ...{ who: 'croner', text: '0 0 */2 * 1', after: '2026-01-05T10:00' },
    why: 'a field of days that begins with * restricts nothing; to them a step makes it restrict',
    ...{ theirs: '2026-01-07T00:00', ours: '2026-01-19T00:00' },
  },
  {
    ...{ who: 'cron-parser', text: '0 0 */2 * 1', after: '2026-01-05T10:00' },
    why: 'as in croner',
    ...{ theirs: '2026-01-07T00:00', ours: '2026-01-19T00:00' },
  },
  {
    ...{ who: 'node-cron', text: '0 0 13 * 5', after: '2026-01-05T10:00' },
    why: 'both fields of days must match',
    ...{ theirs: '2026-02-13T00:00', ours: '2026-01-09T00:00' },
  },
  {
    ...{ who: 'cron-parser', text: '*/90 * * * *', after: '2026-01-05T10:00' },
    why: 'a step beyond the field is refused; to them it leaves the first value',
    ...{ theirs: '2026-01-05T11:00', ours: 'refused' },
  },
  {
    ...{
      who: 'cron-parser',
      text: '30 2 * * *',
      after: '2026-03-08T05:00',
      zone: 'America/New_York',
    },
    why: 'what a gap leaves out runs right after it; to them as much later as it would have been',
    ...{ theirs: '2026-03-08T07:30', ours: '2026-03-08T07:00' },
  },
  {
    ...{
      who: 'node-cron',
      text: '30 2 * * *',
      after: '2026-03-08T05:00',
      zone: 'America/New_York',
    },
    why: 'to them what a gap leaves out does not run: our dst skip',
    ...{ theirs: '2026-03-09T06:30', ours: '2026-03-08T07:00' },
  },
  {
    ...{ who: 'node-cron', text: '0 * * * *', after: '2026-11-01T05:00', zone: 'America/New_York' },
    why: 'what runs every hour runs in both of the same name; to them not in the second',
    ...{ theirs: '2026-11-01T07:00', ours: '2026-11-01T06:00' },
  },
  {
    ...{
      who: 'cron-parser',
      text: '0 */2 * * *',
      after: '2026-03-08T06:00',
      zone: 'America/New_York',
    },
    why: 'an interval stays one in a gap; to them 2:00 runs at 3:00 and 4:00 an hour later',
    ...{ theirs: '2026-03-08T07:00', ours: '2026-03-08T08:00' },
  },
  {
    ...{ who: 'croner', text: '0 0-3 * * *', after: '2026-11-01T05:00', zone: 'America/New_York' },
    why: 'hours that are listed are times of day; to them the range of hours is an interval',
    ...{ theirs: '2026-11-01T06:00', ours: '2026-11-01T07:00' },
  },
]

describe('a known difference', () => {
  const first = (runs: () => number[]) => {
    try {
      return new Date(runs()[0]!).toISOString().slice(0, 16)
    } catch {
      return 'refused'
    }
  }

  test.each(DIFFERENCES)('$who, $text: $why', (row) => {
    const args = [row.text, row.zone ?? 'UTC', Date.parse(`${row.after}Z`), 1] as const
    expect(first(() => ALL[row.who](...args))).toBe(row.theirs)
    expect(first(() => ours()(...args))).toBe(row.ours)
  })
})

/** Expressions: what they mean, and what is said of those that mean nothing. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ConclaveError } from '../../client/index.js'
import { parseSchedule, type ScheduleOptions } from './schedule.js'

/** The next instants as `2026-01-31T00:00:00Z`, those of full minutes as `2026-01-31T00:00Z`. */
function upcoming(text: string, after: string, count: number, options?: ScheduleOptions): string[] {
  return parseSchedule(text, options)
    .upcoming(Date.parse(after), count)
    .map((ms) => new Date(ms).toISOString().replace('.000Z', 'Z').replace(':00Z', 'Z'))
}

function refusal(text: string, options?: ScheduleOptions): string {
  try {
    parseSchedule(text, options)
  } catch (error) {
    if (error instanceof ConclaveError && error.code === 'invalid-argument') return error.message
    throw error
  }
  return 'it was taken'
}

type Case = readonly [
  text: string,
  after: string,
  next: readonly string[],
  options?: ScheduleOptions,
]

/** Worked out by hand, from a calendar. 2026-01-01 is a Thursday. */
const CASES: readonly Case[] = [
  // Lists, ranges, steps.
  [
    '*/20 * * * *',
    '2026-01-01T00:01Z',
    ['2026-01-01T00:20Z', '2026-01-01T00:40Z', '2026-01-01T01:00Z'],
  ],
  [
    '5/20 9 * * *',
    '2026-01-01T00:00Z',
    ['2026-01-01T09:05Z', '2026-01-01T09:25Z', '2026-01-01T09:45Z', '2026-01-02T09:05Z'],
  ],
  [
    '10-20/5 0 1 1 *',
    '2026-01-01T00:00Z',
    ['2026-01-01T00:10Z', '2026-01-01T00:15Z', '2026-01-01T00:20Z', '2027-01-01T00:10Z'],
  ],
  [
    '0,30 8-9 * * *',
    '2026-01-01T08:15Z',
    ['2026-01-01T08:30Z', '2026-01-01T09:00Z', '2026-01-01T09:30Z', '2026-01-02T08:00Z'],
  ],
  // Seconds and years.
  ['15,45 * * * * *', '2026-01-01T00:00:20Z', ['2026-01-01T00:00:45Z', '2026-01-01T00:01:15Z']],
  ['*/5 * * * * ?', '2026-01-01T00:00:58Z', ['2026-01-01T00:01Z', '2026-01-01T00:01:05Z']],
  ['0 0 0 1 1 * 2028,2030', '2026-01-01T00:00Z', ['2028-01-01T00:00Z', '2030-01-01T00:00Z']],
  ['0 0 0 29 2 * 2026-2030', '2026-01-01T00:00Z', ['2028-02-29T00:00Z']],
  ['0 0 0 1 1 * 2199', '2026-01-01T00:00Z', ['2199-01-01T00:00Z']],
  // Names, in any case and length; 0 and 7 are Sunday.
  ['0 0 * jan SUN', '2026-01-01T00:00Z', ['2026-01-04T00:00Z', '2026-01-11T00:00Z']],
  ['0 0 * January Sunday', '2026-01-01T00:00Z', ['2026-01-04T00:00Z', '2026-01-11T00:00Z']],
  ['0 0 * * 7', '2026-01-01T00:00Z', ['2026-01-04T00:00Z', '2026-01-11T00:00Z']],
  [
    '0 0 * * 5-7',
    '2026-01-01T00:00Z',
    ['2026-01-02T00:00Z', '2026-01-03T00:00Z', '2026-01-04T00:00Z', '2026-01-09T00:00Z'],
  ],
  ['0 0 * * 7-7', '2026-01-01T00:00Z', ['2026-01-04T00:00Z', '2026-01-11T00:00Z']],
  [
    '0 0 * * 7/3',
    '2026-01-01T00:00Z',
    ['2026-01-03T00:00Z', '2026-01-04T00:00Z', '2026-01-07T00:00Z'],
  ],
  // Ranges over the end.
  [
    '0 22-2 * * *',
    '2026-01-01T12:00Z',
    [
      '2026-01-01T22:00Z',
      '2026-01-01T23:00Z',
      '2026-01-02T00:00Z',
      '2026-01-02T01:00Z',
      '2026-01-02T02:00Z',
      '2026-01-02T22:00Z',
    ],
  ],
  [
    '0 22-3/2 * * *',
    '2026-01-01T12:00Z',
    ['2026-01-01T22:00Z', '2026-01-02T00:00Z', '2026-01-02T02:00Z'],
  ],
  [
    '0 0 * * fri-mon',
    '2026-01-01T00:00Z',
    [
      '2026-01-02T00:00Z',
      '2026-01-03T00:00Z',
      '2026-01-04T00:00Z',
      '2026-01-05T00:00Z',
      '2026-01-09T00:00Z',
    ],
  ],
  [
    '0 0 * * mon-sun',
    '2026-01-01T00:00Z',
    ['2026-01-02T00:00Z', '2026-01-03T00:00Z', '2026-01-04T00:00Z'],
  ],
  [
    '0 0 * * 7-1',
    '2026-01-01T00:00Z',
    ['2026-01-04T00:00Z', '2026-01-05T00:00Z', '2026-01-11T00:00Z'],
  ],
  [
    '0 0 1 nov-feb *',
    '2026-01-15T00:00Z',
    ['2026-02-01T00:00Z', '2026-11-01T00:00Z', '2026-12-01T00:00Z', '2027-01-01T00:00Z'],
  ],
  [
    '0 0 30-2 * *',
    '2026-02-01T00:00Z',
    ['2026-02-02T00:00Z', '2026-03-01T00:00Z', '2026-03-02T00:00Z', '2026-03-30T00:00Z'],
  ],
  // The last days.
  [
    '0 0 L * *',
    '2026-01-15T00:00Z',
    ['2026-01-31T00:00Z', '2026-02-28T00:00Z', '2026-03-31T00:00Z'],
  ],
  ['0 0 L 2 *', '2026-03-01T00:00Z', ['2027-02-28T00:00Z', '2028-02-29T00:00Z']],
  ['0 0 L-3 * *', '2026-01-15T00:00Z', ['2026-01-28T00:00Z', '2026-02-25T00:00Z']],
  [
    '0 0 L-29 * *',
    '2026-01-15T00:00Z',
    ['2026-03-02T00:00Z', '2026-04-01T00:00Z', '2026-05-02T00:00Z'],
  ],
  [
    '0 0 1,L * *',
    '2026-01-15T00:00Z',
    ['2026-01-31T00:00Z', '2026-02-01T00:00Z', '2026-02-28T00:00Z'],
  ],
  // The nearest workdays: 2026-02-15 is a Sunday, 2026-08-15 a Saturday.
  ['0 0 15W * *', '2026-01-16T00:00Z', ['2026-02-16T00:00Z', '2026-03-16T00:00Z']],
  ['0 0 15W 8 *', '2026-01-01T00:00Z', ['2026-08-14T00:00Z']],
  ['0 0 1W 8 *', '2026-01-01T00:00Z', ['2026-08-03T00:00Z']],
  ['0 0 31W 5 *', '2026-01-01T00:00Z', ['2026-05-29T00:00Z']],
  [
    '0 0 31W * *',
    '2026-02-01T00:00Z',
    ['2026-03-31T00:00Z', '2026-05-29T00:00Z', '2026-07-31T00:00Z'],
  ],
  [
    '0 0 LW * *',
    '2026-01-01T00:00Z',
    ['2026-01-30T00:00Z', '2026-02-27T00:00Z', '2026-03-31T00:00Z'],
  ],
  // The nth and the last day of week.
  ['0 0 * * 5L', '2026-01-01T00:00Z', ['2026-01-30T00:00Z', '2026-02-27T00:00Z']],
  ['0 0 * * friL', '2026-01-01T00:00Z', ['2026-01-30T00:00Z', '2026-02-27T00:00Z']],
  ['0 0 * * fri#2', '2026-01-01T00:00Z', ['2026-01-09T00:00Z', '2026-02-13T00:00Z']],
  ['0 0 * * 7#1', '2026-01-01T00:00Z', ['2026-01-04T00:00Z', '2026-02-01T00:00Z']],
  ['0 0 * * 1#5', '2026-01-01T00:00Z', ['2026-03-30T00:00Z', '2026-06-29T00:00Z']],
  [
    '0 0 * * 1,5#2',
    '2026-01-01T00:00Z',
    ['2026-01-05T00:00Z', '2026-01-09T00:00Z', '2026-01-12T00:00Z'],
  ],
  // Both fields of days.
  [
    '0 0 13 * fri',
    '2026-01-01T00:00Z',
    ['2026-01-02T00:00Z', '2026-01-09T00:00Z', '2026-01-13T00:00Z', '2026-01-16T00:00Z'],
  ],
  [
    '0 0 13 * fri',
    '2026-01-01T00:00Z',
    ['2026-02-13T00:00Z', '2026-03-13T00:00Z', '2026-11-13T00:00Z'],
    { dayMatch: 'and' },
  ],
  [
    '0 0 13 * +fri',
    '2026-01-01T00:00Z',
    ['2026-02-13T00:00Z', '2026-03-13T00:00Z', '2026-11-13T00:00Z'],
  ],
  ['0 0 13 * ?', '2026-01-01T00:00Z', ['2026-01-13T00:00Z', '2026-02-13T00:00Z']],
  ['0 0 ? * mon', '2026-01-01T00:00Z', ['2026-01-05T00:00Z', '2026-01-12T00:00Z']],
  [
    '0 0 */2 * mon',
    '2026-01-01T00:00Z',
    ['2026-01-05T00:00Z', '2026-01-19T00:00Z', '2026-02-09T00:00Z'],
  ],
  [
    '0 0 29 2 +sat',
    '2026-01-01T00:00Z',
    ['2048-02-29T00:00Z', '2076-02-29T00:00Z', '2116-02-29T00:00Z'],
  ],
  // Nicknames.
  ['@yearly', '2026-01-01T00:00Z', ['2027-01-01T00:00Z']],
  ['@annually', '2026-01-01T00:00Z', ['2027-01-01T00:00Z']],
  ['@monthly', '2026-01-01T00:00Z', ['2026-02-01T00:00Z']],
  ['@weekly', '2026-01-01T00:00Z', ['2026-01-04T00:00Z']],
  ['@Daily', '2026-01-01T00:00Z', ['2026-01-02T00:00Z']],
  ['@midnight', '2026-01-01T00:00Z', ['2026-01-01T05:00Z'], { timeZone: 'America/New_York' }],
  ['@hourly', '2026-01-01T00:00Z', ['2026-01-01T01:00Z']],
  ['@minutely', '2026-01-01T00:00Z', ['2026-01-01T00:01Z']],
  ['@every 90s', '2026-01-01T00:00Z', ['2026-01-01T00:01:30Z', '2026-01-01T00:03Z']],
  ['@every 1h30m', '2026-01-01T00:00Z', ['2026-01-01T01:30Z', '2026-01-01T03:00Z']],
  ['@every 24h', '2026-01-01T00:00Z', ['2026-01-02T00:00Z'], { timeZone: 'America/New_York' }],
  ['@at 2026-03-29T02:30:00+02:00', '2026-01-01T00:00Z', ['2026-03-29T00:30Z']],
  ['@at 2026-03-29t02:30:00.25z', '2026-01-01T00:00Z', ['2026-03-29T02:30:00.250Z']],
  ['@at 2026-03-29T02:30:00Z', '2026-03-29T02:30Z', []],
  ['@manually', '2026-01-01T00:00Z', []],
  ['@never', '2026-01-01T00:00Z', []],
]

describe('an expression runs when a calendar says', () => {
  test.each(CASES)('%s after %s', (...row) => {
    const [text, after, next, options] = row as Case
    expect(upcoming(text, after, Math.max(next.length, 1), options)).toEqual(next)
  })
})

describe('H', () => {
  const minuteOf = (text: string, name: string) =>
    new Date(parseSchedule(text, { name }).next(-1)!).getUTCMinutes()
  const names = Array.from({ length: 300 }, (_, i) => `job-${i}`)

  test('stands for the same value in every process, another for another name', () => {
    expect(upcoming('H H * * *', '2026-01-01T00:00Z', 2, { name: 'nightly' })).toEqual([
      '2026-01-01T13:27Z',
      '2026-01-02T13:27Z',
    ])
    expect(new Set(names.map((name) => minuteOf('H * * * *', name))).size).toBe(60)
  })

  test('stays within its range, and steps from a start of its own', () => {
    for (const name of names) {
      expect(minuteOf('H(10-19) * * * *', name)).toBeGreaterThanOrEqual(10)
      expect(minuteOf('H(10-19) * * * *', name)).toBeLessThanOrEqual(19)
      expect(minuteOf('H/15 * * * *', name)).toBeLessThan(15)
      const quarters = parseSchedule('H/15 * * * *', { name }).upcoming(-1, 5)
      expect(quarters[1]! - quarters[0]!).toBe(15 * 60_000)
      expect(quarters[4]! - quarters[0]!).toBe(60 * 60_000)
      const tens = parseSchedule('H(0-29)/10 * * * *', { name }).upcoming(-1, 4)
      expect(tens[2]! - tens[0]!).toBe(20 * 60_000)
      expect(tens[3]! - tens[0]!).toBe(60 * 60_000)
    }
  })

  test('leaves no month out when it stands for a day', () => {
    for (const name of names) {
      const runs = parseSchedule('0 0 H * *', { name }).upcoming(0, 12)
      expect(new Set(runs.map((ms) => new Date(ms).getUTCMonth())).size).toBe(12)
    }
  })

  test('draws the fields apart', () => {
    const times = names.map((name) => parseSchedule('H H * * *', { name }).next(-1)!)
    expect(new Set(times).size).toBeGreaterThan(250)
  })
})

describe('what is wrong is refused, by field and column', () => {
  const WRONG: readonly (readonly [text: string, says: RegExp, options?: ScheduleOptions])[] = [
    ['60 * * * *', /field minute, column 1: '60' is no minute\. Allowed: 0-59, /],
    ['0 24 * * *', /field hour, column 3: '24' is no hour\. Allowed: 0-23, /],
    ['0  0   32 * *', /field day of month, column 5: '32' is no day of month/],
    ['0 0 0 * *', /field day of month, column 5: '0' is no day of month/],
    ['0 0 * 13 *', /field month, column 7: '13' is no month\. Allowed: 1-12, jan-dec/],
    ['0 0 * * 8', /field day of week, column 9: '8' is no day of week\. Allowed: 0-7/],
    ['0 0 * * mon,fry', /column 13: 'fry' is no day of week/],
    ['60 * * * * *', /field second, column 1/],
    ['* * * * * * 1969', /field year, column 13: '1969' is no year\. Allowed: 1970-2199/],
    ['* * * * * * 2030-2028', /year.*2030 is after 2028/],
    ['*/0 * * * *', /minute, column 1: a step is from 1 to 60, not '0'/],
    ['*/90 * * * *', /a step is from 1 to 60, not '90'/],
    ['*/ * * * *', /a step is from 1 to 60, not ''/],
    ['*/5/5 * * * *', /not '5\/5'/],
    ['1-2-3 * * * *', /more than one '-'/],
    ['-5 * * * *', /a value is missing/],
    ['5- * * * *', /a value is missing/],
    ['1,,2 * * * *', /column 3: a value is missing/],
    ['1, * * * *', /column 3: a value is missing/],
    ['? * * * *', /'\?' is for the fields of days only/],
    ['0 0 ?/2 * *', /'\?' takes no step/],
    ['** * * * *', /'\*\*' is no minute/],
    ['1.5 * * * *', /'1\.5' is no minute/],
    ['0x1 * * * *', /'0x1' is no minute/],
    ['١ * * * *', /'١' is no minute/],
    ['L * * * *', /'L' is no minute/],
    ['0 0 L-31 * *', /L-n takes an n from 1 to 30, not '31'/],
    ['0 0 32W * *', /'32' is no day of month/],
    ['0 0 * * L', /the last of which day\? Write 5L or friL/],
    ['0 0 * * fri#6', /n#k takes a k from 1 to 5, not '6'/],
    ['0 0 * * fri#', /n#k takes a k from 1 to 5, not ''/],
    ['0 0 * * +', /column 10: a value is missing/],
    ['0 +1 * * *', /'\+1' is no hour/],
    ['H * * * *', /'H' needs a name to hash/],
    ['H(1-99) * * * *', /'99' is no minute/, { name: 'x' }],
    ['Hx * * * *', /'Hx' is no 'H\(a-b\)'/, { name: 'x' }],
    ['* * * * * * H', /'H' may not stand here/, { name: 'x' }],
    ['* * * *', /has 4 fields\. Write 5 .*, 6 .* or 7 /],
    ['* * * * * * * *', /has 8 fields/],
    ['', /must not be empty/],
    ['   ', /must not be empty/],
    ['0 0 30 2 *', /never happens/],
    ['0 0 31 4,6,9,11 *', /never happens/],
    ['0 0 0 29 2 * 2026', /never happens/],
    ['0 0 1-7 * +mon#2', /never happens/],
    ['@fortnightly', /There is no @fortnightly\. Allowed: @yearly, /],
    ['@reboot', /There is no @reboot/],
    ['@daily 5', /Nothing may follow @daily: '5'/],
    ['@every', /takes a duration .*, not ''/],
    ['@every 5', /takes a duration .*, not '5'/],
    ['@every 0s', /takes a duration/],
    ['@every -5s', /takes a duration/],
    ['@every 100us', /whole milliseconds/],
    ['@every 1e9h', /takes a duration/],
    ['@at tomorrow', /takes an instant with its offset/],
    ['@at 2026-03-29T02:30:00', /with its offset/],
    ['@at 2026-02-29T00:00:00Z', /not '2026-02-29T00:00:00Z'/],
    ['@at 2026-01-01T24:00:00Z', /takes an instant/],
    [`${'1,'.repeat(600)}1 * * * *`, /at most 1000 characters/],
    ['* * * * *', /There is no time zone 'Mars\/Phobos'/, { timeZone: 'Mars/Phobos' }],
    ['* * * * *', /There is no time zone ''/, { timeZone: '' }],
    ['* * * * *', /dst is 'debian', 'skip' or 'twice'/, { dst: 'never' as 'skip' }],
    ['* * * * *', /dayMatch is 'or' or 'and'/, { dayMatch: 'xor' as 'or' }],
    ['H * * * *', /must not be empty/, { name: '' }],
  ]

  test.each(WRONG)('%s', (...row) => {
    const [text, says, options] = row as (typeof WRONG)[number]
    expect(refusal(text, options)).toMatch(says)
  })

  test('a text that is none', () => {
    expect(refusal(undefined as unknown as string)).toMatch(/must not be empty/)
  })

  test('whatever the text, it is read or refused', () => {
    const words = fc.constantFrom(
      ...[
        '*',
        '?',
        'L',
        'W',
        '#',
        '/',
        '-',
        ',',
        '+',
        'H',
        '(',
        ')',
        '@',
        ' ',
        'mon',
        'jan',
        '0',
        '7',
      ],
      ...['31', '59', '99999', '@every ', '@at ', '1h', 'e', '\t', '\n', '\u0000', 'é'],
    )
    const text = fc.oneof(
      fc.array(words, { maxLength: 30 }).map((parts) => parts.join('')),
      fc
        .array(
          fc.array(words, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
          {
            minLength: 5,
            maxLength: 7,
          },
        )
        .map((fields) => fields.join(' ')),
      fc.string({ unit: 'binary', maxLength: 60 }),
    )
    const judge = (anything: string) => {
      const said = refusal(anything, { name: 'x', timeZone: 'Europe/Berlin' })
      if (said !== 'it was taken') return
      const schedule = parseSchedule(anything, { name: 'x', timeZone: 'Europe/Berlin' })
      const next = schedule.next(1.7e12)
      if (next !== undefined) expect(schedule.previous(next + 1)).toBe(next)
    }
    fc.assert(fc.property(text, judge), { numRuns: 3_000 })
  })
})

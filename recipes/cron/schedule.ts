/**
 * Schedules: from a text to the instants at which something runs.
 *
 * Nothing here looks at a clock: instants are given and returned as milliseconds since
 * 1970-01-01T00:00Z. All processes that read the same text with the same options, and have
 * the same time zone rules, get the same instants. docs/recipes/cron-expressions.md has the tables.
 *
 * Schedules know the years 1970 to 2199, and no search goes beyond them: one in vain costs
 * fewer than 3000 months, each a handful of operations.
 */

import { invalidArgument } from '../errors.js'
import { checkWhole } from '../numbers.js'
import { DAY_SECONDS, daysFromCivil, YEAR_MAX } from './civil-time.js'
import { CronSchedule, type DstRule } from './cron-schedule.js'
import { every, NEVER, once, type Times } from './every.js'
import { parseExpression } from './expression.js'
import { timeZoneNamed } from './time-zone.js'

export type { DstRule } from './cron-schedule.js'

/** How a text is to be understood. */
export interface ScheduleOptions {
  /**
   * IANA name of the zone whose wall clock the fields speak of. Default `UTC`, whatever the
   * zone of the process: so all processes agree.
   */
  readonly timeZone?: string
  /**
   * What becomes of fixed times of day when clocks change. `debian`: what the clock leaps
   * over runs right after, what it shows twice runs once. `skip`: what it leaps over does not
   * run. `twice`: as the wall clock shows, so what it shows twice runs twice. Default `debian`.
   */
  readonly dst?: DstRule
  /** What `H` hashes, such as the name of the job; needed with `H` only. Not empty. */
  readonly name?: string
  /**
   * When both fields of days restrict (neither begins with `*` or `?`): whether a day must
   * match one of them, as cron has it, or both. Default `or`.
   */
  readonly dayMatch?: 'or' | 'and'
}

/** The instants of a schedule, in milliseconds since 1970-01-01T00:00Z. */
export interface Schedule {
  /** The text, with single spaces. It means the same when it is parsed again. */
  readonly text: string
  /** The first instant after that one; undefined when there is none up to the year 2199. */
  next(afterMs: number): number | undefined
  /** The last instant before that one; undefined when there is none since 1970. */
  previous(beforeMs: number): number | undefined
  /** Whether this very millisecond is one of the instants. */
  matches(atMs: number): boolean
  /** The next `count` instants, fewer when there are no more. At most 10,000. */
  upcoming(afterMs: number, count: number): number[]
}

const TEXT_LENGTH_MAX = 1_000
const COUNT_MAX = 10_000
const TIME_MS_MAX = daysFromCivil(YEAR_MAX + 1, 1, 1) * DAY_SECONDS * 1_000 - 1

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
  '@minutely': '* * * * *',
}
const NICKNAMES_ALLOWED = [...Object.keys(NICKNAMES), '@every', '@at', '@manually', '@never']

/**
 * Reads a schedule: five, six or seven fields, or a nickname.
 *
 * @throws {ConclaveError} `invalid-argument`: it names the field, the column and what is
 *   allowed there; or the fields are right and no day ever matches them.
 *
 * @example
 * const schedule = parseSchedule('30 2 * * mon-fri', { timeZone: 'Europe/Berlin' })
 * const nextAtMs = schedule.next(client.clock.wall())
 */
export function parseSchedule(text: string, options: ScheduleOptions = {}): Schedule {
  checkOptions(options)
  if (typeof text !== 'string' || text.trim() === '')
    throw invalidArgument('A schedule must not be empty. Write five fields, or @daily.')
  if (text.length > TEXT_LENGTH_MAX)
    throw invalidArgument(`A schedule has at most ${TEXT_LENGTH_MAX} characters.`)
  const plain = text.trim().replace(/\s+/g, ' ')
  return new TimesOfText(
    plain,
    plain.startsWith('@') ? nicknamed(plain, options) : fields(plain, options),
  )
}

/** @throws {ConclaveError} `invalid-argument`. */
function checkOptions({ dst = 'debian', dayMatch = 'or', name }: ScheduleOptions): void {
  if (!['debian', 'skip', 'twice'].includes(dst))
    throw invalidArgument(`dst is 'debian', 'skip' or 'twice', not '${dst}'.`)
  if (!['or', 'and'].includes(dayMatch))
    throw invalidArgument(`dayMatch is 'or' or 'and', not '${dayMatch}'.`)
  if (name === '') throw invalidArgument('The name that H hashes must not be empty.')
}

function nicknamed(text: string, options: ScheduleOptions): Times {
  const [nickname, ...rest] = text.split(' ')
  const known = nickname!.toLowerCase()
  const argument = rest.join(' ')
  if (known === '@every') return every(argument)
  if (known === '@at') return once(argument)
  if (rest.length > 0) throw invalidArgument(`Nothing may follow ${nickname}: '${argument}'.`)
  if (known === '@manually' || known === '@never') return NEVER
  const expression = NICKNAMES[known]
  if (expression !== undefined) return fields(expression, options)
  throw invalidArgument(`There is no ${nickname}. Allowed: ${NICKNAMES_ALLOWED.join(', ')}.`)
}

function fields(text: string, options: ScheduleOptions): Times {
  const { timeZone = 'UTC', dst = 'debian', name, dayMatch = 'or' } = options
  const expression = parseExpression(text, { name, dayMatch })
  const cron = new CronSchedule(expression, timeZoneNamed(timeZone), dst)
  return {
    next: (afterMs) => inMs(cron.atOrAfter(Math.floor(afterMs / 1_000) + 1)),
    previous: (beforeMs) => inMs(cron.atOrBefore(Math.ceil(beforeMs / 1_000) - 1)),
  }
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000
}

/** Times with a text, within the years that schedules know. */
class TimesOfText implements Schedule {
  readonly text: string
  readonly #times: Times

  constructor(text: string, times: Times) {
    this.text = text
    this.#times = times
  }

  next(afterMs: number): number | undefined {
    checkTime(afterMs)
    if (afterMs >= TIME_MS_MAX) return undefined
    const found = this.#times.next(Math.max(afterMs, -1))
    return found !== undefined && found <= TIME_MS_MAX ? found : undefined
  }

  previous(beforeMs: number): number | undefined {
    checkTime(beforeMs)
    if (beforeMs <= 0) return undefined
    const found = this.#times.previous(Math.min(beforeMs, TIME_MS_MAX + 1))
    return found !== undefined && found >= 0 ? found : undefined
  }

  matches(atMs: number): boolean {
    checkTime(atMs)
    return this.next(atMs - 1) === atMs
  }

  upcoming(afterMs: number, count: number): number[] {
    checkWhole(count, 'count', 0, COUNT_MAX)
    const found: number[] = []
    for (let at = this.next(afterMs); at !== undefined && found.length < count; at = this.next(at))
      found.push(at)
    return found
  }
}

/** @throws {ConclaveError} `invalid-argument`. */
function checkTime(ms: number): void {
  if (!Number.isFinite(ms))
    throw invalidArgument(`A time is milliseconds since 1970-01-01T00:00Z, not ${ms}.`)
}

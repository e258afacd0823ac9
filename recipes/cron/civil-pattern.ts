/**
 * What an expression matches in civil time: which seconds a clock on the wall would show,
 * whatever zone it hangs in. Time zones come on top, in cron-schedule.ts.
 *
 * The next match is looked for from the greatest unit down: the next day whose month has
 * its bit set, then the least time of day. A month costs one set of bits, a day one shift;
 * so the whole range of years costs fewer than 3000 steps, and there is no longer search.
 */

import {
  civilFromDays,
  DAY_SECONDS,
  daysFromCivil,
  daysInMonth,
  weekdayOfDays,
  YEAR_MAX,
  YEAR_MIN,
} from './civil-time.js'
import { type DayRule, dayBit, everyDay, everyWeekday } from './day-rules.js'
import type { FieldName } from './fields.js'
import type { Field } from './parse-field.js'
import { TimeOfDay } from './time-of-day.js'

/** Every field, read. */
export type PatternFields = Readonly<Record<FieldName, Field>>

/** See the head of the file. Times are local seconds: see civil-time.ts. */
export class CivilPattern {
  readonly #time: TimeOfDay
  readonly #months: ReadonlySet<number>
  /** undefined: every year. */
  readonly #years: ReadonlySet<number> | undefined
  /** What each field of days says; undefined when it does not restrict. */
  readonly #daysOfMonth: readonly DayRule[]
  readonly #daysOfWeek: readonly DayRule[]
  readonly #isEither: boolean
  /** The month that was looked at last, as `year * 12 + month`, and its days. */
  #lastMonth = -1
  #lastDays = 0

  /** @param dayMatch `or`: when both fields of days restrict, one of them must match. */
  constructor(fields: PatternFields, dayMatch: 'or' | 'and') {
    const [ofMonth, ofWeek] = [fields['day of month'], fields['day of week']]
    this.#time = new TimeOfDay(fields.hour.values, fields.minute.values, fields.second.values)
    this.#months = new Set(fields.month.values)
    this.#years = fields.year.values.length === 0 ? undefined : new Set(fields.year.values)
    this.#daysOfMonth = [...ofMonth.values.map(dayOfMonth), ...ofMonth.rules]
    this.#daysOfWeek = [...ofWeek.values.map(everyWeekday), ...ofWeek.rules]
    this.#isEither = dayMatch === 'or' && !ofMonth.isWild && !ofWeek.isWild
  }

  /** The first match that is not before `local`; undefined: none up to the last year. */
  next(local: number): number | undefined {
    const day = Math.floor(local / DAY_SECONDS)
    if (this.#hasDay(day)) {
      const time = this.#time.atOrAfter(local - day * DAY_SECONDS)
      if (time !== undefined) return day * DAY_SECONDS + time
    }
    const found = this.#dayAtOrAfter(day + 1)
    return found === undefined ? undefined : found * DAY_SECONDS + this.#time.first
  }

  /** The last match that is not after `local`; undefined: none down to the first year. */
  previous(local: number): number | undefined {
    const day = Math.floor(local / DAY_SECONDS)
    if (this.#hasDay(day)) {
      const time = this.#time.atOrBefore(local - day * DAY_SECONDS)
      if (time !== undefined) return day * DAY_SECONDS + time
    }
    const found = this.#dayAtOrBefore(day - 1)
    return found === undefined ? undefined : found * DAY_SECONDS + this.#time.last
  }

  #hasDay(days: number): boolean {
    const { year, month, day } = civilFromDays(days)
    return (this.#daysOf(year, month) & (1 << (day - 1))) !== 0
  }

  #dayAtOrAfter(days: number): number | undefined {
    let { year, month, day } = civilFromDays(Math.max(days, FIRST_DAY))
    while (year <= YEAR_MAX) {
      const left = this.#daysOf(year, month) >> (day - 1)
      // The lowest bit that is set.
      if (left !== 0) return daysFromCivil(year, month, day + 31 - Math.clz32(left & -left))
      day = 1
      month = month === 12 ? 1 : month + 1
      if (month === 1) year++
    }
    return undefined
  }

  #dayAtOrBefore(days: number): number | undefined {
    let { year, month, day } = civilFromDays(Math.min(days, LAST_DAY))
    while (year >= YEAR_MIN) {
      const left = this.#daysOf(year, month) & (0x7fffffff >> (31 - day))
      // The highest bit that is set.
      if (left !== 0) return daysFromCivil(year, month, 32 - Math.clz32(left))
      day = 31
      month = month === 1 ? 12 : month - 1
      if (month === 12) year--
    }
    return undefined
  }

  /** The days of a month that match, as bits. */
  #daysOf(year: number, month: number): number {
    const key = year * 12 + month
    if (key !== this.#lastMonth) {
      this.#lastDays = this.#findDaysOf(year, month)
      this.#lastMonth = key
    }
    return this.#lastDays
  }

  #findDaysOf(year: number, month: number): number {
    if (year < YEAR_MIN || year > YEAR_MAX) return 0
    if (!this.#months.has(month) || this.#years?.has(year) === false) return 0
    const shape = {
      length: daysInMonth(year, month),
      firstWeekday: weekdayOfDays(daysFromCivil(year, month, 1)),
    }
    const daysBy = (rules: readonly DayRule[]) =>
      rules.reduce((days, rule) => days | rule(shape), 0)
    const [ofMonth, ofWeek] = [daysBy(this.#daysOfMonth), daysBy(this.#daysOfWeek)]
    return (this.#isEither ? ofMonth | ofWeek : ofMonth & ofWeek) & everyDay(shape)
  }
}

const FIRST_DAY = daysFromCivil(YEAR_MIN, 1, 1)
const LAST_DAY = daysFromCivil(YEAR_MAX, 12, 31)

function dayOfMonth(day: number): DayRule {
  return (month) => dayBit(day, month)
}

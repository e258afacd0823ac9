/**
 * Days of a month, by rules that depend on how the month lies: `L`, `W` and `#`.
 *
 * A set of days is one integer: bit 0 is the first day of the month, bit 30 the 31st.
 */

/** How a month lies. */
export interface MonthShape {
  /** 28 to 31. */
  readonly length: number
  /** The day of week of its first day, 0 for Sunday. */
  readonly firstWeekday: number
}

/** The days of a month on which something happens, as bits. */
export type DayRule = (month: MonthShape) => number

const SATURDAY = 6
const SUNDAY = 0

/** The bit of a day; none when the month has no such day. */
export function dayBit(day: number, { length }: MonthShape): number {
  return day >= 1 && day <= length ? 1 << (day - 1) : 0
}

function weekdayOf(day: number, { firstWeekday }: MonthShape): number {
  return (firstWeekday + day - 1) % 7
}

/** Every day of the month, as bits. */
export function everyDay({ length }: MonthShape): number {
  return length === 31 ? 0x7fffffff : (1 << length) - 1
}

/** `L` and `L-n`: so many days before the last. */
export function beforeLast(count: number): DayRule {
  return (month) => dayBit(month.length - count, month)
}

/** `nW`: the day from Monday to Friday that is nearest to day `n` of the same month. */
export function workdayNearest(day: number): DayRule {
  return (month) => (day > month.length ? 0 : nearestWorkday(day, month))
}

/** `LW`: the last day from Monday to Friday. */
export function lastWorkday(month: MonthShape): number {
  const weekday = weekdayOf(month.length, month)
  const back = weekday === SATURDAY ? 1 : weekday === SUNDAY ? 2 : 0
  return dayBit(month.length - back, month)
}

function nearestWorkday(day: number, month: MonthShape): number {
  const weekday = weekdayOf(day, month)
  if (weekday === SATURDAY) return dayBit(day === 1 ? 3 : day - 1, month)
  if (weekday === SUNDAY) return dayBit(day === month.length ? day - 2 : day + 1, month)
  return dayBit(day, month)
}

/** Every such day of week. */
export function everyWeekday(weekday: number): DayRule {
  return (month) => {
    let days = 0
    for (let day = firstOf(weekday, month); day <= month.length; day += 7)
      days |= dayBit(day, month)
    return days
  }
}

/** `n#k`: the `k`th such day of week. */
export function nthWeekday(weekday: number, nth: number): DayRule {
  return (month) => dayBit(firstOf(weekday, month) + 7 * (nth - 1), month)
}

/** `nL`: the last such day of week. */
export function lastWeekday(weekday: number): DayRule {
  return (month) => {
    const fifth = firstOf(weekday, month) + 28
    return dayBit(fifth <= month.length ? fifth : fifth - 7, month)
  }
}

/** The first such day of week, 1 to 7. */
function firstOf(weekday: number, { firstWeekday }: MonthShape): number {
  return 1 + ((weekday - firstWeekday + 7) % 7)
}

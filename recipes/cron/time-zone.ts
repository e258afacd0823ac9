/**
 * The offset of a time zone from UTC, as stretches of time in which it does not change.
 *
 * The zone's rules come from `Intl`, which tells what a clock on the wall shows at one
 * instant, and takes microseconds for it. So time is cut into windows of five days. The offset
 * is asked at both ends of a window, and where it differs the change between them is found
 * by bisection, to the second. What was found is kept; a window without a change costs two
 * questions once. Two changes that undo each other within six days would be missed; the
 * nearest that zones know since 1970 are a week apart.
 *
 * Instants are seconds since 1970-01-01T00:00Z. Offsets are in seconds, east is positive.
 */

import { invalidArgument } from '../errors.js'
import { DAY_SECONDS, daysFromCivil } from './civil-time.js'

/** A stretch of time with one offset, as far as its window shows it. */
export interface Stretch {
  /** Its first instant: the change, or the beginning of what the window shows. */
  readonly from: number
  /** The first instant after it: the next change, or the end of the window. */
  readonly to: number
  readonly offset: number
  /** The offset before `from`; the same as `offset` when `from` is no change. */
  readonly offsetBefore: number
}

const WINDOW_SECONDS = 5 * DAY_SECONDS
/** A window shows a day of the one before, so a change in its last day is seen with it. */
const LOOK_BACK_SECONDS = DAY_SECONDS
const WINDOWS_KEPT_MAX = 1_000
const ZONES_KEPT_MAX = 1_000

/** A time zone by its IANA name; get one by {@link timeZoneNamed}. */
export class TimeZone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat | undefined
  readonly #windows = new Map<number, readonly Stretch[]>()

  /** @throws {RangeError} there is no such zone. */
  constructor(name: string) {
    this.name = name
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    })
    this.#format = format.resolvedOptions().timeZone === 'UTC' ? undefined : format
  }

  /** The stretch around an instant. A change within the day before the instant is its `from`. */
  stretchAt(instant: number): Stretch {
    if (this.#format === undefined) return ALWAYS_UTC
    const index = Math.floor(instant / WINDOW_SECONDS)
    let stretches = this.#windows.get(index)
    if (stretches === undefined) {
      if (this.#windows.size >= WINDOWS_KEPT_MAX) this.#windows.clear()
      stretches = this.#stretchesOf(index * WINDOW_SECONDS)
      this.#windows.set(index, stretches)
    }
    return stretches.findLast(({ from }) => from <= instant)!
  }

  #stretchesOf(windowFrom: number): Stretch[] {
    const end = windowFrom + WINDOW_SECONDS
    const stretches: Stretch[] = []
    let from = windowFrom - LOOK_BACK_SECONDS
    let offset = this.#offsetAt(from)
    let offsetBefore = offset
    const offsetAtEnd = this.#offsetAt(end - 1)
    while (offset !== offsetAtEnd) {
      const to = this.#changeBetween(from, end - 1, offset)
      stretches.push({ from, to, offset, offsetBefore })
      offsetBefore = offset
      from = to
      offset = this.#offsetAt(to)
    }
    stretches.push({ from, to: end, offset, offsetBefore })
    return stretches
  }

  /** The first instant found that has another offset; `low` has `offset`, `high` has not. */
  #changeBetween(low: number, high: number, offset: number): number {
    let [same, other] = [low, high]
    while (other - same > 1) {
      const middle = Math.floor((same + other) / 2)
      if (this.#offsetAt(middle) === offset) same = middle
      else other = middle
    }
    return other
  }

  /** Asks `Intl` what the wall shows. */
  #offsetAt(instant: number): number {
    const shown = this.#format!.format(instant * 1_000)
      .match(/\d+/g)!
      .map(Number)
    const [month, day, year, hour, minute, second] = shown as [
      ...[number, number, number],
      ...[number, number, number],
    ]
    const days = daysFromCivil(year, month, day)
    return days * DAY_SECONDS + hour * 3_600 + minute * 60 + second - instant
  }
}

const ALWAYS_UTC: Stretch = { from: -Infinity, to: Infinity, offset: 0, offsetBefore: 0 }
const zones = new Map<string, TimeZone>()

/**
 * The time zone of this name, with what is known of it by now.
 *
 * @throws {ConclaveError} `invalid-argument`: there is no such zone.
 */
export function timeZoneNamed(name: string): TimeZone {
  const known = zones.get(name)
  if (known !== undefined) return known
  let made: TimeZone
  try {
    made = new TimeZone(name)
  } catch {
    throw invalidArgument(
      `There is no time zone '${name}'. Write an IANA name, such as 'Europe/Berlin' or 'UTC'.`,
    )
  }
  if (zones.size >= ZONES_KEPT_MAX) zones.clear()
  zones.set(name, made)
  return made
}

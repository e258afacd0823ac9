/**
 * When an expression runs: its pattern in civil time, laid over a time zone.
 *
 * Where the offset does not change, local time is an instant plus the offset. At a change
 * of the clock, local times are left out (a gap) or shown twice (a repeat). Three rules:
 *
 * | | gap | repeat |
 * | --- | --- | --- |
 * | `debian` | what is left out runs at once, at the first instant after the gap | the first time only |
 * | `skip` | what is left out does not run | the first time only |
 * | `twice` | what is left out does not run | both times |
 *
 * Those are for fixed times of day. An expression whose minute or hour begins with `*` runs at
 * intervals: it runs whenever the wall shows a time that matches, so its distances in real time
 * stay as they are. And they are for changes of three hours at most; a greater one, as at
 * the date line, is a correction: what it leaves out is left out, what it repeats runs again.
 *
 * The search goes stretch by stretch (time-zone.ts): the next match of the pattern, if it falls
 * into the stretch; else on with the next stretch, or two days before the match if that is
 * later, since no offset moves a match so far. A change within a day is not leapt over: it may
 * show times again that lie before the one from which the search began.
 */

import type { CivilPattern } from './civil-pattern.js'
import { DAY_SECONDS } from './civil-time.js'
import type { Stretch, TimeZone } from './time-zone.js'

/** What becomes of fixed times of day when clocks change; see the head of cron-schedule.ts. */
export type DstRule = 'debian' | 'skip' | 'twice'

const CHANGE_SECONDS_MAX = 3 * 3_600
const FAR_SECONDS = 2 * DAY_SECONDS

/** Instants at which a pattern runs. In seconds since 1970-01-01T00:00Z. */
export class CronSchedule {
  readonly #pattern: CivilPattern
  readonly #zone: TimeZone
  readonly #runsAfterGap: boolean
  readonly #runsOnce: boolean

  constructor(
    { pattern, isInterval }: { readonly pattern: CivilPattern; readonly isInterval: boolean },
    zone: TimeZone,
    dst: DstRule,
  ) {
    this.#pattern = pattern
    this.#zone = zone
    this.#runsAfterGap = dst === 'debian' && !isInterval
    this.#runsOnce = dst !== 'twice' && !isInterval
  }

  /** The first instant at or after `instant`. */
  atOrAfter(instant: number): number | undefined {
    for (let at = instant; ; ) {
      const stretch = this.#zone.stretchAt(at)
      if (at === stretch.from && this.#runsAfter(stretch)) return at
      at = Math.max(at, this.#firstOf(stretch))
      const match = this.#pattern.next(at + stretch.offset)
      if (match === undefined) return undefined
      const found = match - stretch.offset
      if (found < stretch.to) return found
      const isNear = stretch.to - at < DAY_SECONDS
      at = isNear ? stretch.to : Math.max(stretch.to, found - FAR_SECONDS)
    }
  }

  /** The last instant at or before `instant`. */
  atOrBefore(instant: number): number | undefined {
    for (let at = instant; ; ) {
      const stretch = this.#zone.stretchAt(at)
      const match = this.#pattern.previous(at + stretch.offset)
      if (match === undefined) return undefined
      const found = match - stretch.offset
      if (found >= this.#firstOf(stretch)) return found
      if (this.#runsAfter(stretch)) return stretch.from
      const isNear = at - stretch.from < DAY_SECONDS
      at = isNear ? before(stretch) : Math.min(before(stretch), found + FAR_SECONDS)
    }
  }

  /** Whether a stretch begins by running what the gap before it left out. */
  #runsAfter({ from, offset, offsetBefore }: Stretch): boolean {
    const gap = offset - offsetBefore
    if (!this.#runsAfterGap || gap <= 0 || gap > CHANGE_SECONDS_MAX) return false
    const match = this.#pattern.next(from + offsetBefore)
    return match !== undefined && match < from + offset
  }

  /** The first instant of a stretch at which a match runs: after what repeats, if that is not to. */
  #firstOf({ from, offset, offsetBefore }: Stretch): number {
    const repeated = offsetBefore - offset
    return this.#runsOnce && repeated > 0 && repeated <= CHANGE_SECONDS_MAX ? from + repeated : from
  }
}

/** The last instant that a stretch has not looked at. */
function before({ from, offset, offsetBefore }: Stretch): number {
  // A change is looked at together with what follows it; the edge of a window is not.
  return offset === offsetBefore ? from : from - 1
}

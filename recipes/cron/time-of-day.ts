/** The times of day that an expression names: hours, minutes and seconds. */

import { ValueSet } from './value-set.js'

/** Seconds of the day whose hour, minute and second are each in a set. */
export class TimeOfDay {
  readonly #hours: ValueSet
  readonly #minutes: ValueSet
  readonly #seconds: ValueSet
  readonly first: number
  readonly last: number

  /** @param hours at least one; so with the minutes and the seconds. */
  constructor(hours: readonly number[], minutes: readonly number[], seconds: readonly number[]) {
    this.#hours = new ValueSet(hours, 23)
    this.#minutes = new ValueSet(minutes, 59)
    this.#seconds = new ValueSet(seconds, 59)
    this.first = inSeconds(this.#hours.first, this.#minutes.first, this.#seconds.first)
    this.last = inSeconds(this.#hours.last, this.#minutes.last, this.#seconds.last)
  }

  /** The first of them that is not before the second `time` of the day. */
  atOrAfter(time: number): number | undefined {
    const { hour, minute, second } = taken(time)
    const atHour = this.#hours.atOrAfter(hour)
    if (atHour === hour) {
      const atMinute = this.#minutes.atOrAfter(minute)
      const atSecond = atMinute === minute ? this.#seconds.atOrAfter(second) : undefined
      if (atSecond !== undefined) return inSeconds(hour, minute, atSecond)
      const later = atMinute === minute ? this.#minutes.atOrAfter(minute + 1) : atMinute
      if (later !== undefined) return inSeconds(hour, later, this.#seconds.first)
    }
    const later = atHour === hour ? this.#hours.atOrAfter(hour + 1) : atHour
    return later === undefined
      ? undefined
      : inSeconds(later, this.#minutes.first, this.#seconds.first)
  }

  /** The last of them that is not after the second `time` of the day. */
  atOrBefore(time: number): number | undefined {
    const { hour, minute, second } = taken(time)
    const atHour = this.#hours.atOrBefore(hour)
    if (atHour === hour) {
      const atMinute = this.#minutes.atOrBefore(minute)
      const atSecond = atMinute === minute ? this.#seconds.atOrBefore(second) : undefined
      if (atSecond !== undefined) return inSeconds(hour, minute, atSecond)
      const earlier = atMinute === minute ? this.#minutes.atOrBefore(minute - 1) : atMinute
      if (earlier !== undefined) return inSeconds(hour, earlier, this.#seconds.last)
    }
    const earlier = atHour === hour ? this.#hours.atOrBefore(hour - 1) : atHour
    return earlier === undefined
      ? undefined
      : inSeconds(earlier, this.#minutes.last, this.#seconds.last)
  }
}

function inSeconds(hour: number, minute: number, second: number): number {
  return hour * 3_600 + minute * 60 + second
}

function taken(time: number) {
  return {
    hour: Math.floor(time / 3_600),
    minute: Math.floor(time / 60) % 60,
    second: time % 60,
  }
}

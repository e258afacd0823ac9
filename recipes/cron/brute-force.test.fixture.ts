/**
 * What schedules are judged by: random expressions whose meaning is known without reading
 * them, and a scan of every single minute or second with what `Intl` shows on the wall.
 *
 * It shares nothing with the engine: no arithmetic on dates, no offsets, no search.
 */

import fc from 'fast-check'

/** What the wall shows. */
export interface Wall {
  readonly month: number
  readonly day: number
  /** 0 for Sunday. */
  readonly weekday: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** One field as text, and what it means. */
export interface MadeField {
  readonly text: string
  readonly has: (value: number) => boolean
}

/** A random expression. */
export interface Made {
  readonly text: string
  readonly has: (wall: Wall) => boolean
  readonly isInterval: boolean
}

function field(min: number, max: number, kinds: readonly string[]): fc.Arbitrary<MadeField> {
  const value = fc.integer({ min, max })
  const step = fc.integer({ min: 1, max: max - min + 1 })
  const made: Record<string, fc.Arbitrary<MadeField>> = {
    star: fc.constant({ text: '*', has: () => true }),
    starStep: step.map((n) => ({ text: `*/${n}`, has: (v) => (v - min) % n === 0 })),
    list: fc.uniqueArray(value, { minLength: 1, maxLength: 4 }).map((values) => ({
      text: values.join(','),
      has: (v) => values.includes(v),
    })),
    range: fc.tuple(value, value).map(([a, b]) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      return { text: `${low}-${high}`, has: (v) => v >= low && v <= high }
    }),
    rangeStep: fc.tuple(value, value, step).map(([a, b, n]) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      return {
        text: `${low}-${high}/${n}`,
        has: (v) => v >= low && v <= high && (v - low) % n === 0,
      }
    }),
    around: fc.tuple(value, value).map(([a, b]) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      return {
        text: `${high}-${low}`,
        has: (v) => (low === high ? v === low : v >= high || v <= low),
      }
    }),
    fromStep: fc.tuple(value, step).map(([from, n]) => ({
      text: `${from}/${n}`,
      has: (v) => v >= from && (v - from) % n === 0,
    })),
  }
  return fc.oneof(...kinds.map((kind) => made[kind]!))
}

/** Kinds of fields that every cron reads alike. */
export const PLAIN = ['star', 'starStep', 'list', 'range', 'rangeStep'] as const
const OURS: readonly string[] = [...PLAIN, 'around', 'fromStep']

/**
 * Expressions with all kinds of fields; days are seldom restricted, or to those that are
 * given, so that changes of the clock are met.
 */
export function expressions({
  seconds = false,
  kinds = OURS,
  secondKinds = OURS,
  monthsOften = [1],
  daysOften = [1],
} = {}): fc.Arbitrary<Made> {
  const days = (min: number, max: number, often: readonly number[]) =>
    fc.oneof(
      { weight: 2, arbitrary: field(min, max, ['star']) },
      { weight: 1, arbitrary: field(min, max, kinds) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(...often)
          .map((n) => ({ text: `${n}`, has: (v: number) => v === n })),
      },
    )
  return fc
    .tuple(
      seconds ? field(0, 59, secondKinds) : fc.constant(undefined),
      field(0, 59, kinds),
      fc.oneof(field(0, 23, kinds), field(0, 4, ['list', 'range', 'rangeStep'])),
      days(1, 31, daysOften),
      days(1, 12, monthsOften),
      field(0, 6, ['star', 'star', 'star', ...kinds]),
    )
    .map(([second, minute, hour, day, month, weekday]) => {
      const isWild = (one: MadeField) => one.text.startsWith('*')
      const either = !isWild(day) && !isWild(weekday)
      const hasDay = (wall: Wall) =>
        either
          ? day.has(wall.day) || weekday.has(wall.weekday)
          : day.has(wall.day) && weekday.has(wall.weekday)
      const fields = [second, minute, hour, day, month, weekday]
      return {
        text: fields.flatMap((one) => (one === undefined ? [] : [one.text])).join(' '),
        has: (wall) =>
          (second ?? ZERO).has(wall.second) &&
          minute.has(wall.minute) &&
          hour.has(wall.hour) &&
          month.has(wall.month) &&
          hasDay(wall),
        isInterval: isWild(minute) || isWild(hour),
      }
    })
}

const ZERO: MadeField = { text: '0', has: (value) => value === 0 }

/** Every step of a stretch of time, as a zone's wall shows it. */
export class Scan {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  readonly #walls: readonly Wall[]
  /** What the wall would have shown, were it not for a leap right before the step. */
  readonly #leaptOver: ReadonlyMap<number, readonly Wall[]>
  /** Whether the wall showed the same at most three hours before. */
  readonly #isRepeat: readonly boolean[]

  /** Days of the month and months that it meets, for {@link expressions}. */
  get often() {
    return {
      daysOften: [...new Set(this.#walls.map(({ day }) => day))],
      monthsOften: [...new Set(this.#walls.map(({ month }) => month))],
    }
  }

  constructor(zone: string, aroundMs: number, marginMs: number, stepMs: number) {
    this.stepMs = stepMs
    this.fromMs = aroundMs - marginMs
    this.toMs = aroundMs + marginMs
    const format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: zone,
      dateStyle: 'short',
      timeStyle: 'medium',
    })
    const shown: string[] = []
    for (let at = this.fromMs; at < this.toMs; at += stepMs) shown.push(format.format(at))
    this.#walls = shown.map(wallOf)
    const threeHours = (3 * 3_600_000) / stepMs
    const lastShown = new Map<string, number>()
    const isRepeat: boolean[] = []
    for (const [i, text] of shown.entries()) {
      const last = lastShown.get(text)
      isRepeat.push(last !== undefined && i - last <= threeHours)
      lastShown.set(text, i)
    }
    this.#isRepeat = isRepeat
    this.#leaptOver = leaps(shown, stepMs)
  }

  /** What runs, by definition. */
  runs({ has, isInterval }: Made, dst: 'debian' | 'skip' | 'twice'): number[] {
    const found: number[] = []
    for (const [i, wall] of this.#walls.entries()) {
      const isLate = (this.#leaptOver.get(i) ?? []).some(has)
      const isOnTime = has(wall)
      const runs =
        isInterval || dst === 'twice'
          ? isOnTime
          : (isOnTime && !this.#isRepeat[i]) || (dst === 'debian' && isLate)
      if (runs) found.push(this.fromMs + i * this.stepMs)
    }
    return found
  }
}

type Six = [number, number, number, number, number, number]

function wallOf(shown: string): Wall {
  const [, month, day, hour, minute, second] = shown.match(/\d+/g)!.map(Number) as Six
  const weekday = new Date(`${shown.slice(0, 10)}T00:00Z`).getUTCDay()
  return { month, day, weekday, hour, minute, second }
}

/** For each step before which the wall leapt at most three hours: what it leapt over. */
function leaps(shown: readonly string[], stepMs: number): Map<number, Wall[]> {
  const found = new Map<number, Wall[]>()
  const asUtc = (text: string) => Date.parse(`${text.replace(' ', 'T')}Z`)
  for (let i = 1; i < shown.length; i++) {
    const [before, after] = [asUtc(shown[i - 1]!), asUtc(shown[i]!)]
    const gapMs = after - before - stepMs
    if (gapMs <= 0 || gapMs > 3 * 3_600_000) continue
    const walls: Wall[] = []
    for (let at = before + stepMs; at < after; at += stepMs)
      walls.push(wallOf(new Date(at).toISOString().slice(0, 19).replace('T', ' ')))
    found.set(i, walls)
  }
  return found
}

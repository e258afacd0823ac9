/** The fields of an expression: what each counts, from where to where, and by which names. */

import { YEAR_MAX, YEAR_MIN } from './civil-time.js'

/** What a field counts. */
export type FieldName =
  | 'second'
  | 'minute'
  | 'hour'
  | 'day of month'
  | 'month'
  | 'day of week'
  | 'year'

/** What may stand in a field. */
export interface FieldSpec {
  readonly name: FieldName
  readonly min: number
  /** For the day of week 7, which is Sunday again. */
  readonly max: number
  /** How many different values there are. */
  readonly size: number
  /** Names of the values from `min` on, in lower case; their first three letters will do. */
  readonly names: readonly string[]
  /** The greatest value that `H` may choose by itself; undefined when it may not stand here. */
  readonly hashMax: number | undefined
  /** For messages: everything that is allowed. */
  readonly allowed: string
}

const MONTHS =
  'january february march april may june july august september october november december'
const DAYS = 'sunday monday tuesday wednesday thursday friday saturday'
const LISTS = 'a-b, */n, a-b/n, a/n, and lists of these'

function spec(name: FieldName, min: number, max: number, more: Partial<FieldSpec> = {}): FieldSpec {
  const defaults = { size: max - min + 1, names: [], hashMax: max }
  return { name, min, max, ...defaults, allowed: `${min}-${max}, *, ${LISTS}; H`, ...more }
}

const MINUTE_TO_WEEKDAY = [
  spec('minute', 0, 59),
  spec('hour', 0, 23),
  spec('day of month', 1, 31, {
    // In every month, so that no month is left out.
    hashMax: 28,
    allowed: `1-31, *, ?, ${LISTS}; L, L-n, nW, LW; H`,
  }),
  spec('month', 1, 12, {
    names: MONTHS.split(' '),
    allowed: `1-12, jan-dec, *, ${LISTS}; H`,
  }),
  spec('day of week', 0, 7, {
    size: 7,
    names: DAYS.split(' '),
    hashMax: 6,
    allowed: `0-7 (0 and 7 are Sunday), sun-sat, *, ?, ${LISTS}; nL, n#k with k from 1 to 5; H; a + before all`,
  }),
] as const
const SECOND = spec('second', 0, 59)
const YEAR = spec('year', YEAR_MIN, YEAR_MAX, {
  hashMax: undefined,
  allowed: `${YEAR_MIN}-${YEAR_MAX}, *, ${LISTS}`,
})

/** The fields of an expression in their order; undefined when none has so many. */
export function fieldsOf(count: number): readonly FieldSpec[] | undefined {
  if (count === 5) return MINUTE_TO_WEEKDAY
  if (count === 6) return [SECOND, ...MINUTE_TO_WEEKDAY]
  if (count === 7) return [SECOND, ...MINUTE_TO_WEEKDAY, YEAR]
  return undefined
}

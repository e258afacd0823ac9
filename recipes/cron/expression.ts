/**
 * An expression of five, six or seven fields, taken apart and read.
 *
 * A `+` before the day of week says that both fields of days must match, whatever the option.
 */

import { invalidArgument } from '../errors.js'
import { CivilPattern, type PatternFields } from './civil-pattern.js'
import { type FieldName, fieldsOf } from './fields.js'
import { type Field, parseField } from './parse-field.js'

/** How an expression is to be understood. */
export interface ExpressionOptions {
  /** What `H` hashes. */
  readonly name: string | undefined
  /** Whether a day must match one of the fields of days, when both restrict, or both. */
  readonly dayMatch: 'or' | 'and'
}

/** An expression as it was read. */
export interface Expression {
  readonly pattern: CivilPattern
  /**
   * Its minute or its hour begins with `*`: it runs at intervals and not at a time of day,
   * so changes of the clock do not concern it.
   */
  readonly isInterval: boolean
}

/** @throws {ConclaveError} `invalid-argument`: something is wrong, or no day ever matches. */
export function parseExpression(text: string, options: ExpressionOptions): Expression {
  const words = [...text.matchAll(/\S+/g)]
  const specs = fieldsOf(words.length)
  if (specs === undefined)
    throw invalidArgument(
      `The schedule '${text}' has ${words.length} fields. Write 5 (minute, hour, day of month, month, day of week), 6 (second first) or 7 (year last), or a nickname such as @daily.`,
    )
  const fields: Partial<Record<FieldName, Field>> = {}
  let { dayMatch } = options
  for (const [i, spec] of specs.entries()) {
    const { 0: word, index } = words[i]!
    const isBoth = spec.name === 'day of week' && word.startsWith('+')
    if (isBoth) dayMatch = 'and'
    const [start, column] = isBoth ? [1, index + 2] : [0, index + 1]
    const place = { text: word.slice(start), column, expression: text }
    fields[spec.name] = parseField({ ...place, spec, name: options.name })
  }
  const pattern = new CivilPattern(
    { second: SECOND_ZERO, year: EVERY_YEAR, ...fields } as PatternFields,
    dayMatch,
  )
  if (pattern.next(0) === undefined)
    throw invalidArgument(
      `The schedule '${text}' never happens: no month, day of month and day of week that it names fall together.`,
    )
  return { pattern, isInterval: fields.minute!.isWild || fields.hour!.isWild }
}

const SECOND_ZERO: Field = { values: [0], rules: [], isWild: false }
const EVERY_YEAR: Field = { values: [], rules: [], isWild: true }

/**
 * One field of an expression, read.
 *
 * A field is a list of parts, by comma. A part is a base with an optional step:
 *
 * | part | values |
 * | --- | --- |
 * | `*`, `?` | all; `?` in the fields of days only |
 * | `a` | that one |
 * | `a-b` | from a to b; when b is less, over the end of the field (`fri-mon`, `22-2`) |
 * | `*` or `a-b` with `/n` | every nth of them, counted from the first |
 * | `a/n` | every nth from a to the end of the field |
 * | `H`, `H(a-b)` | one of them, by the hash of the name |
 * | `H/n`, `H(a-b)/n` | every nth of them, from a start by the hash of the name |
 *
 * The fields of days also have `L`, `L-n`, `nW`, `LW` and `nL`, `n#k`: see day-rules.ts.
 */

import type { ConclaveError } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import {
  beforeLast,
  type DayRule,
  lastWeekday,
  lastWorkday,
  nthWeekday,
  workdayNearest,
} from './day-rules.js'
import type { FieldSpec } from './fields.js'
import { nameHash } from './name-hash.js'

/** A field as it was read. */
export interface Field {
  /** The plain values, each once, in order; Sunday is 0. */
  readonly values: readonly number[]
  /** Days that depend on the month. */
  readonly rules: readonly DayRule[]
  /** It begins with `*` or `?`: as cron has it, then it restricts nothing (even with a step). */
  readonly isWild: boolean
}

/** A field with its place in the text, for messages. */
export interface FieldText {
  readonly text: string
  /** Where it begins in `expression`, from 1. */
  readonly column: number
  readonly expression: string
  readonly spec: FieldSpec
  /** What `H` hashes. */
  readonly name: string | undefined
}

/** @throws {ConclaveError} `invalid-argument`, with field, column and what is allowed. */
export function parseField(field: FieldText): Field {
  const values = new Set<number>()
  const rules: DayRule[] = []
  let column = field.column
  for (const text of field.text.split(',')) {
    const part = new Part({ ...field, text, column })
    const rule = part.rule()
    if (rule !== undefined) rules.push(rule)
    else for (const value of part.values()) values.add(value)
    column += text.length + 1
  }
  return { values: [...values].sort((a, b) => a - b), rules, isWild: /^[*?]/.test(field.text) }
}

/** Refuses an expression: which field, where, why, and what would do. */
export function refuse({ expression, spec, column }: FieldText, why: string): ConclaveError {
  return invalidArgument(
    `The schedule '${expression}' is wrong in its field ${spec.name}, column ${column}: ${why}. Allowed: ${spec.allowed}.`,
  )
}

/** One part of the list. */
class Part {
  readonly #at: FieldText
  readonly #spec: FieldSpec
  readonly #text: string

  constructor(at: FieldText) {
    this.#at = at
    this.#spec = at.spec
    this.#text = at.text
    if (this.#text === '') throw refuse(at, 'a value is missing')
  }

  /** What it says of days that depend on the month; undefined when it says none. */
  rule(): DayRule | undefined {
    if (this.#spec.name === 'day of month') return this.#monthRule()
    if (this.#spec.name === 'day of week') return this.#weekRule()
    return undefined
  }

  #monthRule(): DayRule | undefined {
    const text = this.#text.toUpperCase()
    if (text === 'L') return beforeLast(0)
    if (text === 'LW' || text === 'WL') return lastWorkday
    const [, back] = /^L-(\d+)$/.exec(text) ?? []
    if (back !== undefined) return beforeLast(this.#numberWithin(back, 1, 30, 'L-n takes an n'))
    const [, day] = /^(\d+)W$/.exec(text) ?? []
    return day === undefined ? undefined : workdayNearest(this.#value(day))
  }

  #weekRule(): DayRule | undefined {
    if (this.#text.toUpperCase() === 'L')
      throw this.#refuse(`'L' is the last of which day? Write 5L or friL for the last Friday`)
    const [, last] = /^(\w+)L$/i.exec(this.#text) ?? []
    if (last !== undefined && this.#find(last) !== undefined)
      return lastWeekday(this.#value(last) % 7)
    const [, day, nth] = /^(\w+)#(\w*)$/.exec(this.#text) ?? []
    if (day === undefined) return undefined
    const k = this.#numberWithin(nth!, 1, 5, 'n#k takes a k')
    return nthWeekday(this.#value(day) % 7, k)
  }

  /** Its plain values. */
  values(): number[] {
    const [, base, , step] = /^([^/]*)(\/(.*))?$/s.exec(this.#text)!
    const every = step === undefined ? undefined : this.#step(step)
    const { from, count } = /^H/i.test(base!)
      ? this.#hashed(base!, every)
      : this.#range(base!, every)
    const values: number[] = []
    for (let i = 0; i < count; i += every ?? 1)
      values.push(this.#spec.min + ((from - this.#spec.min + i) % this.#spec.size))
    return values
  }

  /** Where to begin, and how many values to go; over the end of the field if need be. */
  #range(base: string, every: number | undefined): { from: number; count: number } {
    const { min, size, name } = this.#spec
    if (base === '*') return { from: min, count: size }
    if (base === '?') {
      if (!name.startsWith('day')) throw this.#refuse(`'?' is for the fields of days only`)
      if (every !== undefined) throw this.#refuse(`'?' takes no step`)
      return { from: min, count: size }
    }
    const [first, last, ...more] = base.split('-')
    if (more.length > 0) throw this.#refuse(`'${base}' has more than one '-'`)
    const from = this.#value(first!)
    if (last !== undefined) return this.#between(from, this.#value(last))
    return { from, count: every === undefined ? 1 : size - ((from - min) % size) }
  }

  /** From one value to another, whichever is greater. */
  #between(from: number, to: number): { from: number; count: number } {
    const { size, name } = this.#spec
    if (to >= from) return { from, count: Math.min(to - from + 1, size) }
    if (name === 'year') throw this.#refuse(`${from} is after ${to}`)
    return { from, count: to - from + 1 + size }
  }

  /** What `H` chooses. */
  #hashed(base: string, every: number | undefined): { from: number; count: number } {
    const { name, min, hashMax } = this.#spec
    if (hashMax === undefined) throw this.#refuse(`'H' may not stand here`)
    if (this.#at.name === undefined)
      throw this.#refuse(`'H' needs a name to hash; give it as the option 'name'`)
    const [, bounds] = /^H(?:\(([^)]*)\))?$/i.exec(base) ?? [undefined, undefined]
    if (bounds === undefined && base.length > 1) throw this.#refuse(`'${base}' is no 'H(a-b)'`)
    const within =
      bounds === undefined
        ? { from: min, count: hashMax - min + 1 }
        : this.#range(bounds, undefined)
    const hash = nameHash(`${name}:${this.#at.name}`)
    const start = hash % Math.min(every ?? within.count, within.count)
    return { from: within.from + start, count: every === undefined ? 1 : within.count - start }
  }

  #step(text: string): number {
    const { size } = this.#spec
    return this.#numberWithin(text, 1, size, 'a step is')
  }

  #numberWithin(text: string, min: number, max: number, what: string): number {
    const number = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
    if (number >= min && number <= max) return number
    throw this.#refuse(`${what} from ${min} to ${max}, not '${text}'`)
  }

  /** The number that a value stands for. */
  #value(text: string): number {
    const value = this.#find(text)
    if (value !== undefined) return value
    if (text === '') throw this.#refuse('a value is missing')
    throw this.#refuse(`'${text}' is no ${this.#spec.name}`)
  }

  #find(text: string): number | undefined {
    const { min, max, names } = this.#spec
    if (/^\d{1,4}$/.test(text)) {
      const number = Number(text)
      return number >= min && number <= max ? number : undefined
    }
    const wanted = text.toLowerCase()
    const index = names.findIndex((name) => wanted === name || wanted === name.slice(0, 3))
    return index < 0 ? undefined : index + min
  }

  #refuse(why: string): ConclaveError {
    return refuse(this.#at, why)
  }
}

/**
 * Names that a program may write, such as those of options and events: another one is a slip,
 * which would go unnoticed without types. The nearest known name is told when it is close.
 */

import { type ConclaveError, invalidArgument } from './errors.js'
import { inWords } from './in-words.js'

/** Names that are known; as a record, so that the compiler sees that none is missing. */
export type Known<Name extends string> = Readonly<Record<Name, true>>

/** Changes of single characters in which a name may differ from the one that was meant. */
const SLIPS_MAX = 2

/**
 * Refuses options that nobody knows.
 *
 * @param what they are of, as in `tls`; empty for those of the client itself.
 * @throws {ConclaveError} `invalid-argument`.
 */
export function refuseUnknownOptions(options: object, known: Known<string>, what: string): void {
  const path = what === '' ? '' : `${what}.`
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && !Object.hasOwn(known, name))
      throw unknownName(`There is no option ${path}${name}`, name, known, path)
}

/**
 * Refuses options of a call that it does not know, undefined ones included. For the path of
 * every call: nothing is made as long as all names are known.
 *
 * @throws {ConclaveError} `invalid-argument`.
 */
export function refuseUnknownNames(options: object, known: Known<string>): void {
  for (const name in options)
    if (known[name] !== true) throw unknownName(`There is no option ${name}`, name, known, '')
}

/** Refuses an event that is never told. @throws {ConclaveError} `invalid-argument`. */
export function refuseUnknownEvent(name: unknown, known: Known<string>): void {
  if (typeof name !== 'string') throw unknownName(`${inWords(name)} is no event`, '', known, '')
  if (!Object.hasOwn(known, name)) throw unknownName(`There is no event '${name}'`, name, known, '')
}

function unknownName(
  message: string,
  name: string,
  known: Known<string>,
  path: string,
): ConclaveError {
  const names = Object.keys(known)
  const near = nearest(name, names)
  const advice = near === undefined ? `there are ${names.join(', ')}` : `is ${path}${near} meant?`
  return invalidArgument(`${message}: ${advice}${near === undefined ? '.' : ''}`)
}

/** The known name that is close enough to be meant; undefined when none is. */
function nearest(name: string, names: readonly string[]): string | undefined {
  let [best, slips] = [undefined as string | undefined, SLIPS_MAX + 1]
  for (const known of names) {
    const apart = distance(name.toLowerCase(), known.toLowerCase())
    if (apart < slips && apart < known.length / 2) [best, slips] = [known, apart]
  }
  return best
}

/** Characters to be put in, taken out or changed to come from one name to the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const change = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}

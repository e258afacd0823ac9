/** Values of any type as errors show them: by their type where it may be what is wrong. */

/** Characters of a string that are shown. */
const SHOWN_MAX = 60

/** A value in a sentence: `the string '1'`, `1n`, `Symbol(a)`, `null`, `a list`, `an object of class Date`. */
export function inWords(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `the string '${value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value}'`
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'object':
      return objectInWords(value)
    default:
      return String(value)
  }
}

/** Not by its `toString`, which may say nothing, or throw. */
function objectInWords(value: object | null): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  const kind: unknown = Object.getPrototypeOf(value)?.constructor
  const name = typeof kind === 'function' ? kind.name : ''
  return name === '' || name === 'Object' ? 'an object' : `an object of class ${name}`
}

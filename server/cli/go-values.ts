/**
 * Values as Go's flag and strconv packages read them, with their error texts: numbers,
 * switches, durations and quoted strings.
 */

const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/** A text that is not a value of its kind; the message is Go's. */
export class GoSyntaxError extends Error {}

/** `strconv.ParseInt(text, base, 64)`. @throws {GoSyntaxError} */
export function parseInt64(text: string, base: 10 | 16 = 10): bigint {
  const digits = base === 10 ? /^[+-]?\d+$/ : /^[+-]?[0-9a-f]+$/i
  if (!digits.test(text)) throw new GoSyntaxError(parsing('ParseInt', text, 'invalid syntax'))
  const isNegative = text.startsWith('-')
  const magnitude = BigInt((base === 16 ? '0x' : '') + text.replace(/^[+-]/, ''))
  const value = isNegative ? -magnitude : magnitude
  if (value > INT64_MAX || value < INT64_MIN)
    throw new GoSyntaxError(parsing('ParseInt', text, 'value out of range'))
  return value
}

const UINT64_MAX = 2n ** 64n - 1n

/** `strconv.ParseUint(text, 16, 64)`: ids of members. @throws {GoSyntaxError} */
export function parseHex64(text: string): bigint {
  if (!/^[0-9a-f]+$/i.test(text))
    throw new GoSyntaxError(parsing('ParseUint', text, 'invalid syntax'))
  const value = BigInt(`0x${text}`)
  if (value > UINT64_MAX) throw new GoSyntaxError(parsing('ParseUint', text, 'value out of range'))
  return value
}

/** As {@link parseInt64}, for revisions and counts: beyond 2^53 it means the same as 2^53 - 1. */
export function parseCount(text: string): number {
  const value = parseInt64(text)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER
  return value < BigInt(Number.MIN_SAFE_INTEGER) ? Number.MIN_SAFE_INTEGER : Number(value)
}

/** `strconv.ParseBool(text)`. @throws {GoSyntaxError} */
export function parseBool(text: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false
  throw new GoSyntaxError(parsing('ParseBool', text, 'invalid syntax'))
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** `time.ParseDuration(text)`, in milliseconds. @throws {GoSyntaxError} */
export function parseDurationMs(text: string): number {
  const unsigned = text.replace(/^[+-]/, '')
  if (unsigned === '0') return 0
  const part = /^(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h|)/
  let rest = unsigned
  let ms = 0
  do {
    const [all, number, unit] = part.exec(rest) ?? []
    if (all === undefined) throw new GoSyntaxError(`time: invalid duration "${text}"`)
    if (unit === '') throw new GoSyntaxError(`time: missing unit in duration "${text}"`)
    ms += Number(number) * UNIT_MS[unit!]!
    rest = rest.slice(all.length)
  } while (rest !== '')
  return text.startsWith('-') ? -ms : ms
}

/** A duration as Go prints it: `1.5ms`, `2m0s`. */
export function formatDuration(ms: number): string {
  const trimmed = (value: number, digits: number) => String(Number(value.toFixed(digits)))
  if (ms === 0) return '0s'
  if (ms < 1) return `${trimmed(ms * 1000, 3)}µs`
  if (ms < 1000) return `${trimmed(ms, 6)}ms`
  const minutes = Math.floor(ms / 60_000)
  const seconds = `${trimmed((ms - minutes * 60_000) / 1000, 9)}s`
  return minutes === 0 ? seconds : `${minutes}m${seconds}`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
}

/** `%q`: bytes as a Go string literal; what is not UTF-8 becomes `\xNN`. */
export function quote(text: Uint8Array | string): string {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  let out = ''
  for (let at = 0; at < bytes.length; ) {
    const length = utf8Length(bytes, at)
    if (length === 0) {
      out += `\\x${hex(bytes[at]!, 2)}`
      at++
    } else {
      out += quoteCharacter(Buffer.from(bytes.subarray(at, at + length)).toString())
      at += length
    }
  }
  return `"${out}"`
}

function quoteCharacter(character: string): string {
  const escaped = ESCAPES[character]
  if (escaped !== undefined) return escaped
  const code = character.codePointAt(0)!
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`
  if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) return character
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`
}

/** Bytes of the UTF-8 character that begins here; 0 when none does. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const text = Buffer.from(bytes.subarray(at, at + length)).toString()
  return Buffer.byteLength(text) === length && [...text].length === 1 && !text.includes('\ufffd')
    ? length
    : 0
}

const UNESCAPES: Readonly<Record<string, number>> = {
  ...{ a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '"': 34, "'": 39, '\\': 92 },
}

const ESCAPED =
  /\\x([0-9a-fA-F]{2})|\\([0-7]{3})|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)|([^\\]+)/gsy

/** The bytes of a Go string literal, `"…"` or `` `…` ``; undefined when it is none. */
export function unquote(literal: string): Uint8Array | undefined {
  if (/^`[^`]*`$/s.test(literal)) return Buffer.from(literal.slice(1, -1))
  if (!/^"(?:[^"\\\n]|\\.)*"$/.test(literal)) return undefined
  const parts: Uint8Array[] = []
  for (const [, x, octal, u, U, one, plain] of literal.slice(1, -1).matchAll(ESCAPED)) {
    if (plain !== undefined) parts.push(Buffer.from(plain))
    else if (u ?? U) {
      const code = Number.parseInt((u ?? U)!, 16)
      // Neither half a character nor one beyond Unicode's end.
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined
      parts.push(Buffer.from(String.fromCodePoint(code)))
    } else {
      const byte = x ? Number.parseInt(x, 16) : octal ? Number.parseInt(octal, 8) : UNESCAPES[one!]
      if (byte === undefined || byte > 255) return undefined
      parts.push(Uint8Array.of(byte))
    }
  }
  return Buffer.concat(parts)
}

function parsing(name: string, text: string, problem: string): string {
  return `strconv.${name}: parsing ${quote(text)}: ${problem}`
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

/** Values as Go reads and writes them. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  formatDuration,
  parseBool,
  parseCount,
  parseDurationMs,
  parseInt64,
  quote,
  unquote,
} from './go-values.js'

describe('numbers', () => {
  test.each([
    ['0', 10, 0n],
    ['-7', 10, -7n],
    ['+7', 10, 7n],
    ['9223372036854775807', 10, 2n ** 63n - 1n],
    ['694d73f278bcd80a', 16, 0x694d73f278bcd80an],
    ['5A81', 16, 0x5a81n],
  ] as const)('%s in base %i', (text, base, value) => {
    expect(parseInt64(text, base)).toBe(value)
  })

  test.each([
    ['', 10, 'invalid syntax'],
    ['x', 10, 'invalid syntax'],
    ['1.5', 10, 'invalid syntax'],
    ['0x1', 16, 'invalid syntax'],
    ['9223372036854775808', 10, 'value out of range'],
    ['ffffffffffffffff', 16, 'value out of range'],
  ] as const)('%p in base %i is refused', (text, base, problem) => {
    expect(() => parseInt64(text, base)).toThrow(`strconv.ParseInt: parsing "${text}": ${problem}`)
  })

  test('a count beyond what a double holds is as large as it gets', () => {
    expect(parseCount('9223372036854775807')).toBe(Number.MAX_SAFE_INTEGER)
    expect(parseCount('-9223372036854775808')).toBe(Number.MIN_SAFE_INTEGER)
  })

  test('switches', () => {
    for (const text of ['1', 't', 'true', 'TRUE']) expect(parseBool(text)).toBe(true)
    for (const text of ['0', 'f', 'false', 'False']) expect(parseBool(text)).toBe(false)
    expect(() => parseBool('yes')).toThrow('strconv.ParseBool: parsing "yes": invalid syntax')
  })
})

describe('durations', () => {
  test.each([
    ['5s', 5000],
    ['500ms', 500],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['0', 0],
    ['-2s', -2000],
  ])('%s', (text, ms) => expect(parseDurationMs(text)).toBe(ms))

  test.each([
    ['x', 'time: invalid duration "x"'],
    ['', 'time: invalid duration ""'],
    ['1', 'time: missing unit in duration "1"'],
  ])('%p is refused', (text, message) => expect(() => parseDurationMs(text)).toThrow(message))

  test.each([
    [0, '0s'],
    [0.25, '250µs'],
    [1.175107, '1.175107ms'],
    [5000.851231, '5.000851231s'],
    [90_000, '1m30s'],
  ])('%d ms is printed as %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
})

describe('quoted strings', () => {
  test.each([
    [Buffer.from('foo'), '"foo"'],
    [Buffer.from('héé"\\ x'), '"héé\\"\\\\ x"'],
    [Buffer.from('a\nb\tc\x00\x7f'), '"a\\nb\\tc\\x00\\x7f"'],
    [Buffer.from([1, 0xff, 0x62]), '"\\x01\\xffb"'],
    [Buffer.from([0xe2, 0x82]), '"\\xe2\\x82"'],
    [Buffer.from('\u200b'), '"\\u200b"'],
  ])('%p', (bytes, text) => expect(quote(bytes)).toBe(text))

  test.each([
    ['"a b"', 'a b'],
    ['`a\\nb`', 'a\\nb'],
    ['"\\x41\\102\\u0043\\n"', 'ABC\n'],
  ])('%s is read', (literal, text) => {
    expect(Buffer.from(unquote(literal)!).toString()).toBe(text)
  })

  test('a character beyond 16 bits is read whole', () => {
    expect(Buffer.from(unquote('"\\U0001F600"')!).toString()).toBe('\u{1f600}')
  })

  test.each([
    ...['foo', '"', '"a', "'a'", '"a"b"', '"\\q"', '"\\777"', '"\\X41"'],
    ...['"\\Uffffffff"', '"\\U00110000"', '"\\ud800"'],
  ])('%s is none', (literal) => {
    expect(unquote(literal)).toBeUndefined()
  })

  test('what was quoted is read back, byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(Buffer.from(unquote(quote(bytes))!)).toEqual(Buffer.from(bytes))
      }),
    )
  })
})

/** What a pair of key and range_end means (behaviour 5.3). */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bytesOf, contains, intervalOf, isPoint, keyOf, point } from './interval.js'

const bytes = fc.uint8Array({ minLength: 1, maxLength: 4 })
const wire = (key: string, rangeEnd: string) => intervalOf(bytesOf(key), bytesOf(rangeEnd))

describe('intervalOf', () => {
  test('an empty end is the key alone', () => {
    expect(wire('a', '')).toEqual(point('a'))
    expect([contains(wire('a', ''), 'a'), contains(wire('a', ''), 'a\0')]).toEqual([true, false])
  })

  test('an end of one zero byte is open', () => {
    expect(wire('a', '\0')).toEqual({ from: 'a', to: undefined })
    expect(contains(wire('a', '\0'), '\xff\xff')).toBe(true)
  })

  test('anything else is the first key beyond, also a zero byte with more behind it', () => {
    expect(wire('a', 'b')).toEqual({ from: 'a', to: 'b' })
    expect(wire('a', '\0\0')).toEqual({ from: 'a', to: '\0\0' })
  })
})

test('only the interval of one key is a point', () => {
  expect(isPoint(point('a'))).toBe(true)
  expect(isPoint({ from: 'a', to: 'b' })).toBe(false)
  expect(isPoint({ from: 'a', to: 'a' })).toBe(false)
  expect(isPoint({ from: 'a', to: 'b\0' })).toBe(false)
  expect(isPoint({ from: 'a', to: undefined })).toBe(false)
})

test('keys keep their bytes, and are compared like bytes', () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, (key, from, to) => {
      expect([...bytesOf(keyOf(key))]).toEqual([...key])
      const inside = Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0
      expect(contains({ from: keyOf(from), to: keyOf(to) }, keyOf(key))).toBe(inside)
    }),
  )
})

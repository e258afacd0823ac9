/** Keys of ids and numbers: one form for both, and in order. */

import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { idKey, numberKey } from './id-key.js'

const number = fc.oneof(fc.nat(), fc.maxSafeNat())

test('a number has the key of the id that it would be, and the keys sort as the numbers', () => {
  fc.assert(
    fc.property(number, number, (a, b) => {
      expect(numberKey(a)).toBe(idKey(BigInt(a)))
      expect(numberKey(a) < numberKey(b)).toBe(a < b)
    }),
  )
})

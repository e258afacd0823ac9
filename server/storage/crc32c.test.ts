/** CRC-32C against the values of the RFC and against its definition, bit by bit. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { crc32c } from './crc32c.js'

/** Bit by bit, from the definition. */
function slow(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

describe('crc32c', () => {
  test('gives the values of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c)
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  })

  test('agrees with the definition at every length and offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(10), (bytes, from) => {
        const start = Math.min(from, bytes.length)
        expect(crc32c(bytes, 0, start)).toBe(slow(bytes.subarray(start)))
      }),
    )
  })

  test('goes on from the CRC of what went before', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(crc32c(b, crc32c(a))).toBe(slow(Buffer.concat([a, b])))
      }),
    )
  })
})

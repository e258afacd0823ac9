/** Records of the log: what is written is read, and nothing else passes for it. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { crc32c } from './crc32c.js'
import {
  RECORD_HEADER_BYTES,
  RecordType,
  RecordWriter,
  readRecordHeader,
  readUint53,
  recordBytes,
  writeUint53,
} from './wal-record.js'

const SEGMENT_CRC = 0x1234_5678
const START = 64

function write(payloads: readonly Uint8Array[], start = START): Buffer {
  const writer = new RecordWriter(SEGMENT_CRC, start, SEGMENT_CRC, 40)
  for (const [at, payload] of payloads.entries())
    writer.add(
      RecordType.ENTRY,
      at < payloads.length - 1,
      payload.subarray(0, 3),
      payload.subarray(3),
    )
  return Buffer.concat(writer.finish())
}

describe('records', () => {
  test('come back in order, each standing on the one before', () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.uint8Array({ minLength: 2000, maxLength: 9000, size: 'max' }),
    )
    fc.assert(
      fc.property(fc.array(payload, { minLength: 1, maxLength: 40 }), (payloads) => {
        const bytes = write(payloads)
        let at = 0
        let previous = SEGMENT_CRC
        for (const [number, expected] of payloads.entries()) {
          const header = readRecordHeader(bytes, at, START + at, SEGMENT_CRC)!
          expect(header).toMatchObject({
            type: RecordType.ENTRY,
            length: expected.length,
            previous,
            synced: 40,
          })
          expect(header.more).toBe(number < payloads.length - 1)
          const payload = bytes.subarray(
            at + RECORD_HEADER_BYTES,
            at + RECORD_HEADER_BYTES + header.length,
          )
          expect(Buffer.compare(payload, expected)).toBe(0)
          expect(header.crc).toBe(crc32c(payload, previous))
          previous = header.crc
          at += recordBytes(header.length)
        }
        expect(at).toBe(bytes.length)
      }),
      { numRuns: 50 },
    )
  })

  test('are not taken for records of another place or segment', () => {
    const bytes = write([Buffer.from('payload')])
    expect(readRecordHeader(bytes, 0, START, SEGMENT_CRC)).toBeDefined()
    expect(readRecordHeader(bytes, 0, START + 8, SEGMENT_CRC)).toBeUndefined()
    expect(readRecordHeader(bytes, 0, START, SEGMENT_CRC + 1)).toBeUndefined()
  })

  test('are not taken for records when any bit of the header is wrong', () => {
    for (let bit = 0; bit < RECORD_HEADER_BYTES * 8; bit++) {
      const bytes = write([Buffer.from('payload')])
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      expect(readRecordHeader(bytes, 0, START, SEGMENT_CRC)).toBeUndefined()
    }
  })

  test('stand beyond 4 GiB too', () => {
    const offset = 5 * 2 ** 32 + 8
    const bytes = write([Buffer.from('payload')], offset)
    expect(readRecordHeader(bytes, 0, offset, SEGMENT_CRC)).toBeDefined()
  })

  test('refuse a payload that no reader would take', () => {
    const writer = new RecordWriter(SEGMENT_CRC, START, SEGMENT_CRC, 0)
    const huge = { length: 2 ** 29 } as Uint8Array
    expect(() => writer.add(RecordType.ENTRY, false, new Uint8Array(0), huge)).toThrow(RangeError)
  })
})

test('numbers up to 2^53 survive as eight bytes', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const bytes = Buffer.alloc(8)
      writeUint53(bytes, value, 0)
      expect(readUint53(bytes, 0)).toBe(value)
      expect(bytes.readBigUInt64LE()).toBe(BigInt(value))
    }),
  )
})

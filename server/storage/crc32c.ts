/**
 * CRC-32C (Castagnoli), the checksum of every byte that is kept on disk.
 *
 * Reflected polynomial 0x82f63b78 (RFC 3720, appendix B.4): it finds all errors of up to
 * five bits in a record of ours, where the CRC-32 of zip (the one in `node:zlib`) does not.
 *
 * The table method, eight bytes a step ("slicing by 8", Kounavis and Berry 2005):
 * table k holds the effect of a byte that is followed by k zero bytes, so the eight
 * bytes of a step are looked up independently and their effects are xored.
 */

const POLYNOMIAL = 0x82f63b78

/** Eight tables of 256 entries, one after another. */
const TABLES = makeTables()

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256]!
    tables[at] = (before >>> 8) ^ tables[before & 0xff]!
  }
  return tables
}

/**
 * The CRC-32C of `bytes`, as an unsigned 32-bit number.
 *
 * @param seed the CRC of what goes before: `crc32c(b, crc32c(a))` is the CRC of `a` and `b` joined.
 */
export function crc32c(bytes: Uint8Array, seed = 0, from = 0, to = bytes.length): number {
  const tables = TABLES
  let crc = ~seed
  let at = from
  for (const fast = to - 7; at < fast; at += 8) {
    const low =
      crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    crc =
      tables[1792 + (low & 0xff)]! ^
      tables[1536 + ((low >>> 8) & 0xff)]! ^
      tables[1280 + ((low >>> 16) & 0xff)]! ^
      tables[1024 + (low >>> 24)]! ^
      tables[768 + bytes[at + 4]!]! ^
      tables[512 + bytes[at + 5]!]! ^
      tables[256 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}

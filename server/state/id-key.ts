/** Ids and numbers as keys of the backend: eight bytes, big-endian, so that they sort as unsigned numbers. */

const TWO_32 = 0x1_0000_0000

/** The key of a lease or member. Negative lease ids sort behind all others. */
export function idKey(id: bigint): string {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, id))
  return bytes.toString('latin1')
}

/** The key of a number that is not negative. */
export function numberKey(value: number): string {
  const high = Math.floor(value / TWO_32)
  const low = value >>> 0
  return (
    String.fromCharCode(high >>> 24, (high >>> 16) & 0xff, (high >>> 8) & 0xff, high & 0xff) +
    String.fromCharCode(low >>> 24, (low >>> 16) & 0xff, (low >>> 8) & 0xff, low & 0xff)
  )
}

/** Orders ids for lists: ascending. */
export function compareIds(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

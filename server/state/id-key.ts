/** Ids as keys of the backend: eight bytes, big-endian, so that they sort as unsigned numbers. */

/** The key of a lease or member. Negative lease ids sort behind all others. */
export function idKey(id: bigint): string {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, id))
  return bytes.toString('latin1')
}

/** Orders ids for lists: ascending. */
export function compareIds(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

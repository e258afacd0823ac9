/** The port to chance: jitter, ids, choice of endpoint. The simulator draws from its seed. */

/** A source of random numbers. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** `length` unpredictable bytes. */
  bytes(length: number): Uint8Array
}

/**
 * A positive random 63-bit id: etcd's lease ids are int64 and never negative.
 *
 * @example
 * const lease = await client.lease.grant(10, { id: randomId(client.random) })
 */
export function randomId(random: Random): bigint {
  const bytes = random.bytes(8)
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8)
  const id = view.getBigUint64(0) & 0x7fff_ffff_ffff_ffffn
  return id === 0n ? 1n : id
}

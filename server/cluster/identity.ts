/**
 * The ids of members and of the cluster, computed as etcd computes them.
 *
 * A member's id is the first 8 bytes of the SHA-1 over its sorted peer URLs and the
 * cluster token; the cluster's id is the same over the sorted ids of its founders
 * (etcd `server/etcdserver/api/membership`). All founders compute the same ids from
 * the same flags, so nobody has to hand them out.
 */

import { createHash } from 'node:crypto'

/**
 * The id of a member.
 *
 * @param addedAtSeconds for members added to a running cluster: Unix seconds, so
 *   that a member added again with the same URLs is another one.
 */
export function memberId(
  peerUrls: readonly string[],
  token: string,
  addedAtSeconds?: number,
): bigint {
  const added = addedAtSeconds === undefined ? '' : String(addedAtSeconds)
  const text = [...peerUrls].sort().join('') + token + added
  return firstEightBytes(Buffer.from(text, 'utf8'))
}

/** The id of a cluster with these founders. */
export function clusterId(memberIds: readonly bigint[]): bigint {
  const sorted = [...memberIds].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const bytes = Buffer.alloc(sorted.length * 8)
  for (const [i, id] of sorted.entries()) bytes.writeBigUInt64BE(id, i * 8)
  return firstEightBytes(bytes)
}

function firstEightBytes(input: Uint8Array): bigint {
  return createHash('sha1').update(input).digest().readBigUInt64BE(0)
}

/**
 * Rendezvous hashing: which of several somebody or something belongs to, so that everybody
 * who knows the same members says the same without a word, and hardly anything moves.
 *
 * Each member draws a number from its id and the key, and the greatest wins. When a member
 * comes, it takes over only keys for which it draws the greatest number; when it leaves,
 * only its keys find another. With weights the number is `-weight / ln(u)`, u in (0, 1),
 * which makes each win its share, and a change of a weight moves only what it must.
 */

const GOLDEN = 0x9e37_79b9

/**
 * What a member draws for a key; the greatest wins.
 *
 * @param member `nameHash` of its id, and `key` that of the key.
 * @param weight above 0.
 */
export function drawFor(member: number, key: number, weight: number): number {
  const high = mixed(member ^ mixed(key + GOLDEN))
  const low = mixed(high ^ Math.imul(key, GOLDEN) ^ member)
  // 53 bits, never 0 and never 1.
  const u = ((high >>> 0) * 2 ** 21 + (low >>> 11) + 0.5) / 2 ** 53
  return -weight / Math.log(u)
}

/** Spreads every bit over all (the last step of MurmurHash3). */
function mixed(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
  return (h ^ (h >>> 16)) >>> 0
}

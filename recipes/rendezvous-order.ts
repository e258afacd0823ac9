/**
 * Rendezvous hashing: everybody who knows the same members names the same owners of a key,
 * without a word, and hardly anything moves when members come and go.
 *
 * Each member draws a number for the key, and the greatest wins:
 *
 *     draw  = XXH64(le64(XXH64(id)) ++ le64(XXH64(key)))      seed 0, UTF-8
 *     u     = (the upper 53 bits of draw + 1/2) / 2^53        0 < u < 1
 *     score = -weight / ln(u)
 *
 * A member that comes takes only keys for which it now has the greatest score, from each of
 * the others its share; when one goes, only its keys move. With weights each wins its share
 * `weight / sum of weights`, and a change of a weight moves keys only to, or only from, the
 * one whose weight changed. Of equal scores the smaller id wins, by UTF-16 units.
 */

import { invalidArgument } from './errors.js'
import { checkSegment } from './names.js'
import { checkWhole } from './numbers.js'
import { type Hash64, xxh64, xxh64OfPair } from './xxh64.js'

/** Somebody who may own keys. */
export interface RendezvousMember {
  readonly id: string
  /** Its share compared with the others; above 0. Default 1. */
  readonly weight?: number
}

/** Hashes of ids and weights are asked for once, whatever the number of keys. */
export class RendezvousOrder {
  readonly #members: readonly {
    readonly id: string
    readonly weight: number
    readonly hash: Hash64
  }[]

  /**
   * @param members ids, or members with weights; in any order, each id once.
   * @throws {ConclaveError} `invalid-argument`: an id is empty, contains `/` or is there twice; a
   *   weight is not a number above 0.
   */
  constructor(members: Iterable<string | RendezvousMember>) {
    const seen = new Set<string>()
    this.#members = Array.from(members, (member) => {
      const { id, weight = 1 } = typeof member === 'string' ? { id: member } : member
      checkSegment(id, 'The id of a member')
      if (seen.has(id)) throw invalidArgument(`The member '${id}' is there twice.`)
      seen.add(id)
      if (!(weight > 0 && weight < Number.POSITIVE_INFINITY))
        throw invalidArgument(`A weight is a number above 0, not ${weight}: '${id}'.`)
      return { id, weight, hash: xxh64(id) }
    })
  }

  /** The `n` members that own the key, the first first; fewer when there are not so many. */
  owners(key: string | Uint8Array, n = 1): string[] {
    checkWhole(n, 'The number of owners', 1)
    const keyHash = xxh64(key)
    const best: { readonly id: string; readonly score: number }[] = []
    for (const { id, weight, hash } of this.#members) {
      const score = rendezvousScore(hash, keyHash, weight)
      let at = best.length
      while (at > 0 && isBefore(score, id, best[at - 1]!)) at--
      if (at >= n) continue
      best.splice(at, 0, { id, score })
      if (best.length > n) best.pop()
    }
    return best.map(({ id }) => id)
  }
}

/**
 * The `n` members that own a key, the first first; see the head of the file.
 *
 * @example
 * rendezvous(['a', 'b', { id: 'big', weight: 3 }], 'customer/42', 2) // the owner, and who is next
 *
 * @throws {ConclaveError} `invalid-argument`.
 */
export function rendezvous(
  members: Iterable<string | RendezvousMember>,
  key: string | Uint8Array,
  n = 1,
): string[] {
  return new RendezvousOrder(members).owners(key, n)
}

/**
 * The score of a member for a key, for who has both hashes and picks among members of his own;
 * see the head of the file.
 *
 * @param weight above 0.
 */
export function rendezvousScore(member: Hash64, key: Hash64, weight: number): number {
  const { high, low } = xxh64OfPair(member, key)
  const u = (high * 2 ** 21 + (low >>> 11) + 0.5) / 2 ** 53
  return -weight / Math.log(u)
}

function isBefore(score: number, id: string, other: { id: string; score: number }): boolean {
  return score > other.score || (score === other.score && id < other.id)
}

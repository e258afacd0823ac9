/**
 * Majority arithmetic, for one voter set and for two (joint consensus, thesis 4.3).
 *
 * A decision of a joint configuration is a decision of both of its voter sets. An empty set
 * agrees with everything, so that one set and "no second set" need no special case.
 */

/** What an election has come to. */
export type VoteResult = 'won' | 'lost' | 'pending'

/** Voters that make up a majority of `size`. */
export function majorityOf(size: number): number {
  return (size >> 1) + 1
}

/**
 * The highest value that a majority has reached, one value per voter; Infinity without voters.
 * Sorts `reached` in place (insertion sort: voter sets are small).
 */
export function majorityIndex(reached: number[]): number {
  const size = reached.length
  if (size === 0) return Number.POSITIVE_INFINITY
  for (let i = 1; i < size; i++) {
    const value = reached[i]!
    let hole = i
    while (hole > 0 && reached[hole - 1]! < value) {
      reached[hole] = reached[hole - 1]!
      hole--
    }
    reached[hole] = value
  }
  return reached[majorityOf(size) - 1]!
}

/** The highest value that a majority of both sets has reached. Sorts both in place. */
export function jointIndex(incoming: number[], outgoing: number[]): number {
  return Math.min(majorityIndex(incoming), majorityIndex(outgoing))
}

/** The state of an election in one set: a vote per voter, `undefined` while it is out. */
export function majorityVote(votes: readonly (boolean | undefined)[]): VoteResult {
  let yes = 0
  let open = 0
  for (const vote of votes) {
    if (vote === undefined) open++
    else if (vote) yes++
  }
  if (votes.length === 0) return 'won'
  const needed = majorityOf(votes.length)
  if (yes >= needed) return 'won'
  return yes + open >= needed ? 'pending' : 'lost'
}

/** The state of an election that both sets must carry. */
export function jointVote(
  incoming: readonly (boolean | undefined)[],
  outgoing: readonly (boolean | undefined)[],
): VoteResult {
  const first = majorityVote(incoming)
  const second = majorityVote(outgoing)
  if (first === second) return first
  return first === 'lost' || second === 'lost' ? 'lost' : 'pending'
}

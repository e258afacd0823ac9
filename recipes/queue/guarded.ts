/** Transactions under a condition that they end themselves: sent again, the second does nothing. */

import type { Keyspace } from '../../client/index.js'
import { isInDoubt } from '../errors.js'
import { insist } from '../insist.js'

/** What became of one. `perhaps`: the condition holds no more, and an earlier try may be why. */
export type GuardedOutcome = 'done' | 'refused' | 'perhaps' | 'given-up'

/**
 * Asks until somebody answers.
 *
 * @param over asked after each failure: true gives up. It must become true some time.
 * @param commit one try; tells whether the condition held.
 */
export async function commitGuarded(
  client: Keyspace,
  over: () => boolean,
  commit: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<GuardedOutcome> {
  let inDoubt = false
  const once = async (): Promise<GuardedOutcome> => {
    try {
      if (await commit()) return 'done'
      return inDoubt ? 'perhaps' : 'refused'
    } catch (error) {
      inDoubt ||= isInDoubt(error)
      throw error
    }
  }
  return (await insist(client, over, once, signal)) ?? 'given-up'
}

/** Transfers between accounts, of which some touch the same two. */

import { type Client, json } from '../../../client/index.js'
import { stm } from '../../../recipes/index.js'
import { looped, type Scenario } from './scenario.js'

const CALLERS = 10

/** The accounts of a caller's next transfer: the shared ones for this part of them. */
export function accountsOf(scope: string, caller: number, conflicts: number): [string, string] {
  const owner = Math.random() < conflicts ? 'all' : `${caller}`
  return [`${scope}account/${owner}/a`, `${scope}account/${owner}/b`]
}

/** Ten callers; this part of their transfers is between the accounts that all use. */
export const transfers =
  (conflicts: number): Scenario =>
  async (stage) => {
    const client = stage.client()
    let retries = 0
    const onConflict = () => retries++
    return looped(
      stage,
      CALLERS,
      (caller) => transfer(client, accountsOf(stage.scope, caller, conflicts), onConflict),
      (operations) => ({ 'retries per transfer': retries / operations }),
    )
  }

function transfer(client: Client, [a, b]: [string, string], onConflict: () => void) {
  return stm(
    client,
    async (tx) => {
      const accounts = tx.withCodec(json<number>())
      const [from, to] = await Promise.all([accounts.get(a), accounts.get(b)])
      accounts.put(a, (from ?? 0) - 1)
      accounts.put(b, (to ?? 0) + 1)
    },
    { onConflict, attemptsMax: 1_000 },
  )
}

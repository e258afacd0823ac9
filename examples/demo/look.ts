/** Looking at the cluster from outside, again and again, until it is as it should be. */

import { connect } from 'conclave'

const PATIENCE_MS = 20_000
const LOOK_MS = 50

/** Where a member is. */
export interface Place {
  readonly name: string
  readonly endpoint: string
}

/** The members that answer, with what they say of the leader. */
export async function reachable(
  places: readonly Place[],
): Promise<{ name: string; id: bigint; leader: bigint }[]> {
  const answers = await Promise.all(
    places.map(async ({ name, endpoint }) => {
      const one = connect({ endpoints: [endpoint], timeoutMs: 500 })
      try {
        const { header, leader } = await one.maintenance.status()
        return [{ name, id: header.memberId, leader }]
      } catch {
        return []
      } finally {
        one.close()
      }
    }),
  )
  return answers.flat()
}

/** The name of the leader, once all who answer agree and it is one of them. */
export async function leaderName(places: readonly Place[]): Promise<string | undefined> {
  const members = await reachable(places)
  const leaders = new Set(members.map(({ leader }) => leader))
  if (members.length < 2 || leaders.size !== 1) return undefined
  return members.find(({ id, leader }) => id === leader)?.name
}

/** Looks again and again until there is an answer. */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const untilMs = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > untilMs)
      throw new Error(`waited ${PATIENCE_MS / 1000} s in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

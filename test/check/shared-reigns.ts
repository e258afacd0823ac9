/**
 * Who truly held a read-write lock, or permits of a semaphore, and from when to when.
 *
 * Replayed from the events of the store, by the plainest reading of the rule: after each
 * revision, who holds is reckoned anew from all keys in the order of their creation. Who
 * holds stays a holder until its key is gone.
 */

import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Reign } from './lock-reigns.js'

/** A key that is there. */
interface Claim {
  readonly key: string
  readonly token: number
  readonly lease: bigint
  value: string
  puts: number
}

/** All keys below a name, oldest first, and the one that is no claim. */
interface Claims {
  readonly claims: readonly Claim[]
  /** What `<name>/limit` says. */
  readonly limit: number
}

/** Which of them hold. */
type Rule = (state: Claims, name: string) => Claim[]

/** A reader holds when no writer is before it, a writer when nobody is; a second put makes a writer a reader. */
function readersOrWriter({ claims }: Claims, name: string): Claim[] {
  const isWriter = ({ key, puts }: Claim) => key.startsWith(`${name}/write/`) && puts === 1
  return claims.filter((claim, i) =>
    isWriter(claim) ? i === 0 : !claims.slice(0, i).some(isWriter),
  )
}

/** The oldest hold, as long as their permits together are within the limit. */
function withinLimit({ claims, limit }: Claims): Claim[] {
  let sum = 0
  return claims.filter(({ value }) => {
    sum += (JSON.parse(value) as { permits: number }).permits
    return sum <= limit
  })
}

const RULES: Readonly<Record<'rwlock' | 'semaphore', Rule>> = {
  rwlock: readersOrWriter,
  semaphore: withinLimit,
}

/** The reigns of a name, by token. */
export function sharedReigns(
  recipe: 'rwlock' | 'semaphore',
  name: string,
  events: readonly ModelEvent[],
): Map<number, Reign> {
  const reigns = new Map<number, Reign>()
  // A map keeps the order of insertion, which is that of creation.
  const claims = new Map<string, Claim>()
  let limit = 0
  const own = events.filter(({ kv }) => kv.key.startsWith(`${name}/`))
  for (const [i, { revision, type, kv }] of own.entries()) {
    const { key, lease } = kv
    const value = Buffer.from(kv.value ?? []).toString()
    const known = claims.get(key)
    if (key === `${name}/limit`) limit = Number(value)
    else if (type === EventType.DELETE) {
      const reign = reigns.get(known?.token ?? 0)
      if (reign !== undefined) reign.to = revision
      claims.delete(key)
    } else if (known === undefined) {
      claims.set(key, { key, token: revision, lease, value, puts: 1 })
    } else {
      known.puts++
      known.value = value
    }
    if (own[i + 1]?.revision === revision) continue
    for (const claim of RULES[recipe]({ claims: [...claims.values()], limit }, name))
      if (!reigns.has(claim.token)) reigns.set(claim.token, reignOf(claim, revision))
  }
  return reigns
}

function reignOf({ key, token, lease }: Claim, from: number): Reign {
  return { key, token, lease, from, to: Number.POSITIVE_INFINITY, values: [] }
}

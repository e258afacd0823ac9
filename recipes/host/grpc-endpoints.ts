/**
 * What a resolver hands to grpc-js: endpoints in an order that carries their weights.
 *
 * The `round_robin` of grpc-js knows no weights, and its `weighted_round_robin` needs load
 * reports of the servers. But it takes an endpoint as often as it is in the list, over one
 * connection. So the list is one cycle of a smooth weighted round-robin:
 *
 *     a: 3, b: 1   ->   a a b a
 *
 * Weights are scaled so that the list stays short; every instance is in it at least once.
 */

import type { Instance } from '../registry/instance.js'
import { nextInTurn, type Weighted } from '../registry/smooth-order.js'

/** As grpc-js has it. */
export interface GrpcEndpoint {
  readonly addresses: { readonly host: string; readonly port: number }[]
}

/** Most entries for one instance. */
const REPEATS_MAX = 10
/** Most entries of a list, as far as repeats go. */
const ENTRIES_MAX = 256

/** The list for these instances; see the head of the file. */
export function endpointsFor(instances: readonly Instance[]): GrpcEndpoint[] {
  const shares = sharesOf(instances.map(({ weight }) => weight || 1))
  const groups = new Map<number, EqualShares>()
  for (const [i, { address, port }] of instances.entries()) {
    const group = groups.get(shares[i]!) ?? { weight: 0, credit: 0, endpoints: [], next: 0 }
    group.weight += shares[i]!
    group.endpoints.push({ addresses: [{ host: address, port }] })
    groups.set(shares[i]!, group)
  }
  const all = [...groups.values()]
  const total = shares.reduce((sum, share) => sum + share, 0)
  return Array.from({ length: total }, () => {
    const group = nextInTurn(all)
    return group.endpoints[group.next++ % group.endpoints.length]!
  })
}

/** Those of one share: first it is the turn of a share, of which there are few, then of one of them. */
interface EqualShares extends Weighted {
  weight: number
  readonly endpoints: GrpcEndpoint[]
  next: number
}

/** Small whole numbers in about the proportion of the weights. */
function sharesOf(weights: readonly number[]): number[] {
  const greatest = Math.max(...weights)
  const room = Math.max(1, Math.min(REPEATS_MAX, Math.floor(ENTRIES_MAX / weights.length)))
  const smallest = Math.min(...weights)
  // As few entries as tell the proportions, where they are whole multiples.
  const isMultiple = weights.every((weight) => Number.isInteger(weight / smallest))
  const unit = isMultiple && greatest / smallest <= room ? smallest : greatest / room
  return weights.map((weight) => Math.max(1, Math.round(weight / unit)))
}

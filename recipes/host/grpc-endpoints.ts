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
import { nextInTurn } from '../registry/smooth-order.js'

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
  const entries = instances.map(({ address, port }, i) => ({
    weight: shares[i]!,
    credit: 0,
    endpoint: { addresses: [{ host: address, port }] },
  }))
  const total = shares.reduce((sum, share) => sum + share, 0)
  return Array.from({ length: total }, () => nextInTurn(entries).endpoint)
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

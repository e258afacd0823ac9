/**
 * How one of several instances is picked. Each policy is a function of what it is given, of
 * its own state, and of chance.
 *
 * | policy | who is next | respects weights |
 * | --- | --- | --- |
 * | `random` | any | yes |
 * | `round-robin` | the next in the order of ids | no |
 * | `weighted-round-robin` | whom most is owed (smooth: A A B A, not A A A B) | yes |
 * | `least-pending` | of two drawn at random the one with less to do: requests times latency | yes |
 * | `consistent-hash` | the one to which the key belongs; a change moves few keys | yes |
 */

import type { Random } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { rendezvousScore } from '../rendezvous-order.js'
import { xxh64 } from '../xxh64.js'
import { nextInTurn } from './smooth-order.js'
import type { Target } from './target.js'

/** The name of a policy; see the documentation of the registry. */
export type PickPolicy =
  | 'random'
  | 'round-robin'
  | 'weighted-round-robin'
  | 'least-pending'
  | 'consistent-hash'

/** What a policy is asked with. */
export interface PickRequest {
  readonly random: Random
  readonly nowMs: number
  /** What consistent hashing goes by. */
  readonly key: string | undefined
}

/** Picks one of several, at least one, in the order of their ids. */
export type Policy = (targets: readonly Target[], request: PickRequest) => Target

/** A latency for the first requests, where nothing was measured. */
const UNKNOWN_MS = 1

const POLICIES: Readonly<Record<PickPolicy, () => Policy>> = {
  random:
    () =>
    (targets, { random }) =>
      byWeight(targets, random),
  'round-robin': roundRobin,
  'weighted-round-robin': () => nextInTurn,
  'least-pending': () => leastPending,
  'consistent-hash': () => byKey,
}

/** A policy with fresh state. @throws {ConclaveError} `invalid-argument`. */
export function policyNamed(name: PickPolicy): Policy {
  if (!Object.hasOwn(POLICIES, name))
    throw invalidArgument(
      `There is no policy '${name}': there are ${Object.keys(POLICIES).join(', ')}.`,
    )
  return POLICIES[name]()
}

function byWeight(targets: readonly Target[], random: Random): Target {
  let left = random.next() * targets.reduce((sum, { weight }) => sum + weight, 0)
  for (const target of targets) {
    left -= target.weight
    if (left < 0) return target
  }
  return targets.at(-1)!
}

/** Goes on behind the last id, whoever came and left meanwhile. */
function roundRobin(): Policy {
  let last = ''
  return (targets) => {
    const next = targets.find(({ instance }) => instance.id > last) ?? targets[0]!
    last = next.instance.id
    return next
  }
}

function leastPending(targets: readonly Target[], { random, nowMs }: PickRequest): Target {
  if (targets.length === 1) return targets[0]!
  const first = Math.floor(random.next() * targets.length)
  const other = Math.floor(random.next() * (targets.length - 1))
  const a = targets[first]!
  const b = targets[other < first ? other : other + 1]!
  const [ofA, ofB] = [a.latency.meanMs(nowMs), b.latency.meanMs(nowMs)]
  // One that is not known is taken to be as fast as the other.
  const load = (target: Target, ms = ofA ?? ofB ?? UNKNOWN_MS) =>
    ((target.pending + 1) * ms) / target.weight
  return load(b, ofB ?? ofA) < load(a, ofA ?? ofB) ? b : a
}

function byKey(targets: readonly Target[], { key }: PickRequest): Target {
  if (key === undefined) throw invalidArgument("The policy 'consistent-hash' needs a key.")
  const hash = xxh64(key)
  let [best, greatest] = [targets[0]!, -1]
  for (const target of targets) {
    const score = rendezvousScore(target.hash, hash, target.weight)
    if (score > greatest) [best, greatest] = [target, score]
  }
  return best
}

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
 *
 * A pick takes as long with many targets as with few, but for `consistent-hash`, which asks each,
 * and for `random` and `weighted-round-robin`, which ask each different weight.
 */

import type { Random } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { rendezvousScore } from '../rendezvous-order.js'
import { xxh64 } from '../xxh64.js'
import { after, type Pool } from './pool.js'
import { nextInTurn, type Weighted } from './smooth-order.js'
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

/** Picks one of several, at least one. */
export type Policy = (pool: Pool, request: PickRequest) => Target

/** A latency for the first requests, where nothing was measured. */
const UNKNOWN_MS = 1

const POLICIES: Readonly<Record<PickPolicy, () => Policy>> = {
  random: () => byWeight,
  'round-robin': roundRobin,
  'weighted-round-robin': inTurn,
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

function byWeight({ groups }: Pool, { random }: PickRequest): Target {
  const total = groups.reduce((sum, { weight, targets }) => sum + weight * targets.length, 0)
  let left = random.next() * total
  for (const { weight, targets } of groups) {
    if (left < weight * targets.length) return targets[Math.floor(left / weight)]!
    left -= weight * targets.length
  }
  return groups.at(-1)!.targets.at(-1)!
}

/** Goes on behind the last id, whoever came and left meanwhile. */
function roundRobin(): Policy {
  let last = ''
  return ({ targets }) => {
    const next = after(targets, last)
    last = next.instance.id
    return next
  }
}

/** Those of one weight: they have turns together, in the order of their ids. */
interface Turn extends Weighted {
  weight: number
  last: string
}

/** Weights that are remembered although nobody has them now. */
const WEIGHTS_KEPT = 100

/** First it is the turn of a weight, smoothly, then of the next who has it. */
function inTurn(): Policy {
  const turns = new Map<number, Turn>()
  const turnOf = (weight: number): Turn => {
    let turn = turns.get(weight)
    if (turn === undefined) {
      turn = { weight, credit: 0, last: '' }
      turns.set(weight, turn)
    }
    return turn
  }
  return ({ groups }) => {
    if (turns.size > groups.length + WEIGHTS_KEPT) turns.clear()
    const all = groups.map(({ weight, targets }) => {
      const turn = turnOf(weight)
      turn.weight = weight * targets.length
      return turn
    })
    const turn = nextInTurn(all)
    const next = after(groups[all.indexOf(turn)]!.targets, turn.last)
    turn.last = next.instance.id
    return next
  }
}

function leastPending({ targets }: Pool, { random, nowMs }: PickRequest): Target {
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

function byKey({ targets }: Pool, { key }: PickRequest): Target {
  if (key === undefined) throw invalidArgument("The policy 'consistent-hash' needs a key.")
  const hash = xxh64(key)
  let [best, greatest] = [targets[0]!, -1]
  for (const target of targets) {
    const score = rendezvousScore(target.hash, hash, target.weight)
    if (score > greatest) [best, greatest] = [target, score]
  }
  return best
}

/** What may go wrong with a cluster of real processes: drawn from chance, plain data. */

import type { SeededRandom } from '../../model/random.js'

/** How a way is cut: connections are refused and reset, or their bytes wait. */
export type CutManner = 'refuse' | 'hold'

/** One thing that goes wrong, and for how long. */
export type Fault =
  /** SIGKILL; started again after `forMs`. */
  | { readonly kind: 'kill'; readonly member: string; readonly forMs: number }
  /** SIGTERM; likewise. */
  | { readonly kind: 'terminate'; readonly member: string; readonly forMs: number }
  /** SIGSTOP; SIGCONT after `forMs`. */
  | { readonly kind: 'stop'; readonly member: string; readonly forMs: number }
  /** One member and its peers, both ways. Clients reach it. */
  | {
      readonly kind: 'isolate'
      readonly member: string
      readonly manner: CutManner
      readonly forMs: number
    }
  /** Two members, both ways: with three, a ring that lost one link. */
  | {
      readonly kind: 'pair'
      readonly member: string
      readonly other: string
      readonly manner: CutManner
      readonly forMs: number
    }
  /** What `member` says does not reach `other`: its connections fail, or its bytes wait. */
  | {
      readonly kind: 'oneWay'
      readonly member: string
      readonly other: string
      readonly manner: CutManner
      readonly forMs: number
    }
  /** All links of a member, to peers and clients. */
  | {
      readonly kind: 'slow'
      readonly member: string
      readonly latencyMs: number
      readonly bytesPerSecond: number
      readonly forMs: number
    }
  /** All connections of a member break at once. */
  | { readonly kind: 'reset'; readonly member: string; readonly forMs: number }
  /** A member's door accepts and nobody speaks, for peers and clients. */
  | { readonly kind: 'silent'; readonly member: string; readonly forMs: number }
  /** Clients do not reach a member, or one client does not reach it; peers are well. */
  | {
      readonly kind: 'clientCut'
      readonly member: string
      /** Undefined: all of them. */
      readonly client: string | undefined
      readonly manner: CutManner
      readonly forMs: number
    }

/** The kinds, and how often each is drawn. */
const WEIGHTS: Readonly<Record<Fault['kind'], number>> = {
  ...{ kill: 5, terminate: 1, stop: 4, isolate: 4, pair: 2, oneWay: 4, slow: 3, reset: 2 },
  ...{ silent: 1, clientCut: 3 },
}

const FOR_MS_MIN = 100
const FOR_MS_MAX = 10_000
const DOWN_MS_MAX = 4_000

/** Draws a fault. `members` has two names at least. */
export function drawFault(
  random: SeededRandom,
  members: readonly string[],
  clients: readonly string[],
): Fault {
  const kind = random.weighted(WEIGHTS)
  const member = random.pick(members)
  const other = random.pick(members.filter((name) => name !== member))
  const manner = random.pick(['refuse', 'hold'] as const)
  // Short and long ones alike.
  const forMs = Math.round(FOR_MS_MIN * (FOR_MS_MAX / FOR_MS_MIN) ** random.next())
  switch (kind) {
    case 'kill':
    case 'terminate':
      return { kind, member, forMs: random.between(0, DOWN_MS_MAX) }
    case 'stop':
    case 'silent':
      return { kind, member, forMs }
    case 'reset':
      return { kind, member, forMs: 0 }
    case 'isolate':
      return { kind, member, manner, forMs }
    case 'pair':
    case 'oneWay':
      return { kind, member, other, manner, forMs }
    case 'slow': {
      const latencyMs = random.pick([2, 10, 50, 200])
      const bytesPerSecond = random.pick([20_000, 200_000, 2_000_000])
      return { kind, member, latencyMs, bytesPerSecond, forMs }
    }
    case 'clientCut': {
      const client = random.chance(0.5) ? random.pick(clients) : undefined
      return { kind, member, client, manner, forMs }
    }
  }
}

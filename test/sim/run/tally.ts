/** What a batch of lives adds up to. */

import { MATERIAL_KINDS, type MaterialKind } from '../swarm/fed.js'
import type { Life } from '../swarm/life.js'
import type { Outcome } from './job.js'

/** A life that broke a promise. */
export interface Failure {
  readonly seed: number
  readonly rule: string
  readonly message: string
  readonly lastEvents: readonly string[]
}

/** How much of one kind the judges were fed with. */
export interface FedTotal {
  readonly kind: MaterialKind
  readonly sum: number
  /** Lives that had none of it. */
  readonly livesWithout: number
}

/** Sums over lives. Second lives of a seed count for time and cost only. */
export interface Totals {
  readonly passed: number
  readonly failed: number
  /** Lives that were lived a second time to be compared. */
  readonly again: number
  readonly simulatedMs: number
  readonly cpuMs: number
  readonly operations: number
  readonly commands: number
  readonly faults: Readonly<Record<string, number>>
  /** Every kind, also those of which there was none. */
  readonly material: readonly FedTotal[]
  /** Grants of locks while an earlier holder believed that it held. */
  readonly lockOverlaps: number
  readonly lockOverlapMsMax: number
  readonly leasesExpired: number
  readonly leaderChanges: number
  readonly membershipChanges: number
  readonly longestUnavailableMs: number
  /** The seed of that. */
  readonly longestUnavailableSeed: number | undefined
  /** The most that one process held after a seed. */
  readonly memoryBytesMax: number
}

/** Failures that are kept with their message; more than these are counted. */
const FAILURES_MAX = 1_000

/** Adds up outcomes as they come. */
export class Tally {
  /** The first of them, in the order in which they came. */
  readonly failures: Failure[] = []
  readonly #failedSeeds = new Set<number>()
  readonly #faults = new Map<string, number>()
  readonly #material = new Map<MaterialKind, { sum: number; lives: number }>()
  #lockOverlaps = 0
  #lockOverlapMsMax = 0
  #lives = 0
  #again = 0
  #simulatedMs = 0
  #cpuMs = 0
  #operations = 0
  #commands = 0
  #leasesExpired = 0
  #leaderChanges = 0
  #membershipChanges = 0
  #longestUnavailableMs = 0
  #longestUnavailableSeed: number | undefined
  #memoryBytesMax = 0

  /** @param isAgain the seed was counted before. @returns the failure, if it is one. */
  add({ life, cost }: Outcome, isAgain: boolean): Failure | undefined {
    this.#simulatedMs += life.simulatedMs
    this.#cpuMs += cost.cpuMs
    this.#memoryBytesMax = Math.max(this.#memoryBytesMax, cost.memoryBytes)
    if (isAgain) this.#again++
    else this.#addOnce(life)
    if (life.violation === undefined) return undefined
    const { rule, message } = life.violation
    const failure = { seed: life.seed, rule, message, lastEvents: life.lastEvents }
    this.#failedSeeds.add(life.seed)
    if (this.failures.length < FAILURES_MAX) this.failures.push(failure)
    return failure
  }

  /** The sums so far. */
  totals(): Totals {
    return {
      passed: this.#lives - this.#failedSeeds.size,
      failed: this.#failedSeeds.size,
      again: this.#again,
      simulatedMs: this.#simulatedMs,
      cpuMs: this.#cpuMs,
      operations: this.#operations,
      commands: this.#commands,
      faults: Object.fromEntries([...this.#faults].sort(([, a], [, b]) => b - a)),
      material: MATERIAL_KINDS.map((kind) => this.#fedTotal(kind)),
      lockOverlaps: this.#lockOverlaps,
      lockOverlapMsMax: this.#lockOverlapMsMax,
      leasesExpired: this.#leasesExpired,
      leaderChanges: this.#leaderChanges,
      membershipChanges: this.#membershipChanges,
      longestUnavailableMs: this.#longestUnavailableMs,
      longestUnavailableSeed: this.#longestUnavailableSeed,
      memoryBytesMax: this.#memoryBytesMax,
    }
  }

  #fedTotal(kind: MaterialKind): FedTotal {
    const { sum, lives } = this.#material.get(kind) ?? { sum: 0, lives: 0 }
    return { kind, sum, livesWithout: this.#lives - lives }
  }

  #addMaterial({ material, lockOverlap }: Life): void {
    for (const kind of MATERIAL_KINDS) {
      const number = material[kind] ?? 0
      const { sum, lives } = this.#material.get(kind) ?? { sum: 0, lives: 0 }
      this.#material.set(kind, { sum: sum + number, lives: lives + (number > 0 ? 1 : 0) })
    }
    this.#lockOverlaps += lockOverlap.grants
    this.#lockOverlapMsMax = Math.max(this.#lockOverlapMsMax, lockOverlap.longestMs)
  }

  #addOnce(life: Life): void {
    this.#lives++
    this.#operations += life.operations
    this.#commands += life.commands
    this.#leasesExpired += life.leasesExpired
    this.#leaderChanges += life.leaderChanges
    this.#membershipChanges += life.membershipChanges
    this.#addMaterial(life)
    for (const [kind, count] of Object.entries(life.faults))
      this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count)
    if (life.longestUnavailableMs <= this.#longestUnavailableMs) return
    this.#longestUnavailableMs = life.longestUnavailableMs
    this.#longestUnavailableSeed = life.seed
  }
}

/** All faults together. */
export function faultsOf({ faults }: Totals): number {
  return Object.values(faults).reduce((sum, count) => sum + count, 0)
}

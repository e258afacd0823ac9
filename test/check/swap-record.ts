/**
 * What processes did by compare-and-swap: the material of the judge in swap-rules.ts.
 *
 * Places are those of the recorder that numbers the operations. An outcome is `failed` only
 * if the recipe said that nothing was done.
 */

/** How it came out. */
export type SwapOutcome = 'done' | 'failed' | 'unknown'

/** A transfer by transactional memory: both accounts, and the key `<bank>/done/<id>`, at one revision. */
export interface TransferRecord {
  /** Unique. */
  readonly id: string
  /** Accounts are the keys `<bank>/account/<name>`, decimal. */
  readonly from: string
  readonly to: string
  readonly amount: number
  readonly outcome: SwapOutcome
}

/** An `add` on a counter. */
export interface AddRecord {
  readonly process: string
  /** Positive. */
  readonly amount: number
  readonly began: number
  readonly ended: number
  /** What the counter came to. */
  readonly outcome: number | 'failed' | 'unknown'
}

/** Numbers that a sequence gave. */
export interface NumbersRecord {
  /** The handle; each gives greater and greater ones. */
  readonly handle: string
  readonly first: number
  readonly count: number
}

/** A worker id that was granted. */
export interface WorkerIdRecord {
  readonly process: string
  readonly key: string
  readonly leaseId: bigint
  readonly fencingToken: number
}

/** Everything of one run. */
export interface SwapMaterial {
  readonly transfers: readonly TransferRecord[]
  readonly adds: readonly AddRecord[]
  readonly numbers: readonly NumbersRecord[]
  readonly workerIds: readonly WorkerIdRecord[]
}

/** Where the accounts are. */
export const BANK = 'swap/bank'
/** What an account has that was never written. */
export const BALANCE = 1_000
/** The counter's name. */
export const COUNTER = 'swap/counter'

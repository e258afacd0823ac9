/** What may go wrong in one call to a simulated disk, and how to draw it from a seed. */

import type { SeededRandom } from '../model/random.js'

/** The calls of the Disk port. */
export type DiskOperation =
  | 'open'
  | 'create'
  | 'rename'
  | 'remove'
  | 'list'
  | 'makeDirectory'
  | 'syncDirectory'
  | 'lock'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'

/** A call that is about to be made. */
export interface DiskCall {
  /** Counts the calls of this disk, from 1. */
  readonly number: number
  readonly operation: DiskOperation
  readonly path: string
}

/**
 * What goes wrong:
 *
 * - `EIO`: the call fails. A write may have happened in part; a sync drops what was pending.
 * - `ENOSPC`: a write or a creation fails; a write may have happened in part.
 * - `short`: a read gives fewer bytes than it could.
 * - `flip`: a read gives one wrong bit, once.
 * - `misdirect`: a write goes to another sector of the file, and says that it did not.
 * - `lie`: a sync does nothing and says that it did.
 *
 * `flip`, `misdirect` and `lie` are outside of what a member promises to survive; it must
 * stop rather than be wrong.
 */
export type DiskFault = 'EIO' | 'ENOSPC' | 'short' | 'flip' | 'misdirect' | 'lie'

/** Decides about each call. */
export type FaultPlan = (call: DiskCall) => DiskFault | undefined

/** Probability of each fault in each call that it can happen in; 0 where absent. */
export type FaultRates = Readonly<Partial<Record<DiskFault, number>>>

const POSSIBLE: Readonly<Record<DiskFault, readonly DiskOperation[]>> = {
  EIO: [
    'open',
    'create',
    'rename',
    'remove',
    'list',
    'makeDirectory',
    'syncDirectory',
    'read',
    'write',
    'sync',
    'truncate',
  ],
  ENOSPC: ['create', 'write', 'makeDirectory', 'rename'],
  short: ['read'],
  flip: ['read'],
  misdirect: ['write'],
  lie: ['sync', 'syncDirectory'],
}

/** Whether the fault can happen in such a call. */
export function isPossible(fault: DiskFault, operation: DiskOperation): boolean {
  return POSSIBLE[fault].includes(operation)
}

/** Faults at random. */
export function randomFaults(random: SeededRandom, rates: FaultRates): FaultPlan {
  const faults = Object.entries(rates) as [DiskFault, number][]
  return (call) => {
    for (const [fault, rate] of faults)
      if (isPossible(fault, call.operation) && random.chance(rate)) return fault
    return undefined
  }
}

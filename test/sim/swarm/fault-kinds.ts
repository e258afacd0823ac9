/**
 * The kinds of faults that a life may know, and what a plan says about each.
 *
 * Every kind runs by itself: it waits about `everyMs`, does its harm, undoes it after about
 * `forMs`, and draws from a source of its own, so that a plan without one kind leaves what
 * the others draw as it was.
 */

/** Faults of processes, of power and of clocks. */
export const PROCESS_FAULTS = [
  'kill',
  'stop',
  'powerLoss',
  'powerLossSome',
  'powerLossAll',
  'pause',
  'clockFreeze',
  'clockDrift',
  'wallStep',
  'pauseClient',
] as const

/** Faults of the network. */
export const NETWORK_FAULTS = [
  'partition',
  'cutOneWay',
  'cutClients',
  'refuse',
  'loss',
  'duplicate',
  'replay',
  'reorder',
  'slowLinks',
  'clog',
  'swizzleClog',
  'breakConnections',
] as const

/** Faults of disks that a member must bear, or end itself by. */
export const DISK_FAULTS = [
  'readError',
  'writeError',
  'syncError',
  'diskFull',
  'noSpace',
  'shortRead',
  'diskStall',
  'commitError',
  'flip',
  'rot',
] as const

/** What operators do to the membership meanwhile; no fault, but as good at finding them. */
export const MEMBERSHIP_FAULTS = [
  'addVoter',
  'addLearner',
  'promote',
  'remove',
  'replace',
  'updateUrls',
  'moveLeader',
] as const

/** All of them. */
export const FAULT_KINDS = [
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...DISK_FAULTS,
  ...MEMBERSHIP_FAULTS,
] as const

/** One kind of fault. */
export type FaultKind = (typeof FAULT_KINDS)[number]

/** How a life exceeds what members promise to survive; see beyond-faults.ts. */
export type BeyondPromise = 'lyingDisks' | 'majorityWiped' | 'rotEverywhere'

/** How a kind of fault behaves in one life. */
export interface FaultSettings {
  /** Mean wait between two faults of this kind, in milliseconds. */
  readonly everyMs: number
  /** Mean time that one lasts, in milliseconds; 0 where it is over at once. */
  readonly forMs: number
  /** Probability of harm for each message or disk call while it lasts; 1 where it has no meaning. */
  readonly rate: number
}

/** Every kind, with its settings or null where this life does not know it. */
export type Faults = Readonly<Record<FaultKind, FaultSettings | null>>

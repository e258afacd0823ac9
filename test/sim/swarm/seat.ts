/**
 * A machine as its operators see it: what is known of its member, who has it in hand, and
 * whether its end can be explained.
 */

import type { MemberOptions } from '../../../server/config.js'
import type { DiskFault, FaultPlan } from '../disk-faults.js'
import type { Machine } from '../world/world.js'

/** A fault has a process in hand. */
export interface Hold {
  readonly kind: string
  /** False when another fault has taken it away. */
  isMine(): boolean
  release(): void
}

/** See the head of the file. */
export class Seat {
  readonly machine: Machine
  /** Of the last member that was up here. */
  memberId: bigint | undefined
  /** What a start is given; a member that joined says so at every start. */
  bootOptions: Partial<MemberOptions> = {}
  /** Has the cluster ever listed `memberId`? Then missing from the list means removed. */
  wasListed = false
  /** Its stored data was damaged, and no start has shown yet what that means. */
  suspect = false
  /** Its data is gone, or cannot be read any more: nobody starts it until it was replaced. */
  lost = false
  /** Removed for good, or never taken into the cluster. */
  retired = false
  /** Not to be started before this true time, in milliseconds. */
  restartAtMs = 0
  booting = false
  /** Why its last member ended by itself, as far as the supervisor has noticed. */
  knownFailure: Error | undefined
  #hold: Hold | undefined
  /** Disk faults in force, in the order of their beginning. */
  readonly #faults = new Map<string, FaultPlan>()
  /** Kinds of harm to the disk that are in force. */
  readonly #harms = new Set<string>()
  /** A fault has changed the rate of its clock. */
  #drifts = false
  /** Harm was done since the last start that went well. */
  #excused = false

  constructor(machine: Machine) {
    this.machine = machine
    machine.disk.faults = (call) => {
      for (const plan of this.#faults.values()) {
        const fault = plan(call)
        if (fault !== undefined) return this.#struck(fault)
      }
      return undefined
    }
  }

  get name(): string {
    return this.machine.name
  }

  get isUp(): boolean {
    return this.machine.member !== undefined && !this.booting
  }

  get isHeld(): boolean {
    return this.#hold !== undefined
  }

  /** Whether an end of this member by itself, or a failed start, has a reason outside of it. */
  get isExcused(): boolean {
    return this.#excused || this.isHarmed || this.suspect || this.lost
  }

  /** Whether something is done to its disk right now. */
  get isHarmed(): boolean {
    return this.#harms.size > 0 || this.#faults.size > 0
  }

  /**
   * Takes the process in hand: nobody else starts, stops or pauses it until it is released.
   *
   * @param from a kind of fault that must give way, if it has it.
   * @returns undefined when somebody else has it.
   */
  hold(kind: string, from?: string): Hold | undefined {
    const taken = this.#hold !== undefined && this.#hold.kind !== from
    if (taken || this.retired || this.lost || this.booting) return undefined
    const hold: Hold = {
      kind,
      isMine: () => this.#hold === hold,
      release: () => {
        if (this.#hold === hold) this.#hold = undefined
      },
    }
    this.#hold = hold
    return hold
  }

  /** Takes the rate of the clock in hand; false when somebody else has it. */
  beginDrift(): boolean {
    if (this.#drifts) return false
    this.#drifts = true
    return true
  }

  endDrift(): void {
    this.#drifts = false
  }

  /** The disk fails from now on by this plan, as one kind; false when that kind is in force already. */
  beginFault(kind: string, plan: FaultPlan): boolean {
    if (this.#faults.has(kind)) return false
    this.#faults.set(kind, plan)
    return true
  }

  endFault(kind: string): void {
    this.#faults.delete(kind)
  }

  /** From now on the member may end itself, until it was started again after {@link endHarm}. */
  beginHarm(kind: string): boolean {
    if (this.#harms.has(kind)) return false
    this.#harms.add(kind)
    this.#excused = true
    return true
  }

  endHarm(kind: string): void {
    this.#harms.delete(kind)
  }

  /** A start went well: earlier harm explains nothing any more. */
  recovered(): void {
    this.#excused = this.#harms.size > 0
    this.suspect = false
  }

  /** The machine has an empty disk now, and a member that nobody knows yet. */
  renewed(bootOptions: Partial<MemberOptions>): void {
    this.lost = false
    this.suspect = false
    this.memberId = undefined
    this.wasListed = false
    this.bootOptions = bootOptions
    this.restartAtMs = 0
  }

  #struck(fault: DiskFault): DiskFault {
    // A short read is within what every reader must bear.
    if (fault !== 'short') this.#excused = true
    return fault
  }
}

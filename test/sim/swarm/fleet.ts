/**
 * All machines with their operators: who belongs to the cluster, who is to be started
 * again, and how much more harm the cluster can bear.
 *
 * The supervisor looks at every machine again and again, as systemd and a patient operator
 * would: it starts members that died, starts machines that the cluster has taken in, and
 * shuts down those that it has removed.
 */

import type { Client } from '../../../client/index.js'
import type { MemberOptions } from '../../../server/config.js'
import { MemberRemoved } from '../../../server/member/removals.js'
import type { SeededRandom } from '../../model/random.js'
import type { ClientProcess } from '../world/client-process.js'
import type { Machine, World } from '../world/world.js'
import { isReadable, type Membership, membershipOf } from './membership.js'
import { Seat } from './seat.js'

/** How often the supervisor looks, in milliseconds. */
const LOOK_MS = 200
/** A member that died is started again after at most this, in milliseconds. */
const RESTART_MS_MAX = 2_000
/** Most voters and learners that operators ask for. */
export const MEMBERS_MAX = 7

/** What the fleet tells the life. */
export interface FleetListener {
  /** There is a new machine. */
  readonly onNew: () => void
  /** A member takes calls. */
  readonly onUp: (seat: Seat) => void
  /**
   * A member ended itself, or did not start.
   *
   * @param isExcused something that was done to it explains that.
   */
  readonly onEnd: (seat: Seat, failure: Error, isExcused: boolean) => void
  /** The world or this room failed. */
  readonly onCrash: (error: unknown) => void
}

/** See the head of the file. */
export class Fleet {
  readonly world: World
  readonly seats: Seat[]
  readonly #random: SeededRandom
  readonly #listener: FleetListener
  readonly #operator: ClientProcess
  #membership: Membership
  /** Changes of the membership whose outcome nobody knows yet. */
  #changesUnderWay = 0
  #stopped = false

  constructor(world: World, listener: FleetListener) {
    this.world = world
    this.#listener = listener
    this.#random = world.fork('supervisor')
    this.#operator = world.process('operator')
    this.seats = world.machines.map((machine) => new Seat(machine))
    this.#membership = { index: 0, members: [], voters: [], outgoing: [] }
  }

  /** Starts all founders at once. */
  async found(): Promise<void> {
    await Promise.all(this.seats.map((seat) => this.boot(seat)))
    this.#watch()
  }

  /** A client of the operators, for the members of now unless others are named. The caller closes it. */
  operatorClient(
    endpoints: readonly string[] = this.current.map(({ machine }) => machine.clientUrl),
  ): Client {
    return this.#operator.connect(
      endpoints.length > 0 ? endpoints : [this.seats[0]!.machine.clientUrl],
    )
  }

  /** Nobody waits any longer before a start. */
  hurry(): void {
    for (const seat of this.seats)
      seat.restartAtMs = Math.min(seat.restartAtMs, this.world.clock.now())
  }

  /** Starts a machine that is down, if it may be started, without waiting for the supervisor's next look. */
  startNow(seat: Seat): void {
    seat.restartAtMs = 0
    if (!this.#stopped) this.#lookAt(seat)
  }

  /** No more starts. */
  stop(): void {
    this.#stopped = true
  }

  /** A machine that is no member: one that was never taken in, or a new one. */
  spare(): Seat {
    const unused = this.seats.find(
      (seat) => seat.memberId === undefined && !seat.isHeld && !this.knows(seat.machine.peerUrl),
    )
    if (unused !== undefined) return unused
    const seat = new Seat(this.world.addMachine())
    this.seats.push(seat)
    this.#listener.onNew()
    return seat
  }

  /** The members, as the most advanced member that was ever seen knew them. */
  get membership(): Membership {
    const seen = this.#mostAdvanced()
    if (seen !== undefined && seen.index >= this.#membership.index) this.#membership = seen
    for (const seat of this.seats) if (this.#lists(seat)) seat.wasListed = true
    return this.#membership
  }

  /** The machine of a member. */
  seatOf(memberId: bigint): Seat | undefined {
    const member = this.#membership.members.find(({ ID }) => ID === memberId)
    return this.seats.find(
      (seat) => seat.memberId === memberId || member?.peerUrls.includes(seat.machine.peerUrl),
    )
  }

  /** Whether a member with this peer URL belongs to the cluster. */
  knows(peerUrl: string): boolean {
    return this.membership.members.some(({ peerUrls }) => peerUrls.includes(peerUrl))
  }

  /** Machines whose member belongs to the cluster. */
  get current(): Seat[] {
    const { members } = this.membership
    return members.flatMap(({ ID }) => this.seatOf(ID) ?? [])
  }

  /** Processes that work on the cluster, and live; operators are never harmed. */
  get clients(): ClientProcess[] {
    return this.world.processes.filter(
      (process) => process !== this.#operator && !process.clock.isOver,
    )
  }

  /** Machines that have ever run and are not retired: what faults strike. */
  get targets(): Seat[] {
    return this.seats.filter((seat) => !seat.retired && seat.memberId !== undefined)
  }

  /** The machine whose member leads, as far as members know. */
  get leader(): Seat | undefined {
    return this.seats.find(({ machine, isUp }) => isUp && machine.member!.isLeader)
  }

  /** Whether one more member may lose its data: a majority of each set of voters keeps its own. */
  mayDamage(seat: Seat): boolean {
    const { voters, outgoing } = this.membership
    if (this.#changesUnderWay > 0 || seat.memberId === undefined) return false
    return [voters, outgoing].every((set) => {
      const damaged = set.filter((id) => id === seat.memberId || !this.#isIntact(id))
      return set.length === 0 || damaged.length * 2 < set.length
    })
  }

  /** Whether the voters could go on without this one. */
  maySpare(memberId: bigint): boolean {
    const { voters } = this.membership
    const rest = voters.filter((id) => id !== memberId)
    const intact = rest.filter((id) => this.#isIntact(id))
    return rest.length > 0 && intact.length * 2 > rest.length
  }

  /** Runs a change of the membership; meanwhile nobody loses data. */
  async changing<T>(change: () => Promise<T>): Promise<T> {
    this.#changesUnderWay++
    try {
      return await change()
    } finally {
      this.#changesUnderWay--
    }
  }

  /** Starts a machine's member; a start that fails is tried again by the supervisor. */
  async boot(seat: Seat): Promise<void> {
    const { machine } = seat
    seat.booting = true
    await machine.boot(seat.bootOptions)
    seat.booting = false
    if (machine.member !== undefined) {
      seat.memberId = machine.member.id
      seat.recovered()
      this.#listener.onUp(seat)
    } else this.#failed(seat)
  }

  #failed(seat: Seat): void {
    const { failure } = seat.machine
    seat.restartAtMs = this.world.clock.now() + this.#random.between(100, RESTART_MS_MAX)
    if (failure === undefined) return
    seat.knownFailure = failure
    this.#listener.onEnd(seat, failure, seat.isExcused || wasRemoved(seat) || isTooEarly(seat))
    if (!seat.suspect || seat.isHarmed) return
    seat.lost = true
    this.world.log.say(seat.name, 'cannot be started any more')
  }

  #mostAdvanced(): Membership | undefined {
    const members = this.seats.flatMap(({ machine }) => {
      const { member } = machine
      return member !== undefined && isReadable(member) ? [member] : []
    })
    const index = Math.max(...members.map(({ machine }) => machine.appliedIndex))
    const first = members.find(({ machine }) => machine.appliedIndex === index)
    return first && membershipOf(first)
  }

  #isIntact(memberId: bigint): boolean {
    const seat = this.seatOf(memberId)
    return seat !== undefined && !seat.lost && !seat.suspect
  }

  #lists({ memberId }: Seat): boolean {
    return this.#membership.members.some(({ ID }) => ID === memberId)
  }

  #watch(): void {
    this.world.clock.after(LOOK_MS, () => {
      if (this.#stopped) return
      this.#look()
      this.#watch()
    })
  }

  #look(): void {
    for (const seat of this.seats) this.#lookAt(seat)
  }

  #lookAt(seat: Seat): void {
    if (seat.isHeld || seat.booting || seat.lost || seat.retired) return
    if (seat.machine.isUp) return
    if (seat.memberId !== undefined && wasRemoved(seat)) this.#retire(seat)
    else if (seat.memberId === undefined && !this.knows(seat.machine.peerUrl)) return
    else if (this.world.clock.now() >= seat.restartAtMs) this.#restart(seat)
  }

  /** Unless the cluster has taken the machine in again, before its old member had learned of its end. */
  #retire(seat: Seat): void {
    if (!this.knows(seat.machine.peerUrl)) {
      seat.retired = true
      return
    }
    seat.knownFailure = seat.machine.failure
    seat.machine.wipe()
    seat.renewed({})
  }

  #restart(seat: Seat): void {
    const { machine } = seat
    if (machine.failure !== undefined && machine.failure !== seat.knownFailure) {
      // It ended itself since the last look.
      seat.knownFailure = machine.failure
      this.#listener.onEnd(seat, machine.failure, seat.isExcused)
      seat.restartAtMs = this.world.clock.now() + this.#random.between(0, RESTART_MS_MAX)
      return
    }
    if (seat.memberId === undefined) seat.bootOptions = this.#joining(machine)
    this.boot(seat).catch(this.#listener.onCrash)
  }

  /** What a machine is started with that the cluster has taken in. */
  #joining(machine: Machine): Partial<MemberOptions> {
    const others = this.current.filter((seat) => seat.machine !== machine)
    const known = others.map((seat) => [seat.name, [seat.machine.peerUrl]] as const)
    return {
      initialClusterState: 'existing',
      initialCluster: Object.fromEntries([...known, [machine.name, [machine.peerUrl]]]),
    }
  }
}

/** A member that was removed stops when another one tells it; it is not started again. */
function wasRemoved({ machine }: Seat): boolean {
  return machine.failure instanceof MemberRemoved
}

/** A member that joins may find nobody who knows it yet, or nobody at all. */
function isTooEarly({ memberId, bootOptions, machine }: Seat): boolean {
  const joins = memberId === undefined && bootOptions.initialClusterState === 'existing'
  return joins && /could be reached|has no member with/.test(machine.failure?.message ?? '')
}

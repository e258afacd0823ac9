/**
 * What a cluster owes once nobody harms it any more: within a deadline
 *
 *     a leader that all follow, no joint configuration
 *     a new write, applied by every member
 *     a linearizable read at every voter
 *     every watcher told everything
 *     no lease left whose time is over (judged from the log, see lease-rules.ts)
 *
 * It is owed by the members that have their data, the core, if they are a majority of
 * every set of voters; otherwise nothing is owed but silence.
 */

import { PutRequest, RangeRequest } from '../../../client/wire/generated/rpc.js'
import { LEASE_EXPIRY_INTERVAL_MS } from '../../../server/limits.js'
import { DEFAULT_TUNING } from '../../../server/tuning.js'
import type { Calm } from '../../check/lease-rules.js'
import type { Answer } from '../../check/operation.js'
import type { Call } from '../../model/call.js'
import type { Workloads } from '../workloads/workloads.js'
import { clockRates } from './clocks.js'
import type { Fleet } from './fleet.js'
import { isReadable, type Membership, membershipOf } from './membership.js'
import type { Plan } from './plan.js'
import type { Seat } from './seat.js'

/** The core must have settled in so many election timeouts, and the time below. */
const ELECTIONS_MAX = 10
/** For starts, for connections that were given up, for requests under way, for snapshots, in milliseconds. */
const SETTLING_MS = 20_000
/** Watchers are level after this. */
const WATCHERS_MS = 5_000
/** Expired leases are gone so long after their time, besides an election. */
const LEASE_BOUND_MS = 3_000
/** Time passes in such steps, in milliseconds. */
const STEP_MS = 50
/** One try of the operator's requests, in milliseconds. */
const REQUEST_MS = 5_000
/** The key that is written when all is calm. */
const MARKER = 'operator/calm'

/** A promise of liveness was broken; the message says which, and who stands where. */
export class NotLive extends Error {}

/** See the head of the file. */
export class Liveness {
  readonly #fleet: Fleet
  readonly #plan: Plan
  readonly #workloads: Workloads
  readonly #isConvicted: () => boolean
  #writes = 0

  /** @param isConvicted some judge has spoken: what is owed does not matter any more. */
  constructor(fleet: Fleet, plan: Plan, workloads: Workloads, isConvicted: () => boolean) {
    this.#fleet = fleet
    this.#plan = plan
    this.#workloads = workloads
    this.#isConvicted = isConvicted
  }

  /**
   * Runs the phase. Resolves with the calm that there was; undefined when nothing is owed.
   *
   * @throws {NotLive}
   */
  async run(): Promise<Calm | undefined> {
    const { world } = this.#fleet
    const settlingMs = ELECTIONS_MAX * this.#plan.member.electionTimeoutMs + SETTLING_MS
    const untilMs = world.clock.now() + settlingMs
    if (!(await this.#holds(() => this.#coreIsUp(), untilMs))) {
      if (this.#coreIsOwed()) throw this.#notLive('all members up')
      world.log.say('life', 'too few members have their data: nothing is owed')
      return undefined
    }
    const fromMs = world.clock.now()
    const leases = this.#leases
    const endMs = fromMs + settlingMs
    await this.#owe('one leader that all follow', () => this.#isLed(), endMs)
    const revision = await this.#write(endMs)
    await this.#owe('the write on every member', () => this.#allHave(revision), endMs)
    for (const seat of this.#voters()) await this.#read(seat, endMs)
    this.#workloads.stop()
    await this.#over('the end of the work', this.#workloads.settled, world.clock.now() + settlingMs)
    await this.#watchersLevel()
    const boundMs = this.#leaseBoundMs(Math.max(leases, this.#leases))
    await this.#leasesEnd(boundMs)
    return { fromMs, toMs: world.clock.now(), boundMs }
  }

  /** Members that have their data. */
  get #core(): Seat[] {
    return this.#fleet.current.filter((seat) => !seat.lost)
  }

  #voters(): Seat[] {
    const { voters } = this.#fleet.membership
    return this.#core.filter(({ memberId }) => memberId !== undefined && voters.includes(memberId))
  }

  /**
   * Whether a majority of each set of voters has its data.
   *
   * Also of the voters that the most advanced of the core knows: a change of members whose
   * commit only a lost one had heard of does not help those who are left to elect another.
   */
  #coreIsOwed(): boolean {
    const core = new Set(this.#core.map(({ memberId }) => memberId))
    return [this.#fleet.membership, ...this.#knownToCore()].every(({ voters, outgoing }) =>
      [voters, outgoing].every((set) => {
        return set.length === 0 || set.filter((id) => core.has(id)).length * 2 > set.length
      }),
    )
  }

  /** The membership as the most advanced of the core knows it; nothing when none can tell. */
  #knownToCore(): Membership[] {
    return this.#core
      .flatMap(({ machine: { member } }) =>
        member !== undefined && isReadable(member) ? [membershipOf(member)] : [],
      )
      .sort((a, b) => b.index - a.index)
      .slice(0, 1)
  }

  #coreIsUp(): boolean {
    return this.#coreIsOwed() && this.#core.every(({ isUp }) => isUp)
  }

  #isLed(): boolean {
    const { outgoing } = this.#fleet.membership
    const leaders = new Set(this.#core.map(({ machine }) => machine.member?.raft.leader ?? 0n))
    const [leader] = leaders
    const leads = this.#core.some(({ memberId, machine }) => {
      return memberId === leader && machine.member?.isLeader
    })
    return outgoing.length === 0 && leaders.size === 1 && leads
  }

  #allHave(revision: number): boolean {
    return this.#core.every(({ machine: { member } }) => {
      return member !== undefined && isReadable(member) && member.machine.store.revision >= revision
    })
  }

  /** Writes until a write is acknowledged; resolves with its revision. */
  async #write(endMs: number): Promise<number> {
    for (;;) {
      const value = utf8(`calm ${++this.#writes}`)
      const request = PutRequest.create({ key: utf8(MARKER), value })
      const answer = await this.#ask({ kind: 'put', request }, endMs)
      if (answer?.kind === 'ok') return answer.response.header!.revision
      if (this.#mayGiveUp(endMs)) throw this.#notLive('a new write')
      await this.#fleet.world.run(STEP_MS)
    }
  }

  /** Reads at a voter until it answers, or votes no more: a removal asked for in time may come late. */
  async #read(seat: Seat, endMs: number): Promise<void> {
    while (this.#voters().includes(seat)) {
      const request = RangeRequest.create({ key: utf8(MARKER) })
      const answer = await this.#ask({ kind: 'range', request }, endMs, [seat.machine.clientUrl])
      if (answer?.kind === 'ok') return
      if (this.#mayGiveUp(endMs)) throw this.#notLive(`a linearizable read at ${seat.name}`)
      await this.#fleet.world.run(STEP_MS)
    }
  }

  async #ask(
    call: Call,
    endMs: number,
    endpoints?: readonly string[],
  ): Promise<Answer | undefined> {
    const client = this.#fleet.operatorClient(endpoints)
    const { recorder } = this.#workloads
    const asker = { process: 'operator', client }
    const asked = recorder.perform(asker, call, { timeoutMs: REQUEST_MS })
    const { answer } = await this.#over('an answer', asked, endMs + 2 * REQUEST_MS)
    client.close()
    return answer
  }

  async #watchersLevel(): Promise<void> {
    const { world } = this.#fleet
    const revision = Math.max(
      ...this.#core.map(({ machine }) => machine.member!.machine.store.revision),
    )
    let behind: string[] = []
    const level = () => {
      behind = this.#workloads.behind(revision)
      return behind.length === 0
    }
    if (await this.#holds(level, world.clock.now() + WATCHERS_MS)) return
    throw this.#notLive(`revision ${revision} at the watchers ${behind.join()}`)
  }

  /** Waits for the last leases; the judge of leases says whether they ended in time. */
  async #leasesEnd(boundMs: number): Promise<void> {
    const { electionTimeoutMs } = this.#plan.member
    const least = Math.ceil((1.5 * electionTimeoutMs) / 1000)
    const ttlMs = 1000 * Math.max(least, this.#plan.work.leaseTtlSecondsMax)
    const { rateMin } = clockRates(this.#plan)
    const untilMs = this.#fleet.world.clock.now() + ttlMs / rateMin + boundMs
    await this.#holds(() => this.#leases === 0, untilMs)
  }

  /** The most leases that a member of the core has; at least one while some cannot be asked. */
  get #leases(): number {
    const counts = this.#core.map(({ machine: { member } }) =>
      member === undefined || !isReadable(member) ? 1 : member.machine.lessor.size,
    )
    return Math.max(0, ...counts)
  }

  /** All may be over at once, and a leader revokes so many in one look only. */
  #leaseBoundMs(leases: number): number {
    const { member, tuning } = this.#plan
    const { leaseRevokesMax } = { ...DEFAULT_TUNING, ...tuning }
    const looks = Math.ceil(leases / leaseRevokesMax)
    return LEASE_BOUND_MS + 2 * member.electionTimeoutMs + looks * LEASE_EXPIRY_INTERVAL_MS
  }

  async #owe(what: string, condition: () => boolean, untilMs: number): Promise<void> {
    if (!(await this.#holds(condition, untilMs)) && !this.#isConvicted()) throw this.#notLive(what)
  }

  async #over<T>(what: string, promise: Promise<T>, untilMs: number): Promise<T> {
    let isOver = false
    const end = () => {
      isOver = true
    }
    promise.then(end, end)
    if (!(await this.#holds(() => isOver, untilMs))) throw this.#notLive(what)
    return promise
  }

  /** Lets time pass until the condition holds; false when it does not in time. */
  async #holds(condition: () => boolean, untilMs: number): Promise<boolean> {
    const { world } = this.#fleet
    await world.run(0)
    while (!condition()) {
      if (this.#mayGiveUp(untilMs)) return false
      await world.run(STEP_MS)
    }
    return true
  }

  #mayGiveUp(untilMs: number): boolean {
    return this.#isConvicted() || this.#fleet.world.clock.now() >= untilMs
  }

  #notLive(what: string): NotLive {
    const { members, voters, outgoing } = this.#fleet.membership
    const seats = members.map(({ ID }) => standing(ID, this.#fleet.seatOf(ID)))
    const sets = `voters ${voters.map(hex).join()}, outgoing ${outgoing.map(hex).join()}`
    return new NotLive(`no ${what} in time; ${sets}; ${seats.join('; ')}`)
  }
}

function standing(id: bigint, seat: Seat | undefined): string {
  if (seat === undefined) return `${hex(id)} has no machine`
  const { member } = seat.machine
  if (member === undefined) return `${seat.name} ${hex(id)} ${seat.lost ? 'lost' : 'down'}`
  const { role, term, leader, commit, applied, lastIndex } = member.raft
  return `${seat.name} ${hex(id)} ${role} term ${term} leader ${hex(leader)} commit ${commit} applied ${applied} last ${lastIndex}`
}

function hex(id: bigint): string {
  return id.toString(16)
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text)
}

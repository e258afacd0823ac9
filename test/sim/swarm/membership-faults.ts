/**
 * What operators do to the membership while all else goes on.
 *
 * They ask as anybody would, through a client, and hear the same errors: no leader, an
 * unhealthy cluster, not enough started members, a learner that is not ready. An outcome
 * that they do not learn shows later in the list of members, and the supervisor acts on
 * that (see fleet.ts).
 */

import { type Client, ConclaveError } from '../../../client/index.js'
import { Cluster, Maintenance } from '../../../client/wire/methods.js'
import type { Episode, Stage } from './episodes.js'
import type { MEMBERSHIP_FAULTS } from './fault-kinds.js'
import { type Fleet, MEMBERS_MAX } from './fleet.js'
import type { Seat } from './seat.js'

/** Operators wait so long for an answer, in milliseconds. */
const REQUEST_MS = 5_000
/** How often they ask again for a replacement, and how long they wait in between. */
const TRIES_MAX = 10
const RETRY_MS = 1_000

/** What each kind does. */
export function membershipFaults(
  fleet: Fleet,
): Readonly<Record<(typeof MEMBERSHIP_FAULTS)[number], Episode>> {
  const operator = new Operator(fleet)
  return {
    addVoter: (stage) => operator.add(stage, false),
    addLearner: (stage) => operator.add(stage, true),
    promote: (stage) => operator.promote(stage),
    remove: (stage) => operator.remove(stage),
    replace: (stage) => operator.replace(stage),
    updateUrls: (stage) => operator.updateUrls(stage),
    moveLeader: (stage) => operator.moveLeader(stage),
  }
}

class Operator {
  readonly #fleet: Fleet
  /** Machines that are being replaced. */
  readonly #replacing = new Set<Seat>()

  constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  async add(stage: Stage, isLearner: boolean): Promise<void> {
    const { members } = this.#fleet.membership
    if (members.length === 0 || members.length >= MEMBERS_MAX) return
    const seat = this.#fleet.spare()
    stage.did(seat.name, isLearner ? 'is added as a learner' : 'is added')
    await this.#ask(stage, seat.name, (client) => this.#addSeat(client, seat, isLearner))
  }

  async promote(stage: Stage): Promise<void> {
    const learners = this.#fleet.membership.members.filter(({ isLearner }) => isLearner)
    if (learners.length === 0) return
    const { ID } = stage.random.pick(learners)
    stage.did(this.#nameOf(ID), 'is promoted')
    await this.#ask(stage, this.#nameOf(ID), (client) =>
      client.rpc(Cluster.memberPromote, { ID }, { timeoutMs: REQUEST_MS }),
    )
  }

  async remove(stage: Stage): Promise<void> {
    const { members } = this.#fleet.membership
    if (members.length < 2) return
    const { ID } = stage.random.pick(members)
    if (!this.#fleet.maySpare(ID)) return
    stage.did(this.#nameOf(ID), 'is removed')
    await this.#ask(stage, this.#nameOf(ID), (client) => this.#removeId(client, ID))
  }

  /** A machine burns down and comes back empty: its member goes, another one comes. */
  async replace(stage: Stage): Promise<void> {
    const free = this.#fleet.current.filter((seat) => !this.#replacing.has(seat))
    if (free.length === 0) return
    const seat = free.find((one) => one.lost) ?? stage.random.pick(free)
    const { memberId } = seat
    if (memberId === undefined) return
    this.#replacing.add(seat)
    if (seat.lost || (await this.#burn(stage, seat))) {
      stage.did(seat.name, 'is replaced')
      await stage.lasts()
      await this.#replaceMember(stage, seat, memberId)
    }
    this.#replacing.delete(seat)
  }

  async #replaceMember(stage: Stage, seat: Seat, memberId: bigint): Promise<void> {
    const isGone = () => !this.#fleet.membership.members.some(({ ID }) => ID === memberId)
    await this.#insist(stage, seat.name, isGone, (client) => this.#removeId(client, memberId))
    if (!isGone()) return
    seat.machine.wipe()
    seat.renewed({})
    const isAdded = () => this.#fleet.knows(seat.machine.peerUrl)
    await this.#insist(stage, seat.name, isAdded, (client) => this.#addSeat(client, seat, false))
  }

  async updateUrls(stage: Stage): Promise<void> {
    // Who was not started yet is known by the URLs that it is started with.
    const members = this.#fleet.membership.members.filter(({ name }) => name !== '')
    if (members.length === 0) return
    const { ID, peerUrls } = stage.random.pick(members)
    const seat = this.#fleet.seatOf(ID)
    if (seat === undefined) return
    const { peerUrl } = seat.machine
    // The other name leads nowhere; the member is found by the first.
    const alias = peerUrl.replace('127.0.0.1', '127.0.0.2')
    const peerURLs = peerUrls.length > 1 ? [peerUrl] : [peerUrl, alias]
    stage.did(seat.name, `gets the peer URLs ${peerURLs.join()}`)
    await this.#ask(stage, seat.name, (client) =>
      client.rpc(Cluster.memberUpdate, { ID, peerURLs }, { timeoutMs: REQUEST_MS }),
    )
  }

  async moveLeader(stage: Stage): Promise<void> {
    const { leader, membership } = this.#fleet
    const others = membership.voters.filter((id) => id !== leader?.memberId)
    if (leader === undefined || others.length === 0) return
    const targetID = stage.random.pick(others)
    stage.did(leader.name, `hands over to ${this.#nameOf(targetID)}`)
    const { clientUrl } = leader.machine
    const request = (client: Client) =>
      client.rpc(Maintenance.moveLeader, { targetID }, { timeoutMs: REQUEST_MS })
    await this.#ask(stage, leader.name, request, [clientUrl])
  }

  /** The machine stops and its disk is gone. */
  async #burn(stage: Stage, seat: Seat): Promise<boolean> {
    const hold = seat.isUp && this.#fleet.mayDamage(seat) ? seat.hold(stage.kind) : undefined
    if (hold === undefined) return false
    await seat.machine.powerLoss()
    hold.release()
    if (!this.#fleet.mayDamage(seat)) return false
    seat.machine.wipe()
    seat.lost = true
    return true
  }

  #addSeat(client: Client, seat: Seat, isLearner: boolean): Promise<unknown> {
    const peerURLs = [seat.machine.peerUrl]
    return client.rpc(Cluster.memberAdd, { peerURLs, isLearner }, { timeoutMs: REQUEST_MS })
  }

  #removeId(client: Client, ID: bigint): Promise<unknown> {
    return client.rpc(Cluster.memberRemove, { ID }, { timeoutMs: REQUEST_MS })
  }

  /** Asks again until it is done, or too often, or the phase of faults is over. */
  async #insist(
    stage: Stage,
    subject: string,
    isDone: () => boolean,
    request: (client: Client) => Promise<unknown>,
  ): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX && stage.goesOn && !isDone(); tries++) {
      await this.#ask(stage, subject, request)
      if (!isDone()) await stage.wait(RETRY_MS)
    }
  }

  /** Asks once; what the cluster answers is for the log. */
  async #ask(
    stage: Stage,
    subject: string,
    request: (client: Client) => Promise<unknown>,
    endpoints?: readonly string[],
  ): Promise<void> {
    const { log } = this.#fleet.world
    const client = this.#fleet.operatorClient(endpoints)
    try {
      await this.#fleet.changing(() => request(client))
      log.say(subject, `${stage.kind}: done`)
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
      log.say(subject, `${stage.kind}: ${error.message}`)
    } finally {
      client.close()
    }
  }

  #nameOf(memberId: bigint): string {
    return this.#fleet.seatOf(memberId)?.name ?? memberId.toString(16)
  }
}

/** The state of single members, and which of them leads. */

import type { Calls } from './calls.js'
import { toMemberId } from './cluster.js'
import type { Connection, RequestOptions } from './connection/connection.js'
import { errorOf } from './errors.js'
import { type Header, headerOf } from './requests.js'
import { Maintenance } from './wire/methods.js'

/** How one member is. */
export interface MemberStatus {
  /** Version of etcd that it is, or is compatible with. */
  readonly version: string
  /** Bytes of its database file. */
  readonly dbSizeBytes: number
  /** Bytes of it that hold data. */
  readonly dbSizeInUseBytes: number
  /** Whom it takes for the leader; 0n when it knows none. */
  readonly leader: bigint
  readonly raftTerm: number
  readonly raftIndex: number
  readonly raftAppliedIndex: number
  readonly isLearner: boolean
  /** What is wrong with it, such as alarms; empty when nothing is. */
  readonly errors: string[]
  /** `memberId` is the member that answered. */
  readonly header: Header
}

/** The maintenance service of a client. */
export class MaintenanceClient {
  readonly #connection: Connection
  readonly #calls: Calls

  constructor(connection: Connection, calls: Calls) {
    this.#connection = connection
    this.#calls = calls
  }

  /**
   * How a member is.
   *
   * @param endpoint one of the client's endpoints, which is asked once; the endpoint in
   *   use when absent.
   */
  async status(endpoint?: string, options: RequestOptions = {}): Promise<MemberStatus> {
    const { status } = Maintenance
    const response = await this.#calls.call(status, {}, 'read', { ...options, endpoint })
    return {
      version: response.version,
      dbSizeBytes: response.dbSize,
      dbSizeInUseBytes: response.dbSizeInUse,
      leader: response.leader,
      raftTerm: response.raftTerm,
      raftIndex: response.raftIndex,
      raftAppliedIndex: response.raftAppliedIndex,
      isLearner: response.isLearner,
      errors: response.errors,
      header: headerOf(response.header),
    }
  }

  /**
   * Hands leadership to another member. The leader must be among the client's endpoints:
   * it is looked for, and asked.
   *
   * @param id the member that shall lead; nothing happens when it does already.
   * @throws {ConclaveError} `not-leader` (no endpoint leads), `invalid-argument` (no such
   *   member, or a learner), `outcome-unknown` (it did not take over in time).
   */
  async moveLeader(id: bigint, options: RequestOptions = {}): Promise<void> {
    const request = { targetID: toMemberId(id) }
    const leader = await this.#leaderEndpoint(options)
    const { moveLeader } = Maintenance
    await this.#calls.call(moveLeader, request, 'write', { ...options, endpoint: leader })
  }

  /** The endpoint of the member that leads. @throws {ConclaveError} `not-leader`. */
  async #leaderEndpoint(options: RequestOptions): Promise<string> {
    const addresses = this.#connection.endpoints.all.map(({ address }) => address)
    const answers = await Promise.allSettled(
      addresses.map((address) => this.status(address, options)),
    )
    for (const [i, answer] of answers.entries())
      if (answer.status === 'fulfilled' && answer.value.header.memberId === answer.value.leader)
        return addresses[i]!
    const failed = answers.find((answer) => answer.status === 'rejected')
    throw errorOf('not-leader', failed && { cause: failed.reason })
  }
}

/** The members of the cluster. */

import type { Connection, RequestOptions } from './connection/connection.js'
import { Cluster } from './wire/methods.js'

/** A member of the cluster. */
export interface Member {
  readonly id: bigint
  /** Empty before it has started for the first time. */
  readonly name: string
  readonly peerUrls: string[]
  /** Where it serves clients; empty before it has started for the first time. */
  readonly clientUrls: string[]
  /** It gets the log but has no vote. */
  readonly isLearner: boolean
}

/** The cluster service of a client. */
export class ClusterClient {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * All members.
   *
   * @param options.linearizable default true; false asks one member for what it knows.
   */
  async memberList(
    options: RequestOptions & { readonly linearizable?: boolean } = {},
  ): Promise<Member[]> {
    const request = { linearizable: options.linearizable ?? true }
    const response = await this.#connection.call(Cluster.memberList, request, 'read', options)
    return response.members.map((member) => ({
      id: member.ID,
      name: member.name,
      peerUrls: member.peerURLs,
      clientUrls: member.clientURLs,
      isLearner: member.isLearner,
    }))
  }
}

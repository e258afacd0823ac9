/** The members of the cluster: who they are, and changes of that. */

import type { Calls } from './calls.js'
import type { RequestOptions } from './connection/connection.js'
import { errorOf, invalidArgument } from './errors.js'
import { inWords } from './in-words.js'
import type { MemberSync } from './member-sync.js'
import { SERVICE_NAMES } from './option-names.js'
import { checkOptions, requestOnly } from './request-checks.js'
import type { Member as WireMember } from './wire/generated/rpc.js'
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

/** What came of adding a member. */
export interface AddedMember {
  readonly member: Member
  /** All members, the new one among them. */
  readonly members: Member[]
}

/**
 * The cluster service of a client.
 *
 * A cluster changes by one member at a time, and refuses with `member-not-ready` while
 * the change could cost it its majority: members must have started, and be connected for
 * five seconds. A change with code `outcome-unknown` may have been made: list the members.
 *
 * @example
 * const { member } = await client.cluster.addLearner('http://10.0.0.4:2380')
 * // Start it with --initial-cluster-state existing, and when it has caught up:
 * await client.cluster.promote(member.id)
 */
export class ClusterClient {
  readonly #calls: Calls
  readonly #sync: MemberSync

  constructor(calls: Calls, sync: MemberSync) {
    this.#calls = calls
    this.#sync = sync
  }

  /**
   * Makes the members' client URLs the endpoints of this client, learners left out.
   *
   * What is open on an endpoint that stays goes on. Members must tell URLs that can be
   * reached from here (`--advertise-client-urls`); those without TLS are left out by a client
   * that speaks TLS.
   *
   * @returns the endpoints from now on; the present ones when no member tells any.
   */
  sync(options: RequestOptions = {}): Promise<string[]> {
    return this.#sync.sync(options)
  }

  /**
   * All members.
   *
   * @param options.linearizable default true; false asks one member for what it knows.
   */
  async list(
    options: RequestOptions & { readonly linearizable?: boolean } = {},
  ): Promise<Member[]> {
    checkOptions(options, SERVICE_NAMES.memberList)
    const request = { linearizable: options.linearizable ?? true }
    const response = await this.#calls.call(Cluster.memberList, request, 'read', options)
    return response.members.map(memberOf)
  }

  /**
   * Adds a member with a vote. It counts for majorities at once, so start it soon; or add
   * a learner and promote it when it has caught up.
   *
   * @param peerUrls where it will listen for its peers: `http://host:port`.
   * @throws {ConclaveError} `member-exists` (a URL is taken), `member-not-ready`,
   *   `invalid-argument`, ….
   */
  add(peerUrls: string | readonly string[], options: RequestOptions = {}): Promise<AddedMember> {
    return this.#add(peerUrls, false, options)
  }

  /**
   * Adds a member without a vote: it gets the log, and cannot cost the cluster its majority.
   *
   * @param peerUrls as of {@link add}.
   * @throws {ConclaveError} as {@link add}; `member-not-ready` also when there is a learner already.
   */
  addLearner(
    peerUrls: string | readonly string[],
    options: RequestOptions = {},
  ): Promise<AddedMember> {
    return this.#add(peerUrls, true, options)
  }

  /**
   * Removes a member for ever: its process ends by itself, and its data is of no use any more.
   *
   * @returns the members that stay.
   * @throws {ConclaveError} `member-not-found`, `member-not-ready`, ….
   */
  async remove(id: bigint, options: RequestOptions = {}): Promise<Member[]> {
    const request = { ID: toMemberId(id) }
    const response = await this.#calls.call(
      Cluster.memberRemove,
      request,
      'write',
      requestOnly(options),
    )
    return response.members.map(memberOf)
  }

  /**
   * Tells the cluster that a member listens for its peers elsewhere.
   *
   * @param peerUrls all of them; they replace the present ones.
   * @returns all members.
   * @throws {ConclaveError} `member-not-found`, `member-exists` (a URL is taken), ….
   */
  async update(
    id: bigint,
    peerUrls: string | readonly string[],
    options: RequestOptions = {},
  ): Promise<Member[]> {
    const request = { ID: toMemberId(id), peerURLs: toList(peerUrls) }
    const response = await this.#calls.call(
      Cluster.memberUpdate,
      request,
      'write',
      requestOnly(options),
    )
    return response.members.map(memberOf)
  }

  /**
   * Gives a learner a vote.
   *
   * @returns all members.
   * @throws {ConclaveError} `member-not-ready` (it has not caught up, or is no learner),
   *   `member-not-found`, ….
   */
  async promote(id: bigint, options: RequestOptions = {}): Promise<Member[]> {
    const request = { ID: toMemberId(id) }
    const response = await this.#calls.call(
      Cluster.memberPromote,
      request,
      'write',
      requestOnly(options),
    )
    return response.members.map(memberOf)
  }

  async #add(
    peerUrls: string | readonly string[],
    isLearner: boolean,
    options: RequestOptions,
  ): Promise<AddedMember> {
    const request = { peerURLs: toList(peerUrls), isLearner }
    const response = await this.#calls.call(
      Cluster.memberAdd,
      request,
      'write',
      requestOnly(options),
    )
    const { member, members } = response
    if (member === undefined) throw errorOf('internal')
    return { member: memberOf(member), members: members.map(memberOf) }
  }
}

function memberOf(member: WireMember): Member {
  return {
    id: member.ID,
    name: member.name,
    peerUrls: member.peerURLs,
    clientUrls: member.clientURLs,
    isLearner: member.isLearner,
  }
}

/** @throws {ConclaveError} `invalid-argument`. */
function toList(urls: string | readonly string[]): string[] {
  const list: readonly unknown[] = typeof urls === 'string' ? [urls] : urls
  if (
    !Array.isArray(list) ||
    list.length === 0 ||
    list.some((url) => typeof url !== 'string' || url === '')
  )
    throw invalidArgument('A member needs at least one peer URL, such as http://host:2380.')
  return list
}

const UINT64_MAX = 2n ** 64n - 1n

/** The id of a member, checked. @throws {ConclaveError} `invalid-argument`. */
export function toMemberId(id: unknown): bigint {
  if (typeof id === 'bigint' && id > 0n && id <= UINT64_MAX) return id
  throw invalidArgument(`A member's id is a bigint from 1n to 2^64 - 1, not ${inWords(id)}.`)
}

/**
 * Endpoints that follow the members of the cluster.
 *
 * When the cluster cannot be asked, the endpoints that the client began with are tried,
 * too: what members say of themselves need not be reachable from here. A client that speaks
 * TLS goes on to do so: an address without it, whoever names it, would get the password in
 * the clear.
 */

import type { Calls } from './calls.js'
import type { Connection, RequestOptions } from './connection/connection.js'
import { parseAddress } from './host/address-grpc.js'
import { requestOnly } from './request-checks.js'
import type { Member } from './wire/generated/rpc.js'
import { Cluster } from './wire/methods.js'

/** Keeps the endpoints of a client those of the members. */
export class MemberSync {
  readonly #connection: Connection
  readonly #calls: Calls
  readonly #began: readonly string[]

  constructor(connection: Connection, calls: Calls) {
    this.#connection = connection
    this.#calls = calls
    this.#began = connection.endpoints.all.map(({ address }) => address)
  }

  /** Asks once; resolves with the endpoints from now on. */
  async sync(options: RequestOptions = {}): Promise<string[]> {
    const { endpoints, log } = this.#connection
    const request = { linearizable: true }
    const { members } = await this.#calls.call(
      Cluster.memberList,
      request,
      'read',
      requestOnly(options),
    )
    const addresses = members.filter(isVoter).flatMap(({ clientURLs }) => clientURLs)
    const isTls = endpoints.all.every(({ address }) => isSecure(address))
    endpoints.replace(addresses.filter(isTls ? isSecure : isAddress))
    const now = endpoints.all.map(({ address }) => address)
    log.debug('endpoints were taken from the members', { endpoints: now })
    return now
  }

  /** Asks every so often until the connection closes. */
  start(intervalMs: number): void {
    this.#run(intervalMs).catch(() => {
      // Only the end of the connection ends it.
    })
  }

  async #run(intervalMs: number): Promise<void> {
    const { endpoints } = this.#connection
    while (!this.#connection.closed) {
      await this.#connection.sleep(intervalMs)
      try {
        await this.sync()
      } catch (error) {
        this.#connection.log.debug('the members could not be asked', { error: String(error) })
        if (!this.#connection.closed)
          endpoints.replace([...endpoints.all.map(({ address }) => address), ...this.#began])
      }
    }
  }
}

/** A learner serves no linearizable requests; a member without a name has not started. */
function isVoter({ name, isLearner }: Member): boolean {
  return name !== '' && !isLearner
}

function isAddress(address: string): boolean {
  return secureOf(address) !== undefined
}

function isSecure(address: string): boolean {
  return secureOf(address) === true
}

/** With TLS? Undefined when it is no address. */
function secureOf(address: string): boolean | undefined {
  try {
    return parseAddress(address).secure
  } catch {
    return undefined
  }
}

/**
 * Keep-alives and remaining times, which only the leader knows: answered here when we
 * lead, asked from the leader otherwise.
 *
 * Before it answers a leader has a quorum confirm that it still leads. A leader that
 * was cut off, or stood still, would otherwise promise time on a lease that its
 * successor has ended (reliability L3, etcd PR #20615).
 */

import type { Clock } from '../../client/host/clock.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrorNamed, etcdErrors } from '../../client/wire/etcd-errors.js'
import type { Command } from '../../client/wire/generated/command.js'
import type { Method } from '../../client/wire/method.js'
import { Peer } from '../../client/wire/methods.js'
import type { RpcError } from '../../client/wire/status.js'
import type { Peers } from '../cluster/peers.js'
import { PEER_CALL_TIMEOUT_MS } from '../limits.js'
import type { LeaseView, Lessor } from '../state/lessor.js'
import { AtLeader } from './at-leader.js'

/** What the calls need of their member. */
export interface LeaseCallsOptions {
  readonly clock: Clock
  readonly peers: Peers
  readonly selfId: bigint
  readonly leader: () => bigint
  readonly lessor: () => Lessor
  readonly readBarrier: () => Promise<void>
  readonly propose: (command: Init<Command>) => Promise<unknown>
  readonly timeoutMs: number
}

/** See the head of the file. */
export class LeaseCalls {
  readonly #options: LeaseCallsOptions
  readonly #atLeader: AtLeader

  constructor(options: LeaseCallsOptions) {
    this.#options = options
    this.#atLeader = new AtLeader(options)
  }

  /** Restarts a lease. @returns the granted TTL in seconds. @throws leaseNotFound */
  async renew(ID: bigint): Promise<number> {
    return this.#atLeader.run(
      () => this.renewHere(ID),
      async (leader) => (await this.#ask(leader, Peer.leaseKeepAlive, { ID })).TTL,
      mayBeElsewhere,
    )
  }

  /** As {@link renew}, on the leader itself. @throws notLeader, leaseNotFound */
  async renewHere(ID: bigint): Promise<number> {
    const { lessor, readBarrier, propose } = this.#options
    this.#assertLeading()
    if (lessor().mustClear(ID))
      await propose({ leaseCheckpoint: { checkpoints: [{ ID, remaining_TTL: 0 }] } })
    await readBarrier()
    this.#assertLeading()
    return lessor().renew(ID)
  }

  /** What is left of a lease; undefined when there is none. */
  async timeToLive(ID: bigint): Promise<LeaseView | undefined> {
    return this.#atLeader.run(
      () => this.timeToLiveHere(ID),
      async (leader) => {
        const answer = await this.#ask(leader, Peer.leaseTimeToLive, { ID })
        if (answer.TTL < 0) return undefined
        return { id: ID, ttlSeconds: answer.grantedTTL, remainingSeconds: answer.TTL }
      },
      mayBeElsewhere,
    )
  }

  /** As {@link timeToLive}, on the leader itself. @throws notLeader */
  async timeToLiveHere(ID: bigint): Promise<LeaseView | undefined> {
    this.#assertLeading()
    await this.#options.readBarrier()
    this.#assertLeading()
    return this.#options.lessor().timeToLive(ID)
  }

  /** Everyone who waits, and will come, gets this error. */
  stop(error: RpcError): void {
    this.#atLeader.stop(error)
  }

  #assertLeading(): void {
    if (!this.#options.lessor().leading) throw etcdErrors.notLeader.error()
  }

  #ask<Request, Response>(
    leader: bigint,
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
  ): Promise<Response> {
    return this.#atLeader.ask(leader, method, request, PEER_CALL_TIMEOUT_MS)
  }
}

/** Whether another try may find the leader: anything but a definite answer about the lease, or our own end. */
function mayBeElsewhere(error: RpcError): boolean {
  const name = etcdErrorNamed(error.details)
  return name !== 'leaseNotFound' && name !== 'stopped'
}

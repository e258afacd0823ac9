/** The Lease service. */

import type { Clock } from '../../client/host/clock.js'
import { toRpcError } from '../../client/host/failure.js'
import { type Random, randomId } from '../../client/host/random.js'
import type { ServiceTable } from '../../client/host/service.js'
import type { MessageStream } from '../../client/host/stream.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrorNamed } from '../../client/wire/etcd-errors.js'
import type {
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from '../../client/wire/generated/rpc.js'
import { Lease } from '../../client/wire/methods.js'
import { RpcError } from '../../client/wire/status.js'
import { KEEP_ALIVES_WAITING_MAX } from '../limits.js'
import { bytesOf } from '../mvcc/interval.js'
import type { Member } from '../server.js'
import { answer } from './answer.js'
import { door } from './door.js'
import { gatedStream, gatedUnary } from './gate.js'

/** The rows of the Lease service over a member. */
export function leaseService(member: Member, clock: Clock, random: Random): ServiceTable {
  return [
    gatedUnary(member, Lease.leaseGrant, (request) => grant(member, random, request)),
    gatedUnary(member, Lease.leaseRevoke, ({ ID }) =>
      answer<LeaseRevokeResponse>(member, { leaseRevoke: { ID } }),
    ),
    gatedStream(member, clock, Lease.leaseKeepAlive, (stream) => keepAlive(member, stream)),
    gatedUnary(member, Lease.leaseTimeToLive, (request) => timeToLive(member, request)),
    gatedUnary(member, Lease.leaseLeases, () => ({
      header: member.header(),
      leases: member.machine.lessor.list().map((ID) => ({ ID })),
    })),
  ]
}

function grant(
  member: Member,
  random: Random,
  request: LeaseGrantRequest,
): Promise<Init<LeaseGrantResponse>> {
  const leaseGrant = door.leaseGrant(member, request, () => randomId(random))
  return answer(member, { leaseGrant })
}

async function timeToLive(
  member: Member,
  request: LeaseTimeToLiveRequest,
): Promise<Init<LeaseTimeToLiveResponse>> {
  const { ID } = request
  const view = await member.leaseCalls.timeToLive(ID)
  if (view === undefined) return { header: member.header(), ID, TTL: -1, grantedTTL: 0 }
  if (request.keys) await member.readBarrier()
  member.assertReadable()
  return {
    header: member.header(),
    ID,
    TTL: view.remainingSeconds,
    grantedTTL: view.ttlSeconds,
    keys: request.keys ? member.machine.lessor.keys(ID).map(bytesOf) : [],
  }
}

/**
 * Answers come in the order of the requests, although several wait for the leader at
 * the same time. A stream that asks faster than it is answered is paused.
 */
function keepAlive(
  member: Member,
  stream: MessageStream<LeaseKeepAliveRequest, Init<LeaseKeepAliveResponse>>,
): void {
  let waiting = 0
  let ended = false
  let tail: Promise<void> = Promise.resolve()

  stream.receive({
    message({ ID }) {
      const renewal = renew(member, ID)
      renewal.catch(() => {})
      if (++waiting === KEEP_ALIVES_WAITING_MAX) stream.pause()
      tail = tail.then(async () => {
        try {
          stream.send(await renewal)
        } catch (error) {
          stream.fail(toRpcError(error))
        }
        if (waiting-- === KEEP_ALIVES_WAITING_MAX) stream.resume()
        if (ended && waiting === 0) stream.end()
      })
    },
    end() {
      ended = true
      if (waiting === 0) stream.end()
    },
    close() {},
  })
}

/** A lease that is gone is an answer with TTL 0, not an error: the stream serves other leases too. */
async function renew(member: Member, ID: bigint): Promise<Init<LeaseKeepAliveResponse>> {
  const header = member.header()
  try {
    return { header, ID, TTL: await member.leaseCalls.renew(ID) }
  } catch (error) {
    if (error instanceof RpcError && etcdErrorNamed(error.details) === 'leaseNotFound')
      return { header, ID, TTL: 0 }
    throw error
  }
}

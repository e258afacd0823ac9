/**
 * What a member answers on its peer URLs.
 *
 * Everything that arrives is checked for the cluster id first: a member of another
 * cluster that was started with our URLs must not reach raft.
 */

import { toRpcError } from '../../client/host/failure.js'
import { type CallContext, type ServiceTable, streaming, unary } from '../../client/host/service.js'
import type { MessageStream } from '../../client/host/stream.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { MemberRecord } from '../../client/wire/generated/command.js'
import type {
  DescribeResponse,
  PeerAck,
  PeerBatch,
  SnapshotChunk,
  SnapshotHeader,
  SnapshotReceipt,
} from '../../client/wire/generated/peer.js'
import type {
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
  Member,
  MemberPromoteRequest,
  MemberPromoteResponse,
} from '../../client/wire/generated/rpc.js'
import { Peer } from '../../client/wire/methods.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { removedError } from './removed.js'

/** Takes the bytes of one snapshot; see storage/snapshot-file.ts. */
export interface IncomingSnapshot {
  write(data: Uint8Array): Promise<void>
  /** The data is complete: make it durable and hand its message to raft. */
  finish(): Promise<void>
  abort(): Promise<void>
}

/** What the peer service needs of its member. */
export interface PeerTarget {
  readonly clusterId: bigint
  step(batch: PeerBatch): void
  /** Whether this member knows, and cannot forget any more, that `id` was removed. */
  removedForGood(id: bigint): boolean
  /** @throws {RpcError} when this member cannot take a snapshot now. */
  receiveSnapshot(header: SnapshotHeader): Promise<IncomingSnapshot>
  /** Answered by the leader only; others throw `not leader`. */
  leaseKeepAlive(request: LeaseKeepAliveRequest): Promise<Init<LeaseKeepAliveResponse>>
  leaseTimeToLive(request: LeaseTimeToLiveRequest): Promise<Init<LeaseTimeToLiveResponse>>
  /** Answered by the leader only; others throw `not leader`. */
  memberPromote(request: MemberPromoteRequest): Promise<Init<MemberPromoteResponse>>
  describe(): Init<DescribeResponse>
}

/** A member record as the etcd API shows it. */
export function memberToWire(record: MemberRecord): Member {
  const { ID, name, peerUrls, clientUrls, isLearner } = record
  return { ID, name, peerURLs: peerUrls, clientURLs: clientUrls, isLearner }
}

/** The handlers of the Peer service over a member. */
export function peerService(target: PeerTarget): ServiceTable {
  return [
    streaming(Peer.exchange, (stream) => exchange(target, stream)),
    streaming(Peer.sendSnapshot, (stream) => takeSnapshot(target, stream)),
    unary(Peer.leaseKeepAlive, (request: LeaseKeepAliveRequest, _context: CallContext) =>
      target.leaseKeepAlive(request),
    ),
    unary(Peer.leaseTimeToLive, (request: LeaseTimeToLiveRequest) =>
      target.leaseTimeToLive(request),
    ),
    unary(Peer.memberPromote, (request: MemberPromoteRequest) => target.memberPromote(request)),
    unary(Peer.describe, () => target.describe()),
  ]
}

function exchange(target: PeerTarget, stream: MessageStream<PeerBatch, Init<PeerAck>>): void {
  stream.receive({
    message(batch) {
      if (batch.clusterId !== target.clusterId) stream.fail(etcdErrors.clusterIDMismatch.error())
      else if (target.removedForGood(batch.from)) stream.fail(removedError())
      else target.step(batch)
    },
    end() {
      stream.send({})
      stream.end()
    },
    close() {},
  })
}

/** One chunk at a time: the stream pauses while a chunk is being written. */
function takeSnapshot(
  target: PeerTarget,
  stream: MessageStream<SnapshotChunk, Init<SnapshotReceipt>>,
): void {
  let incoming: IncomingSnapshot | undefined
  let over = false
  let tail: Promise<void> = Promise.resolve()

  const next = (work: () => Promise<void>): void => {
    stream.pause()
    tail = tail.then(async () => {
      if (over) return
      try {
        await work()
        stream.resume()
      } catch (error) {
        over = true
        await incoming?.abort()
        stream.fail(toRpcError(error))
      }
    })
  }

  stream.receive({
    message: (chunk) => next(() => take(chunk)),
    end: () =>
      next(async () => {
        if (incoming === undefined) throw malformed('it ended before its header')
        await incoming.finish()
        over = true
        stream.send({})
        stream.end()
      }),
    close() {
      tail = tail.then(async () => {
        if (over) return
        over = true
        await incoming?.abort()
      })
    },
  })

  async function take(chunk: SnapshotChunk): Promise<void> {
    if (chunk.header !== undefined) {
      if (incoming !== undefined) throw malformed('it has two headers')
      if (chunk.header.clusterId !== target.clusterId) throw etcdErrors.clusterIDMismatch.error()
      incoming = await target.receiveSnapshot(chunk.header)
    } else if (chunk.data !== undefined) {
      if (incoming === undefined) throw malformed('it begins without a header')
      await incoming.write(chunk.data)
    }
  }
}

function malformed(what: string): RpcError {
  return new RpcError(Status.INVALID_ARGUMENT, `malformed snapshot stream: ${what}`)
}

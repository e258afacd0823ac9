/** The KV service: decode happened, check, ask the member, answer. */

import type { Clock } from '../../client/host/clock.js'
import type { ServiceTable } from '../../client/host/service.js'
import type { Init } from '../../client/wire/codec.js'
import type {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'
import { type RangeReader, rangeRequest } from '../mvcc/range-query.js'
import { toWire } from '../mvcc/store.js'
import type { Member } from '../server.js'
import { isReadOnly, isSerializable, readTxn } from '../state/txn.js'
import { answer } from './answer.js'
import { door } from './door.js'
import { gatedStream, gatedUnary } from './gate.js'
import { serveRangeStream } from './range-stream.js'

/** The rows of the KV service over a member. */
export function kvService(member: Member, clock: Clock): ServiceTable {
  return [
    gatedUnary(member, KV.range, (request) => range(member, request)),
    gatedStream(member, clock, KV.rangeStream, (stream, context) =>
      serveRangeStream(member, clock, stream, context.signal),
    ),
    gatedUnary(member, KV.put, (request) => put(member, request)),
    gatedUnary(member, KV.deleteRange, (request) => {
      door.deleteRange(member, request)
      return answer<DeleteRangeResponse>(member, { deleteRange: request })
    }),
    gatedUnary(member, KV.txn, (request) => txn(member, request)),
    gatedUnary(member, KV.compact, (request) => compact(member, request)),
  ]
}

async function range(member: Member, request: RangeRequest): Promise<Init<RangeResponse>> {
  door.range(member, request)
  if (!request.serializable) await member.readBarrier()
  member.assertReadable()
  return { header: member.header(), ...readRange(member.machine.store, request) }
}

/** Answers a range from the state as it is, without a header. @throws compacted, futureRev */
export function readRange(store: RangeReader, request: RangeRequest): Init<RangeResponse> {
  const { kvs, more, count } = rangeRequest(store, request)
  return { kvs: kvs.map(toWire), more, count }
}

function put(member: Member, request: PutRequest): Promise<Init<PutResponse>> {
  door.put(member, request)
  return answer(member, { put: request })
}

/** A transaction that only reads needs no log entry; it is answered like a range. */
async function txn(member: Member, request: TxnRequest): Promise<Init<TxnResponse>> {
  door.txn(member, request)
  if (!isReadOnly(request)) return answer(member, { txn: request })
  if (!isSerializable(request)) await member.readBarrier()
  member.assertReadable()
  const response = readTxn(member.machine.store, request)
  return { ...response, header: member.header(response.header?.revision) }
}

/** A physical compaction is answered when the data is gone, and gone durably. */
async function compact(
  member: Member,
  request: CompactionRequest,
): Promise<Init<CompactionResponse>> {
  const response = await answer<CompactionResponse>(member, { compaction: request })
  if (request.physical) {
    await member.machine.store.compacting
    await member.commit()
  }
  return response
}

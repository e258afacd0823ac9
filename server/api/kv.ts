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
import { rangeRequest } from '../mvcc/range-query.js'
import { toWire } from '../mvcc/store.js'
import type { Member } from '../server.js'
import { checkDeleteRange, checkPut, checkRange, checkTxn } from '../state/check.js'
import { isReadOnly, isSerializable, readTxn } from '../state/txn.js'
import { answer } from './answer.js'
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
      checkDeleteRange(request)
      return answer<DeleteRangeResponse>(member, { deleteRange: request })
    }),
    gatedUnary(member, KV.txn, (request) => txn(member, request)),
    gatedUnary(member, KV.compact, (request) => compact(member, request)),
  ]
}

async function range(member: Member, request: RangeRequest): Promise<Init<RangeResponse>> {
  checkRange(request)
  if (!request.serializable) await member.readBarrier()
  member.assertReadable()
  const { kvs, more, count } = rangeRequest(member.machine.store, request)
  return { header: member.header(), kvs: kvs.map(toWire), more, count }
}

function put(member: Member, request: PutRequest): Promise<Init<PutResponse>> {
  checkPut(request)
  member.space.assertRoomFor({ put: request })
  return answer(member, { put: request })
}

/** A transaction that only reads needs no log entry; it is answered like a range. */
async function txn(member: Member, request: TxnRequest): Promise<Init<TxnResponse>> {
  checkTxn(request, member.config.maxTxnOps)
  if (!isReadOnly(request)) {
    member.space.assertRoomFor({ txn: request })
    return answer(member, { txn: request })
  }
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

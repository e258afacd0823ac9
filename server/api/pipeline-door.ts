/**
 * The door of a pipeline: bytes of a call in, a call for the stream's queue out.
 *
 * A write that is refused becomes a refusal with the same number, which is proposed in its
 * place: the number is used up, and whoever sends the write again gets the same answer. A
 * read that is refused is answered on the spot.
 */

import { encodeBytes, NO_BYTES } from '../../client/wire/codec.js'
import { EtcdStatus, etcdErrors } from '../../client/wire/etcd-errors.js'
import { PipelineCall } from '../../client/wire/generated/pipeline.js'
import type { RequestOp, TxnRequest } from '../../client/wire/generated/rpc.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { pipelineCall, type QueuedCall } from '../member/pipeline-calls.js'
import { decodeCall } from '../state/apply-pipeline.js'
import { encodeRefusal, sessionErrors } from '../state/pipeline-answer.js'
import { isReadOnly, isSerializable } from '../state/txn.js'
import { type Admitting, door } from './door.js'

/** What a pipeline refuses beside what etcd refuses. */
const errors = {
  noNumber: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'conclave: a write needs a sequence number; give it the next one of the session',
  ),
  noLeaseId: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'conclave: a lease granted in a pipeline needs an id; choose one, and keep it when the call is sent again',
  ),
  physical: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'conclave: a physical compaction does not go through a pipeline; send it as a unary call',
  ),
  unknownCall: new EtcdStatus(
    Status.UNIMPLEMENTED,
    'conclave: this member knows no such call in a pipeline; send it as a unary call',
  ),
} as const

const NO_RANGE = { rangeEnd: NO_BYTES }

/** How large a request may be, besides what the door asks. */
type AdmittingCalls = Admitting & {
  readonly config: { readonly maxRequestBytes: number }
}

/**
 * Takes one call.
 *
 * @param bytes an encoded PipelineCall.
 * @throws InvalidMessage they are none.
 */
export function admitCall(member: AdmittingCalls, bytes: Uint8Array): QueuedCall {
  const call = decodeCall(bytes)
  return call.sequence > 0 ? admitWrite(member, call, bytes) : admitRead(member, call, bytes.length)
}

function admitRead(member: Admitting, call: PipelineCall, bytes: number): QueuedCall {
  try {
    return pipelineCall({ bytes, read: call, isLocal: checkRead(member, call) })
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return pipelineCall({ bytes, answer: encodeRefusal(0, error) })
  }
}

/** @returns whether the read may be of old data. */
function checkRead(member: Admitting, call: PipelineCall): boolean {
  const { range, txn } = call
  if (range !== undefined) {
    door.range(member, range)
    return range.serializable
  }
  if (txn === undefined) {
    const { put, deleteRange, compaction, leaseGrant, leaseRevoke } = call
    const write = put ?? deleteRange ?? compaction ?? leaseGrant ?? leaseRevoke
    throw (write === undefined ? errors.unknownCall : errors.noNumber).error()
  }
  if (!isReadOnly(txn)) throw errors.noNumber.error()
  door.txn(member, txn)
  return isSerializable(txn)
}

function admitWrite(member: AdmittingCalls, call: PipelineCall, bytes: Uint8Array): QueuedCall {
  const { sequence } = call
  const { length } = bytes
  try {
    if (length > member.config.maxRequestBytes) throw etcdErrors.requestTooLarge.error()
    const data = checkWrite(member, call, bytes)
    return pipelineCall({ sequence, bytes: length, data, isWide: isWide(call) })
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const refusal = { status: error.code, text: error.details }
    const data = encodeBytes(PipelineCall, { sequence, refusal })
    return pipelineCall({ sequence, bytes: length, data })
  }
}

/** @returns the call as it is to be proposed. */
function checkWrite(member: Admitting, call: PipelineCall, bytes: Uint8Array): Uint8Array {
  if (call.put !== undefined) door.put(member, call.put)
  else if (call.txn !== undefined) door.txn(member, call.txn)
  else if (call.deleteRange !== undefined) door.deleteRange(member, call.deleteRange)
  else if (call.leaseGrant !== undefined) {
    const leaseGrant = door.leaseGrant(member, call.leaseGrant, noLeaseId)
    if (leaseGrant.TTL !== call.leaseGrant.TTL)
      return encodeBytes(PipelineCall, { sequence: call.sequence, leaseGrant })
  } else if (call.compaction !== undefined) {
    if (call.compaction.physical) throw errors.physical.error()
  } else if (call.range !== undefined) throw sessionErrors.numberedRead.error()
  else if (call.leaseRevoke === undefined) throw errors.unknownCall.error()
  return bytes
}

/** Whether a write may touch any number of keys. */
function isWide({ txn, deleteRange, leaseRevoke }: PipelineCall): boolean {
  if (txn !== undefined) return walks(txn)
  return leaseRevoke !== undefined || (deleteRange !== undefined && isRange(deleteRange))
}

function walks({ compare, success, failure }: TxnRequest): boolean {
  const isWalk = ({ requestRange, requestDeleteRange, requestTxn }: RequestOp): boolean =>
    requestTxn !== undefined
      ? walks(requestTxn)
      : isRange(requestRange ?? requestDeleteRange ?? NO_RANGE)
  return compare.some(isRange) || success.some(isWalk) || failure.some(isWalk)
}

function isRange({ rangeEnd }: { readonly rangeEnd: Uint8Array }): boolean {
  return rangeEnd.length > 0
}

function noLeaseId(): never {
  throw errors.noLeaseId.error()
}

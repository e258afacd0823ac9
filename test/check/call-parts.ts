/** What is inside a call: its puts, ranges and what they mean for a judge, nested transactions included. */

import type {
  PutRequest,
  RangeRequest,
  RequestOp,
  ResponseOp,
  TxnRequest,
} from '../../client/wire/generated/rpc.js'
import type { Call, Calls } from '../model/call.js'

/** Every put that the call may carry out, whatever its compares say. */
export function putsOf(call: Call): PutRequest[] {
  if (call.kind === 'put') return [call.request]
  if (call.kind !== 'txn') return []
  const puts: PutRequest[] = []
  visitOperations(call.request, ({ requestPut }) => requestPut && puts.push(requestPut))
  return puts
}

/** Every range that the call may read. */
export function rangesOf(call: Call): RangeRequest[] {
  if (call.kind === 'range') return [call.request]
  if (call.kind !== 'txn') return []
  const ranges: RangeRequest[] = []
  visitOperations(call.request, ({ requestRange }) => requestRange && ranges.push(requestRange))
  return ranges
}

/** Shows all operations of both branches and of the transactions inside, these not counted. */
export function visitOperations(
  { success, failure }: TxnRequest,
  visit: (op: RequestOp) => void,
): void {
  for (const ops of [success, failure])
    for (const op of ops)
      if (op.requestTxn) visitOperations(op.requestTxn, visit)
      else visit(op)
}

/** Whether the server reads without a log entry. A transaction that nests is none, as in etcd. */
export function isRead(call: Call): boolean {
  if (call.kind === 'range') return true
  if (call.kind !== 'txn') return false
  const reads = (op: RequestOp) => op.requestRange !== undefined
  return call.request.success.every(reads) && call.request.failure.every(reads)
}

/** Whether the call is content with an old state: a transaction if every range in it is. */
export function isSerializable(call: Call): boolean {
  return isRead(call) && rangesOf(call).every((range) => range.serializable)
}

/**
 * Whether the answer says that the call changed a key, so that the revision in its header
 * is its own. False for a revocation, which does not say.
 */
export function changed(call: Call, response: Calls[Call['kind']][1]): boolean {
  if (call.kind === 'put') return true
  if (call.kind === 'deleteRange') return (response as Calls['deleteRange'][1]).deleted > 0
  return call.kind === 'txn' && (response as Calls['txn'][1]).responses.some(changedIn)
}

function changedIn({ responsePut, responseDeleteRange, responseTxn }: ResponseOp): boolean {
  if (responsePut) return true
  if (responseDeleteRange) return responseDeleteRange.deleted > 0
  return responseTxn?.responses.some(changedIn) ?? false
}

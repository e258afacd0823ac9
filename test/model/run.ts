/** The calls that work on keys, whole: the door first, then the draft. Each throws a Refusal. */

import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from '../../client/wire/generated/rpc.js'
import type { Draft } from './draft.js'
import { executeRange } from './range.js'
import { executeDeleteRange, executePut, executeTxn, type LeaseIds } from './txn.js'
import { checkDeleteRange, checkPut, checkRange, checkTxn } from './validate.js'

export function runRange(draft: Draft, request: RangeRequest): RangeResponse {
  checkRange(request)
  return executeRange(draft, request)
}

export function runPut(draft: Draft, request: PutRequest, leases: LeaseIds): PutResponse {
  checkPut(request)
  return executePut(draft, request, leases)
}

export function runDeleteRange(draft: Draft, request: DeleteRangeRequest): DeleteRangeResponse {
  checkDeleteRange(request)
  return executeDeleteRange(draft, request)
}

/** @param opsMax operations in one level of the transaction. */
export function runTxn(
  draft: Draft,
  request: TxnRequest,
  leases: LeaseIds,
  opsMax: number,
): TxnResponse {
  checkTxn(request, opsMax)
  return executeTxn(draft, request, leases)
}

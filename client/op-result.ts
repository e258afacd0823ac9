/** What the operations of a transaction bring, and how it is read from the wire. */

import { ConclaveError } from './errors.js'
import {
  type DeleteResult,
  deleteResult,
  type Header,
  headerOf,
  type PutResult,
  putResult,
  type RangeResult,
  rangeResult,
} from './requests.js'
import type { ResponseOp, TxnResponse } from './wire/generated/rpc.js'

/** What `op.get` brought. */
export interface GetOpResult extends RangeResult {
  readonly type: 'get'
}

/** What `op.put` brought. */
export interface PutOpResult extends PutResult {
  readonly type: 'put'
}

/** What `op.delete` brought. */
export interface DeleteOpResult extends DeleteResult {
  readonly type: 'delete'
}

/** What `op.txn` brought. */
export type TxnOpResult<
  Then extends readonly OpResult[] = readonly OpResult[],
  Else extends readonly OpResult[] = readonly OpResult[],
> = { readonly type: 'txn' } & TxnResult<Then, Else>

/** What one operation brought; told apart by `type`. */
export type OpResult =
  | GetOpResult
  | PutOpResult
  | DeleteOpResult
  | ({ readonly type: 'txn' } & TxnOutcome<boolean, readonly OpResult[]>)

/** What a transaction brought; `succeeded` tells whose results they are. */
export type TxnResult<
  Then extends readonly OpResult[] = readonly OpResult[],
  Else extends readonly OpResult[] = readonly OpResult[],
> = TxnOutcome<true, Then> | TxnOutcome<false, Else>

/** One of the two ways in which a transaction ends. */
export interface TxnOutcome<
  Succeeded extends boolean,
  Results extends readonly OpResult[] = readonly OpResult[],
> {
  /** True: the compares held and `then` was done. */
  readonly succeeded: Succeeded
  /** One for each operation that was done, in order. */
  readonly responses: Results
  /** Revision of the store afterwards; of this transaction when it changed anything. */
  readonly revision: number
  readonly header: Header
}

/** The result of a transaction, from the wire. */
export function txnResult(response: TxnResponse): TxnOutcome<boolean> {
  const header = headerOf(response.header)
  const responses = response.responses.map(opResult)
  return { succeeded: response.succeeded, responses, revision: header.revision, header }
}

function opResult(response: ResponseOp): OpResult {
  const { responseRange, responsePut, responseDeleteRange, responseTxn } = response
  // Only a spread that comes last is cheap.
  if (responseRange !== undefined) return { type: 'get', ...rangeResult(responseRange) }
  if (responsePut !== undefined) return { type: 'put', ...putResult(responsePut) }
  if (responseDeleteRange !== undefined)
    return { type: 'delete', ...deleteResult(responseDeleteRange) }
  if (responseTxn !== undefined) return { type: 'txn', ...txnResult(responseTxn) }
  throw new ConclaveError('internal', 'The server answered an operation with nothing.')
}

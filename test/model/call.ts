/** A call of the etcd API as a value, and how it came out: what the generator makes and every twin answers. */

import type { EtcdErrorName } from '../../client/wire/etcd-errors.js'
import type {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from '../../client/wire/generated/rpc.js'

/** Request and response of each kind of call. */
export interface Calls {
  range: [RangeRequest, RangeResponse]
  put: [PutRequest, PutResponse]
  deleteRange: [DeleteRangeRequest, DeleteRangeResponse]
  txn: [TxnRequest, TxnResponse]
  compaction: [CompactionRequest, CompactionResponse]
  leaseGrant: [LeaseGrantRequest, LeaseGrantResponse]
  leaseRevoke: [LeaseRevokeRequest, LeaseRevokeResponse]
}
/** The kinds of calls. */
export type CallKind = keyof Calls

/** One call. */
export type Call = {
  [Kind in CallKind]: { readonly kind: Kind; readonly request: Calls[Kind][0] }
}[CallKind]

/** How a call came out. Of the response's header only `revision` is set. */
export type Outcome<Response = Calls[CallKind][1]> =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly error: EtcdErrorName }

/** Thrown inside the model; becomes `{ ok: false, error }`. */
export class Refusal extends Error {
  override readonly name = 'Refusal'

  constructor(readonly error: EtcdErrorName) {
    super(error)
  }
}

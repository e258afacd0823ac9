/** What applying an entry gives back to the member. */

import type { Init } from '../../client/wire/codec.js'
import type {
  AlarmResponse,
  CompactionResponse,
  DeleteRangeResponse,
  LeaseCheckpointResponse,
  LeaseGrantResponse,
  LeaseRevokeResponse,
  PutResponse,
  TxnResponse,
} from '../../client/wire/generated/rpc.js'
import type { RpcError } from '../../client/wire/status.js'
import type { MembershipResponse } from './apply-member.js'

/** Of a batch of a session: the answers of the calls that were run; those passed over have none. */
export interface BatchResponse {
  /** Each an encoded PipelineAnswer, in order. */
  readonly answers: readonly Uint8Array[]
}

/** The response of the command's own kind. Of its header only `revision` is set; membership has none. */
export type ApplyResponse =
  | Init<PutResponse>
  | Init<DeleteRangeResponse>
  | Init<TxnResponse>
  | Init<CompactionResponse>
  | Init<LeaseGrantResponse>
  | Init<LeaseRevokeResponse>
  | Init<LeaseCheckpointResponse>
  | Init<AlarmResponse>
  | Init<MembershipResponse>
  | BatchResponse

/** How a command came out. A refusal is as deterministic as a success. */
export type ApplyResult =
  | { readonly ok: true; readonly response: ApplyResponse }
  | { readonly ok: false; readonly error: RpcError }

/** An entry was applied. */
export interface Applied {
  readonly index: number
  /** The member on which somebody may wait; 0n when nobody does. */
  readonly proposer: bigint
  /** Names the waiting caller on that member. */
  readonly requestId: number
  readonly result: ApplyResult
  /**
   * This member is over its quota: it should propose NOSPACE for itself. The command
   * was carried out, and its result is the error all the same, as in etcd; the answers in
   * a session stay what they are.
   */
  readonly raiseNoSpace: boolean
}

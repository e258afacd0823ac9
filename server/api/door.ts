/**
 * The door: what a request passes before it is read or proposed, by kind, whether it came
 * alone or in a pipeline.
 *
 * Each throws what etcd refuses, with etcd's code and text.
 */

import type {
  DeleteRangeRequest,
  LeaseGrantRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from '../../client/wire/generated/rpc.js'
import type { Member } from '../server.js'
import { checkDeleteRange, checkPut, checkRange, checkTxn, grantToPropose } from '../state/check.js'
import { isReadOnly } from '../state/txn.js'

/** What the door asks of a member. */
export type Admitting = Pick<Member, 'space' | 'minTtlSeconds'> & {
  readonly config: Pick<Member['config'], 'maxTxnOps'>
}

/** See the head of the file. */
export const door = {
  /** @throws emptyKey, invalidSortOption */
  range(_: Admitting, request: RangeRequest): void {
    checkRange(request)
  },

  /** @throws emptyKey, valueProvided, leaseProvided, noSpace */
  put({ space }: Admitting, request: PutRequest): void {
    checkPut(request)
    space.assertRoomFor({ put: request })
  },

  /** @throws emptyKey */
  deleteRange(_: Admitting, request: DeleteRangeRequest): void {
    checkDeleteRange(request)
  },

  /** @throws what `checkTxn` does; noSpace unless it only reads */
  txn({ space, config }: Admitting, request: TxnRequest): void {
    checkTxn(request, config.maxTxnOps)
    if (!isReadOnly(request)) space.assertRoomFor({ txn: request })
  },

  /**
   * @param newId chooses an id when the request has none.
   * @returns the grant as it is to be proposed.
   * @throws leaseTTLTooLarge, noSpace
   */
  leaseGrant(
    { space, minTtlSeconds }: Admitting,
    request: LeaseGrantRequest,
    newId: () => bigint,
  ): LeaseGrantRequest {
    const leaseGrant = grantToPropose(request, minTtlSeconds, newId)
    space.assertRoomFor({ leaseGrant })
    return leaseGrant
  },
} as const

/**
 * What is refused at the door, before anything is proposed or read.
 *
 * These checks look at the request alone, not at any state, so one member can do
 * them for all. Codes and texts are etcd's (behaviour 5.2, 5.3, 5.6). The size of
 * the request is checked where it is encoded.
 */

import { etcdErrors } from '../../client/wire/etcd-errors.js'
import {
  type DeleteRangeRequest,
  type LeaseGrantRequest,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  SortOrder,
  SortTarget,
  type TxnRequest,
} from '../../client/wire/generated/rpc.js'
import { TXN_OPS_MAX } from '../limits.js'
import { checkDuplicates } from './check-duplicates.js'
import { LEASE_TTL_SECONDS_MAX } from './lease.js'

const SORT_ORDERS: ReadonlySet<number> = new Set(Object.values(SortOrder))
const SORT_TARGETS: ReadonlySet<number> = new Set(Object.values(SortTarget))

/** @throws emptyKey, invalidSortOption */
export function checkRange(request: RangeRequest): void {
  if (request.key.length === 0) throw etcdErrors.emptyKey.error()
  if (!SORT_ORDERS.has(request.sortOrder) || !SORT_TARGETS.has(request.sortTarget))
    throw etcdErrors.invalidSortOption.error()
}

/** @throws emptyKey, valueProvided, leaseProvided */
export function checkPut(request: PutRequest): void {
  if (request.key.length === 0) throw etcdErrors.emptyKey.error()
  if (request.ignoreValue && request.value.length > 0) throw etcdErrors.valueProvided.error()
  if (request.ignoreLease && request.lease !== 0n) throw etcdErrors.leaseProvided.error()
}

/** @throws emptyKey */
export function checkDeleteRange(request: DeleteRangeRequest): void {
  if (request.key.length === 0) throw etcdErrors.emptyKey.error()
}

/**
 * The whole tree of a transaction. A level may have as many compares, or operations in
 * one branch, as the budget says; the levels inside get what this one left.
 *
 * @param opsMax budget of the outermost level; default 128.
 * @throws tooManyOps, duplicateKey, keyNotFound (an operation without a request), and
 *   whatever an operation inside is refused for
 */
export function checkTxn(request: TxnRequest, opsMax = TXN_OPS_MAX): void {
  checkOps(request, opsMax)
  checkDuplicates(request.success)
  checkDuplicates(request.failure)
}

/** @throws leaseTTLTooLarge */
export function checkLeaseGrant(request: LeaseGrantRequest): void {
  if (request.TTL > LEASE_TTL_SECONDS_MAX) throw etcdErrors.leaseTTLTooLarge.error()
}

/**
 * The grant as it is to be proposed: apply takes id and TTL as they are, so the
 * proposer chooses an id where there is none and raises the TTL to its minimum.
 *
 * @param ttlSecondsMin 2 at etcd's default timing: 1.5 election timeouts, rounded up.
 * @param newId draws a random positive id.
 * @throws leaseTTLTooLarge
 */
export function grantToPropose(
  request: LeaseGrantRequest,
  ttlSecondsMin: number,
  newId: () => bigint,
): LeaseGrantRequest {
  checkLeaseGrant(request)
  return {
    ID: request.ID === 0n ? newId() : request.ID,
    TTL: Math.max(request.TTL, ttlSecondsMin),
  }
}

function checkOps(request: TxnRequest, opsMax: number): void {
  const { compare, success, failure } = request
  const ops = Math.max(compare.length, success.length, failure.length)
  if (ops > opsMax) throw etcdErrors.tooManyOps.error()
  for (const { key } of compare) if (key.length === 0) throw etcdErrors.emptyKey.error()
  for (const op of success) checkOp(op, opsMax - ops)
  for (const op of failure) checkOp(op, opsMax - ops)
}

function checkOp(op: RequestOp, opsMax: number): void {
  if (op.requestRange) checkRange(op.requestRange)
  else if (op.requestPut) checkPut(op.requestPut)
  else if (op.requestDeleteRange) checkDeleteRange(op.requestDeleteRange)
  else if (op.requestTxn) checkOps(op.requestTxn, opsMax)
  else throw etcdErrors.keyNotFound.error()
}

/**
 * Puts, deletions and compaction, as apply runs them.
 *
 * Each has two steps: a check against the state before, which may refuse (by throwing
 * an etcd error) and changes nothing; and the execution, which never refuses. A
 * transaction uses the same two steps for each of its operations.
 */

import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
} from '../../client/wire/generated/rpc.js'
import { type Interval, intervalOf, keyOf } from '../mvcc/interval.js'
import { type Store, type StoredKv, toWire } from '../mvcc/store.js'
import type { WriteTransaction } from '../mvcc/write-transaction.js'
import { checkPut } from './check.js'
import type { Lessor } from './lessor.js'

/** What key-value commands work on. */
export interface KvState {
  readonly store: Store
  readonly lessor: Lessor
}

/** Applies a put. @throws leaseNotFound, keyNotFound */
export function applyPut(state: KvState, request: PutRequest): Init<PutResponse> {
  checkPutState(state, request)
  const transaction = state.store.begin()
  const response = executePut(transaction, state.lessor, request)
  transaction.end()
  return response
}

/** Applies a deletion; deleting nothing is no error and no revision. */
export function applyDeleteRange(
  state: KvState,
  request: DeleteRangeRequest,
): Init<DeleteRangeResponse> {
  const transaction = state.store.begin()
  const response = executeDeleteRange(transaction, state.lessor, request)
  transaction.end()
  return response
}

/** Marks what is older as compacted; removal goes on afterwards. @throws compacted, futureRev */
export function applyCompaction(
  { store }: KvState,
  request: CompactionRequest,
): Init<CompactionResponse> {
  store.compact(request.revision)
  return { header: { revision: store.revision } }
}

/**
 * Whether the put can be executed: its lease exists, and so does the key whose value
 * or lease it wants to keep. Asks the door once more: an entry that slipped past it,
 * by whatever fault, must be refused by every member and not stop every member.
 *
 * @throws leaseNotFound, keyNotFound, and what checkPut throws
 */
export function checkPutState({ store, lessor }: KvState, request: PutRequest): void {
  checkPut(request)
  if (request.lease !== 0n && !lessor.has(request.lease)) throw etcdErrors.leaseNotFound.error()
  if ((request.ignoreValue || request.ignoreLease) && !store.get(keyOf(request.key)))
    throw etcdErrors.keyNotFound.error()
}

/** Puts the key and moves it to its lease; a put without a lease takes it off the old one. */
export function executePut(
  transaction: WriteTransaction,
  lessor: Lessor,
  request: PutRequest,
): Init<PutResponse> {
  const key = keyOf(request.key)
  const old = request.ignoreValue || request.ignoreLease ? kept(transaction, key) : undefined
  const value = request.ignoreValue ? old!.value : request.value
  const lease = request.ignoreLease ? old!.lease : request.lease
  const { kv, prev } = transaction.put(key, value, lease)
  if (prev !== undefined && prev.lease !== lease) lessor.detach(key, prev.lease)
  lessor.attach(key, lease)
  const prevKv = request.prevKv && prev !== undefined ? toWire(prev) : undefined
  return { header: { revision: kv.modRevision }, prevKv }
}

/** Deletes all keys of the range, in key order, and takes them off their leases. */
export function executeDeleteRange(
  transaction: WriteTransaction,
  lessor: Lessor,
  request: DeleteRangeRequest,
): Init<DeleteRangeResponse> {
  const gone = deleteKeys(transaction, lessor, intervalOf(request.key, request.rangeEnd))
  return {
    header: { revision: revisionIn(transaction) },
    deleted: gone.length,
    prevKvs: request.prevKv ? gone.map(toWire) : [],
  }
}

/** Deletes the keys of an interval and takes them off their leases. */
export function deleteKeys(
  transaction: WriteTransaction,
  lessor: Lessor,
  interval: Interval,
): StoredKv[] {
  const gone = transaction.deleteRange(interval)
  for (const { key, lease } of gone) lessor.detach(key, lease)
  return gone
}

/** The revision that a reader inside the transaction sees: one more after the first change. */
export function revisionIn(transaction: WriteTransaction): number {
  return transaction.changes > 0 ? transaction.revision + 1 : transaction.revision
}

function kept(transaction: WriteTransaction, key: string): StoredKv {
  const old = transaction.get(key)
  if (old === undefined) throw new Error('A put that keeps its value or lease was not checked')
  return old
}

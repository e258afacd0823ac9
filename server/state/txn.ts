/**
 * Transactions (behaviour 5.2): decide, check, run.
 *
 *   1. All compares of the path are decided on the state before, those of nested
 *      transactions too: nothing that the transaction writes can change its course.
 *   2. Every operation on the path is checked against the same state. A refusal here
 *      fails the whole transaction, and nothing has been changed yet (etcd PR #18799).
 *   3. The operations run in order; reads see what ran before them. Nothing is refused
 *      any more. Every member runs every part, whoever asked (etcd #18667).
 */

import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type {
  PutRequest,
  RangeRequest,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from '../../client/wire/generated/rpc.js'
import { contains, type Interval, intervalOf, keyOf } from '../mvcc/interval.js'
import { type RangeReader, rangeRequest } from '../mvcc/range-query.js'
import { toWire } from '../mvcc/store.js'
import type { ReadableStore } from '../mvcc/store-at.js'
import type { WriteTransaction } from '../mvcc/write-transaction.js'
import {
  checkPutState,
  executeDeleteRange,
  executePut,
  type KvState,
  revisionIn,
} from './apply-kv.js'
import { checkRange } from './check.js'
import { compareHolds } from './compare.js'
import type { Lessor } from './lessor.js'

/** A transaction whose compares are decided: what will run. */
interface Path {
  readonly succeeded: boolean
  /** An operation, or the path through a nested transaction. */
  readonly steps: readonly (RequestOp | Path)[]
}

/** Whether a transaction only ever reads: then it needs no log entry. One that nests counts as a write, as in etcd. */
export function isReadOnly(request: TxnRequest): boolean {
  return [...request.success, ...request.failure].every((op) => op.requestRange !== undefined)
}

/** Whether every range in a read-only transaction accepts stale data. */
export function isSerializable(request: TxnRequest): boolean {
  return [...request.success, ...request.failure].every((op) => op.requestRange?.serializable)
}

/** Applies a transaction. @throws leaseNotFound, keyNotFound, compacted, futureRev */
export function applyTxn(state: KvState, request: TxnRequest): Init<TxnResponse> {
  const path = choose(state.store, request)
  checkPath(state, path)
  const transaction = state.store.begin()
  const responses = path.steps.map((step) => run(transaction, state.lessor, step))
  transaction.end()
  return {
    header: { revision: revisionIn(transaction) },
    succeeded: path.succeeded,
    responses,
  }
}

/** Answers a transaction that {@link isReadOnly} from the store. @throws compacted, futureRev */
export function readTxn(store: ReadableStore, request: TxnRequest): Init<TxnResponse> {
  const { succeeded, steps } = choose(store, request)
  const ranges = steps.map((step) => ('steps' in step ? undefined : step.requestRange))
  for (const range of ranges) {
    if (range === undefined) throw new Error('A transaction that writes was taken for a read')
    checkRangeState(store, range)
  }
  const { revision } = store
  const responses = ranges.map((range) => runRange(store, range!, revision))
  return { header: { revision }, succeeded, responses }
}

function choose(reader: RangeReader, request: TxnRequest): Path {
  const succeeded = request.compare.every((compare) => compareHolds(reader, compare))
  const ops = succeeded ? request.success : request.failure
  const steps = ops.map((op) => (op.requestTxn ? choose(reader, op.requestTxn) : op))
  return { succeeded, steps }
}

/** All operations of a path, nested ones in their place. */
function* operations(path: Path): Iterable<RequestOp> {
  for (const step of path.steps) {
    if ('steps' in step) yield* operations(step)
    else yield step
  }
}

function checkPath(state: KvState, path: Path): void {
  for (const { requestPut, requestRange } of operations(path)) {
    if (requestPut) checkPutState(state, requestPut)
    else if (requestRange) checkRangeState(state.store, requestRange)
  }
  checkKept(path)
}

/** Stricter than a plain range: here a negative revision is below the compacted one. */
function checkRangeState(store: ReadableStore, request: RangeRequest): void {
  checkRange(request)
  const { revision } = request
  if (revision === 0) return
  if (revision > store.revision) throw etcdErrors.futureRev.error()
  if (revision < store.compactRevision) throw etcdErrors.compacted.error()
}

/**
 * A put cannot keep the value of a key that the same path deletes before it. The door
 * lets the pair pass when the deletion is open-ended; etcd 3 panics on it.
 */
function checkKept(path: Path): void {
  const deleted: Interval[] = []
  for (const { requestPut, requestDeleteRange } of operations(path)) {
    if (requestDeleteRange)
      deleted.push(intervalOf(requestDeleteRange.key, requestDeleteRange.rangeEnd))
    else if (requestPut && keeps(requestPut)) {
      const key = keyOf(requestPut.key)
      if (deleted.some((interval) => contains(interval, key))) throw etcdErrors.keyNotFound.error()
    }
  }
}

function keeps(request: PutRequest): boolean {
  return request.ignoreValue || request.ignoreLease
}

function run(
  transaction: WriteTransaction,
  lessor: Lessor,
  step: RequestOp | Path,
): Init<ResponseOp> {
  if ('steps' in step) {
    const responses = step.steps.map((inner) => run(transaction, lessor, inner))
    return { responseTxn: { header: {}, succeeded: step.succeeded, responses } }
  }
  if (step.requestRange) return runRange(transaction, step.requestRange, revisionIn(transaction))
  if (step.requestPut) return { responsePut: executePut(transaction, lessor, step.requestPut) }
  if (step.requestDeleteRange)
    return { responseDeleteRange: executeDeleteRange(transaction, lessor, step.requestDeleteRange) }
  return {}
}

function runRange(reader: RangeReader, request: RangeRequest, revision: number): Init<ResponseOp> {
  const { kvs, more, count } = rangeRequest(reader, request)
  return { responseRange: { header: { revision }, kvs: kvs.map(toWire), more, count } }
}

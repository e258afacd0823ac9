/**
 * Puts, deletions and transactions on a draft (v3.7.1 `txn/`).
 *
 * A transaction has three steps. All compares, nested ones too, are decided on the
 * state before it; that fixes the path. Every operation on the path is checked
 * against the same state. Then they run in order, and reads see what ran before them.
 */

import {
  type Compare,
  CompareResult,
  CompareTarget,
  type DeleteRangeRequest,
  DeleteRangeResponse,
  type PutRequest,
  PutResponse,
  type RangeRequest,
  type RequestOp,
  ResponseOp,
  type TxnRequest,
  TxnResponse,
} from '../../client/wire/generated/rpc.js'
import { Refusal } from './call.js'
import type { Draft } from './draft.js'
import { type Kv, latin1, wireKv } from './history.js'
import { executeRange } from './range.js'
import type { State } from './state.js'

/** The ids of living leases. */
export type LeaseIds = { has(id: bigint): boolean }

/** Puts one key. Refuses an unknown lease, and ignoring the value or lease of a missing key. */
export function executePut(draft: Draft, request: PutRequest, leases: LeaseIds): PutResponse {
  checkPutState(draft.state, request, leases)
  const key = latin1(request.key)
  const old = draft.state.get(key)
  const value = request.ignoreValue ? old!.value : request.value
  const lease = request.ignoreLease ? old!.lease : request.lease
  draft.put(key, value, lease)
  const prevKv = request.prevKv && old ? wireKv(old) : undefined
  return PutResponse.create({ header: { revision: draft.revision }, prevKv })
}

/** Deletes every living key of the range, in key order. */
export function executeDeleteRange(draft: Draft, request: DeleteRangeRequest): DeleteRangeResponse {
  const kvs = draft.state.select(latin1(request.key), latin1(request.rangeEnd))
  for (const kv of kvs) draft.delete(kv.key)
  return {
    ...DeleteRangeResponse.create({
      header: { revision: draft.revision },
      deleted: kvs.length,
    }),
    prevKvs: request.prevKv ? kvs.map(wireKv) : [],
  }
}

/** Runs a transaction. A refusal means that nothing of it may be kept. */
export function executeTxn(draft: Draft, request: TxnRequest, leases: LeaseIds): TxnResponse {
  const path = choose(request, draft.state)
  checkPath(path, draft, leases)
  const responses = path.ops.map((op) => executeOp(draft, op, leases))
  const header = { revision: draft.revision }
  return { ...TxnResponse.create({ header, succeeded: path.succeeded }), responses }
}

/** What a transaction comes down to once its compares are decided. */
interface Path {
  readonly succeeded: boolean
  readonly ops: readonly (RequestOp | Path)[]
}

function isPath(op: RequestOp | Path): op is Path {
  return 'ops' in op
}

function choose(request: TxnRequest, state: State): Path {
  const succeeded = request.compare.every((compare) => holds(compare, state))
  const ops = succeeded ? request.success : request.failure
  return {
    succeeded,
    ops: ops.map((op) => (op.requestTxn ? choose(op.requestTxn, state) : op)),
  }
}

function checkPath(path: Path, draft: Draft, leases: LeaseIds): void {
  for (const op of path.ops) {
    if (isPath(op)) checkPath(op, draft, leases)
    else if (op.requestPut) checkPutState(draft.state, op.requestPut, leases)
    else if (op.requestRange) checkRangeState(draft, op.requestRange)
  }
}

function checkPutState(state: State, request: PutRequest, leases: LeaseIds): void {
  if (request.lease !== 0n && !leases.has(request.lease)) throw new Refusal('leaseNotFound')
  if ((request.ignoreValue || request.ignoreLease) && !state.has(latin1(request.key))) {
    throw new Refusal('keyNotFound')
  }
}

/** Stricter than a plain range: a negative revision counts as compacted once it is below the mark. */
function checkRangeState(draft: Draft, { revision }: RangeRequest): void {
  if (revision === 0) return
  if (revision > draft.base.revision) throw new Refusal('futureRev')
  if (revision < draft.base.compactRevision) throw new Refusal('compacted')
}

function executeOp(draft: Draft, op: RequestOp | Path, leases: LeaseIds): ResponseOp {
  const response = ResponseOp.create()
  if (isPath(op)) {
    const responses = op.ops.map((inner) => executeOp(draft, inner, leases))
    const txn = TxnResponse.create({ header: {}, succeeded: op.succeeded })
    response.responseTxn = { ...txn, responses }
  } else if (op.requestRange) {
    response.responseRange = executeRange(draft, op.requestRange)
  } else if (op.requestPut) {
    response.responsePut = executePut(draft, op.requestPut, leases)
  } else if (op.requestDeleteRange) {
    response.responseDeleteRange = executeDeleteRange(draft, op.requestDeleteRange)
  } else throw new Error('an empty operation passed the door')
  return response
}

/** Whether a compare holds for every key of its range. No key at all: as for a key of all zeros. */
function holds(compare: Compare, state: State): boolean {
  const kvs = state.select(latin1(compare.key), latin1(compare.rangeEnd))
  if (kvs.length > 0) return kvs.every((kv) => holdsFor(compare, kv))
  // A missing value cannot be told from an empty one on the wire, so it never matches.
  if (compare.target === CompareTarget.VALUE) return false
  return holdsFor(compare, undefined)
}

function holdsFor(compare: Compare, kv: Kv | undefined): boolean {
  const order = orderOf(compare, kv)
  switch (compare.result) {
    case CompareResult.EQUAL:
      return order === 0
    case CompareResult.NOT_EQUAL:
      return order !== 0
    case CompareResult.GREATER:
      return order > 0
    case CompareResult.LESS:
      return order < 0
    default:
      return true
  }
}

/** Sign of (key - operand); an operand of another target counts as unset, that is 0 or empty. */
function orderOf(compare: Compare, kv: Kv | undefined): number {
  switch (compare.target) {
    case CompareTarget.VERSION:
      return (kv?.version ?? 0) - (compare.version ?? 0)
    case CompareTarget.CREATE:
      return (kv?.createRevision ?? 0) - (compare.createRevision ?? 0)
    case CompareTarget.MOD:
      return (kv?.modRevision ?? 0) - (compare.modRevision ?? 0)
    case CompareTarget.LEASE:
      return (
        Number((kv?.lease ?? 0n) > (compare.lease ?? 0n)) -
        Number((kv?.lease ?? 0n) < (compare.lease ?? 0n))
      )
    case CompareTarget.VALUE:
      return Buffer.compare(kv!.value, compare.value ?? new Uint8Array())
    default:
      return 0
  }
}

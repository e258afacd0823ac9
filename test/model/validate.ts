/**
 * What etcd refuses at the door, before anything reaches the store.
 *
 * Source: behaviour of etcd v3.7.1 `v3rpc/key.go`, including two oddities: `\0` as
 * the end of a deletion covers nothing when keys of a transaction are compared,
 * and sibling transactions are compared in order.
 */

import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from '../../client/wire/generated/rpc.js'
import { Refusal } from './call.js'
import { latin1 } from './history.js'

/** Refuses an empty key and unknown ways of sorting. */
export function checkRange(request: RangeRequest): void {
  if (request.key.length === 0) throw new Refusal('emptyKey')
  if (![0, 1, 2].includes(request.sortOrder)) throw new Refusal('invalidSortOption')
  if (![0, 1, 2, 3, 4].includes(request.sortTarget)) throw new Refusal('invalidSortOption')
}

/** Refuses an empty key and a value or lease that is to be ignored. */
export function checkPut(request: PutRequest): void {
  if (request.key.length === 0) throw new Refusal('emptyKey')
  if (request.ignoreValue && request.value.length > 0) throw new Refusal('valueProvided')
  if (request.ignoreLease && request.lease !== 0n) throw new Refusal('leaseProvided')
}

/** Refuses an empty key. */
export function checkDeleteRange(request: DeleteRangeRequest): void {
  if (request.key.length === 0) throw new Refusal('emptyKey')
}

/** Refuses too many operations, malformed ones, and a key that one path would change twice. */
export function checkTxn(request: TxnRequest, opsMax: number): void {
  checkTxnOps(request, opsMax)
  changesOf(request.success)
  changesOf(request.failure)
}

function checkTxnOps(request: TxnRequest, opsMax: number): void {
  const { compare, success, failure } = request
  const ops = Math.max(compare.length, success.length, failure.length)
  if (ops > opsMax) throw new Refusal('tooManyOps')
  if (compare.some(({ key }) => key.length === 0)) throw new Refusal('emptyKey')
  for (const op of [...success, ...failure]) checkOp(op, opsMax - ops)
}

function checkOp(op: RequestOp, opsMax: number): void {
  if (op.requestRange) checkRange(op.requestRange)
  else if (op.requestPut) checkPut(op.requestPut)
  else if (op.requestDeleteRange) checkDeleteRange(op.requestDeleteRange)
  else if (op.requestTxn) checkTxnOps(op.requestTxn, opsMax)
  else throw new Refusal('keyNotFound')
}

/** The keys that a list of operations puts, and the ranges that it deletes. */
interface Changes {
  readonly puts: Set<string>
  readonly deletions: { readonly key: string; readonly rangeEnd: string }[]
}

/** Collects the changes of a branch: its own deletions, then its transactions, then its own puts. */
function changesOf(ops: readonly RequestOp[]): Changes {
  const puts = new Set<string>()
  const deletions: Changes['deletions'] = []
  const add = (key: string, allowed?: ReadonlySet<string>) => {
    if (puts.has(key) && !allowed?.has(key)) throw new Refusal('duplicateKey')
    if (deletions.some((range) => deletes(range, key))) throw new Refusal('duplicateKey')
    puts.add(key)
  }
  for (const { requestDeleteRange: request } of ops) {
    if (request) deletions.push({ key: latin1(request.key), rangeEnd: latin1(request.rangeEnd) })
  }
  for (const { requestTxn: request } of ops) {
    if (!request) continue
    const success = changesOf(request.success)
    const failure = changesOf(request.failure)
    for (const key of success.puts) add(key)
    for (const key of failure.puts) add(key, success.puts)
    deletions.push(...success.deletions, ...failure.deletions)
  }
  for (const { requestPut: request } of ops) if (request) add(latin1(request.key))
  return { puts, deletions }
}

/** Plain comparison on purpose: here an end of `\0` is just a string that sorts first. */
function deletes(range: { key: string; rangeEnd: string }, key: string): boolean {
  if (range.rangeEnd === '') return key === range.key
  return key >= range.key && key < range.rangeEnd
}

/**
 * Whether a refusal is plausible: some state between the beginning and the end of the
 * operation would have refused it so.
 *
 * Leases leave no trace in revisions, so what is refused for a lease is only checked for
 * naming one. What depends on settings of a member is not checked at all.
 */

import type { EtcdErrorName } from '../../../client/wire/etcd-errors.js'
import type { TxnRequest } from '../../../client/wire/generated/rpc.js'
import { type Call, Refusal } from '../../model/call.js'
import { latin1 } from '../../model/history.js'
import { checkDeleteRange, checkPut, checkRange, checkTxn } from '../../model/validate.js'
import { isSerializable, putsOf, rangesOf, visitOperations } from '../call-parts.js'
import type { Operation } from '../operation.js'
import type { TruthIndex } from '../truth.js'
import type { Compactions } from './compactions.js'
import type { RealTime } from './real-time.js'

/** What refusals are judged by. */
export interface Grounds {
  readonly truth: TruthIndex
  readonly time: RealTime
  readonly compactions: Compactions
}

/** The refusals that the request alone decides. */
const DOOR: ReadonlySet<EtcdErrorName> = new Set([
  'emptyKey',
  'valueProvided',
  'leaseProvided',
  'duplicateKey',
  'invalidSortOption',
])

/** What is wrong with a refusal. */
export function judgeRefusal(
  operation: Operation,
  error: EtcdErrorName,
  grounds: Grounds,
): string | undefined {
  const { call } = operation
  if (DOOR.has(error)) return refusedAtDoor(call) ? undefined : 'the request is in order'
  if (error === 'compacted') return judgeCompacted(operation, grounds)
  if (error === 'futureRev') return judgeFuture(operation, grounds)
  if (error === 'keyNotFound') return judgeKeyNotFound(operation, grounds)
  if (error === 'leaseNotFound') return namesLease(call) ? undefined : 'it names no lease'
  if (error === 'leaseExist' || error === 'leaseTTLTooLarge')
    return call.kind === 'leaseGrant' ? undefined : 'it grants no lease'
  return undefined
}

function judgeCompacted(operation: Operation, { time, compactions }: Grounds): string | undefined {
  const oldest = Math.min(...revisionsOf(operation.call))
  // A compaction is refused at the mark itself, a read below it.
  const mark = operation.call.kind === 'compaction' ? oldest : oldest + 1
  if (mark < 0 && operation.call.kind !== 'range') return undefined
  if (compactions.mayHaveReached(mark, operation, time)) return undefined
  return `nothing had compacted revision ${oldest}`
}

function judgeFuture({ call, began }: Operation, { time }: Grounds): string | undefined {
  const newest = Math.max(...revisionsOf(call))
  if (newest === Number.NEGATIVE_INFINITY) return 'it asks for no revision'
  const floor = time.floor(began)
  if (newest > floor || (isSerializable(call) && newest > 1)) return undefined
  return `revision ${newest} is not beyond ${floor}, which was known before it began`
}

/** The revisions that the call asks for by number. */
function revisionsOf(call: Call): number[] {
  if (call.kind === 'compaction') return [call.request.revision]
  const revisions = rangesOf(call).map(({ revision }) => revision)
  if (call.kind === 'range') return revisions.filter((revision) => revision > 0)
  return revisions.filter((revision) => revision !== 0)
}

/** Where a transaction would have looked for a key is not followed up. */
function judgeKeyNotFound(operation: Operation, { truth, time }: Grounds): string | undefined {
  const { call, began, ended } = operation
  if (call.kind === 'txn' && holdsEmpty(call.request)) return undefined
  const keeps = putsOf(call).some((put) => put.ignoreValue || put.ignoreLease)
  if (!keeps) return 'it keeps no value or lease'
  if (call.kind !== 'put') return undefined
  const key = latin1(call.request.key)
  if (truth.wasMissing(key, time.floor(began), time.ceiling(ended) - 1)) return undefined
  return 'the key was there all the time'
}

/** Whether some operation of the transaction is none. */
function holdsEmpty(request: TxnRequest): boolean {
  let found = false
  visitOperations(request, (op) => {
    found ||= Object.values(op).every((each) => each === undefined)
  })
  return found
}

function namesLease(call: Call): boolean {
  return call.kind === 'leaseRevoke' || putsOf(call).some(({ lease }) => lease !== 0n)
}

function refusedAtDoor(call: Call): boolean {
  try {
    if (call.kind === 'range') checkRange(call.request)
    if (call.kind === 'put') checkPut(call.request)
    if (call.kind === 'deleteRange') checkDeleteRange(call.request)
    if (call.kind === 'txn') checkTxn(call.request, Number.POSITIVE_INFINITY)
    return false
  } catch (error) {
    if (error instanceof Refusal) return true
    throw error
  }
}

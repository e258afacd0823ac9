/**
 * Counts in the log what values cannot tell: deletions, and writes whose values are not
 * unique.
 *
 * Of all commands that are byte for byte the same request, as many were carried out as
 * operations were answered, or more, if others may have happened, but never more than both
 * together.
 */

import { encodeBytes } from '../../../client/wire/codec.js'
import { DeleteRangeRequest, PutRequest, TxnRequest } from '../../../client/wire/generated/rpc.js'
import type { Call } from '../../model/call.js'
import { latin1 } from '../../model/history.js'
import { putsOf, visitOperations } from '../call-parts.js'
import type { Committed } from '../committed.js'
import { callOf } from '../log-replay.js'
import type { Operation, Violation } from '../operation.js'
import { showOperation } from '../show.js'
import { mayHaveHappened } from './claim.js'
import type { Owners } from './unclaimed.js'

/** All operations with one request. */
interface Same {
  readonly example: Operation
  answered: number
  unsure: number
  /** Entries of the log that were carried out. */
  carriedOut: number
}

/** Judges by the log; see the head of the file. */
export function judgeRepeats(
  operations: readonly Operation[],
  owners: Owners,
  log: readonly Committed[],
): Violation[] {
  const same = new Map<string, Same>()
  for (const operation of operations) {
    const name = nameOf(operation.call, owners)
    if (name === undefined) continue
    const entry = same.get(name) ?? { example: operation, answered: 0, unsure: 0, carriedOut: 0 }
    same.set(name, entry)
    if (operation.answer?.kind === 'ok') entry.answered++
    else if (mayHaveHappened(operation)) entry.unsure++
  }
  for (const { command, result, overQuota } of log) {
    const call = command && callOf(command)
    const name = call && (result?.ok || overQuota) ? nameOf(call, owners) : undefined
    const entry = name === undefined ? undefined : same.get(name)
    if (entry !== undefined) entry.carriedOut++
  }
  return [...same.values()].flatMap((each) => judge(each) ?? [])
}

function judge({ example, answered, unsure, carriedOut }: Same): Violation | undefined {
  if (carriedOut >= answered && carriedOut <= answered + unsure) return undefined
  const known = `${answered} were answered and ${unsure} may have happened`
  const message = `the log carried it out ${carriedOut} times, but ${known}: ${showOperation(example)}`
  return { rule: carriedOut < answered ? 'lost' : 'once', message }
}

/** The request as text; undefined for what is no write on keys, has a unique value, or may be that of somebody else. */
function nameOf(call: Call, owners: Owners): string | undefined {
  if (onlyReads(call)) return undefined
  const unique = putsOf(call).some(
    ({ key, value }) => value.length > 0 && owners.of(latin1(key), latin1(value)).length === 1,
  )
  if (unique) return undefined
  if (call.kind === 'put') return `p${latin1(encodeBytes(PutRequest, call.request))}`
  if (call.kind === 'txn') return `t${latin1(encodeBytes(TxnRequest, call.request))}`
  if (call.kind !== 'deleteRange' || !isOurs(call.request, owners)) return undefined
  return `d${latin1(encodeBytes(DeleteRangeRequest, call.request))}`
}

/** A key that no operation puts belongs to somebody who is not among them, who may delete it as well: a lock. */
function isOurs({ key, rangeEnd }: DeleteRangeRequest, owners: Owners): boolean {
  return rangeEnd.length > 0 || owners.touches(latin1(key))
}

/** A transaction that reads inside another one has an entry in the log, and is repeated as any read. */
function onlyReads(call: Call): boolean {
  if (call.kind !== 'txn') return call.kind === 'range'
  let reads = true
  visitOperations(call.request, ({ requestRange }) => {
    if (requestRange === undefined) reads = false
  })
  return reads
}

/**
 * Operations of etcd as calls on registers, for keys that are used as such.
 *
 * A put, a deletion or a read of one key is one, and a transaction with one compare, for
 * equality of value or modification revision, that puts that key if it holds, and reads it
 * or does nothing if not. Other reads are left out, which harms nobody. A key that is
 * changed in another way is left out altogether.
 */

import type { KeyValue } from '../../../client/wire/generated/kv.js'
import {
  type Compare,
  CompareResult,
  CompareTarget,
  type RangeRequest,
  RangeRequest as RangeRequests,
  type TxnRequest,
} from '../../../client/wire/generated/rpc.js'
import type { Call, Calls } from '../../model/call.js'
import { covers, latin1 } from '../../model/history.js'
import { isRead, visitOperations } from '../call-parts.js'
import { difference } from '../difference.js'
import type { Operation } from '../operation.js'
import { mayHaveHappened } from '../revisions/claim.js'
import type { Register, RegisterGuard, RegisterInput, RegisterOutput } from './register-spec.js'
import type { TimedCall } from './spec.js'

/**
 * The calls on those keys that are used as registers only.
 *
 * @param operations everything that changes these keys. Leave out those on keys that others
 *   change as well, such as locks.
 */
export function registerCalls(
  operations: readonly Operation[],
): TimedCall<RegisterInput, RegisterOutput>[] {
  const changedOtherwise: Interval[] = []
  const calls: TimedCall<RegisterInput, RegisterOutput>[] = []
  for (const { id, call, began, ended, answer, ...rest } of operations) {
    const answered = answer?.kind === 'ok'
    if (!answered && !mayHaveHappened({ id, call, began, ended, answer, ...rest })) continue
    const input = inputOf(call)
    if (input === undefined) changedOtherwise.push(...changesOf(call))
    else if (answered) {
      const output = outputOf(input, answer.response)
      calls.push({ id, input, output, began, ended })
    } else if (input.kind !== 'read') calls.push({ id, input, output: undefined, began, ended })
  }
  return calls.filter(({ input: { key } }) => {
    return !changedOtherwise.some((each) => covers(each.key, each.rangeEnd, key))
  })
}

interface Interval {
  readonly key: string
  readonly rangeEnd: string
}

function inputOf(call: Call): RegisterInput | undefined {
  if (call.kind === 'range')
    return isPlainRead(call.request) ? { kind: 'read', key: latin1(call.request.key) } : undefined
  if (call.kind === 'put') {
    const { key, value, ignoreValue } = call.request
    return ignoreValue ? undefined : { kind: 'write', key: latin1(key), value: latin1(value) }
  }
  if (call.kind === 'deleteRange') {
    const { key, rangeEnd } = call.request
    return rangeEnd.length > 0 ? undefined : { kind: 'write', key: latin1(key), value: undefined }
  }
  return call.kind === 'txn' ? swapOf(call.request) : undefined
}

/** The present value of one key, and all of it. */
function isPlainRead(request: RangeRequest): boolean {
  return difference(request, RangeRequests.create({ key: request.key })) === undefined
}

function swapOf({ compare, success, failure }: TxnRequest): RegisterInput | undefined {
  const [guard, ...guards] = compare
  const [then, ...more] = success
  const [otherwise, ...others] = failure
  const put = then?.requestPut
  if (!guard || !put || put.ignoreValue || guards.length + more.length + others.length > 0) return
  const key = latin1(put.key)
  const from = latin1(guard.key) === key ? guardOf(guard) : undefined
  const read = otherwise?.requestRange
  const readsKey = read !== undefined && latin1(read.key) === key && isPlainRead(read)
  if (from === undefined || (otherwise !== undefined && !readsKey)) return
  return { kind: 'swap', key, from, value: latin1(put.value) }
}

function guardOf({
  target,
  result,
  rangeEnd,
  value,
  modRevision,
}: Compare): RegisterGuard | undefined {
  if (result !== CompareResult.EQUAL || rangeEnd.length > 0) return undefined
  if (target === CompareTarget.MOD) return { revision: modRevision ?? 0 }
  return target === CompareTarget.VALUE ? { value: latin1(value ?? new Uint8Array()) } : undefined
}

function outputOf(input: RegisterInput, response: Calls[Call['kind']][1]): RegisterOutput {
  const revision = response.header?.revision ?? 0
  if (input.kind === 'read') return { seen: registerOf(response as Calls['range'][1]) }
  if (input.kind === 'swap') {
    const { succeeded, responses } = response as Calls['txn'][1]
    const range = responses[0]?.responseRange
    if (succeeded) return { written: true, revision }
    return range === undefined ? { written: false } : { written: false, seen: registerOf(range) }
  }
  if (input.value !== undefined) return { written: true, revision }
  return { written: (response as Calls['deleteRange'][1]).deleted > 0 }
}

function registerOf({ kvs }: { readonly kvs: readonly KeyValue[] }): Register {
  const [kv] = kvs
  if (kv === undefined) return { value: undefined, revision: 0 }
  return { value: latin1(kv.value), revision: kv.modRevision }
}

/** The intervals of keys that a call may change. */
function changesOf(call: Call): Interval[] {
  if (isRead(call)) return []
  const intervals: Interval[] = []
  const add = (request: { key: Uint8Array; rangeEnd?: Uint8Array } | undefined) => {
    if (request === undefined) return
    const rangeEnd = latin1(request.rangeEnd ?? new Uint8Array())
    intervals.push({ key: latin1(request.key), rangeEnd })
  }
  if (call.kind === 'put' || call.kind === 'deleteRange') add(call.request)
  if (call.kind === 'txn')
    visitOperations(call.request, ({ requestPut, requestDeleteRange }) => {
      add(requestPut)
      add(requestDeleteRange)
    })
  return intervals
}

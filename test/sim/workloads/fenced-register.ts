/**
 * A resource that a lock protects: it takes a write only with a token that is not smaller
 * than every token that it has taken.
 *
 * It lives in the store itself, as one transaction on two keys, `<register>/token` with
 * ten decimal digits and `<register>/value`:
 *
 *     if there is no token      put token and value
 *     else if token < mine + 1  put token and value
 */

import {
  CompareResult,
  CompareTarget,
  type TxnResponse,
} from '../../../client/wire/generated/rpc.js'
import type { Answer } from '../../check/operation.js'
import { bytesOf, compare, op, txn } from '../../model/requests.js'
import type { Worker } from './worker.js'

const TOKEN_DIGITS = 10

/** Writes with a token, and notes whether it was taken. */
export async function writeFenced(
  worker: Worker,
  register: string,
  fencingToken: number,
): Promise<void> {
  const value = worker.value()
  const { id, answer } = await worker.perform({
    kind: 'txn',
    request: fencedTxn(register, fencingToken, value),
  })
  const accepted = acceptedBy(answer)
  const { process } = worker
  worker.material.locks.writes.push({
    process,
    register,
    fencingToken,
    value,
    operation: id,
    accepted,
  })
}

function fencedTxn(register: string, fencingToken: number, value: string) {
  const tokenKey = `${register}/token`
  const puts = [op.put(tokenKey, digits(fencingToken)), op.put(`${register}/value`, value)]
  const isNew = compare(tokenKey, { target: CompareTarget.CREATE, createRevision: 0 })
  const isNotSmaller = compare(tokenKey, {
    target: CompareTarget.VALUE,
    result: CompareResult.LESS,
    value: bytesOf(digits(fencingToken + 1)),
  })
  return txn([isNew], puts, [op.txn([isNotSmaller], puts)])
}

function acceptedBy(answer: Answer): boolean | undefined {
  if (answer.kind === 'unknown') return undefined
  if (answer.kind !== 'ok') return false
  const { succeeded, responses } = answer.response as TxnResponse
  return succeeded || responses[0]?.responseTxn?.succeeded === true
}

function digits(token: number): string {
  return String(token).padStart(TOKEN_DIGITS, '0')
}

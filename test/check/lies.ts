/**
 * Lies: ways to make one answer of a right history wrong, for tests of the judges.
 *
 * Each makes the history wrong beyond doubt, or says that the operation does not lend
 * itself to it. Values that are put are unique, see random-story.ts.
 */

import type { RangeResponse, TxnResponse } from '../../client/wire/generated/rpc.js'
import { bytesOf } from '../model/requests.js'
import { changed, isRead, isSerializable } from './call-parts.js'
import { type Draft, FAILED, type Story } from './story.js'

/** Changes the operation in place; false: there is nothing to lie about. */
export type Lie = (operation: Draft, story: Story) => boolean

/** The response of an answered operation, free to be changed; undefined without one. */
function told(operation: Draft) {
  if (operation.answer?.kind !== 'ok') return undefined
  const response = structuredClone(operation.answer.response)
  operation.answer = { kind: 'ok', response }
  return response
}

/** An answered change; its revision. */
function changeOf({ call, answer }: Draft): number | undefined {
  if (answer?.kind !== 'ok' || !changed(call, answer.response)) return undefined
  return answer.response.header?.revision
}

function move(by: number): Lie {
  return (operation) => {
    const revision = changeOf(operation)
    if (revision === undefined) return false
    told(operation)!.header!.revision = revision + by
    return true
  }
}

/** By name. */
export const lies: Readonly<Record<string, Lie>> = {
  'a change one revision later': move(1),
  'a change one revision earlier': move(-1),

  'a write that was answered did not happen': (operation) => {
    const { call } = operation
    if (call.kind !== 'put' || call.request.value.length === 0) return false
    if (changeOf(operation) === undefined) return false
    operation.answer = FAILED
    return true
  },

  'another value': (operation) => {
    if (operation.call.kind !== 'range') return false
    const [first] = (told(operation) as RangeResponse | undefined)?.kvs ?? []
    if (first !== undefined) first.value = bytesOf(`not ${first.value.length}`)
    return first !== undefined
  },

  'a key is missing': (operation) => {
    if (operation.call.kind !== 'range') return false
    return (told(operation) as RangeResponse | undefined)?.kvs.pop() !== undefined
  },

  'the other branch': (operation) => {
    if (operation.call.kind !== 'txn') return false
    const response = told(operation) as TxnResponse | undefined
    if (response === undefined) return false
    response.succeeded = !response.succeeded
    return true
  },

  'no previous value': (operation) => {
    if (operation.call.kind !== 'put') return false
    const response = told(operation) as { prevKv: object | undefined } | undefined
    if (response?.prevKv === undefined) return false
    response.prevKv = undefined
    return true
  },

  'a change after all others in time, but not in revisions': (operation, { operations, model }) => {
    const revision = changeOf(operation)
    const later = operations.some((each) => {
      const { call, answer } = each
      const there = answer?.kind === 'ok' ? (answer.response.header?.revision ?? 0) : 0
      return there > (revision ?? model.revision) && !isSerializable(call)
    })
    if (revision === undefined || !later) return false
    const end = Math.max(...operations.map(({ ended }) => (ended < Infinity ? ended : 0)))
    return Boolean(Object.assign(operation, { began: end + 1, ended: end + 2 }))
  },

  'a read of before a write that was over': (operation, { operations }) => {
    const { call, answer, began } = operation
    if (!isRead(call) || isSerializable(call) || answer?.kind !== 'ok') return false
    const over = operations.filter(({ ended }) => ended < began).map((each) => changeOf(each) ?? 0)
    const newest = Math.max(0, ...over)
    if (newest === 0) return false
    told(operation)!.header!.revision = newest - 1
    return true
  },
}

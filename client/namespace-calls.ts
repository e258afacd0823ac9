/**
 * Calls within a namespace: keys get their prefix on the way out and lose it on the way back.
 *
 * Requests are copied, since operations and conditions may be used again. Answers were
 * made for this call, and are changed as they are. What names no key is handed on as it
 * is; what is not known here is refused, so that nothing reaches around the namespace.
 */

import type { Calls, CarriedOptions } from './calls.js'
import { type Intent, invalidArgument } from './errors.js'
import type { KeyPrefix } from './namespace-keys.js'
import type { Init } from './wire/codec.js'
import type {
  LeaseTimeToLiveResponse,
  RangeResponse,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from './wire/generated/rpc.js'
import type { Method } from './wire/method.js'
import { KV, Lease } from './wire/methods.js'

/** How the keys of one method are renamed. */
interface Renaming<Request, Response> {
  request(request: Init<Request>, prefix: KeyPrefix): Init<Request>
  response(response: Response, prefix: KeyPrefix): void
}

const untouched = <T>(message: T): T => message
const noKeys: Renaming<never, never> = { request: untouched, response: () => {} }

const RENAMINGS = new Map<unknown, Renaming<never, never>>([
  renaming(KV.range, {
    request: (request, prefix) => prefix.ranged(request),
    response: stripRange,
  }),
  renaming(KV.put, {
    request: (request, prefix) => prefix.keyed(request),
    response: (response, prefix) => prefix.strip(response.prevKv),
  }),
  renaming(KV.deleteRange, {
    request: (request, prefix) => prefix.ranged(request),
    response: (response, prefix) => stripAll(response.prevKvs, prefix),
  }),
  renaming(KV.txn, { request: renameTxn, response: stripTxn }),
  renaming(Lease.leaseTimeToLive, { request: untouched, response: stripLease }),
  [KV.compact, noKeys],
  [Lease.leaseGrant, noKeys],
  [Lease.leaseRevoke, noKeys],
  [Lease.leaseLeases, noKeys],
])

/** Carries calls within a namespace. */
export class NamespacedCalls implements Calls {
  readonly #calls: Calls
  readonly #prefix: KeyPrefix

  constructor(calls: Calls, prefix: KeyPrefix) {
    this.#calls = calls
    this.#prefix = prefix
  }

  async call<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    intent: Intent,
    options?: CarriedOptions,
  ): Promise<Response> {
    const rename = RENAMINGS.get(method) as Renaming<Request, Response> | undefined
    if (rename === undefined)
      throw invalidArgument(`${method.path} cannot be called within a namespace.`)
    const outside = rename.request(request, this.#prefix)
    const response = await this.#calls.call(method, outside, intent, options)
    rename.response(response, this.#prefix)
    return response
  }
}

/** Used for range answers of every kind: their keys lose the prefix. */
export function stripRange({ kvs }: RangeResponse, prefix: KeyPrefix): void {
  stripAll(kvs, prefix)
}

function renaming<Request, Response>(
  method: Method<Request, Response, 'unary'>,
  how: Renaming<Request, Response>,
): [unknown, Renaming<never, never>] {
  return [method, how as Renaming<never, never>]
}

function renameTxn(request: Init<TxnRequest>, prefix: KeyPrefix): Init<TxnRequest> {
  const renameOps = (ops: readonly Init<RequestOp>[] = []) =>
    ops.map((one) => renameOp(one, prefix))
  const { compare = [], success, failure } = request
  return {
    compare: compare.map((one) => prefix.ranged(one)),
    success: renameOps(success),
    failure: renameOps(failure),
  }
}

function renameOp(one: Init<RequestOp>, prefix: KeyPrefix): Init<RequestOp> {
  const { requestRange, requestPut, requestDeleteRange, requestTxn } = one
  if (requestRange !== undefined) return { requestRange: prefix.ranged(requestRange) }
  if (requestPut !== undefined) return { requestPut: prefix.keyed(requestPut) }
  if (requestDeleteRange !== undefined)
    return { requestDeleteRange: prefix.ranged(requestDeleteRange) }
  if (requestTxn !== undefined) return { requestTxn: renameTxn(requestTxn, prefix) }
  throw invalidArgument('An operation of a transaction is empty.')
}

function stripTxn({ responses }: TxnResponse, prefix: KeyPrefix): void {
  for (const one of responses) stripOp(one, prefix)
}

function stripOp(one: ResponseOp, prefix: KeyPrefix): void {
  const { responseRange, responsePut, responseDeleteRange, responseTxn } = one
  if (responseRange !== undefined) stripRange(responseRange, prefix)
  if (responsePut !== undefined) prefix.strip(responsePut.prevKv)
  if (responseDeleteRange !== undefined) stripAll(responseDeleteRange.prevKvs, prefix)
  if (responseTxn !== undefined) stripTxn(responseTxn, prefix)
}

/** A lease may have keys everywhere; those outside are nobody's business here. */
function stripLease(response: LeaseTimeToLiveResponse, prefix: KeyPrefix): void {
  const inside = response.keys.filter((key) => prefix.holds(key))
  response.keys = inside.map((key) => prefix.inside(key))
}

function stripAll(kvs: RangeResponse['kvs'], prefix: KeyPrefix): void {
  for (const kv of kvs) prefix.strip(kv)
}

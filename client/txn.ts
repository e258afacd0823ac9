/**
 * Transactions: if all compares hold, do this, else that; atomically.
 *
 * @example
 * // Create the key only if nobody has it.
 * const { succeeded } = await client
 *   .txn()
 *   .if(compare('leader').missing())
 *   .then(op.put('leader', 'me', { lease: lease.id }))
 *   .else(op.get('leader'))
 *   .commit()
 */

import type { Bytes } from './bytes.js'
import type { Calls } from './calls.js'
import type { Compare } from './compare.js'
import type { RequestOptions } from './connection/connection.js'
import { ConclaveError, type Intent, invalidArgument } from './errors.js'
import { type Range, toRange } from './range.js'
import {
  type DeleteOptions,
  type DeleteResult,
  deleteResult,
  type Header,
  headerOf,
  type PutOptions,
  type PutResult,
  putRequest,
  putResult,
  type RangeOptions,
  type RangeResult,
  rangeRequest,
  rangeResult,
} from './requests.js'
import type { Init } from './wire/codec.js'
import type { RequestOp, ResponseOp, TxnRequest, TxnResponse } from './wire/generated/rpc.js'
import { KV } from './wire/methods.js'

/** One operation of a transaction; made by {@link op}. */
export class Op {
  /** @internal */
  readonly wire: Init<RequestOp>

  /** @internal */
  constructor(wire: Init<RequestOp>) {
    this.wire = wire
  }
}

/** A nested transaction, in the words of etcd's API. */
export interface TxnParts {
  /** All must hold. */
  readonly compare?: readonly Compare[]
  /** Done when they do. */
  readonly success?: readonly Op[]
  /** Done when they do not. */
  readonly failure?: readonly Op[]
}

/** Makes the operations of a transaction. Plain bytes are one key. */
export const op = {
  /** Reads a key or a range; sees what earlier operations of the transaction wrote. */
  get(keyOrRange: Bytes | Range, options: RangeOptions = {}): Op {
    return new Op({ requestRange: rangeRequest(toRange(keyOrRange), options) })
  },
  /** Puts a key. */
  put(key: Bytes, value: Bytes, options: PutOptions = {}): Op {
    return new Op({ requestPut: putRequest(key, value, options) })
  },
  /** Deletes a key or a range. */
  delete(keyOrRange: Bytes | Range, options: DeleteOptions = {}): Op {
    const prevKv = options.prevKv ?? false
    return new Op({ requestDeleteRange: { ...toRange(keyOrRange), prevKv } })
  },
  /** A transaction inside; its compares see the state before the outer one. */
  txn(parts: TxnParts | Txn): Op {
    return new Op({ requestTxn: txnRequest(parts instanceof Txn ? parts.parts : parts) })
  },
}

/** What one operation brought. */
export type OpResult =
  | ({ readonly type: 'get' } & RangeResult)
  | ({ readonly type: 'put' } & PutResult)
  | ({ readonly type: 'delete' } & DeleteResult)
  | ({ readonly type: 'txn' } & TxnResult)

/** What a transaction brought. */
export interface TxnResult {
  /** True: the compares held and `then` was done. */
  readonly succeeded: boolean
  /** One for each operation that was done, in order. */
  readonly responses: OpResult[]
  /** Revision of the store afterwards; of this transaction when it changed anything. */
  readonly revision: number
  readonly header: Header
}

/** A transaction under construction; every method returns it. */
export class Txn {
  readonly #calls: Calls
  readonly #compares: Compare[] = []
  readonly #success: Op[] = []
  readonly #failure: Op[] = []

  /** @internal Made by `Client.txn`. */
  constructor(calls: Calls) {
    this.#calls = calls
  }

  /** Adds conditions; all of them must hold. */
  if(...compares: Compare[]): this {
    this.#compares.push(...compares)
    return this
  }

  /** Adds operations for when the conditions hold. */
  // biome-ignore lint/suspicious/noThenProperty: the word of every etcd client; awaiting a Txn by mistake fails at once
  then(...ops: Op[]): this {
    if (ops.some((one) => !(one instanceof Op)))
      throw invalidArgument('A transaction is not a promise: await its commit().')
    this.#success.push(...ops)
    return this
  }

  /** Adds operations for when they do not. */
  else(...ops: Op[]): this {
    this.#failure.push(...ops)
    return this
  }

  /** What it is made of so far. */
  get parts(): Required<TxnParts> {
    return { compare: this.#compares, success: this.#success, failure: this.#failure }
  }

  /**
   * Sends it. One that only reads is repeated like a read.
   *
   * @throws {ConclaveError} `outcome-unknown`, `duplicate-key`, `too-many-operations`, ….
   */
  async commit(options: RequestOptions = {}): Promise<TxnResult> {
    const request = txnRequest(this.parts)
    return txnResult(await this.#calls.call(KV.txn, request, intentOf(request), options))
  }
}

function txnRequest(parts: TxnParts): Init<TxnRequest> {
  const wires = <T>(ones: readonly { readonly wire: T }[] = []) => ones.map((one) => one.wire)
  return {
    compare: wires(parts.compare),
    success: wires(parts.success),
    failure: wires(parts.failure),
  }
}

/** Does it change anything, in either branch, at any depth? */
function intentOf(request: Init<TxnRequest>): Intent {
  for (const one of [...(request.success ?? []), ...(request.failure ?? [])]) {
    if (one.requestPut !== undefined || one.requestDeleteRange !== undefined) return 'write'
    if (one.requestTxn !== undefined && intentOf(one.requestTxn) === 'write') return 'write'
  }
  return 'read'
}

function txnResult(response: TxnResponse): TxnResult {
  const header = headerOf(response.header)
  const responses = response.responses.map(opResult)
  return { succeeded: response.succeeded, responses, revision: header.revision, header }
}

function opResult(response: ResponseOp): OpResult {
  if (response.responseRange) return { type: 'get', ...rangeResult(response.responseRange) }
  if (response.responsePut) return { type: 'put', ...putResult(response.responsePut) }
  if (response.responseDeleteRange)
    return { type: 'delete', ...deleteResult(response.responseDeleteRange) }
  if (response.responseTxn) return { type: 'txn', ...txnResult(response.responseTxn) }
  throw new ConclaveError('internal', 'The server answered an operation with nothing.')
}

/**
 * Transactions: if all compares hold, do this, else that; atomically.
 *
 * The type of a transaction knows which operations it has, so its answer has one
 * result of the right type for each, in both branches.
 *
 * @example
 * // Create the key only if nobody has it.
 * const result = await client
 *   .txn()
 *   .if(compare('leader').missing())
 *   .then(op.put('leader', 'me', { lease: lease.id }))
 *   .else(op.get('leader'))
 *   .commit()
 * if (!result.succeeded) console.log(result.responses[0].kvs[0]?.text())
 */

import type { Calls } from './calls.js'
import { Compare } from './compare.js'
import type { RequestOptions } from './connection/connection.js'
import { type Intent, invalidArgument } from './errors.js'
import { type Known, refuseUnknownOptions } from './known-names.js'
import { Op, type ResultsOf } from './op.js'
import { type OpResult, type TxnResult, txnResult } from './op-result.js'
import { requestOnly } from './request-checks.js'
import type { Init } from './wire/codec.js'
import type { RequestOp, TxnRequest } from './wire/generated/rpc.js'
import { KV } from './wire/methods.js'

/** A nested transaction, in the words of etcd's API. */
export interface TxnParts<
  Success extends readonly Op[] = readonly Op[],
  Failure extends readonly Op[] = readonly Op[],
> {
  /** All must hold. */
  readonly compare?: readonly Compare[] | undefined
  /** Done when they do. */
  readonly success?: Success | undefined
  /** Done when they do not. */
  readonly failure?: Failure | undefined
}

/**
 * A transaction under construction; every method adds to it and returns it.
 *
 * Write it as one chain: what its type knows is what the chain says. One that is built
 * in a loop is a plain `Txn`, whose results have to be told apart by their `type`.
 *
 * @example
 * const { succeeded } = await client
 *   .txn()
 *   .if(compare('color').value('=', 'green'))
 *   .then(op.put('color', 'blue'))
 *   .commit()
 *
 * @typeParam Then results of the operations when the conditions hold.
 * @typeParam Else results of the operations when they do not.
 */
export class Txn<
  Then extends readonly OpResult[] = readonly OpResult[],
  Else extends readonly OpResult[] = readonly OpResult[],
> {
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
    addCompares(this.#compares, compares)
    return this
  }

  /** Adds operations for when the conditions hold. */
  // biome-ignore lint/suspicious/noThenProperty: the word of every etcd client; awaiting a Txn by mistake fails at once
  then<Ops extends readonly Op[]>(...ops: Ops): Txn<[...Then, ...ResultsOf<Ops>], Else> {
    if (ops.some((one) => typeof one === 'function'))
      throw invalidArgument('A transaction is not a promise: await its commit().')
    addOps(this.#success, ops)
    return this as unknown as Txn<[...Then, ...ResultsOf<Ops>], Else>
  }

  /** Adds operations for when they do not. */
  else<Ops extends readonly Op[]>(...ops: Ops): Txn<Then, [...Else, ...ResultsOf<Ops>]> {
    addOps(this.#failure, ops)
    return this as unknown as Txn<Then, [...Else, ...ResultsOf<Ops>]>
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
  async commit(options: RequestOptions = {}): Promise<TxnResult<Then, Else>> {
    const request = txnRequest(this.#compares, this.#success, this.#failure)
    const response = await this.#calls.call(
      KV.txn,
      request,
      intentOf(request),
      requestOnly(options),
    )
    // What was asked for is what is answered; the server is not asked twice.
    return txnResult(response) as TxnResult<Then, Else>
  }
}

const PARTS: Known<keyof TxnParts> = { compare: true, success: true, failure: true }

/** Used by `op.txn`: what is sent for a nested transaction. */
export function nestedRequest(nested: TxnParts | Txn): Init<TxnRequest> {
  const parts = nested instanceof Txn ? nested.parts : nested
  if (typeof parts !== 'object' || parts === null || Object.keys(parts).length === 0)
    throw invalidArgument('A nested transaction is a Txn or { compare, success, failure }.')
  refuseUnknownOptions(parts, PARTS, 'op.txn')
  const { compare = [], success = [], failure = [] } = parts
  if (![compare, success, failure].every((part) => Array.isArray(part)))
    throw invalidArgument('compare, success and failure are lists.')
  addCompares([], compare)
  addOps([], success)
  addOps([], failure)
  return txnRequest(compare, success, failure)
}

function addCompares(to: Compare[], compares: readonly Compare[]): void {
  for (const one of compares) {
    if (!(one instanceof Compare))
      throw invalidArgument('A condition is made by compare(), such as compare(key).exists().')
    to.push(one)
  }
}

function addOps(to: Op[], ops: readonly Op[]): void {
  for (const one of ops) {
    if (!(one instanceof Op))
      throw invalidArgument('An operation is made by op, such as op.put(key, value).')
    to.push(one)
  }
}

function txnRequest(
  compares: readonly Compare[],
  success: readonly Op[],
  failure: readonly Op[],
): Init<TxnRequest> {
  return {
    compare: compares.map(wireOf),
    success: success.map(wireOf),
    failure: failure.map(wireOf),
  }
}

function wireOf<T>(one: { readonly wire: T }): T {
  return one.wire
}

/** Does it change anything, in either branch, at any depth? */
function intentOf({ success = [], failure = [] }: Init<TxnRequest>): Intent {
  return success.some(writes) || failure.some(writes) ? 'write' : 'read'
}

function writes(one: Init<RequestOp>): boolean {
  if (one.requestPut !== undefined || one.requestDeleteRange !== undefined) return true
  return one.requestTxn !== undefined && intentOf(one.requestTxn) === 'write'
}

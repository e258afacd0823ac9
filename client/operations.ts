/** What a transaction can do. Plain bytes are one key. */

import type { Bytes } from './bytes.js'
import { Op, type ResultsOf } from './op.js'
import type {
  DeleteOpResult,
  GetOpResult,
  OpResult,
  PutOpResult,
  TxnOpResult,
} from './op-result.js'
import { OP_NAMES } from './option-names.js'
import { type Range, toRange } from './range.js'
import { checkOptions } from './request-checks.js'
import {
  type DeleteOptions,
  deleteRequest,
  type PutOptions,
  putRequest,
  type RangeOptions,
  rangeRequest,
} from './requests.js'
import { nestedRequest, type Txn, type TxnParts } from './txn.js'

/**
 * Makes the operations of a transaction.
 *
 * @throws {ConclaveError} `invalid-argument`, each of them, at once.
 */
export const op = {
  /** Reads a key or a range (plain bytes are one key); sees what earlier operations of the transaction wrote. */
  get(keyOrRange: Bytes | Range, options: RangeOptions = {}): Op<GetOpResult> {
    checkOptions(options, OP_NAMES.get)
    return new Op({ requestRange: rangeRequest(toRange(keyOrRange), options) })
  },
  /** Puts a key. */
  put(key: Bytes, value: Bytes, options: PutOptions = {}): Op<PutOpResult> {
    checkOptions(options, OP_NAMES.put)
    return new Op({ requestPut: putRequest(key, value, options) })
  },
  /** Deletes a key or a range; plain bytes are one key. */
  delete(keyOrRange: Bytes | Range, options: DeleteOptions = {}): Op<DeleteOpResult> {
    checkOptions(options, OP_NAMES.delete)
    return new Op({ requestDeleteRange: deleteRequest(toRange(keyOrRange), options) })
  },
  /** A transaction inside; its compares see the state before the outer one. */
  txn<const Nested extends TxnParts | Txn>(nested: Nested): Op<NestedResult<Nested>> {
    return new Op({ requestTxn: nestedRequest(nested) })
  },
}

/** What a nested transaction brings. */
export type NestedResult<Nested> =
  Nested extends Txn<infer Then, infer Else>
    ? TxnOpResult<Then, Else>
    : TxnOpResult<BranchOf<Nested, 'success'>, BranchOf<Nested, 'failure'>>

/** The results of a branch; none when it was left out. */
type BranchOf<Nested, Name extends 'success' | 'failure'> = Nested extends {
  readonly [N in Name]: infer Ops extends readonly Op[]
}
  ? ResultsOf<Ops> extends infer Results extends readonly OpResult[]
    ? Results
    : never
  : Name extends keyof Nested
    ? readonly OpResult[]
    : []

/** One operation of a transaction, and what the compiler knows of its result. */

import type { OpResult } from './op-result.js'
import type { Init } from './wire/codec.js'
import type { RequestOp } from './wire/generated/rpc.js'

/** Where the compiler keeps the type of the result; nothing is there at run time. */
declare const RESULT: unique symbol

/**
 * One operation of a transaction; made by {@link op}.
 *
 * @example
 * const writes: Op[] = ['a', 'b'].map((key) => op.put(key, 'new'))
 * await client.txn().then(...writes).commit()
 *
 * @typeParam Result what it brings.
 */
export class Op<out Result extends OpResult = OpResult> {
  /** @internal */
  readonly wire: Init<RequestOp>
  declare readonly [RESULT]?: Result

  /** @internal */
  constructor(wire: Init<RequestOp>) {
    this.wire = wire
  }
}

/** The results of a list of operations, one for each, in order. */
export type ResultsOf<Ops extends readonly Op[]> = {
  -readonly [I in keyof Ops]: Ops[I] extends Op<infer Result> ? Result : never
}

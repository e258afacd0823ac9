/** Conditions of a transaction, on a key or on every key of a range. */

import { type Bytes, toBytes, toCount, toLeaseId } from './bytes.js'
import { invalidArgument } from './errors.js'
import { inWords } from './in-words.js'
import type { Lease } from './lease.js'
import { type Range, toRange, type WireRange } from './range.js'
import type { Init } from './wire/codec.js'
import { CompareResult, CompareTarget, type Compare as WireCompare } from './wire/generated/rpc.js'

/** How two values are compared. */
export type Operator = '=' | '!=' | '>' | '<'

const RESULTS: Readonly<Record<Operator, CompareResult>> = {
  '=': CompareResult.EQUAL,
  '!=': CompareResult.NOT_EQUAL,
  '>': CompareResult.GREATER,
  '<': CompareResult.LESS,
}

/**
 * One condition of a transaction; made by {@link compare}.
 *
 * @example
 * const unclaimed: Compare = compare('leader').missing()
 * await client.txn().if(unclaimed).then(op.put('leader', 'me')).commit()
 */
export class Compare {
  /** @internal */
  readonly wire: Init<WireCompare>

  /** @internal */
  constructor(wire: Init<WireCompare>) {
    this.wire = wire
  }
}

/**
 * What can be asked of a key, or of every key of a range.
 *
 * @example
 * const unchanged = compare('config').modRevision('=', 7)
 * const allOld = compare({ prefix: 'jobs/' }).version('<', 3)
 */
export class CompareTargets {
  readonly #range: WireRange

  /** @internal */
  constructor(range: WireRange) {
    this.#range = range
  }

  /** Number of puts since creation; 0 when there is no such key. */
  version(operator: Operator, version: number): Compare {
    const wire = this.#wire(operator, CompareTarget.VERSION)
    wire.version = toCount(version, 'version')
    return new Compare(wire)
  }

  /** Revision of its creation; 0 when there is no such key. */
  createRevision(operator: Operator, revision: number): Compare {
    const wire = this.#wire(operator, CompareTarget.CREATE)
    wire.createRevision = toCount(revision, 'revision')
    return new Compare(wire)
  }

  /** Revision of the last put; 0 when there is no such key. */
  modRevision(operator: Operator, revision: number): Compare {
    const wire = this.#wire(operator, CompareTarget.MOD)
    wire.modRevision = toCount(revision, 'revision')
    return new Compare(wire)
  }

  /** The value; always false when there is no such key, whatever the operator. */
  value(operator: Operator, value: Bytes): Compare {
    const wire = this.#wire(operator, CompareTarget.VALUE)
    wire.value = toBytes(value, 'value')
    return new Compare(wire)
  }

  /** The lease; 0n when it has none or there is no such key. */
  lease(operator: Operator, lease: Lease | bigint): Compare {
    const wire = this.#wire(operator, CompareTarget.LEASE)
    wire.lease = toLeaseId(lease)
    return new Compare(wire)
  }

  /** There is such a key. */
  exists(): Compare {
    return this.createRevision('>', 0)
  }

  /** There is no such key. */
  missing(): Compare {
    return this.createRevision('=', 0)
  }

  /** Without what is compared with. */
  #wire(operator: Operator, target: CompareTarget): Init<WireCompare> {
    if (!Object.hasOwn(RESULTS, operator))
      throw invalidArgument(`An operator is =, !=, > or <, not ${inWords(operator)}.`)
    const { key, rangeEnd } = this.#range
    return { result: RESULTS[operator], target, key, rangeEnd }
  }
}

/**
 * Begins a condition: `compare('a').modRevision('=', 7)`. On a range it must hold for every key;
 * plain bytes are one key.
 *
 * @example
 * await client.txn().if(compare('config').exists()).then(op.delete('config')).commit()
 */
export function compare(keyOrRange: Bytes | Range): CompareTargets {
  return new CompareTargets(toRange(keyOrRange))
}

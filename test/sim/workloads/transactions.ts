/**
 * Calls of every shape on the keys below `t/`: nested transactions, ranges, all compares,
 * wrong requests, leases of others.
 *
 * The calls are those of the model's generator, changed in three ways: nothing reaches
 * beyond `t/`, every value is unique, so that a write of unknown outcome can be told from
 * others, and leases are those that somebody asked for.
 */

import type {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from '../../../client/wire/generated/rpc.js'
import type { Call } from '../../model/call.js'
import { CallGenerator, DEFAULT_KEYS } from '../../model/generate.js'
import type { SeededRandom } from '../../model/random.js'
import { bytesOf } from '../../model/requests.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

const PREFIX = 't/'
/** The first key behind all with the prefix. */
const PREFIX_END = bytesOf('t0')
/** Values that compares draw from. */
const VALUES_MAX = 16
/** A lease that nobody grants. */
const NO_LEASE = 7n

class Transactions implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  readonly #generator: CallGenerator
  /** Values that were put last by this process. */
  readonly #values: Uint8Array[] = []

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
    this.#generator = new CallGenerator(random, {
      weights: { range: 20, put: 15, deleteRange: 5, txn: 60, ...LEFT_OUT },
      keys: DEFAULT_KEYS.map((key) => PREFIX + key),
      depthMax: 3,
      opsMax: 3,
      invalid: 0.003,
    })
  }

  async step(): Promise<void> {
    await this.#worker.perform(this.#adapt(this.#generator.next(this.#worker.known)))
  }

  #adapt(call: Call): Call {
    switch (call.kind) {
      case 'range':
        return { ...call, request: this.#readable(call.request) }
      case 'put':
        return { ...call, request: this.#put(call.request) }
      case 'deleteRange':
        return { ...call, request: confined(call.request) }
      case 'txn':
        return { ...call, request: this.#txn(call.request) }
      default:
        throw new Error(`a ${call.kind} was drawn, whose weight is 0`)
    }
  }

  #txn({ compare, success, failure }: TxnRequest): TxnRequest {
    return {
      compare: compare.map((one) => this.#compare(one)),
      success: success.map((one) => this.#op(one)),
      failure: failure.map((one) => this.#op(one)),
    }
  }

  #op(op: RequestOp): RequestOp {
    const { requestPut, requestRange, requestDeleteRange, requestTxn } = op
    return {
      requestPut: requestPut && this.#put(requestPut),
      requestRange: requestRange && this.#readable(requestRange),
      requestDeleteRange: requestDeleteRange && confined(requestDeleteRange),
      requestTxn: requestTxn && this.#txn(requestTxn),
    }
  }

  #compare(compare: Compare): Compare {
    const value = compare.value && this.#values.length > 0 ? this.#someValue() : compare.value
    const lease = compare.lease && this.#worker.known.someLease(this.#random)
    return confined({ ...compare, value, lease })
  }

  #put(request: PutRequest): PutRequest {
    const { known } = this.#worker
    const lease =
      request.lease && (this.#random.chance(0.9) ? known.someLease(this.#random) : NO_LEASE)
    // Where the value is to be ignored it stays as it was drawn: empty, or wrong on purpose.
    const value = request.ignoreValue ? request.value : bytesOf(this.#worker.value())
    this.#values.push(value)
    if (this.#values.length > VALUES_MAX) this.#values.shift()
    return { ...request, lease, value }
  }

  /** Some reads see the whole store, unsorted: the order of equals is defined for few keys only. */
  #readable(request: RangeRequest): RangeRequest {
    const plain = request.sortOrder === 0 && request.sortTarget === 0
    return plain && this.#random.chance(0.1) ? request : confined(request)
  }

  #someValue(): Uint8Array {
    return this.#random.pick(this.#values)
  }
}

/** Kinds of calls that other workloads make. */
const LEFT_OUT = { compaction: 0, leaseGrant: 0, leaseRevoke: 0 }

/** The same without what lies outside the prefix: an open end, and the first of all keys. */
function confined<T extends RangeRequest | DeleteRangeRequest | Compare>(request: T): T {
  const { key, rangeEnd } = request
  return {
    ...request,
    key: isZero(key) ? bytesOf(PREFIX) : key,
    rangeEnd: isZero(rangeEnd) ? PREFIX_END : rangeEnd,
  }
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.length === 1 && bytes[0] === 0
}

/** See the head of the file. */
export const transactions: WorkloadRow = {
  usualWeight: 20,
  make: (worker, random) => new Transactions(worker, random),
}

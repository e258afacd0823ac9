/**
 * The space quota: what a request may add, and whether there is room for it.
 *
 * Costs as in etcd (behaviour 5.8): a put 256 bytes and its key and value, a lease 64,
 * a transaction the dearer of its branches, nested ones counted; all else is free.
 *
 * Whether there is room is each member's own opinion. It decides what the member
 * answers and whether it asks for an alarm, never what an entry does to the state.
 *
 * The size is that of the data, not of the file: pages that compaction freed are used
 * again before the file grows, so compaction alone makes room (etcd needs a defrag).
 */

import type {
  LeaseGrantRequest,
  PutRequest,
  RequestOp,
  TxnRequest,
} from '../../client/wire/generated/rpc.js'

/** What a key costs besides its bytes. */
const KEY_OVERHEAD_BYTES = 256
/** What a lease costs. */
const LEASE_BYTES = 64

/** The size of the database is asked for again after so many bytes of writes. */
const SAMPLE_BYTES = 1 << 20
/** Or after so many writes. */
const SAMPLE_WRITES = 256

/** The requests that may cost something, named as in a Command. */
export interface CostlyRequest {
  readonly put?: PutRequest | undefined
  readonly txn?: TxnRequest | undefined
  readonly leaseGrant?: LeaseGrantRequest | undefined
}

/** Bytes that a request may add; 0 for what writes nothing new. */
export function cost(request: CostlyRequest): number {
  if (request.put) return putCost(request.put)
  if (request.txn) return txnCost(request.txn)
  return request.leaseGrant ? LEASE_BYTES : 0
}

function putCost(put: PutRequest): number {
  return KEY_OVERHEAD_BYTES + put.key.length + put.value.length
}

function txnCost(txn: TxnRequest): number {
  return Math.max(branchCost(txn.success), branchCost(txn.failure))
}

function branchCost(ops: readonly RequestOp[]): number {
  let sum = 0
  for (const { requestPut, requestTxn } of ops) {
    if (requestPut) sum += putCost(requestPut)
    else if (requestTxn) sum += txnCost(requestTxn)
  }
  return sum
}

/** See the head of the file. */
export class Quota {
  /** The limit in bytes; infinite when the quota is off. */
  readonly bytesMax: number
  readonly #sizeBytes: () => number
  #sampledBytes: number
  /** Cost of what was admitted since the size was last asked for. */
  #addedBytes = 0
  #addedWrites = 0

  /**
   * @param bytesMax 0 takes `bytesDefault`, a negative number turns the quota off.
   * @param sizeBytes the size of the data as of now.
   */
  constructor(bytesMax: number, bytesDefault: number, sizeBytes: () => number) {
    this.bytesMax = bytesMax < 0 ? Number.POSITIVE_INFINITY : bytesMax || bytesDefault
    this.#sizeBytes = sizeBytes
    this.#sampledBytes = sizeBytes()
  }

  /** Whether there is room for the request. Free requests always fit. */
  available(request: CostlyRequest): boolean {
    const bytes = cost(request)
    return bytes === 0 || this.#fits(bytes)
  }

  /** The request was applied. */
  spend(request: CostlyRequest): void {
    this.#addedBytes += cost(request)
    this.#addedWrites++
  }

  /**
   * So many writes of this cost in all were applied.
   *
   * @returns whether the data is within the limit with them.
   */
  spendBatch(bytes: number, writes: number): boolean {
    this.#addedBytes += bytes
    this.#addedWrites += writes
    return bytes === 0 || this.#fits(0)
  }

  /** Whether so many bytes more are within the limit. */
  #fits(bytes: number): boolean {
    if (this.bytesMax === Number.POSITIVE_INFINITY) return true
    if (this.#addedBytes >= SAMPLE_BYTES || this.#addedWrites >= SAMPLE_WRITES) this.#sample()
    if (this.#sampledBytes + this.#addedBytes + bytes < this.bytesMax) return true
    // The estimate only grows; before it refuses anybody it is checked.
    this.#sample()
    return this.#sampledBytes + bytes < this.bytesMax
  }

  #sample(): void {
    this.#sampledBytes = this.#sizeBytes()
    this.#addedBytes = 0
    this.#addedWrites = 0
  }
}

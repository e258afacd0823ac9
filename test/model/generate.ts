/**
 * Random calls of the etcd API from a seed: few keys and leases, so that everything
 * collides; nested transactions; old, compacted and future revisions; now and then
 * a call that must be refused.
 *
 * The generator knows nothing of the store but its two revisions, which the caller
 * passes in: the same generator drives the model, our store, our state machine and
 * a real etcd. It stays out of the places where a real etcd has no defined answer:
 * twelve keys at most, because etcd's sort is unstable beyond; and no transaction
 * that deletes a key and then ignores its value, which makes etcd 3 panic. Where a
 * transaction is wrong in several ways, etcd 3.4 may name another error than 3.7.
 */

import {
  type Compare,
  CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  SortTarget,
  type TxnRequest,
} from '../../client/wire/generated/rpc.js'
import type { Call, CallKind } from './call.js'
import { Model } from './model.js'
import { SeededRandom } from './random.js'

/** How often each kind of call is drawn, relative to the others. */
export type Weights = Readonly<Record<CallKind, number>>

/** A mix that writes more than it reads and compacts now and then. */
export const DEFAULT_WEIGHTS: Weights = {
  range: 25,
  put: 30,
  deleteRange: 10,
  txn: 25,
  compaction: 3,
  leaseGrant: 4,
  leaseRevoke: 3,
}

/** Prefixes of one another, and the bytes at both ends. */
export const DEFAULT_KEYS: readonly string[] = [
  'a',
  'a\0',
  'aa',
  'ab',
  'b',
  'ba',
  'c',
  '\0',
  '\xff',
]

/** What the generator draws from. */
export interface GenerateOptions {
  readonly weights?: Partial<Weights>
  /** latin1 strings; at most twelve. Default {@link DEFAULT_KEYS}. */
  readonly keys?: readonly string[]
  /** Lease ids, granted and used alike; default 1 to 4. */
  readonly leases?: readonly bigint[]
  /** Transactions in transactions; 1 is a plain one. Default 3. */
  readonly depthMax?: number
  /** Operations in a branch; default 4. */
  readonly opsMax?: number
  /** Probability that a field is made wrong on purpose; default 0.02. */
  readonly invalid?: number
  /** Whether sort orders and targets may be unknown ones; etcd 3.4 does not check them. Default true. */
  readonly unknownSorts?: boolean
}

/** What a call may refer to. */
export interface StoreRevisions {
  readonly revision: number
  readonly compactRevision: number
}

/** See the head of the file. */
export class CallGenerator {
  readonly #random: SeededRandom
  readonly #weights: Weights
  readonly #keys: readonly string[]
  readonly #leases: readonly bigint[]
  readonly #depthMax: number
  readonly #opsMax: number
  readonly #invalid: number
  readonly #unknownSorts: boolean

  constructor(random: SeededRandom, options: GenerateOptions = {}) {
    this.#random = random
    this.#weights = { ...DEFAULT_WEIGHTS, ...options.weights }
    this.#keys = options.keys ?? DEFAULT_KEYS
    if (this.#keys.length > 12)
      throw new Error('more than twelve keys: order of equals is undefined')
    this.#leases = options.leases ?? [1n, 2n, 3n, 4n]
    this.#depthMax = options.depthMax ?? 3
    this.#opsMax = options.opsMax ?? 4
    this.#invalid = options.invalid ?? 0.02
    this.#unknownSorts = options.unknownSorts ?? true
  }

  /** The next call, given where the store stands. */
  next(store: StoreRevisions): Call {
    const random = this.#random
    const kind = random.weighted(this.#weights)
    switch (kind) {
      case 'range':
        return { kind, request: this.range(store) }
      case 'put':
        return { kind, request: this.put() }
      case 'deleteRange':
        return { kind, request: this.deleteRange() }
      case 'txn':
        return { kind, request: this.txn(store) }
      case 'compaction':
        return { kind, request: { revision: this.#revision(store, 0.1), physical: false } }
      case 'leaseGrant': {
        const TTL = this.#oops() ? 9_000_000_001 : random.between(3600, 7200)
        return { kind, request: { ID: random.pick(this.#leases), TTL } }
      }
      case 'leaseRevoke':
        return { kind, request: { ID: random.pick(this.#leases) } }
    }
  }

  /** A range request with any mix of options. */
  range(store: StoreRevisions): RangeRequest {
    const random = this.#random
    const filtered = random.chance(0.15)
    const bound = () => (filtered && random.chance(0.4) ? random.between(0, store.revision + 1) : 0)
    return {
      ...RangeRequest.create(this.#keyRange(0.25)),
      limit: random.chance(0.3) ? random.between(-1, 4) : 0,
      revision: random.chance(0.3) ? this.#revision(store, 0.1) : 0,
      sortOrder: this.#sort(2),
      sortTarget: this.#sort(SortTarget.VALUE) as SortTarget,
      serializable: random.chance(0.2),
      keysOnly: random.chance(0.1),
      countOnly: random.chance(0.1),
      minModRevision: bound(),
      maxModRevision: bound(),
      minCreateRevision: bound(),
      maxCreateRevision: bound(),
    }
  }

  /** A put, sometimes with a lease, sometimes keeping the old value or lease. */
  put(): PutRequest {
    const random = this.#random
    const ignoreValue = random.chance(0.05)
    const ignoreLease = random.chance(0.05)
    return PutRequest.create({
      key: this.#key(),
      value: ignoreValue !== this.#oops() ? new Uint8Array() : this.#value(),
      lease: ignoreLease === this.#oops() && random.chance(0.25) ? random.pick(this.#leases) : 0n,
      prevKv: random.chance(0.3),
      ignoreValue,
      ignoreLease,
    })
  }

  /** A deletion of a key or a range. */
  deleteRange(): DeleteRangeRequest {
    const range = this.#keyRange(0.6)
    return DeleteRangeRequest.create({ ...range, prevKv: this.#random.chance(0.3) })
  }

  /** A transaction. What would make a real etcd panic is drawn again. */
  txn(store: StoreRevisions): TxnRequest {
    for (;;) {
      const request = this.#txn(store, 1)
      if (!deletesAndIgnores(request)) return request
    }
  }

  #txn(store: StoreRevisions, depth: number): TxnRequest {
    const branch = () => this.#list(this.#opsMax, () => this.#op(store, depth))
    const compare = this.#list(2, () => this.#compare(store))
    return { compare, success: branch(), failure: branch() }
  }

  #op(store: StoreRevisions, depth: number): RequestOp {
    const op = RequestOp.create()
    if (this.#oops()) return op
    const nested = depth < this.#depthMax ? 20 : 0
    const kind = this.#random.weighted({ put: 45, range: 20, deleteRange: 15, txn: nested })
    if (kind === 'put') op.requestPut = this.put()
    else if (kind === 'range') op.requestRange = this.range(store)
    else if (kind === 'deleteRange') op.requestDeleteRange = this.deleteRange()
    else op.requestTxn = this.#txn(store, depth + 1)
    return op
  }

  /** A compare near the truth, so that both ways come up. */
  #compare(store: StoreRevisions): Compare {
    const random = this.#random
    const target = random.between(0, 4) as CompareTarget
    const revision = random.chance(0.3) ? 0 : random.between(1, store.revision)
    // The operand of another target counts as none; etcd accepts it.
    const operand = this.#oops() ? CompareTarget.VERSION : target
    return {
      ...this.#keyRange(0.7),
      result: random.between(0, 3) as Compare['result'],
      target,
      version: operand === CompareTarget.VERSION ? random.between(0, 3) : undefined,
      createRevision: operand === CompareTarget.CREATE ? revision : undefined,
      modRevision: operand === CompareTarget.MOD ? revision : undefined,
      value: operand === CompareTarget.VALUE ? this.#value() : undefined,
      lease: operand === CompareTarget.LEASE ? random.pick([0n, ...this.#leases]) : undefined,
    }
  }

  /** A single key with this probability, else one of the ways to write a range, inverted ones included. */
  #keyRange(single: number): { key: Uint8Array; rangeEnd: Uint8Array } {
    const random = this.#random
    const key = this.#key()
    if (random.chance(single)) return { key, rangeEnd: new Uint8Array() }
    if (random.chance(0.25)) return { key, rangeEnd: Uint8Array.of(0) }
    if (random.chance(0.2)) return { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) }
    return { key, rangeEnd: bytes(random.pick(this.#keys)) }
  }

  #key(): Uint8Array {
    return this.#oops() ? new Uint8Array() : bytes(this.#random.pick(this.#keys))
  }

  /** Few values, so that compares of values hold at times. */
  #value(): Uint8Array {
    return bytes(this.#random.pick(['', 'x', 'y', 'zz', '\0\xff']))
  }

  /** Mostly readable; beyond either end, or negative, with about this probability. */
  #revision({ revision, compactRevision }: StoreRevisions, outside: number): number {
    const random = this.#random
    if (random.chance(outside)) {
      return random.pick([-2, -1, 0, compactRevision - 1, revision + 1, revision + 2])
    }
    return random.between(Math.max(1, compactRevision), revision)
  }

  /** Mostly the default, 0; else any of the enum, or an unknown one. */
  #sort(max: number): 0 | 1 | 2 {
    if (this.#unknownSorts && this.#oops()) return (max + 1) as 0
    return (this.#random.chance(0.5) ? 0 : this.#random.between(0, max)) as 0 | 1 | 2
  }

  #list<T>(lengthMax: number, make: () => T): T[] {
    return Array.from({ length: this.#random.between(0, lengthMax) }, make)
  }

  #oops(): boolean {
    return this.#random.chance(this.#invalid)
  }
}

/** Whether some path might delete a key and afterwards put it with what it had. */
function deletesAndIgnores(request: TxnRequest): boolean {
  const ops = allOps(request)
  const ignores = ops.some(({ requestPut: put }) => put?.ignoreValue || put?.ignoreLease)
  return ignores && ops.some((op) => op.requestDeleteRange)
}

function allOps(request: TxnRequest): RequestOp[] {
  const ops = [...request.success, ...request.failure]
  return ops.flatMap((op) => (op.requestTxn ? [op, ...allOps(op.requestTxn)] : [op]))
}

function bytes(key: string): Uint8Array {
  return Uint8Array.from(Buffer.from(key, 'latin1'))
}

/** A run of calls that makes sense: a model executes each, so revisions hit what is there. */
export function generateCalls(seed: number, count: number, options: GenerateOptions = {}): Call[] {
  const generator = new CallGenerator(new SeededRandom(seed), options)
  const model = new Model()
  return Array.from({ length: count }, () => {
    const call = generator.next(model)
    model.execute(call)
    return call
  })
}

/**
 * The sequential model of an etcd store: one call after the other, and plain.
 *
 * It keeps every change for ever and forgets nothing that is compacted. Calls are
 * wire requests, outcomes are wire responses with only `header.revision` set, or the
 * name of an etcd error. Time does not exist here: leases end by revocation only, and
 * the caller chooses their ids.
 */

import type { Event as WireEvent } from '../../client/wire/generated/kv.js'
import {
  type CompactionRequest,
  CompactionResponse,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type LeaseGrantRequest,
  LeaseGrantResponse,
  type LeaseRevokeRequest,
  LeaseRevokeResponse,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  type TxnRequest,
  type TxnResponse,
} from '../../client/wire/generated/rpc.js'
import { type Call, type Outcome, Refusal } from './call.js'
import { Draft } from './draft.js'
import { type Change, covers, wireKv } from './history.js'
import { runDeleteRange, runPut, runRange, runTxn } from './run.js'
import { allOf, LiveState, type State, Versions } from './state.js'

/** Bounds of the modelled server; the defaults are etcd's. */
export interface ModelOptions {
  /** Operations in one level of a transaction; default 128. */
  readonly txnOpsMax?: number
  /** Leases shorter than this are made this long; default 2. */
  readonly leaseTtlSecondsMin?: number
}

/** The longest lease etcd grants, in seconds. */
const LEASE_TTL_SECONDS_MAX = 9_000_000_000

/** A change as a watcher may see it. */
export interface ModelEvent extends Change {
  readonly revision: number
}

/** See the head of the file. */
export class Model {
  /** Every change there ever was, in order; compaction does not shorten it. */
  readonly history: Change[] = []
  /** TTL in seconds of each living lease. */
  readonly leases = new Map<bigint, number>()
  revision = 1
  /** Revisions below this one cannot be read any more; -1 before the first compaction. */
  compactRevision = -1
  readonly #state = new LiveState()
  readonly #versions = new Versions(this.history)
  readonly #txnOpsMax: number
  readonly #leaseTtlSecondsMin: number

  constructor(options: ModelOptions = {}) {
    this.#txnOpsMax = options.txnOpsMax ?? 128
    this.#leaseTtlSecondsMin = options.leaseTtlSecondsMin ?? 2
  }

  /** The living keys. */
  get state(): State {
    return this.#state
  }

  /** A model of its own in the same state. */
  fork(): Model {
    const fork = new Model({
      txnOpsMax: this.#txnOpsMax,
      leaseTtlSecondsMin: this.#leaseTtlSecondsMin,
    })
    for (const change of this.history) {
      fork.history.push(change)
      fork.#state.apply(change)
    }
    for (const [id, ttl] of this.leases) fork.leases.set(id, ttl)
    fork.revision = this.revision
    fork.compactRevision = this.compactRevision
    return fork
  }

  /** Runs one call of any kind. */
  execute(call: Call): Outcome {
    switch (call.kind) {
      case 'range':
        return this.range(call.request)
      case 'put':
        return this.put(call.request)
      case 'deleteRange':
        return this.deleteRange(call.request)
      case 'txn':
        return this.txn(call.request)
      case 'compaction':
        return this.compact(call.request)
      case 'leaseGrant':
        return this.grant(call.request)
      case 'leaseRevoke':
        return this.revoke(call.request)
    }
  }

  range(request: RangeRequest): Outcome<RangeResponse> {
    return this.#attempt((draft) => runRange(draft, request))
  }

  put(request: PutRequest): Outcome<PutResponse> {
    return this.#attempt((draft) => runPut(draft, request, this.leases))
  }

  deleteRange(request: DeleteRangeRequest): Outcome<DeleteRangeResponse> {
    return this.#attempt((draft) => runDeleteRange(draft, request))
  }

  txn(request: TxnRequest): Outcome<TxnResponse> {
    return this.#attempt((draft) => runTxn(draft, request, this.leases, this.#txnOpsMax))
  }

  compact({ revision }: CompactionRequest): Outcome<CompactionResponse> {
    return this.#attempt(() => {
      if (revision <= this.compactRevision) throw new Refusal('compacted')
      if (revision > this.revision) throw new Refusal('futureRev')
      this.compactRevision = revision
      return CompactionResponse.create({ header: { revision: this.revision } })
    })
  }

  /** Grants a lease. The id must be chosen already. */
  grant({ ID, TTL }: LeaseGrantRequest): Outcome<LeaseGrantResponse> {
    if (ID === 0n) throw new Error('the model does not invent lease ids')
    return this.#attempt(() => {
      if (TTL > LEASE_TTL_SECONDS_MAX) throw new Refusal('leaseTTLTooLarge')
      if (this.leases.has(ID)) throw new Refusal('leaseExist')
      const ttl = Math.max(TTL, this.#leaseTtlSecondsMin)
      this.leases.set(ID, ttl)
      return LeaseGrantResponse.create({ header: { revision: this.revision }, ID, TTL: ttl })
    })
  }

  /** Ends a lease and deletes its keys, in key order and one revision. */
  revoke({ ID }: LeaseRevokeRequest): Outcome<LeaseRevokeResponse> {
    return this.#attempt((draft) => {
      if (!this.leases.delete(ID)) throw new Refusal('leaseNotFound')
      for (const key of this.leaseKeys(ID)) draft.delete(key)
      return LeaseRevokeResponse.create({ header: { revision: draft.revision } })
    })
  }

  /** The keys attached to a lease, in order. */
  leaseKeys(id: bigint): string[] {
    const attached = allOf(this.#state).filter((kv) => kv.lease === id)
    return attached.map((kv) => kv.key)
  }

  /** The state at a revision, however old: the model forgets nothing. */
  stateAt(revision: number): State {
    return this.#versions.at(revision)
  }

  /** What happened to `[key, rangeEnd)` at revisions `from` to `to`, both included, in order. */
  events(from: number, to: number, key: string, rangeEnd: string): ModelEvent[] {
    const inRange = this.history.filter(({ kv }) => {
      return kv.modRevision >= from && kv.modRevision <= to && covers(key, rangeEnd, kv.key)
    })
    return inRange.map((change) => ({ revision: change.kv.modRevision, ...change }))
  }

  /** Runs a call on a draft and keeps the draft if it was not refused. */
  #attempt<Response>(run: (draft: Draft) => Response): Outcome<Response> {
    const draft = new Draft({
      state: this.#state,
      revision: this.revision,
      compactRevision: this.compactRevision,
      past: (revision) => this.stateAt(revision),
    })
    try {
      const response = run(draft)
      this.history.push(...draft.changes)
      this.revision = draft.revision
      return { ok: true, response }
    } catch (error) {
      draft.undo()
      if (error instanceof Refusal) return { ok: false, error: error.error }
      throw error
    }
  }
}

/** An event as the wire has it. */
export function wireEvent(event: ModelEvent, prevKv: boolean): WireEvent {
  return {
    type: event.type,
    kv: wireKv(event.kv),
    prevKv: prevKv && event.prev ? wireKv(event.prev) : undefined,
  }
}

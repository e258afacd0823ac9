/**
 * What a request reads and writes: the one place from which permissions follow.
 *
 * `effects` walks the whole tree of a request, nested transactions included, and says
 * what carrying it out may reveal or change. Permissions are checked against effects
 * and never against kinds of requests, so a new field or a deeper nesting cannot slip
 * past (etcd CVE-2026-33343, CVE-2026-44283). Intervals are in the one form that is
 * executed too (GHSA-xg4h).
 *
 * A write of a key covers looking at that key on the way: a put that keeps its value
 * reads it, and shows it to nobody. What comes back to the caller is a read.
 */

import type { Command } from '../../client/wire/generated/command.js'
import {
  AlarmAction,
  type LeaseKeepAliveRequest,
  type LeaseTimeToLiveRequest,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  type TxnRequest,
  type WatchCreateRequest,
} from '../../client/wire/generated/rpc.js'
import { type Interval, intervalOf, keyOf, point } from '../mvcc/interval.js'

/** One thing that a request does. */
export type Effect =
  | { readonly access: 'read' | 'write'; readonly interval: Interval }
  /** On every key that is attached to this lease at the time. */
  | { readonly access: 'read' | 'write'; readonly lease: bigint }
  /** Something about the cluster as a whole. */
  | { readonly access: 'admin' }

/** A request of any kind, one field set. A Command of the log is one. */
export type GuardedRequest = Partial<
  Omit<Command, 'requestId' | 'username' | 'authRevision' | 'proposer'>
> & {
  readonly range?: RangeRequest
  readonly watch?: WatchCreateRequest
  readonly leaseKeepAlive?: LeaseKeepAliveRequest
  readonly leaseTimeToLive?: LeaseTimeToLiveRequest
}

const ADMIN: readonly Effect[] = [{ access: 'admin' }]

/**
 * Everything that the request may read or write. Empty: nothing that a permission
 * protects, such as granting a lease.
 *
 * @throws Error no field is set that this version knows: deny.
 */
export function effects(request: GuardedRequest): readonly Effect[] {
  if (request.range) return [rangeEffect(request.range)]
  if (request.put) return putEffects(request.put)
  if (request.deleteRange) return deleteEffects(request.deleteRange)
  if (request.txn) return [...txnEffects(request.txn)]
  if (request.watch) return [{ access: 'read', interval: watchedInterval(request.watch) }]
  if (request.leaseGrant) return []
  if (request.leaseRevoke) return [{ access: 'write', lease: request.leaseRevoke.ID }]
  if (request.leaseKeepAlive) return [{ access: 'write', lease: request.leaseKeepAlive.ID }]
  if (request.leaseTimeToLive) return [{ access: 'read', lease: request.leaseTimeToLive.ID }]
  if (request.alarm) return request.alarm.action === AlarmAction.GET ? [] : ADMIN
  if (request.compaction || request.leaseCheckpoint) return ADMIN
  if (request.memberAttributes || request.clusterVersion) return ADMIN
  throw new Error('A request without a known kind has no effects to check')
}

function rangeEffect({ key, rangeEnd }: RangeRequest): Effect {
  return { access: 'read', interval: intervalOf(key, rangeEnd) }
}

/** Attaching to a lease decides over the keys that hang on it already. */
function putEffects({ key, lease, prevKv }: PutRequest): Effect[] {
  const interval = point(keyOf(key))
  const list: Effect[] = [{ access: 'write', interval }]
  if (prevKv) list.push({ access: 'read', interval })
  if (lease !== 0n) list.push({ access: 'write', lease })
  return list
}

function deleteEffects(request: NonNullable<Command['deleteRange']>): Effect[] {
  const interval = intervalOf(request.key, request.rangeEnd)
  const list: Effect[] = [{ access: 'write', interval }]
  if (request.prevKv) list.push({ access: 'read', interval })
  return list
}

/** Both branches: which one runs is known too late. */
function* txnEffects({ compare, success, failure }: TxnRequest): Iterable<Effect> {
  for (const { key, rangeEnd } of compare)
    yield { access: 'read', interval: intervalOf(key, rangeEnd) }
  for (const op of success) yield* opEffects(op)
  for (const op of failure) yield* opEffects(op)
}

function* opEffects(op: RequestOp): Iterable<Effect> {
  if (op.requestRange) yield rangeEffect(op.requestRange)
  else if (op.requestPut) yield* putEffects(op.requestPut)
  else if (op.requestDeleteRange) yield* deleteEffects(op.requestDeleteRange)
  else if (op.requestTxn) yield* txnEffects(op.requestTxn)
}

const FIRST_KEY = Uint8Array.of(0)

/** A watch without a key watches from the first one on, as in etcd (behaviour 5.5). */
function watchedInterval({ key, rangeEnd }: WatchCreateRequest): Interval {
  return intervalOf(key.length === 0 ? FIRST_KEY : key, rangeEnd)
}

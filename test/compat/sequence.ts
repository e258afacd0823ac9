/**
 * One random sequence for the differential test: calls of the key-value and lease
 * services, mixed with watches, keep-alives and looks at leases, all from a seed.
 *
 * Revisions in a sequence are relative: 1 is the store as the sequence found it, empty.
 * The runner shifts them. One sequence in a hundred is `fresh`: it gets servers that
 * have never been used, with no compaction behind them.
 */

import {
  type LeaseTimeToLiveRequest,
  type TxnRequest,
  WatchCreateRequest,
} from '../../client/wire/generated/rpc.js'
import type { Call } from '../model/call.js'
import { CallGenerator, DEFAULT_KEYS } from '../model/generate.js'
import { Model } from '../model/model.js'
import { SeededRandom } from '../model/random.js'
import { bytesOf, compare, op, put, txn } from '../model/requests.js'

/** One thing that a client does. */
export type Step =
  | Call
  | { readonly kind: 'leaseTimeToLive'; readonly request: LeaseTimeToLiveRequest }
  | { readonly kind: 'leaseLeases' }
  | { readonly kind: 'leaseKeepAlive'; readonly ID: bigint }
  | { readonly kind: 'watchCreate'; readonly request: WatchCreateRequest }
  | { readonly kind: 'watchCancel'; readonly watchId: number }
  | { readonly kind: 'watchProgress' }

/** What kinds of steps there are. */
export type StepKind = Step['kind']

/** A seed made into steps. */
export interface Sequence {
  readonly seed: number
  readonly fresh: boolean
  readonly steps: readonly Step[]
}

/** Sequences that share a pair of servers; the first of them is the fresh one. */
export const BATCH = 100

/** The key of {@link MARK}. */
export const MARK_KEY = 'mark'
/**
 * A write after which the runner makes sure that every watcher has caught up: before a
 * compaction, which would cancel those that have not, and at the end.
 */
export const MARK: Step = { kind: 'put', request: put(MARK_KEY, '') }

/** Few, so that they collide; one negative, as ids may be. */
const LEASES: readonly bigint[] = [1n, 2n, 3n, -4n]
/** How many operations etcd takes in a transaction. */
const TXN_OPS_MAX = 128

const WEIGHTS = {
  call: 74,
  watchCreate: 9,
  watchCancel: 3,
  watchProgress: 2,
  leaseKeepAlive: 4,
  leaseTimeToLive: 5,
  leaseLeases: 3,
}

/** The store as a sequence finds it: empty at revision 1, which is compacted unless all is fresh. */
export function startingModel(fresh: boolean): Model {
  const model = new Model()
  if (!fresh) model.compactRevision = 1
  return model
}

/** Makes the sequence of a seed. */
export function generateSequence(seed: number): Sequence {
  const fresh = seed % BATCH === 0
  const random = new SeededRandom(seed)
  const model = startingModel(fresh)
  const weights = { compaction: 5, leaseGrant: 8, leaseRevoke: 3 }
  const options = { weights, leases: LEASES, unknownSorts: false, invalid: 0.012 }
  const calls = new CallGenerator(random, options)
  const steps: Step[] = []
  const add = (step: Step) => {
    if (isCall(step)) model.execute(step)
    steps.push(step)
  }
  for (const ID of LEASES) if (random.chance(0.5)) add(leaseGrant(random, ID))
  let catchingUp = false
  for (let count = random.between(15, 45); count > 0; count--) {
    const step = nextStep(random, calls, model)
    if (step.kind === 'watchCreate' && step.request.startRevision > 0) catchingUp = true
    if (step.kind === 'compaction' && catchingUp) {
      add(MARK)
      catchingUp = false
    }
    add(step)
  }
  add(MARK)
  return { seed, fresh, steps }
}

/** Whether the model has an answer to this step. */
export function isCall(step: Step): step is Call {
  return !step.kind.startsWith('watch') && !NO_CALLS.has(step.kind)
}

const NO_CALLS: ReadonlySet<string> = new Set(['leaseTimeToLive', 'leaseLeases', 'leaseKeepAlive'])

function nextStep(random: SeededRandom, calls: CallGenerator, model: Model): Step {
  const kind = random.weighted(WEIGHTS)
  switch (kind) {
    case 'call':
      return spiced(random, calls.next(model), model)
    case 'leaseTimeToLive': {
      const ID = random.pick([...LEASES, 99n, 0n])
      return { kind, request: { ID, keys: random.chance(0.8) } }
    }
    case 'leaseKeepAlive':
      return { kind, ID: random.pick([...LEASES, 99n]) }
    case 'watchCreate':
      return { kind, request: watchCreate(random, model) }
    case 'watchCancel':
      return { kind, watchId: random.pick([0, 0, 1, 1, 2, 3, 7, 99, -1]) }
    default:
      return { kind }
  }
}

/** What the generator of calls does not make by itself. */
function spiced(random: SeededRandom, call: Call, model: Model): Call {
  const { revision, compactRevision } = model
  if (call.kind === 'compaction') {
    const at = random.chance(0.3) ? revision : call.request.revision
    return { kind: 'compaction', request: { revision: at, physical: random.chance(0.5) } }
  }
  if (call.kind === 'leaseGrant')
    return call.request.TTL > 9e9 ? call : leaseGrant(random, call.request.ID)
  if (call.kind === 'put' && random.chance(0.015)) {
    const both = { value: bytesOf('x'), lease: random.pick([0n, 1n]) }
    const ignored = random.chance(0.5) ? { ignoreValue: true } : { ignoreLease: true }
    return { kind: 'put', request: { ...call.request, ...both, ...ignored } }
  }
  if (call.kind === 'put' && model.leases.size > 0 && random.chance(0.3)) {
    const lease = call.request.ignoreLease ? 0n : random.pick([...model.leases.keys()])
    return { kind: 'put', request: { ...call.request, lease } }
  }
  if (call.kind === 'txn' && random.chance(0.02)) return { kind: 'txn', request: crowded(random) }
  if (call.kind === 'txn') return { kind: 'txn', request: withUnknowns(random, call.request) }
  if (call.kind === 'range' && random.chance(0.02)) {
    const most = Number.MAX_SAFE_INTEGER
    const request = { ...call.request, [random.pick(['limit', 'revision'])]: most }
    return { kind: 'range', request }
  }
  if (call.kind === 'range' && compactRevision > 1 && random.chance(0.05)) {
    const request = { ...call.request, revision: compactRevision - random.between(0, 1) }
    return { kind: 'range', request }
  }
  return call
}

/** TTLs far enough apart that the order of expiry does not hang on who was slow. */
function leaseGrant(random: SeededRandom, ID: bigint): Call {
  return { kind: 'leaseGrant', request: { ID, TTL: 3600 + 100 * random.between(0, 36) } }
}

/** Compares with a result or target that no etcd knows. */
function withUnknowns(random: SeededRandom, request: TxnRequest): TxnRequest {
  const compare = request.compare.map((each) => {
    if (!random.chance(0.04)) return each
    return random.chance(0.5) ? { ...each, result: 9 as 0 } : { ...each, target: 9 as 0 }
  })
  return { ...request, compare }
}

/** As many operations as are allowed, or one more, on this level or the next. No new keys: more than twelve have no stable order. */
function crowded(random: SeededRandom): TxnRequest {
  const shape = random.pick(['ops', 'compares', 'nested', 'same'] as const)
  const count = (shape === 'nested' ? TXN_OPS_MAX - 1 : TXN_OPS_MAX) + random.between(0, 1)
  const many = <T>(make: () => T): T[] => Array.from({ length: count }, make)
  const key = random.pick(DEFAULT_KEYS)
  const anOp = () => (random.chance(0.5) ? op.range(key) : op.del(key))
  if (shape === 'ops') return txn([], many(anOp))
  if (shape === 'compares')
    return txn(
      many(() => compare(key, { version: 0 })),
      [],
    )
  if (shape === 'same')
    return txn(
      [],
      [],
      many(() => op.put(key, 'again')),
    )
  return txn([], [op.txn([], many(anOp))])
}

function watchCreate(random: SeededRandom, model: Model): WatchCreateRequest {
  const key = () => random.pick([...DEFAULT_KEYS, ...(random.chance(0.1) ? [''] : [])])
  const rangeEnd = random.weighted({ point: 30, all: 40, range: 30 })
  return WatchCreateRequest.create({
    key: bytesOf(rangeEnd === 'all' && random.chance(0.6) ? '\0' : key()),
    rangeEnd: bytesOf({ point: '', all: '\0', range: random.pick(DEFAULT_KEYS) }[rangeEnd]),
    startRevision: startRevision(random, model),
    filters: random.pick([[], [], [], [0], [1], [0, 1], [1, 1], [7 as 0]]),
    prevKv: random.chance(0.5),
    watchId: random.chance(0.75) ? 0 : random.pick([1, 2, 3, 7]),
    fragment: random.chance(0.2),
    progressNotify: random.chance(0.2),
  })
}

/**
 * From now on, from the past, compacted or not, or from the future. Negative ones are
 * in edges.test.ts, because etcd 3.4 gives them ids. So is revision 1 of a used server:
 * it holds the last deletion of the sequence before.
 */
function startRevision(random: SeededRandom, { revision, compactRevision }: Model): number {
  const when = random.weighted({ now: 35, past: 35, compacted: 8, future: 15 })
  const first = compactRevision === 1 ? 2 : Math.max(1, compactRevision)
  if (when === 'past' && first <= revision)
    return random.chance(0.25) ? first : random.between(first, revision)
  if (when === 'compacted' && compactRevision > 1) return random.between(1, compactRevision)
  return when === 'future' ? revision + random.between(1, 4) : 0
}

/**
 * Who holds permits: the oldest keys whose permits, summed up in the order of their
 * creation, stay within the limit.
 *
 * So whoever comes first is served first, and a claim of many permits at the front keeps
 * those of few behind it out, even if there is room for them: it would starve otherwise.
 *
 * What does one watch who waits? If every waiter watched all holders, each release would
 * wake them all. Two kinds of waiters are told apart instead:
 *
 * - *In front* is the one whose predecessor holds. It alone watches for the deletion of an
 *   older key, and for another limit.
 * - All others watch their predecessor alone: it goes away, or says that it holds now, by
 *   putting its key a second time. It says so only if it had to wait and somebody is behind
 *   it.
 *
 * Who holds cannot be told from the keys alone when the limit was lowered: a holder may stand
 * beyond the new one, and says nothing any more. Those behind a key that is older than the
 * last change of the limit count as being in front, which costs events, but loses none.
 *
 * Only as many keys as the limit allows are ever read: each has at least one permit.
 */

import {
  type Compare,
  compare,
  type KeyValue,
  type Op,
  type OpResult,
  op,
  type WatchEvent,
} from '../client/index.js'
import { LimitError } from './errors.js'
import { newest } from './key-queue.js'
import type { Ahead, Line } from './line.js'
import type { PermitKeys } from './semaphore-keys.js'
import { decodeClaim, decodeLimit, sumOf } from './semaphore-value.js'

/** How many holders are read before the limit is known. */
const LIMIT_USUAL = 100

/** See the head of the file; for one claim. */
export class PermitLine implements Line {
  readonly #keys: PermitKeys
  /** How many are claimed. */
  readonly permits: number
  /** What the limit has to be when we join; undefined: whatever it is. */
  readonly #expected: number | undefined
  readonly #once: boolean
  /** The limit as far as we know it. */
  #limit: number
  #follower = false

  /** @param once a join whose conditions do not hold is not repeated. */
  constructor(keys: PermitKeys, permits: number, expected: number | undefined, once = false) {
    this.#keys = keys
    this.permits = permits
    this.#expected = expected
    this.#limit = expected ?? LIMIT_USUAL
    this.#once = once
  }

  /** Whether somebody stood behind us when it was decided that we hold. */
  get follower(): boolean {
    return this.#follower
  }

  conditions(): Compare[] {
    if (this.#expected === undefined) return []
    return [compare(this.#keys.limit).value('=', String(this.#expected))]
  }

  /** Stores the limit, if there is none. @throws {LimitError} there is another. */
  async refused(signal: AbortSignal): Promise<boolean> {
    await this.#keys.storeLimit(this.#expected!, signal)
    return !this.#once
  }

  reads(token: number | undefined): Op[] {
    // One more than can hold, and our own.
    const count = this.#limit + 2
    const own = token === undefined ? 2 : 1
    return [
      op.get(this.#keys.limit),
      this.#keys.oldest(count, token),
      newest(this.#keys.range, own, token, false),
    ]
  }

  ahead(results: readonly OpResult[], token: number): Ahead | undefined {
    const [limits, oldest, last] = results.map((result) => (result.type === 'get' ? result : null))
    const limitKv = limits?.kvs[0]
    const limit = decodeLimit(limitKv)
    if (limit === undefined || this.permits > limit)
      throw new LimitError(this.#keys.name, { permits: this.permits }, limit)
    const complete = oldest!.kvs.length < this.#limit + 2
    const tooFew = !complete && limit > this.#limit
    this.#limit = limit
    if (tooFew) return { watched: [] }
    const older = oldest!.kvs.filter(({ createRevision }) => createRevision < token)
    const taken = complete ? sumOf(older) : Number.POSITIVE_INFINITY
    if (taken + this.permits <= limit) {
      this.#follower = oldest!.count > older.length + 1
      return undefined
    }
    const before = last!.kvs.find(({ createRevision }) => createRevision < token)!
    const holds = taken <= limit || decodeClaim(before).granted === true
    if (!holds && before.createRevision > limitKv!.modRevision)
      return { watched: [{ keyOrRange: before.key, filters: [] }] }
    return this.#inFront(complete ? older : undefined)
  }

  /** @param older all older keys, if they are known. */
  #inFront(older: readonly KeyValue[] | undefined): Ahead {
    const keys = older && new Set(older.map(({ keyString }) => keyString))
    const matters = keys && (({ kv }: WatchEvent) => keys.has(kv.keyString))
    return {
      watched: [
        { keyOrRange: this.#keys.range, filters: ['noPut'], matters },
        { keyOrRange: this.#keys.limit, filters: [] },
      ],
    }
  }
}

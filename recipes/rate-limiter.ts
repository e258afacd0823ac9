/**
 * A rate limiter that all processes of a cluster share: one token bucket.
 *
 * Promise: **in any stretch of time, all processes together grant at most `burst` permits and
 * `limit` more per `intervalMs`, beyond which only differences between clocks and what
 * processes keep go, both bounded as below.**
 *
 * One key, `<name>/bucket`, has the tokens that were left at a time, and that time. Whoever
 * takes some adds what has come in since, up to `burst`, takes its own, and puts the rest back,
 * on the condition that the bucket is as it was seen (cell.ts). All that wait in one handle are
 * served by one such change, in order. Tokens are never negative: what is not there is waited
 * for. An answer that is lost has perhaps taken tokens that nobody got; more are never granted.
 *
 * Whose clock? How much came in is the greater of two times. The one is by the wall clock of
 * whoever looks, since the time in the bucket; it never goes back there. The other is by its
 * monotonic clock, since it first heard of the bucket as it is: no more than the truth.
 * So a clock that is slow, or is set back, only makes its process go by the other time. One
 * that is ahead by `j` milliseconds fills the bucket early, once: `j * limit / intervalMs`
 * permits more, and never more than `burst`. It grants no faster after that, and nobody is
 * locked out until the others have caught up.
 *
 * A process keeps what it took and did not grant: less than `blockSize`, or than the permits
 * that one call asks for. It forgets them after `intervalMs` of rest. So the bound is passed by
 * that much for each process.
 *
 * | | round trips |
 * | --- | --- |
 * | `acquire`, `tryAcquire`, tokens are there | 1; 0 from a block; the first of a handle 2 |
 * | somebody came before us | 1 more for each time |
 * | waiting | 1 when tokens should be there, at least each second |
 */

import { ConclaveError, type Keyspace, type RequestOptions } from '../client/index.js'
import { Cell, type CellState } from './cell.js'
import { invalidArgument } from './errors.js'
import { Inbox } from './inbox.js'
import { insist } from './insist.js'
import { checkName } from './names.js'
import { checkWhole } from './numbers.js'
import { pause } from './pause.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** How much a {@link RateLimiter} grants. All processes that use a name must agree on the first three. */
export interface RateLimiterOptions {
  /** Permits that come in during `intervalMs`: a positive number. */
  readonly limit: number
  /** In milliseconds, positive. */
  readonly intervalMs: number
  /** Permits that are kept for later at most, from 1 on. Default `limit`, or 1 if that is less. */
  readonly burst?: number
  /** Tokens that a process takes at once, to grant them without a round trip; at most `burst`. Default 1. */
  readonly blockSize?: number
  /** Calls of `acquire` that may wait in this handle. Default 10000. */
  readonly waitersMax?: number
}

/** How much to acquire, and how long to wait for it. */
export interface AcquireOptions extends WaitOptions {
  /** A whole number from 1 to `burst`. Default 1. */
  readonly permits?: number
}

/** The value of the key. */
interface Bucket {
  readonly tokens: number
  /** Wall clock of whoever was ahead. Invariant: never decreases. */
  readonly atMs: number
  readonly limit: number
  readonly intervalMs: number
  readonly burst: number
}

const WAITERS_MAX = 10_000
/** Time between two looks at a bucket that has too little, in milliseconds. */
const LOOK_MS_MIN = 5
const LOOK_MS_MAX = 1_000

/**
 * A rate limiter by name; see the head of the file. Making one costs nothing.
 *
 * @example
 * const mails = new RateLimiter(client, 'mails', { limit: 100, intervalMs: 60_000 })
 * await mails.acquire({ timeoutMs: 5_000 })
 */
export class RateLimiter {
  readonly client: Keyspace
  readonly name: string
  readonly limit: number
  readonly intervalMs: number
  readonly burst: number
  readonly #what: string
  readonly #cell: Cell
  readonly #blockSize: number
  readonly #wishes: Inbox<number, void>
  /** Tokens that were taken and not granted. Invariant: not negative. */
  #kept = 0
  /** When tokens were last taken or granted, on the monotonic clock. */
  #usedAtMs = Number.NEGATIVE_INFINITY
  #isServing = false

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the limiter's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, name: string, options: RateLimiterOptions) {
    checkName(name)
    const { limit, intervalMs, waitersMax = WAITERS_MAX } = options
    const { burst = Math.max(1, Math.floor(limit)), blockSize = 1 } = options
    checkRate(limit, 'limit')
    checkRate(intervalMs, 'intervalMs')
    checkWhole(burst, 'burst', 1)
    checkWhole(blockSize, 'blockSize', 1, burst)
    checkWhole(waitersMax, 'waitersMax', 1)
    this.client = client
    this.name = name
    this.limit = limit
    this.intervalMs = intervalMs
    this.burst = burst
    this.#what = `The rate limiter '${name}'`
    this.#cell = new Cell(client, `${name}/bucket`, this.#what)
    this.#blockSize = blockSize
    this.#wishes = new Inbox(client, this.#what, waitersMax)
  }

  /**
   * Waits until the permits are granted, behind all that wait in this handle. Asks until the
   * cluster answers, or the wait is over.
   *
   * @throws {ConclaveError} `too-many-requests`: too many wait already; `failed-precondition`:
   *   others use this name with another limit; `cancelled`, `deadline-exceeded`, ….
   */
  async acquire({ permits = 1, ...options }: AcquireOptions = {}): Promise<void> {
    checkWhole(permits, 'permits', 1, this.burst)
    const granted = this.#wishes.put(permits, options)
    if (!this.#isServing) void this.#serve()
    return granted
  }

  /**
   * Grants the permits if they are there now; false otherwise, also while others wait in this handle.
   *
   * @throws {ConclaveError} as {@link acquire}; `outcome-unknown`: tokens may be lost.
   */
  async tryAcquire({ permits = 1, ...options }: AcquireOptions = {}): Promise<boolean> {
    checkWhole(permits, 'permits', 1, this.burst)
    if (this.#wishes.size > 0) return false
    this.#forget()
    const waiting = new Waiting(this.client, options, this.#what)
    try {
      waiting.check()
      if (this.#kept < permits)
        await this.#take(permits, Math.max(permits, this.#blockSize), waiting)
      if (this.#kept < permits) return false
      this.#spend(permits)
      return true
    } finally {
      waiting.close()
    }
  }

  /** Permits that are in the bucket now, rounded down. */
  async available(options: RequestOptions = {}): Promise<number> {
    return Math.floor(this.#filled(await this.#cell.read(options)).tokens)
  }

  /** Forgets the bucket: the next one is full, and may have another limit. */
  async reset(options: RequestOptions = {}): Promise<void> {
    await this.client.kv.delete(this.#cell.key, options)
  }

  async #serve(): Promise<void> {
    this.#isServing = true
    this.#forget()
    const waiting = new Waiting(this.client, {}, this.#what)
    try {
      for (let letter = this.#wishes.first; letter !== undefined; letter = this.#wishes.first) {
        if (this.#kept < letter.wish) await this.#gather(letter.wish, waiting)
        else {
          this.#spend(letter.wish)
          letter.grant()
        }
      }
    } catch (error) {
      this.#wishes.refuseAll(error)
    } finally {
      waiting.close()
      this.#isServing = false
    }
  }

  /** Takes what there is for those who wait, and sleeps if the first still lacks something. */
  async #gather(first: number, waiting: Waiting): Promise<void> {
    const isOver = () => this.#wishes.size === 0
    const waitMs = await insist(this.client, isOver, () => {
      const wished = this.#wishes.letters().reduce((sum, { wish }) => sum + wish, 0)
      const wanted = Math.min(this.burst, Math.max(wished, this.#blockSize)) - this.#kept
      return this.#take(1, Math.max(wanted, first - this.#kept), waiting)
    })
    if (waitMs === undefined || this.#kept >= first) return
    const jitter = 1 + this.client.random.next() / 10
    const lookMs = (waitMs + (first - this.#kept - 1) * this.#msPerToken) * jitter
    await pause(this.client, Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, lookMs)))
  }

  /**
   * Takes between `least` and `most` tokens; none if there are too few.
   *
   * @returns how long it is until there is one more, in milliseconds.
   */
  async #take(least: number, most: number, waiting: Waiting): Promise<number> {
    let taken = 0
    let left = 0
    await this.#cell.change((state) => {
      const bucket = this.#filled(state)
      taken = Math.min(Math.floor(bucket.tokens), most)
      left = bucket.tokens - taken
      if (taken >= least) return JSON.stringify({ ...bucket, tokens: left })
      taken = 0
      return undefined
    }, waiting)
    this.#kept += taken
    if (taken > 0) this.#usedAtMs = this.client.clock.now()
    return (1 - (left % 1)) * this.#msPerToken
  }

  /** The bucket with what has come in since. */
  #filled(state: CellState): Bucket {
    const { limit, intervalMs, burst } = this
    const { clock } = this.client
    const wallMs = clock.wall()
    if (state.text === undefined) return { tokens: burst, atMs: wallMs, limit, intervalMs, burst }
    const bucket = this.#parsed(state.text)
    const elapsedMs = Math.max(0, wallMs - bucket.atMs, clock.now() - state.heardAtMs)
    const tokens = Math.min(burst, bucket.tokens + elapsedMs / this.#msPerToken)
    return { ...bucket, tokens, atMs: bucket.atMs + elapsedMs }
  }

  #parsed(text: string): Bucket {
    const bucket = bucketIn(text)
    if (bucket === undefined)
      throw new ConclaveError('invalid-value', `${this.#what} has a value that is no bucket.`)
    const { limit, intervalMs, burst } = bucket
    if (limit === this.limit && intervalMs === this.intervalMs && burst === this.burst)
      return bucket
    throw new ConclaveError(
      'failed-precondition',
      `${this.#what} is used by others with limit ${limit}, intervalMs ${intervalMs} and burst ${burst}: agree with them, or reset() it.`,
    )
  }

  get #msPerToken(): number {
    return this.intervalMs / this.limit
  }

  #spend(permits: number): void {
    this.#kept -= permits
    this.#usedAtMs = this.client.clock.now()
  }

  /** Tokens of long ago would be granted on top of a bucket that is full again. */
  #forget(): void {
    if (this.client.clock.now() - this.#usedAtMs > this.intervalMs) this.#kept = 0
  }
}

function bucketIn(text: string): Bucket | undefined {
  try {
    const bucket = JSON.parse(text) as Bucket
    const numbers = [bucket.tokens, bucket.atMs, bucket.limit, bucket.intervalMs, bucket.burst]
    return numbers.every(Number.isFinite) && bucket.tokens >= 0 ? bucket : undefined
  } catch {
    return undefined
  }
}

function checkRate(value: number, what: string): void {
  if (!(Number.isFinite(value) && value > 0))
    throw invalidArgument(`${what} is a finite number greater than 0, not ${value}.`)
}

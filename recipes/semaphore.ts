/**
 * A semaphore: permits up to a limit, in the order in which they were asked for.
 *
 * Promise: **permits are granted in the order of claims, never more than the limit at the
 * time of the grant, and those of a holder that dies come back when its lease ends.** As
 * with a mutex, a process that stands still believes longer: use `guard()`.
 *
 * Who holds is decided by sums in the order of creation: see semaphore-line.ts. A claim of
 * many permits blocks those of few behind it. Each claim has a key of its own, also those
 * of one session (slots.ts).
 *
 * The limit is stored, once, by the first who comes with one, and stays when nobody holds.
 * Who expects another gets a {@link LimitError}. `setLimit` changes it for all: a higher one
 * lets waiters in at once; a lower one takes nothing away, and nobody new comes in until
 * there is room under it. Those who wait go on under the new limit, unless they want more
 * permits than it has.
 *
 * | | round trips |
 * | --- | --- |
 * | `acquire`, there is room | 1 |
 * | `acquire`, there is none | 1, then a watch, then 1; in front of the line 1 more for each release that is not enough |
 * | `acquire`, the very first with a limit | 2 more, to store it |
 * | `tryAcquire` | 2; 1 if there is no room |
 * | `release`, `setLimit`, `limit` | 1 |
 *
 * One release is one event, to the one in front; when it is granted, one more write and one
 * event, to the one behind it, if there is one. Nobody else is woken. A join reads the claims
 * of all holders, so limits of thousands cost kilobytes.
 *
 * Lease lost: `signal` fires, and the permits are free when the server has ended the lease.
 * Partition: the same, at the session's deadline. Crash: at most a TTL later. A waiter that
 * stands still just when it is its turn keeps those behind it waiting until its lease ends.
 */

import type { KeyValue, RequestOptions } from '../client/index.js'
import { Contender } from './contender.js'
import { invalidArgument } from './errors.js'
import { useHandle } from './handle.js'
import type { Held } from './held.js'
import type { Participant } from './mutex.js'
import { checkSession } from './names.js'
import { Permit, tell } from './permit.js'
import { PermitKeys } from './semaphore-keys.js'
import { PermitLine } from './semaphore-line.js'
import {
  type Claim,
  checkPermits,
  decodeClaim,
  decodeLimit,
  encodeClaim,
  LIMIT_MAX,
} from './semaphore-value.js'
import type { Session } from './session.js'
import { Slots } from './slots.js'
import { type WaitOptions, waitingFor } from './waiting.js'

/** How a {@link Semaphore} behaves. */
export interface SemaphoreOptions {
  /**
   * Permits that there are, 1 to 10 000. Stored if none is; it must be the one that is stored
   * otherwise. Default: whatever is stored.
   */
  readonly limit?: number
  /** Who we are. Default the owner of the session. */
  readonly owner?: string
}

/** How many permits to wait for, and how long. */
export interface PermitOptions extends WaitOptions {
  /** Default 1. */
  readonly permits?: number
}

/** Somebody who holds permits, or waits for them. */
export interface PermitParticipant extends Participant {
  readonly permits: number
}

/**
 * A semaphore by name, on a session; see the head of the file. Making one costs nothing.
 *
 * @example
 * const uploads = new Semaphore(session, 'uploads', { limit: 3 })
 * await uploads.using((permit) => client.kv.put('upload', 'begun', { signal: permit.signal }))
 */
export class Semaphore {
  readonly session: Session
  readonly name: string
  readonly owner: string
  readonly #keys: PermitKeys
  readonly #what: string
  readonly #slots: Slots
  readonly #contender: Contender
  #expected: number | undefined

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the semaphore's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(session: Session, name: string, options: SemaphoreOptions = {}) {
    checkSession(session)
    const { owner = session.owner, limit } = options
    if (owner === '') throw invalidArgument('An owner must not be empty.')
    if (limit !== undefined) checkPermits(limit, 'A limit')
    this.session = session
    this.name = name
    this.owner = owner
    this.#expected = limit
    this.#keys = new PermitKeys(session.client, name)
    this.#what = `The semaphore '${name}'`
    this.#slots = new Slots(session, this.#keys.claims)
    this.#contender = new Contender(session, this.#what, () => this.#slots.free())
  }

  /**
   * Waits until we hold so many permits. When it fails, no key stays behind.
   *
   * @throws {ConclaveError} `invalid-argument` (more than the limit), `cancelled`,
   *   `deadline-exceeded` (after `timeoutMs`), `permission-denied`, ….
   * @throws {LimitError} another limit is stored than ours, or none is and we have none, or
   *   the permits do not fit in any more.
   * @throws {LostError} the session was lost, or the key deleted, while we waited.
   */
  async acquire(options: PermitOptions = {}): Promise<Permit> {
    const claim = this.#claim(options)
    const line = new PermitLine(this.#keys, claim.permits, this.#expected)
    const held = await this.#contender.enter(line, { value: encodeClaim(claim) }, options)
    return this.#granted(held, line, claim.owner)
  }

  /** Holds so many if there is room and nobody waits; undefined otherwise. Fails as {@link acquire}. */
  async tryAcquire(options: PermitOptions = {}): Promise<Permit | undefined> {
    const claim = this.#claim(options)
    return waitingFor(this.session, options, this.#what, async ({ signal }) => {
      for (;;) {
        const free = await this.#keys.room(claim.permits, this.#expected, signal)
        if (free === undefined) return undefined
        const line = new PermitLine(this.#keys, claim.permits, this.#expected, true)
        const entry = { value: encodeClaim(claim) }
        const held = await this.#contender.tryEnter(line, free, entry, { signal })
        if (held !== undefined) return this.#granted(held, line, claim.owner)
      }
    })
  }

  /**
   * Holds permits while `work` runs, whose failure is ours.
   *
   * @throws {LostError} they were lost before `work` ended, though it ended well.
   */
  async using<T>(
    work: (permit: Permit) => T | Promise<T>,
    options: PermitOptions = {},
  ): Promise<T> {
    return useHandle(await this.acquire(options), work)
  }

  /**
   * Permits that a resumed session holds from its earlier life; undefined when there are none
   * left. Call it until then, before you acquire any other: what is not taken up stays taken
   * until the session ends. 2 round trips.
   */
  async resume(options: WaitOptions = {}): Promise<Permit | undefined> {
    const all = async (signal: AbortSignal) => (await this.#keys.read({ signal })).claims
    const lineOf = (kv: KeyValue) => new PermitLine(this.#keys, decodeClaim(kv).permits, undefined)
    const resumed = await this.#slots.resume(this.#what, all, lineOf, options)
    if (resumed === undefined) return undefined
    return this.#granted(resumed.held, resumed.line, decodeClaim(resumed.kv).owner)
  }

  /** Who holds and who waits, in order; by the limit as it is now. */
  async participants(options: RequestOptions = {}): Promise<PermitParticipant[]> {
    const { claims, limit = 0 } = await this.#keys.read(options)
    let sum = 0
    return claims.map((kv) => {
      const { owner, permits, granted } = decodeClaim(kv)
      sum += permits
      return {
        state: sum <= limit || granted ? 'holding' : 'waiting',
        owner,
        permits,
        fencingToken: kv.createRevision,
        leaseId: kv.lease,
        key: kv.keyString,
      }
    })
  }

  /** The limit that is stored; undefined when none is. */
  async limit(options: RequestOptions = {}): Promise<number | undefined> {
    return decodeLimit((await this.session.client.kv.get(this.#keys.limit, options)) ?? undefined)
  }

  /**
   * Changes the limit, for all and from now on; see the head of the file.
   *
   * @throws {ConclaveError} `invalid-argument`; without the pipeline also `outcome-unknown`:
   *   it is not asked again, since that could undo what another has set meanwhile.
   */
  async setLimit(limit: number, options: RequestOptions = {}): Promise<void> {
    checkPermits(limit, 'A limit')
    await this.session.client.kv.put(this.#keys.limit, String(limit), options)
    if (this.#expected !== undefined) this.#expected = limit
  }

  #claim({ permits = 1 }: PermitOptions): Claim {
    checkPermits(permits, 'The number of permits')
    if (permits > (this.#expected ?? LIMIT_MAX))
      throw invalidArgument(`${permits} permits are more than the limit, ${this.#expected}.`)
    return { owner: this.owner, permits }
  }

  #granted(held: Held, line: PermitLine, owner: string): Permit {
    // The one behind us watches our key.
    if (line.follower) void tell(held, encodeClaim({ owner, permits: line.permits, granted: true }))
    return new Permit(held, owner, line.permits)
  }
}

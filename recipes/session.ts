/**
 * A session: one lease, kept alive, lost once and then lost for ever.
 *
 * Promise: **`signal` fires before the server can give what the session holds to
 * somebody else**, as far as clocks run alike (see `marginMs`).
 *
 * How: the server ends a lease one TTL after it *received* the last renewal. We count
 * from when the last acknowledged renewal was *sent*, which is earlier, and stop a
 * margin before the end:
 *
 *     sent            received                              our deadline     server's
 *      |--- network ----|                                        |              |
 *      |<---------------- TTL - margin ------------------------->|              |
 *                       |<------------------- TTL ----------------------------->|
 *
 * A renewal that is answered moves the deadline; one whose answer is lost does not,
 * which errs on the safe side. All sessions of a client renew over one stream (see the
 * client's keep-alive), each after a third of its TTL.
 *
 * A timer tells the loss. A process that was stopped, or whose event loop stood still,
 * gets its timers late; so everything built on a session also asks the time before it
 * answers ({@link Session.check}). Code that holds the processor past the deadline can
 * not be told by anybody: that is what fencing tokens are for.
 *
 * | | round trips |
 * | --- | --- |
 * | `create` | 1 (and 1 renewal in the background) |
 * | `resume` | 1 |
 * | staying alive | 1 message each way per TTL / 3, on a stream that is open anyway |
 * | `close` | 1 |
 *
 * Partition: `signal` fires at the deadline; the server ends the lease after it, alone.
 * Crash: the server ends the lease at most one TTL later (longer if it changes leaders,
 * which starts every lease anew). Reclaim it before with `resume`.
 */

import { setMaxListeners } from 'node:events'
import { ConclaveError, type KeepAlive, type Keyspace, type Timer } from '../client/index.js'
import { type LossReason, LostError } from './errors.js'
import { insist } from './insist.js'
import { grantLease, type LivingLease, renewLease } from './lease.js'
import { Seat } from './seat.js'
import { checkOptions, randomOwner, type SessionOptions, TTL_SECONDS } from './session-options.js'

/** Time for the revocation when the lease has hardly any left, in milliseconds. */
const CLOSE_TRY_MS = 1_000

/** The leases that live sessions of a client renew. */
const leasesOf = new WeakMap<Keyspace, Set<bigint>>()

/**
 * One lease under renewal, on which recipes stand; see the head of the file.
 *
 * @example
 * const session = await Session.create(client, { ttlSeconds: 10 })
 * session.signal.addEventListener('abort', () => stopEverything(session.signal.reason))
 */
export class Session implements AsyncDisposable {
  readonly client: Keyspace
  /** The lease. */
  readonly id: bigint
  /** What the server granted, in seconds; it may be more than was asked for. */
  readonly ttlSeconds: number
  /** Who we are; see {@link SessionOptions.owner}. */
  readonly owner: string
  /** @internal The lease existed before: keys of an earlier life may hang on it. */
  readonly resumed: boolean
  /** Resolves with the reason when the session is lost; never rejects. */
  readonly done: Promise<LostError>
  #resolveDone: (error: LostError) => void = () => {}
  readonly #controller = new AbortController()
  readonly #marginMs: number
  readonly #keepAlive: KeepAlive
  readonly #losers = new Set<(error: LostError) => void>()
  readonly #seats = new Map<string, Seat>()
  /** Until when the server certainly keeps the lease. */
  #aliveUntilMs: number
  #timer: Timer | undefined
  #lost: LostError | undefined
  #closing: Promise<void> | undefined

  private constructor(client: Keyspace, lease: LivingLease, options: SessionOptions) {
    this.client = client
    this.id = lease.id
    this.ttlSeconds = lease.ttlSeconds
    this.resumed = lease.resumed
    this.owner = options.owner ?? randomOwner(client)
    this.#marginMs = options.marginMs ?? lease.ttlSeconds * 100
    this.#aliveUntilMs = lease.grantedAtMs + lease.ttlSeconds * 1000
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve
    })
    // Many may listen to one session; that is no leak.
    setMaxListeners(0, this.#controller.signal)
    leasesIn(client).add(this.id)
    this.#keepAlive = client.lease.keepAlive(lease, {
      onRenewed: (sentAtMs, ttlSeconds) => this.#renewed(sentAtMs, ttlSeconds),
      onLost: (error) => this.lose(reasonOf(error), error),
    })
    this.#arm()
  }

  /**
   * Grants a lease and keeps it alive.
   *
   * @throws {ConclaveError} `invalid-argument`, `unavailable`, `deadline-exceeded`, ….
   */
  static async create(client: Keyspace, options: SessionOptions = {}): Promise<Session> {
    const { ttlSeconds = TTL_SECONDS } = options
    checkOptions(options, ttlSeconds)
    return new Session(client, await grantLease(client, ttlSeconds, options), options)
  }

  /**
   * Takes up a lease again that an earlier process left: one that crashed and wrote its
   * lease id down, or one that called {@link orphan}. What hangs on the lease is taken
   * up with `resume()` of the recipe. The earlier process must have ended.
   *
   * @throws {LostError} the lease exists no more.
   * @throws {ConclaveError} `failed-precondition`: a session of this client renews it.
   */
  static async resume(
    client: Keyspace,
    leaseId: bigint,
    options: Omit<SessionOptions, 'ttlSeconds'> = {},
  ): Promise<Session> {
    checkOptions(options)
    const assertFree = () => {
      if (!leasesIn(client).has(leaseId)) return
      const text = `A session of this client renews the lease ${leaseId.toString(16)} already.`
      throw new ConclaveError('failed-precondition', text)
    }
    assertFree()
    const lease = await renewLease(client, leaseId, options)
    assertFree()
    checkOptions(options, lease.ttlSeconds)
    return new Session(client, lease, options)
  }

  /** Fires when the session is lost; its reason is the {@link LostError}. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Whether the session holds, asking the time too: true is true until `aliveUntilMs`. */
  get alive(): boolean {
    if (this.#lost === undefined && this.#leftMs <= 0) this.lose('expired')
    return this.#lost === undefined
  }

  /** When `signal` will fire unless a renewal is answered before, on the client's monotonic clock. */
  get aliveUntilMs(): number {
    return this.#aliveUntilMs - this.#marginMs
  }

  /** @throws {LostError} the session is lost. */
  check(): void {
    if (!this.alive) throw this.#lost
  }

  /**
   * Stops renewing but leaves the lease as it is: within its TTL another process may
   * `resume` it. The session is lost for this process at once.
   */
  orphan(): void {
    this.lose('orphaned')
  }

  /**
   * Ends the session: `signal` fires, then the lease is revoked, which frees everything
   * that it holds. When the cluster cannot be reached, gives up at the end of the TTL,
   * by when the server has ended the lease itself. After `orphan()` it revokes nothing.
   * Idempotent.
   *
   * @throws {ConclaveError} the server refused, as with `permission-denied`.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal Calls back when the session is lost, before its signal fires; returns how to take it back. */
  onLost(loser: (error: LostError) => void): () => void {
    this.#losers.add(loser)
    return () => this.#losers.delete(loser)
  }

  /** @internal Where those queue who want one key of this session. */
  seat(key: string): Seat {
    let seat = this.#seats.get(key)
    if (seat === undefined) {
      seat = new Seat(this, key, () => this.#seats.delete(key))
      this.#seats.set(key, seat)
    }
    return seat
  }

  /** @internal The key of this lease under a name, as etcd's own clients write it: lower hex without padding. */
  keyUnder(name: string): string {
    return `${name}/${this.id.toString(16)}`
  }

  get #leftMs(): number {
    return this.aliveUntilMs - this.client.clock.now()
  }

  #renewed(sentAtMs: number, ttlSeconds: number): void {
    if (this.#lost !== undefined) return
    this.#aliveUntilMs = Math.max(this.#aliveUntilMs, sentAtMs + ttlSeconds * 1000)
    this.#arm()
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = this.client.clock.after(Math.max(0, this.#leftMs), () => {
      if (this.alive) this.#arm()
    })
  }

  /** @internal The server says so before the clock does. */
  lose(reason: LossReason, cause?: ConclaveError): void {
    if (this.#lost !== undefined) return
    this.#lost = new LostError(`The session ${this.id.toString(16)}`, reason, cause)
    this.#timer?.cancel()
    this.#keepAlive.close()
    leasesIn(this.client).delete(this.id)
    const losers = [...this.#losers]
    this.#losers.clear()
    for (const loser of losers) loser(this.#lost)
    this.#controller.abort(this.#lost)
    this.#resolveDone(this.#lost)
  }

  async #close(): Promise<void> {
    this.lose('closed')
    if (this.#lost?.reason === 'orphaned' || this.client.closed) return
    const { clock } = this.client
    const over = () => clock.now() >= this.#aliveUntilMs
    try {
      await insist(this.client, over, () => {
        const timeoutMs = Math.max(CLOSE_TRY_MS, this.#aliveUntilMs - clock.now())
        return this.client.lease.revoke(this.id, { timeoutMs })
      })
    } catch (error) {
      const { code } = error as ConclaveError
      if (code !== 'lease-not-found' && code !== 'closed') throw error
    }
  }
}

function leasesIn(client: Keyspace): Set<bigint> {
  const known = leasesOf.get(client)
  if (known !== undefined) return known
  const leases = new Set<bigint>()
  leasesOf.set(client, leases)
  return leases
}

function reasonOf({ code }: ConclaveError): LossReason {
  if (code === 'lease-expired' || code === 'lease-not-found') return 'expired'
  return code === 'closed' ? 'client-closed' : 'refused'
}

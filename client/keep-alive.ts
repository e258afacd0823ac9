/**
 * Renewal of leases over one shared stream.
 *
 * A renewal that was answered with a TTL proves that the lease lives until the moment
 * it was *sent* plus that TTL: the server counts from when it received it, which is
 * later. So every answer is matched with the oldest unanswered request for its lease
 * (a server answers in order), and the deadline of the lease follows from that.
 *
 * | after the last sent-and-answered renewal | what happens |
 * | --- | --- |
 * | TTL / 3 | the next is sent |
 * | TTL / 6 later (at most 2 s), no answer | the stream is given up; all renewals are sent again on another endpoint |
 * | as long again, no answer | the same; the endpoint after that has twice as long, and so on |
 * | TTL, no answer | the lease is lost (`lease-expired`), though the server may still hold it a little |
 *
 * So three endpoints are asked within a TTL, the last of them for TTL / 3 at least. A client
 * with one endpoint waits for TTL / 3 before it opens another stream to it.
 *
 * An answer with TTL 0 or less means that the server knows no such lease: lost
 * (`lease-not-found`). Unanswered requests of a broken stream prove nothing and are
 * forgotten.
 */

import type { Connection } from './connection/connection.js'
import { isFinal } from './connection/retry.js'
import { SharedStream, type StreamOwner } from './connection/shared-stream.js'
import { ConclaveError, errorOf } from './errors.js'
import type { Timer } from './host/clock.js'
import type { Telemetry } from './telemetry.js'
import { throwLater } from './typed-events.js'
import type { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from './wire/generated/rpc.js'
import { Lease } from './wire/methods.js'
import type { RpcError } from './wire/status.js'

/**
 * Who wants to know how a lease fares. A callback that throws disturbs no other lease: its
 * error ends the process as an uncaught exception of its own, unless the program catches those.
 */
export interface KeepAliveListener {
  /**
   * A renewal was acknowledged.
   *
   * @param sentAtMs when it was sent, on the client's monotonic clock: the lease lives
   *   at least until `sentAtMs + ttlSeconds * 1000`.
   */
  onRenewed?(sentAtMs: number, ttlSeconds: number): void
  /** The lease is lost, or nobody can renew it any more (`closed`, `permission-denied`, …). Not called after `close`. */
  onLost?(error: ConclaveError): void
}

/** As {@link KeepAliveListener}, for whoever traces the renewals. */
export interface RenewalListener extends KeepAliveListener {
  /** A renewal is sent, to this endpoint. */
  onSent?(endpoint: string): void
}

/** A lease under renewal. */
export interface KeepAlive extends AsyncDisposable {
  /** Until when the lease certainly lives, on the client's monotonic clock; undefined before that is known. */
  readonly aliveUntilMs: number | undefined
  /** Stops the renewal; the lease itself stays. Idempotent. */
  close(): void
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** What is known of a lease before its first renewal. */
export interface Granted {
  readonly ttlSeconds: number
  readonly grantedAtMs: number
}

/** How long an answer may take at most, before another endpoint is asked for the first time. */
const ANSWER_MS_MAX = 2_000

/**
 * Unanswered requests for one lease. Who asks beyond it shares the answer to the newest one;
 * when the oldest has no answer in time either, the stream is given up.
 */
const UNANSWERED_MAX = 64

/** A request without an answer. */
interface Asked {
  readonly sentAtMs: number
  /** Who learns from its answer, and has not left. */
  readonly renewals: Set<Renewal>
}

/** Keeps all leases of a client alive. */
export class KeepAliveHub implements StreamOwner<LeaseKeepAliveResponse> {
  readonly #connection: Connection
  readonly #stream: SharedStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>
  readonly #renewals = new Map<bigint, Set<Renewal>>()
  /** By lease: what was asked on the present stream and has no answer yet, oldest first. */
  readonly #unanswered = new Map<bigint, Asked[]>()
  #disown: (() => void) | undefined

  constructor(connection: Connection) {
    this.#connection = connection
    this.#stream = new SharedStream(connection, Lease.leaseKeepAlive, {}, this)
  }

  /** Starts to renew; the first renewal is sent at once. */
  add(id: bigint, granted: Granted | undefined, listener: RenewalListener): KeepAlive {
    const renewal = new Renewal(this, this.#connection.clock, id, granted, listener)
    const sameLease = this.#renewals.get(id)
    if (sameLease === undefined) this.#renewals.set(id, new Set([renewal]))
    else sameLease.add(renewal)
    this.#disown ??= this.#connection.own({ close: (error) => this.#endAll(error) })
    if (this.#stream.isOpen) renewal.send()
    else this.#stream.want()
    return renewal
  }

  /** Used by {@link Renewal}. */
  remove(renewal: Renewal): void {
    const sameLease = this.#renewals.get(renewal.id)
    sameLease?.delete(renewal)
    if (sameLease?.size === 0) this.#renewals.delete(renewal.id)
    if (this.#renewals.size > 0) return
    this.#stream.release()
    this.#unanswered.clear()
    this.#disown?.()
    this.#disown = undefined
  }

  /**
   * Used by {@link Renewal}: sends a request, or shares one.
   *
   * @returns the request; undefined when there is no stream to send it on.
   */
  send(renewal: Renewal): Asked | undefined {
    if (!this.#stream.isOpen) return undefined
    const { id } = renewal
    const sentAtMs = this.#connection.clock.now()
    const before = this.#unanswered.get(id)
    if (before !== undefined && before.length >= UNANSWERED_MAX)
      return this.#share(before, renewal, sentAtMs)
    const asked = { sentAtMs, renewals: new Set([renewal]) }
    if (before === undefined) this.#unanswered.set(id, [asked])
    else before.push(asked)
    this.#stream.send({ ID: id })
    return asked
  }

  /** Used by {@link Renewal}. */
  get telemetry(): Telemetry {
    return this.#connection.telemetry
  }

  /** Used by {@link Renewal}: is there a stream? */
  get canSend(): boolean {
    return this.#stream.isOpen
  }

  /** Used by {@link Renewal}: the endpoint of the stream. */
  get address(): string {
    return this.#stream.address
  }

  /** Used by {@link Renewal}: is there another endpoint to go to? */
  get hasAnother(): boolean {
    return this.#connection.endpoints.all.length > 1
  }

  /** Used by {@link Renewal}: the stream does not answer. */
  silent(): void {
    for (const renewal of this.#all()) renewal.unheard()
    this.#stream.restart('keep-alives stay unanswered')
  }

  opened(): void {
    for (const renewal of this.#all()) renewal.send()
  }

  message({ ID, TTL }: LeaseKeepAliveResponse): void {
    // Whoever was closed meanwhile takes its answer along: it says nothing about later requests.
    const unanswered = this.#unanswered.get(ID)
    const oldest = unanswered?.shift()
    if (unanswered?.length === 0) this.#unanswered.delete(ID)
    for (const renewal of oldest?.renewals ?? []) renewal.answered(TTL)
  }

  broken(error: RpcError): boolean {
    this.#unanswered.clear()
    for (const renewal of this.#all()) renewal.forget()
    if (!isFinal(error)) return true
    this.#endAll(ConclaveError.from(error))
    return false
  }

  #share(unanswered: readonly Asked[], renewal: Renewal, nowMs: number): Asked | undefined {
    if (nowMs - unanswered[0]!.sentAtMs >= ANSWER_MS_MAX) {
      this.silent()
      return undefined
    }
    const newest = unanswered[unanswered.length - 1]!
    newest.renewals.add(renewal)
    return newest
  }

  #all(): Renewal[] {
    return [...this.#renewals.values()].flatMap((sameLease) => [...sameLease])
  }

  #endAll(error: ConclaveError): void {
    for (const renewal of this.#all()) renewal.lose(error)
  }
}

class Renewal implements KeepAlive {
  readonly id: bigint
  readonly #hub: KeepAliveHub
  readonly #clock: Connection['clock']
  readonly #listener: RenewalListener
  /** In milliseconds; undefined before an answer or a grant told it. */
  #ttlMs: number | undefined
  /** When what is known to keep the lease alive was sent. */
  #provenAtMs: number
  /** The request that is unanswered; there is at most one. */
  #asked: Asked | undefined
  /** Endpoints that have not answered in time since the last answer. */
  #silences = 0
  #timer: Timer | undefined
  #closed = false

  constructor(
    hub: KeepAliveHub,
    clock: Connection['clock'],
    id: bigint,
    granted: Granted | undefined,
    listener: RenewalListener,
  ) {
    this.#hub = hub
    this.#clock = clock
    this.id = id
    this.#listener = listener
    this.#ttlMs = granted && granted.ttlSeconds * 1000
    this.#provenAtMs = granted?.grantedAtMs ?? clock.now()
    this.#arm()
  }

  get aliveUntilMs(): number | undefined {
    return this.#ttlMs === undefined ? undefined : this.#provenAtMs + this.#ttlMs
  }

  /** Is a request unanswered? */
  get asked(): boolean {
    return this.#asked !== undefined
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    this.#asked?.renewals.delete(this)
    this.#hub.remove(this)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** Asks the server, unless a request is already on its way. */
  send(): void {
    if (this.#closed || this.asked) return
    const asked = this.#hub.send(this)
    if (asked !== undefined) {
      this.#asked = asked
      this.#listener.onSent?.(this.#hub.address)
    }
    this.#arm()
  }

  /** The stream is given up, since its endpoint does not answer. */
  unheard(): void {
    if (this.asked) this.#silences++
  }

  /** The stream broke: whether the request arrived is unknown and of no interest. */
  forget(): void {
    this.#asked = undefined
    this.#arm()
  }

  answered(ttlSeconds: number): void {
    if (this.#closed) return
    const { sentAtMs } = this.#asked!
    this.#asked = undefined
    this.#silences = 0
    if (ttlSeconds <= 0) {
      this.lose(errorOf('lease-not-found'))
      return
    }
    this.#ttlMs = ttlSeconds * 1000
    this.#provenAtMs = sentAtMs
    this.#arm()
    this.#hub.telemetry.leaseRenewed(this.id, ttlSeconds)
    this.#tell(() => this.#listener.onRenewed?.(sentAtMs, ttlSeconds))
  }

  lose(error: ConclaveError): void {
    if (this.#closed) return
    this.close()
    this.#hub.telemetry.leaseLost(this.id, error.code)
    this.#tell(() => this.#listener.onLost?.(error))
  }

  #tell(call: () => void): void {
    try {
      call()
    } catch (error) {
      throwLater(error)
    }
  }

  /** Sets the timer to the next thing that must happen. */
  #arm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const dueMs = Math.min(this.#actMs, this.aliveUntilMs ?? Number.POSITIVE_INFINITY)
    if (this.#closed || dueMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.now()), () => this.#act())
  }

  /** When to send, or to stop waiting for an answer. */
  get #actMs(): number {
    if (this.#asked !== undefined) return this.#asked.sentAtMs + this.#answerMs
    // Without a stream nothing can be sent; the hub sends when there is one.
    if (!this.#hub.canSend || this.#ttlMs === undefined) return Number.POSITIVE_INFINITY
    return this.#provenAtMs + this.#ttlMs / 3
  }

  /** How long the present endpoint may take to answer. */
  get #answerMs(): number {
    const ttlMs = this.#ttlMs ?? Number.POSITIVE_INFINITY
    if (!this.#hub.hasAnother) return Math.min(ttlMs / 3, 2 * ANSWER_MS_MAX)
    return Math.min(ttlMs / 6, ANSWER_MS_MAX) * 2 ** Math.max(0, this.#silences - 1)
  }

  #act(): void {
    const now = this.#clock.now()
    if (now >= (this.aliveUntilMs ?? Number.POSITIVE_INFINITY)) this.lose(errorOf('lease-expired'))
    else if (now < this.#actMs) this.#arm()
    else if (this.asked) this.#hub.silent()
    else this.send()
  }
}

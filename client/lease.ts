/** Leases: keys that live only as long as somebody renews them. */

import { toBytes, toLeaseId } from './bytes.js'
import type { Calls } from './calls.js'
import { ObservedCall } from './calls-observed.js'
import type { Connection, RequestOptions } from './connection/connection.js'
import { abortedFor, ConclaveError, errorOf, invalidArgument } from './errors.js'
import { inWords } from './in-words.js'
import { type KeepAlive, KeepAliveHub, type KeepAliveListener } from './keep-alive.js'
import { refuseUnknownNames } from './known-names.js'
import { LISTENER_NAMES, SERVICE_NAMES } from './option-names.js'
import {
  checkObject,
  checkOptions,
  checkRequest,
  positiveMs,
  requestOnly,
} from './request-checks.js'
import { Lease as LeaseMethods } from './wire/methods.js'

/** A lease that was granted. */
export interface Lease {
  readonly id: bigint
  /** What the server granted, in seconds; it may be more than was asked for (etcd: at least 2). */
  readonly ttlSeconds: number
  /** When the request was sent, on the client's monotonic clock: the lease lives from then on at least. */
  readonly grantedAtMs: number
}

/** A lease that `grant()` gave: `await using` revokes it at the end of the block. */
export interface GrantedLease extends Lease, AsyncDisposable {
  /** Revokes the lease, as far as that can be done: one that is gone, or cannot be reached, ends by its TTL. Never throws. */
  [Symbol.asyncDispose](): Promise<void>
}

/** How long a lease still lives. */
export interface TimeToLive {
  /** Seconds left. */
  readonly ttlSeconds: number
  readonly grantedTtlSeconds: number
  /** The keys that live with it; empty unless asked for. */
  readonly keys: Uint8Array[]
}

/** etcd's bound on a TTL. */
const TTL_SECONDS_MAX = 9_000_000_000

/**
 * The lease service of a client.
 *
 * @example
 * await using lease = await client.lease.grant(10)
 * await client.kv.put('worker/1', 'here', { lease })
 * await using alive = client.lease.keepAlive(lease, { onLost: () => stopWorking() })
 */
export class LeaseClient {
  readonly #connection: Connection
  readonly #calls: Calls
  readonly #hub: KeepAliveHub

  /** @internal Made by the client. */
  constructor(connection: Connection, calls: Calls, hub = new KeepAliveHub(connection)) {
    this.#connection = connection
    this.#calls = calls
    this.#hub = hub
  }

  /** @internal The same leases, renewed on the same stream, by calls that a namespace carries. */
  over(calls: Calls): LeaseClient {
    return new LeaseClient(this.#connection, calls, this.#hub)
  }

  /**
   * Grants a lease. It is not renewed by itself; see {@link keepAlive}.
   *
   * @param ttlSeconds whole seconds, from 1 on.
   * @param options.id an id of your own; the server chooses when absent.
   * @throws {ConclaveError} `lease-exists`, `lease-ttl-too-large`, `outcome-unknown`, ….
   */
  async grant(
    ttlSeconds: number,
    options: RequestOptions & { readonly id?: bigint } = {},
  ): Promise<GrantedLease> {
    checkOptions(options, SERVICE_NAMES.grant)
    if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > TTL_SECONDS_MAX)
      throw invalidArgument(
        `A TTL is a whole number of seconds from 1 on, not ${inWords(ttlSeconds)}.`,
      )
    const request = { TTL: ttlSeconds, ID: toLeaseId(options.id ?? 0n) }
    const grantedAtMs = this.#connection.clock.now()
    const { leaseGrant } = LeaseMethods
    const response = await this.#calls.call(leaseGrant, request, 'write', options)
    if (response.error !== '') throw new ConclaveError('internal', response.error)
    const lease: Lease = { id: response.ID, ttlSeconds: response.TTL, grantedAtMs }
    const revoke = () => this.revoke(lease).catch(() => {})
    // Not enumerable: a lease that is copied or printed is its three fields.
    return Object.defineProperty(lease, Symbol.asyncDispose, { value: revoke }) as GrantedLease
  }

  /**
   * Ends a lease and deletes its keys.
   *
   * @throws {ConclaveError} `lease-not-found`, `outcome-unknown`, ….
   */
  async revoke(lease: Lease | bigint, options: RequestOptions = {}): Promise<void> {
    const request = { ID: toLeaseId(lease) }
    await this.#calls.call(LeaseMethods.leaseRevoke, request, 'write', requestOnly(options))
  }

  /**
   * Renews a lease once; resolves with its TTL in seconds.
   *
   * @throws {ConclaveError} `lease-not-found` when it has expired, `deadline-exceeded` when
   *   nobody answered in time.
   */
  async keepAliveOnce(lease: Lease | bigint, options: RequestOptions = {}): Promise<number> {
    const leaseId = toLeaseId(lease)
    checkRequest(requestOnly(options))
    const timeoutMs = positiveMs(options.timeoutMs ?? this.#connection.timeoutMs, 'timeoutMs')
    this.#connection.assertOpen()
    const call = new ObservedCall(this.#connection.telemetry, LeaseMethods.leaseKeepAlive, 'read')
    return new Promise<number>((resolve, reject) => {
      const settle = () => {
        renewal.close()
        timer.cancel()
        options.signal?.removeEventListener('abort', onAbort)
      }
      const fail = (error: ConclaveError) => {
        settle()
        call.over(error)
        reject(error)
      }
      const onAbort = () => fail(abortedFor(options.signal?.reason))
      const timer = this.#connection.clock.after(timeoutMs, () =>
        fail(errorOf('deadline-exceeded')),
      )
      const renewal = this.#hub.add(leaseId, undefined, {
        onSent: (endpoint) => call.tried(endpoint),
        onRenewed: (_sentAtMs, ttlSeconds) => {
          settle()
          call.over(undefined)
          resolve(ttlSeconds)
        },
        onLost: fail,
      })
      if (options.signal?.aborted) onAbort()
      else options.signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /**
   * Renews a lease until it is closed or lost, each time after a third of its TTL.
   *
   * All leases of a client share one stream. With the `Lease` itself, loss is noticed
   * even if no renewal was ever answered; with an id alone only from the first answer on.
   *
   * @param listener `onLost` is called at most once, and last.
   * @throws {ConclaveError} `invalid-argument`, `closed`.
   */
  keepAlive(lease: Lease | bigint, listener: KeepAliveListener = {}): KeepAlive {
    this.#connection.assertOpen()
    checkListener(listener)
    if (typeof lease !== 'object' || lease === null)
      return this.#hub.add(toLeaseId(lease), undefined, listener)
    const id = toLeaseId(lease)
    for (const name of ['ttlSeconds', 'grantedAtMs'] as const)
      if (!Number.isFinite(lease[name]))
        throw invalidArgument(
          `A lease is what grant() gave, or its id, not ${inWords(lease)} whose ${name} is ${inWords(lease[name])}.`,
        )
    return this.#hub.add(id, lease, listener)
  }

  /**
   * How long a lease still lives.
   *
   * @param options.keys ask for the keys that live with it, too.
   * @throws {ConclaveError} `lease-not-found`.
   */
  async timeToLive(
    lease: Lease | bigint,
    options: RequestOptions & { readonly keys?: boolean } = {},
  ): Promise<TimeToLive> {
    checkOptions(options, SERVICE_NAMES.timeToLive)
    const request = { ID: toLeaseId(lease), keys: options.keys ?? false }
    const { leaseTimeToLive } = LeaseMethods
    const response = await this.#calls.call(leaseTimeToLive, request, 'read', options)
    if (response.TTL < 0) throw errorOf('lease-not-found')
    return {
      ttlSeconds: response.TTL,
      grantedTtlSeconds: response.grantedTTL,
      keys: response.keys.map((key) => toBytes(key, 'key')),
    }
  }

  /** The ids of all leases that the answering member knows. */
  async list(options: RequestOptions = {}): Promise<bigint[]> {
    const response = await this.#calls.call(
      LeaseMethods.leaseLeases,
      {},
      'read',
      requestOnly(options),
    )
    return response.leases.map((lease) => lease.ID)
  }
}

/** One of a class of its own may have more than is called here. @throws {ConclaveError} `invalid-argument`. */
function checkListener(listener: KeepAliveListener): void {
  checkObject(listener)
  const prototype: unknown = Object.getPrototypeOf(listener)
  const isOfClass = prototype !== Object.prototype && prototype !== null
  if (!isOfClass) refuseUnknownNames(listener, LISTENER_NAMES)
}

/**
 * What a client tells about itself: counts, always; notices, to whoever subscribed.
 *
 * Counts are plain numbers that nobody reads until `client.metrics()` is called. Notices go
 * to Node's diagnostics channels; one is made only while its channel has a subscriber.
 *
 * | channel | messages |
 * | --- | --- |
 * | `tracing:conclave:call:*` | {@link CallTrace}, see calls-observed.ts |
 * | `conclave:watch` | {@link WatchNotice} |
 * | `conclave:keepalive` | {@link KeepAliveNotice} |
 * | `conclave:connection` | {@link ConnectionNotice} |
 */

import { ConclaveError, type ErrorCode } from './errors.js'
import { noticeChannel } from './host/channels.js'

/** Published on `conclave:watch`. */
export type WatchNotice =
  | {
      /** `opened` for the first time, `resumed` after a break or when a slow reader caught up. */
      readonly type: 'opened' | 'resumed'
      /** First revision asked for; 0 is from now on. */
      readonly startRevision: number
    }
  | { readonly type: 'events'; readonly count: number; readonly revision: number }
  | { readonly type: 'failed'; readonly code: ErrorCode }

/** Published on `conclave:keepalive`. */
export type KeepAliveNotice =
  | { readonly type: 'renewed'; readonly lease: bigint; readonly ttlSeconds: number }
  | { readonly type: 'lost'; readonly lease: bigint; readonly code: ErrorCode }

/** Published on `conclave:connection`. */
export type ConnectionNotice =
  | {
      /** An endpoint did not answer as a healthy member does. */
      readonly type: 'failed'
      readonly endpoint: string
      readonly reason: string
    }
  | {
      /** Another endpoint is used from now on. */
      readonly type: 'failed-over'
      readonly from: string
      readonly endpoint: string
    }
  | { readonly type: 'stream-broke'; readonly endpoint: string; readonly reason: string }
  | { readonly type: 'pipeline-opened'; readonly endpoint: string }

/** How the calls of one method ended so far. */
export interface MethodMetrics {
  /** Calls without an end yet. */
  readonly open: number
  readonly succeeded: number
  /** By code; codes that did not happen are absent. */
  readonly failed: Readonly<Partial<Record<ErrorCode, number>>>
}

/** What a client has done since it was made. Counts only grow, but for `open`. */
export interface ClientMetrics {
  /** By method, such as `KV/Put`; methods that were not called are absent. */
  readonly calls: Readonly<Record<string, MethodMetrics>>
  /** Tries of calls beyond the first. */
  readonly retries: number
  /** Endpoints that did not answer as healthy members do; calls that fail together count once. */
  readonly endpointFailures: number
  /** Changes from one endpoint to another. */
  readonly failovers: number
  readonly watch: {
    /** Watches that a server confirmed, resumed ones not counted. */
    readonly opened: number
    /** Watches taken up again: after a break, or when a slow reader caught up. */
    readonly resumed: number
    readonly events: number
    /** Watches that a server or a lasting failure ended. */
    readonly failed: number
  }
  readonly leases: {
    /** Renewals that were acknowledged. */
    readonly renewed: number
    readonly lost: number
  }
  readonly pipeline: {
    /** Streams that a member welcomed: the first, another when the session begins, one after each break. */
    readonly opened: number
    /** Messages with calls that were sent. */
    readonly batches: number
    /** Calls in them, those sent again included. */
    readonly calls: number
    /** Calls sent again after a break. */
    readonly resent: number
  }
}

const watchChannel = noticeChannel<WatchNotice>('conclave:watch')
const keepAliveChannel = noticeChannel<KeepAliveNotice>('conclave:keepalive')
const connectionChannel = noticeChannel<ConnectionNotice>('conclave:connection')

/** Counts and tells what one client does. */
export class Telemetry {
  readonly #methods = new Map<string, MethodCounter>()
  #retries = 0
  #endpointFailures = 0
  #failovers = 0
  readonly #watch = { opened: 0, resumed: 0, events: 0, failed: 0 }
  readonly #leases = { renewed: 0, lost: 0 }
  readonly #pipeline = { opened: 0, batches: 0, calls: 0, resent: 0 }

  /** A copy of all counts as they are now. */
  metrics(): ClientMetrics {
    const calls = [...this.#methods.values()].map((one) => [one.name, one.metrics()] as const)
    return {
      calls: Object.fromEntries(calls),
      retries: this.#retries,
      endpointFailures: this.#endpointFailures,
      failovers: this.#failovers,
      watch: { ...this.#watch },
      leases: { ...this.#leases },
      pipeline: { ...this.#pipeline },
    }
  }

  /** The counter of a method, by its gRPC path. */
  method(path: string): MethodCounter {
    let counter = this.#methods.get(path)
    if (counter === undefined) {
      counter = new MethodCounter(path)
      this.#methods.set(path, counter)
    }
    return counter
  }

  /** A call is tried once more. */
  retried(): void {
    this.#retries++
  }

  endpointFailed(endpoint: string, reason: string): void {
    this.#endpointFailures++
    if (connectionChannel.hasSubscribers)
      connectionChannel.publish({ type: 'failed', endpoint, reason })
  }

  failedOver(from: string, endpoint: string): void {
    this.#failovers++
    if (connectionChannel.hasSubscribers)
      connectionChannel.publish({ type: 'failed-over', from, endpoint })
  }

  /** A stream that many share broke. */
  streamBroke(endpoint: string, reason: string): void {
    if (connectionChannel.hasSubscribers)
      connectionChannel.publish({ type: 'stream-broke', endpoint, reason })
  }

  watchBegan(type: 'opened' | 'resumed', startRevision: number): void {
    this.#watch[type]++
    if (watchChannel.hasSubscribers) watchChannel.publish({ type, startRevision })
  }

  watchEvents(count: number, revision: number): void {
    this.#watch.events += count
    if (watchChannel.hasSubscribers) watchChannel.publish({ type: 'events', count, revision })
  }

  /** Not counted when the client was closed, which ends every watch. */
  watchFailed(code: ErrorCode): void {
    if (code === 'closed') return
    this.#watch.failed++
    if (watchChannel.hasSubscribers) watchChannel.publish({ type: 'failed', code })
  }

  leaseRenewed(lease: bigint, ttlSeconds: number): void {
    this.#leases.renewed++
    if (keepAliveChannel.hasSubscribers)
      keepAliveChannel.publish({ type: 'renewed', lease, ttlSeconds })
  }

  /** Not counted when the client was closed, which ends every renewal. */
  leaseLost(lease: bigint, code: ErrorCode): void {
    if (code === 'closed') return
    this.#leases.lost++
    if (keepAliveChannel.hasSubscribers) keepAliveChannel.publish({ type: 'lost', lease, code })
  }

  /** A stream of the pipeline was welcomed. */
  pipelineOpened(endpoint: string): void {
    this.#pipeline.opened++
    if (connectionChannel.hasSubscribers)
      connectionChannel.publish({ type: 'pipeline-opened', endpoint })
  }

  /**
   * A message with calls leaves on the pipeline.
   *
   * @param resent how many of its calls were sent before.
   */
  pipelineBatch(calls: number, resent: number): void {
    this.#pipeline.batches++
    this.#pipeline.calls += calls
    this.#pipeline.resent += resent
  }
}

/** Counts the calls of one method. */
export class MethodCounter {
  /** Service and method, such as `KV/Put`. */
  readonly name: string
  /** Calls without an end yet. */
  open = 0
  #succeeded = 0
  readonly #failed = new Map<ErrorCode, number>()

  constructor(path: string) {
    this.name = path.slice(path.lastIndexOf('.') + 1)
  }

  /** Takes an answer and hands it on; bound, so that a call needs no closure. */
  readonly succeeded = <Result>(result: Result): Result => {
    this.ended(undefined)
    return result
  }

  /** Takes a failure and throws it on. */
  readonly failed = (error: unknown): never => {
    this.ended(ConclaveError.from(error).code)
    throw error
  }

  /** A call is over: well, or with this code. */
  ended(code: ErrorCode | undefined): void {
    this.open--
    if (code === undefined) this.#succeeded++
    else this.#failed.set(code, (this.#failed.get(code) ?? 0) + 1)
  }

  metrics(): MethodMetrics {
    return {
      open: this.open,
      succeeded: this.#succeeded,
      failed: Object.fromEntries(this.#failed),
    }
  }
}

/**
 * Calls over the pipeline where it is offered, and alone where it is not.
 *
 * | mode | the server offers it | the server does not (UNIMPLEMENTED) |
 * | --- | --- | --- |
 * | `auto` | pipeline | each call alone, from then on; what waits is handed on in order of issue |
 * | `require` | pipeline | calls fail with `unimplemented` |
 *
 * A call that the pipeline does not carry goes alone in any case: another method, a
 * serializable read (which wants one member's answer at once), a physical compaction
 * (which may take long), a call with metadata of its own, for one endpoint, or with
 * `requireLeader` (which would have to be said of the whole stream).
 */

import type { Calls, CarriedOptions } from '../calls.js'
import type { Connection, RequestOptions } from '../connection/connection.js'
import { abortedFor, ConclaveError, errorOf, type Intent } from '../errors.js'
import { cancelled, deadlineExceeded } from '../host/failure.js'
import { randomId } from '../host/random.js'
import type { KeepAlive, KeepAliveListener } from '../keep-alive.js'
import type { Lease } from '../lease.js'
import type { Init } from '../wire/codec.js'
import type { Method } from '../wire/method.js'
import { KV, Lease as LeaseMethods, Maintenance } from '../wire/methods.js'
import type { RpcError } from '../wire/status.js'
import { type CallKind, kindOf } from './call-kinds.js'
import { CALLS_BYTES_MAX } from './call-line.js'
import { type Guarantees, PIPELINED, type PipelineMode, UNARY, UNSETTLED } from './guarantees.js'
import { PendingCall } from './pending-call.js'
import { type PipelineOwner, PipelineStream } from './pipeline-stream.js'

/** What {@link PipelineCalls} need. */
export interface PipelineCallsOptions {
  readonly connection: Connection
  readonly mode: Exclude<PipelineMode, 'off'>
  /** TTL of the session, in seconds. */
  readonly sessionTtlSeconds: number
  /** Keeps a lease alive. */
  readonly keepAlive: (lease: Lease, listener: KeepAliveListener) => KeepAlive
}

/** Nothing about a call that a caller did not say. */
const NO_OPTIONS: CarriedOptions = {}

/** See the head of the file. */
export class PipelineCalls implements Calls, PipelineOwner {
  readonly #options: PipelineCallsOptions
  readonly #connection: Connection
  readonly #stream: PipelineStream
  #guarantees = UNSETTLED
  readonly #onGivenUp = () => this.#stream.givenUp()
  /** Who waits to hear what the server offers. */
  readonly #asking = new Set<(error: Error | undefined) => void>()

  constructor(options: PipelineCallsOptions) {
    const { connection, sessionTtlSeconds: ttlSeconds, keepAlive } = options
    this.#options = options
    this.#connection = connection
    this.#stream = new PipelineStream(connection, this, { ttlSeconds, keepAlive })
    connection.own({ close: () => this.#close() })
  }

  /** What holds, as far as is known. */
  get guarantees(): Guarantees {
    return this.#guarantees
  }

  call<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    intent: Intent,
    options: CarriedOptions = NO_OPTIONS,
  ): Promise<Response> {
    const kind = this.#guarantees === UNARY ? undefined : kindOf(method.path)
    if (kind === undefined || !rides(method, request, options))
      return this.#connection.call(method, request, intent, options)
    return new Promise<Response>((resolve, reject) => {
      this.#connection.assertOpen()
      const { signal } = options
      if (signal?.aborted) throw abortedFor(signal.reason)
      const call = new PendingCall({
        kind,
        isNumbered: kind.isNumbered(request),
        bytes: this.#encode(kind, request),
        intent,
        deadlineMs:
          this.#connection.clock.now() + (options.timeoutMs ?? this.#connection.timeoutMs),
        options,
        resolve,
        reject,
        onGivenUp: this.#onGivenUp,
      })
      if (call.sizeBytes > CALLS_BYTES_MAX) call.fail(tooLarge(call.sizeBytes))
      else if (!this.#stream.add(call)) call.fail(errorOf('too-many-requests'))
    })
  }

  /**
   * Contacts the cluster, and resolves when it is known what holds.
   *
   * @throws {ConclaveError} `unavailable`, `unimplemented` with mode `require`, `closed`,
   *   `cancelled`.
   */
  async ready(options: RequestOptions): Promise<Guarantees> {
    this.#connection.assertOpen()
    if (this.#guarantees !== UNARY && this.#stream.address === undefined) await this.#ask(options)
    if (this.#guarantees === UNARY)
      await this.#connection.call(Maintenance.status, {}, 'read', options)
    return this.#guarantees
  }

  get isAsking(): boolean {
    return this.#asking.size > 0
  }

  welcomed(): void {
    this.#guarantees = PIPELINED
    this.#tell(undefined)
  }

  notOffered(error: RpcError): void {
    if (this.#options.mode === 'require') {
      this.#stream.failAll(error)
      this.#tell(error)
      return
    }
    this.#guarantees = UNARY
    for (const call of this.#stream.end())
      if (call.mayHaveHappened) call.giveUp(error)
      else this.#sendAlone(call)
    this.#tell(undefined)
  }

  refused(error: RpcError): void {
    this.#tell(error)
  }

  withoutSession(calls: readonly PendingCall[], error: ConclaveError): void {
    // A full cluster grants no lease, and must still be told to delete and to compact.
    const isFull = error.code === 'no-space' && this.#options.mode === 'auto'
    for (const call of calls)
      if (isFull) this.#sendAlone(call)
      else call.fail(error)
  }

  /** Hands a call that never left to the connection. */
  #sendAlone(call: PendingCall): void {
    if (call.settled) return
    const { kind, bytes, intent, deadlineMs, options } = call
    const timeoutMs = Math.max(1, deadlineMs - this.#connection.clock.now())
    const request = kind.request(bytes) as Init<unknown>
    const answer = this.#connection.call(kind.method, request, intent, { ...options, timeoutMs })
    call.handOver(answer as Promise<never>)
  }

  #close(): void {
    for (const call of this.#stream.end((address) => this.#connection.connectAnew(address)))
      call.close()
    this.#tell(cancelled())
  }

  #encode(kind: CallKind, request: unknown): Uint8Array {
    const isGrant = kind.method === LeaseMethods.leaseGrant
    const grant = request as { readonly ID?: bigint }
    const needsId = isGrant && (grant.ID ?? 0n) === 0n
    // Sent again with another id it would be another lease.
    const whole = needsId ? { ...grant, ID: randomId(this.#connection.random) } : request
    try {
      return kind.encode(whole)
    } catch (error) {
      throw ConclaveError.from(error)
    }
  }

  /** Resolves when a server has said whether it offers the pipeline. */
  #ask({ signal, timeoutMs = this.#connection.timeoutMs }: RequestOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error: Error | undefined) => {
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
        this.#asking.delete(finish)
        if (error === undefined) resolve()
        else if (this.#connection.closed) reject(errorOf('closed'))
        else reject(ConclaveError.from(error))
      }
      const onAbort = () => finish(abortedFor(signal?.reason))
      const timer = this.#connection.clock.after(timeoutMs, () =>
        finish(this.#stream.trouble ?? deadlineExceeded()),
      )
      this.#asking.add(finish)
      signal?.addEventListener('abort', onAbort, { once: true })
      if (signal?.aborted) onAbort()
      else this.#stream.want()
    })
  }

  #tell(error: RpcError | undefined): void {
    for (const finish of [...this.#asking]) finish(error)
  }
}

/** However long it waited, there would never be room for it. */
function tooLarge(sizeBytes: number): ConclaveError {
  return new ConclaveError(
    'request-too-large',
    `The request has ${sizeBytes} bytes, and ${CALLS_BYTES_MAX} are the most that may be under way; send less at once.`,
  )
}

/** May this call travel with others? */
function rides(
  { path }: { readonly path: string },
  request: object,
  { metadata, endpoint, requireLeader, timeoutMs = 1 }: CarriedOptions,
): boolean {
  if (metadata !== undefined || endpoint !== undefined || requireLeader) return false
  // What is not a time is refused where every time is checked.
  if (!(Number.isFinite(timeoutMs) && timeoutMs > 0)) return false
  const { serializable, physical } = request as { serializable?: boolean; physical?: boolean }
  if (path === KV.compact.path) return physical !== true
  return path !== KV.range.path || serializable !== true
}

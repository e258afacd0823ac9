/**
 * The caller's side of one call, unary or streaming: its deadline, its signal, its answer.
 *
 * Deadlines run on the caller's clock. A call that ends before its connection stands has
 * never left, and says so; a later one tells the server, if the link lets it.
 */

import type { Timer } from '../../../client/host/clock.js'
import { cancelled } from '../../../client/host/failure.js'
import type { CallOptions } from '../../../client/host/transport.js'
import type { Method } from '../../../client/wire/method.js'
import { RpcError, Status } from '../../../client/wire/status.js'
import type { ClientSide, SimConnection } from './connection.js'
import { StreamCall, UnaryCall } from './server-calls.js'
import { StreamEnd } from './stream-end.js'
import { StreamWire } from './stream-wire.js'

/** What ends a call from the caller's side, before the server does. */
abstract class OwnCall implements ClientSide {
  abstract readonly isStream: boolean
  arrived = false
  /** It ended before its connection stood: it must not leave afterwards. */
  protected neverLeft = false
  readonly connection: SimConnection
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = (): void => this.stop(cancelled())
  #timer: Timer | undefined
  #isOver = false

  constructor(connection: SimConnection, { signal, timeoutMs }: CallOptions) {
    this.connection = connection
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (timeoutMs !== undefined)
      this.#timer = connection.client.life.after(timeoutMs, () => this.stop(deadlineExceeded()))
    connection.begin(this)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The caller wants no more. */
  stop(error: RpcError): void {
    const neverSent = !this.connection.hasOpened
    if (!this.finish()) return
    this.neverLeft = neverSent
    this.fail(neverSent ? new RpcError(error.code, error.details, true) : error)
    if (!neverSent) this.connection.post(() => this.revoke())
  }

  lost(error: RpcError): void {
    if (this.finish()) this.fail(error)
  }

  /** True for the first who ends it. */
  finish(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#timer?.cancel()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.connection.calls.delete(this)
    return true
  }

  /** Tells the caller. */
  protected abstract fail(error: RpcError): void

  /** The server learns that the caller left. */
  protected abstract revoke(): void
}

/** One request. */
export class OwnUnaryCall<Response> extends OwnCall {
  readonly isStream = false
  readonly #resolve: (response: Response) => void
  readonly #reject: (error: RpcError) => void
  #served: UnaryCall | undefined

  constructor(
    connection: SimConnection,
    method: Method<unknown, Response, 'unary'>,
    request: Uint8Array,
    options: CallOptions,
    resolve: (response: Response) => void,
    reject: (error: RpcError) => void,
  ) {
    super(connection, options)
    this.#resolve = resolve
    this.#reject = reject
    connection.post(() => {
      if (this.neverLeft || (this.isOver && connection.isOver)) return
      this.arrived = true
      this.#served = new UnaryCall(connection, method.path, options.metadata, request, {
        answered: (bytes) => this.#settle(() => this.#resolve(method.response.decode(bytes))),
        failed: (error) => this.#settle(() => this.#reject(error)),
      })
    })
  }

  protected override fail(error: RpcError): void {
    this.#reject(error)
  }

  protected override revoke(): void {
    this.#served?.lost()
  }

  #settle(tell: () => void): void {
    this.connection.client.life.run(() => {
      if (this.finish()) tell()
    })
  }
}

/** One stream. */
export class OwnStream<Request, Response> extends OwnCall {
  readonly isStream = true
  readonly end: StreamEnd<Response, Request>
  readonly #served: StreamCall<Request, Response>

  constructor(connection: SimConnection, method: Method<Request, Response>, options: CallOptions) {
    super(connection, options)
    this.end = new StreamEnd<Response, Request>({
      role: 'client',
      life: connection.client.life,
      incoming: method.response,
      outgoing: method.request,
      onOver: () => this.finish(),
    })
    this.#served = new StreamCall(connection, method, options.metadata, this.end)
    this.end.wire = new StreamWire(connection, method.path, this.#served)
    connection.post(() => {
      if (this.neverLeft) return
      this.arrived = true
      this.#served.begin()
    })
  }

  protected override fail(error: RpcError): void {
    this.end.over(error)
  }

  protected override revoke(): void {
    this.#served.lost()
  }
}

function deadlineExceeded(): RpcError {
  return new RpcError(Status.DEADLINE_EXCEEDED, 'the deadline of the call has passed')
}

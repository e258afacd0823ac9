/**
 * A stream that many share and that outlives its connection.
 *
 * While it is wanted there is one open stream, or an attempt at one: when it breaks,
 * its endpoint is left and another is opened after the back-off. What to say on a new
 * stream is the owner's business ({@link StreamOwner.opened}); nothing that was sent on
 * the old one may be taken as received.
 */

import type { Timer } from '../host/clock.js'
import type { MessageStream } from '../host/stream.js'
import { isTlsFailure } from '../host/tls-failure.js'
import type { CallOptions } from '../host/transport.js'
import type { Init } from '../wire/codec.js'
import type { Method } from '../wire/method.js'
import { RpcError, Status } from '../wire/status.js'
import type { Connection } from './connection.js'
import type { Endpoint } from './endpoint.js'
import { isTokenRefusal } from './tokens.js'

/** Whoever shares a stream out. */
export interface StreamOwner<In> {
  /** A new stream is open; nothing has been said on it. */
  opened(): void
  message(message: In): void
  /** The stream broke. False: do not open another. */
  broken(error: RpcError): boolean
  /** After {@link SharedStream.sendBytes} returned false: there is room again. */
  drained?(): void
  /** Does this failure speak against the endpoint? It does when absent. */
  blames?(error: RpcError): boolean
}

/** Keeps one stream open as long as it is wanted. */
export class SharedStream<Out, In> {
  readonly #connection: Connection
  readonly #method: Method<Out, In, 'bidi'>
  readonly #options: CallOptions
  readonly #owner: StreamOwner<In>
  #stream: MessageStream<In, Init<Out>> | undefined
  #endpoint: Endpoint | undefined
  #waiting: Timer | undefined
  #wanted = false

  constructor(
    connection: Connection,
    method: Method<Out, In, 'bidi'>,
    options: CallOptions,
    owner: StreamOwner<In>,
  ) {
    this.#connection = connection
    this.#method = method
    this.#options = options
    this.#owner = owner
  }

  /** Is there a stream to send on? It may not have reached its server yet. */
  get isOpen(): boolean {
    return this.#stream !== undefined
  }

  /** The endpoint of the stream, or of the one before when none is open. */
  get address(): string {
    return this.#endpoint?.address ?? ''
  }

  /** Opens a stream soon, if there is none. */
  want(): void {
    this.#wanted = true
    if (this.#stream === undefined && this.#waiting === undefined) this.#openLater()
  }

  /** Ends the stream, if there is one. */
  release(): void {
    this.#wanted = false
    this.#waiting?.cancel()
    this.#waiting = undefined
    const stream = this.#stream
    this.#stream = undefined
    stream?.fail(new RpcError(Status.CANCELLED, 'no longer needed'))
  }

  /** Says something; lost when no stream is open. */
  send(message: Init<Out>): void {
    this.#stream?.send(message)
  }

  /** As {@link send}, for an encoded message. False: wait for `drained`; it is sent all the same. */
  sendBytes(bytes: Uint8Array): boolean {
    return this.#stream?.sendBytes(bytes) ?? false
  }

  /** Gives the stream up although it looks alive, and goes to another endpoint. */
  restart(why: string): void {
    if (this.#stream === undefined) return
    this.#endpoint?.suspect()
    this.#giveUp(why)
  }

  /**
   * A server refused something on the stream, and not the stream itself.
   *
   * @returns true when it did so for the client's token: the stream is opened again with a
   *   fresh one, and its owner hears that it broke.
   */
  refused(error: RpcError): boolean {
    const { tokens } = this.#connection
    if (tokens === undefined || !isTokenRefusal(error)) return false
    tokens.refused(tokens.current)
    this.#giveUp(error.details)
    return true
  }

  #giveUp(why: string): void {
    const stream = this.#stream
    if (stream === undefined) return
    const error = new RpcError(Status.UNAVAILABLE, why)
    this.#closed(stream, error)
    stream.fail(error)
  }

  #openLater(): void {
    const endpoint = this.#connection.endpoints.choose()
    if (endpoint.waitMs === 0) {
      this.#open(endpoint)
      return
    }
    this.#waiting = this.#connection.clock.after(endpoint.waitMs, () => {
      this.#waiting = undefined
      this.#openLater()
    })
  }

  #open(endpoint: Endpoint): void {
    const metadata = this.#connection.metadata(this.#options)
    const options = { ...this.#options, ...(metadata !== undefined && { metadata }) }
    const stream = endpoint.channel.stream(this.#method, options)
    this.#stream = stream
    this.#endpoint = endpoint
    stream.receive({
      message: (message) => {
        if (this.#stream !== stream) return
        endpoint.succeeded()
        this.#owner.message(message)
      },
      drain: () => {
        if (this.#stream === stream) this.#owner.drained?.()
      },
      close: (error) => this.#closed(stream, loss(error)),
    })
    this.#owner.opened()
  }

  #closed(stream: MessageStream<In, Init<Out>>, error: RpcError): void {
    if (this.#stream !== stream) return
    this.#stream = undefined
    const endpoint = this.#endpoint
    if (this.#owner.blames?.(error) ?? true) endpoint?.failed(error.details, isTlsFailure(error))
    if (endpoint) this.#connection.telemetry.streamBroke(endpoint.address, error.details)
    this.#connection.log.debug('a shared stream broke', {
      method: this.#method.path,
      endpoint: endpoint?.address,
      error: error.details,
    })
    if (this.#owner.broken(this.#told(error)) && this.#wanted) this.want()
    else this.#wanted = false
  }

  /** What passes by itself as it is; what does not as a refusal, which ends the owner's patience. */
  #told(error: RpcError): RpcError {
    if (!this.#connection.isHopeless(error)) return error
    return new RpcError(Status.UNAUTHENTICATED, error.details, true, { cause: error.cause })
  }
}

/** Why a stream is gone that nobody here ended. A connection that was given up looks like a call that was cancelled. */
function loss(error: RpcError | undefined): RpcError {
  if (error === undefined) return new RpcError(Status.UNAVAILABLE, 'the server ended it')
  if (error.code !== Status.CANCELLED) return error
  return new RpcError(Status.UNAVAILABLE, error.details, error.neverSent, { cause: error })
}

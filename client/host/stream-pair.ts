/**
 * Two ends of a stream inside one process.
 *
 * A message is encoded by its sender and decoded for its receiver: each side owns what
 * it holds, and both sides see what the wire would make of it. It lies in the
 * receiver's inbox and is delivered by a microtask, never inside `send`. From
 * {@link INBOX_MESSAGES_HIGH} waiting messages on `send` returns false; `drain` comes
 * when the inbox is empty.
 *
 * The ends behave as over gRPC: the server ends or fails the stream for both, the
 * client's `end` only closes its direction, the client's `fail` is a cancellation.
 */

import type { Codec, Init } from '../wire/codec.js'
import { RpcError, Status } from '../wire/status.js'
import { cancelled } from './failure.js'
import type { MessageStream, Receiver } from './stream.js'

/** Messages waiting for the far side from which on `send` asks to wait for `drain`. */
export const INBOX_MESSAGES_HIGH = 64

/** Both ends, and the way to end them from outside (deadline, abort, a closing channel). */
export interface StreamPair<Request, Response> {
  readonly client: MessageStream<Response, Init<Request>>
  readonly server: MessageStream<Request, Init<Response>>
  /** Ends both sides with this error. */
  end(error: RpcError): void
  /** Called once, when either side or `end` has ended the stream. */
  onOver: (() => void) | undefined
}

/** A stream between two parties that get one end each. */
export function createStreamPair<Request, Response>(
  request: Codec<Request>,
  response: Codec<Response>,
): StreamPair<Request, Response> {
  let told = false
  const over = () => {
    if (told) return
    told = true
    pair.onOver?.()
  }
  const client: End<Response, Request> = new End('client', request, over)
  const server: End<Request, Response> = new End('server', response, over)
  client.far = server
  server.far = client
  const pair: StreamPair<Request, Response> = {
    client,
    server,
    end(error) {
      over()
      client.over(error)
      server.over(error)
    },
    onOver: undefined,
  }
  return pair
}

class End<In, Out> implements MessageStream<In, Init<Out>> {
  readonly #role: 'client' | 'server'
  readonly #codec: Codec<Out>
  readonly #ended: () => void
  far!: End<Out, In>
  #receiver: Receiver<In> | undefined
  #inbox: In[] = []
  #paused = false
  #sealed = false
  #full = false
  #farEnded = false
  #endTold = false
  #outcome: { readonly error: RpcError | undefined } | undefined
  #closed = false
  #delivering = false
  #scheduled = false

  constructor(role: 'client' | 'server', codec: Codec<Out>, ended: () => void) {
    this.#role = role
    this.#codec = codec
    this.#ended = ended
  }

  send(message: Init<Out>): boolean {
    return !this.#sealed && this.#post(this.#codec.encode(message).finish())
  }

  sendBytes(bytes: Uint8Array): boolean {
    // A copy: the same bytes may go to many, and a receiver owns what it gets.
    return !this.#sealed && this.#post(Uint8Array.from(bytes))
  }

  end(): void {
    if (this.#sealed) return
    this.#sealed = true
    if (this.#role === 'client') {
      this.far.#endOfInput()
      return
    }
    this.#ended()
    this.over(undefined)
    this.far.over(undefined)
  }

  fail(error: RpcError): void {
    if (this.#outcome !== undefined) return
    this.#ended()
    this.over(error)
    this.far.over(this.#role === 'client' ? cancelled() : onTheWire(error))
  }

  receive(receiver: Receiver<In>): void {
    if (this.#receiver !== undefined) throw new Error('receive is called once')
    this.#receiver = receiver
    this.#schedule()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  /** The stream is over for this side; a failure is told even while paused. */
  over(error: RpcError | undefined): void {
    if (this.#outcome !== undefined) return
    this.#sealed = true
    this.#outcome = { error }
    this.#schedule()
  }

  #post(bytes: Uint8Array): boolean {
    this.far.#inbox.push(this.#codec.decode(bytes) as never)
    this.far.#schedule()
    if (this.far.#inbox.length >= INBOX_MESSAGES_HIGH) this.#full = true
    return !this.#full
  }

  #endOfInput(): void {
    this.#farEnded = true
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#deliver()
    })
  }

  #deliver(): void {
    const receiver = this.#receiver
    if (receiver === undefined || this.#closed || this.#delivering) return
    this.#delivering = true
    this.#deliverMessages(receiver)
    this.#delivering = false
    if (this.#inbox.length > 0 && this.#outcome?.error === undefined) return
    if (this.#farEnded && !this.#endTold && this.#outcome === undefined) {
      this.#endTold = true
      receiver.end?.()
    }
    if (this.#outcome === undefined) return
    this.#closed = true
    this.#inbox = []
    receiver.close(this.#outcome.error)
  }

  #deliverMessages(receiver: Receiver<In>): void {
    // What a server has not read when it ends the stream is of no interest any more.
    if (this.#role === 'server' && this.#outcome !== undefined) this.#inbox = []
    let taken = 0
    while (taken < this.#inbox.length && !this.#paused) receiver.message(this.#inbox[taken++]!)
    this.#inbox.splice(0, taken)
    if (taken > 0 && this.#inbox.length === 0) this.far.#drained()
  }

  #drained(): void {
    if (!this.#full || this.#sealed) return
    this.#full = false
    queueMicrotask(() => this.#receiver?.drain?.())
  }
}

/** The far side learns a status, not our error object. */
function onTheWire(error: RpcError): RpcError {
  const code = error.code === Status.OK ? Status.UNKNOWN : error.code
  return new RpcError(code, error.details)
}

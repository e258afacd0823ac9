/**
 * A stream that proves who the client is.
 *
 * It opens when there is a token; what is sent before waits. When a server refuses it for
 * its token before it said anything, it is opened again with a fresh one and everything is
 * sent again: the server has done nothing of it. Refused later, it breaks as if the
 * connection had, and whoever opens the next one gets a fresh token.
 */

import type { MessageStream, Receiver } from '../host/stream.js'
import type { Init } from '../wire/codec.js'
import { RpcError, Status } from '../wire/status.js'
import { isTokenRefusal, type Token, type Tokens } from './tokens.js'

/** Messages that are kept to be sent again; with more, a refused stream breaks. */
const KEPT_MAX = 64
/** Fresh tokens for one stream. */
const FRESH_TOKENS_MAX = 3

/** What an {@link AuthorizedStream} is made of. */
export interface StreamParts<In, Out> {
  readonly tokens: Tokens
  /** Asks the cluster for a token. */
  ask(): Promise<Token>
  open(token: Token): MessageStream<In, Init<Out>>
  encode(message: Init<Out>): Uint8Array
}

/** A stream with a token. */
export class AuthorizedStream<In, Out> implements MessageStream<In, Init<Out>> {
  readonly #parts: StreamParts<In, Out>
  #inner: MessageStream<In, Init<Out>> | undefined
  #token: Token | undefined
  #receiver: Receiver<In> | undefined
  /** All that was sent, while it may have to be sent again; undefined afterwards. */
  #kept: Uint8Array[] | undefined = []
  #fresh = 0
  #paused = false
  #ended = false
  #outcome: { readonly error: RpcError | undefined } | undefined

  constructor(parts: StreamParts<In, Out>) {
    this.#parts = parts
    this.#begin()
  }

  send(message: Init<Out>): boolean {
    return this.sendBytes(this.#parts.encode(message))
  }

  sendBytes(bytes: Uint8Array): boolean {
    if (this.#ended || this.#outcome !== undefined) return false
    this.#kept?.push(bytes)
    if (this.#inner === undefined) return true
    if (this.#kept !== undefined && this.#kept.length > KEPT_MAX) this.#kept = undefined
    return this.#inner.sendBytes(bytes)
  }

  end(): void {
    this.#ended = true
    this.#inner?.end()
  }

  fail(error: RpcError): void {
    // Whatever it ends with now, it is not opened again.
    this.#kept = undefined
    if (this.#inner !== undefined) this.#inner.fail(error)
    else this.#over(error)
  }

  receive(receiver: Receiver<In>): void {
    if (this.#receiver !== undefined) throw new Error('receive is called once')
    this.#receiver = receiver
    if (this.#inner !== undefined) this.#listen(this.#inner, receiver)
    else if (this.#outcome !== undefined) this.#tell()
  }

  pause(): void {
    this.#paused = true
    this.#inner?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#inner?.resume()
  }

  #begin(): void {
    const token = this.#parts.tokens.current
    if (token !== undefined) this.#open(token)
    else
      this.#parts.ask().then(
        (asked) => this.#open(asked),
        (error) => this.#over(asRpcError(error)),
      )
  }

  #open(token: Token): void {
    if (this.#outcome !== undefined) return
    const inner = this.#parts.open(token)
    this.#token = token
    this.#inner = inner
    if (this.#paused) inner.pause()
    if (this.#receiver !== undefined) this.#listen(inner, this.#receiver)
    for (const bytes of this.#kept ?? []) inner.sendBytes(bytes)
    if (this.#ended) inner.end()
  }

  #listen(inner: MessageStream<In, Init<Out>>, receiver: Receiver<In>): void {
    inner.receive({
      message: (message) => {
        this.#kept = undefined
        receiver.message(message)
      },
      end: () => receiver.end?.(),
      drain: () => receiver.drain?.(),
      close: (error) => this.#closed(error),
    })
  }

  #closed(error: RpcError | undefined): void {
    if (error === undefined || !isTokenRefusal(error)) {
      this.#over(error)
      return
    }
    this.#parts.tokens.refused(this.#token)
    if (this.#kept === undefined) this.#over(new RpcError(Status.UNAVAILABLE, error.details))
    else if (this.#fresh === FRESH_TOKENS_MAX) this.#over(error)
    else {
      this.#fresh++
      this.#inner = undefined
      this.#begin()
    }
  }

  #over(error: RpcError | undefined): void {
    if (this.#outcome !== undefined) return
    this.#outcome = { error }
    this.#kept = undefined
    if (this.#receiver !== undefined) this.#tell()
  }

  /** In a later microtask: nobody is told inside a call of his. */
  #tell(): void {
    queueMicrotask(() => this.#receiver!.close(this.#outcome!.error))
  }
}

function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  const text = error instanceof Error ? error.message : String(error)
  return new RpcError(Status.CANCELLED, text, true, { cause: error })
}

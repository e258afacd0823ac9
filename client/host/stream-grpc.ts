/**
 * What both ends of a gRPC stream share: reading one message at a time under the
 * owner's control, and counting what was written but has not left yet.
 *
 * grpc-js hands over one message per `startRead`, so a paused owner simply stops
 * asking, the HTTP/2 window fills, and the far side's `send` turns false. At most one
 * message that was already asked for waits here while paused. Outwards, `send` is
 * false from {@link WRITE_BYTES_HIGH} unsent bytes on until all of them have left.
 */

import type { Codec, Init } from '../wire/codec.js'
import type { RpcError } from '../wire/status.js'
import type { MessageStream, Receiver } from './stream.js'

/** Unsent bytes from which on `send` asks the caller to wait for `drain`. */
export const WRITE_BYTES_HIGH = 64 * 1024

/** grpc-js copies messages with Buffer methods; a view costs nothing. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** One end of a stream. Subclasses bind it to a client's or a server's call of grpc-js. */
export abstract class GrpcStream<In, Out> implements MessageStream<In, Init<Out>> {
  readonly #codec: Codec<Out>
  #receiver: Receiver<In> | undefined
  /** Asked for and arrived while paused. */
  #held: { readonly message: In } | undefined
  #paused = false
  #reading = false
  #pumping = false
  #farEnded = false
  #unsentBytes = 0
  #full = false
  /** No more `send`: this side ended or failed, or the stream is over. */
  #sealed = false
  /** How it ended, while that waits for the receiver or for a held message. */
  #outcome: { readonly error: RpcError | undefined } | undefined
  #closed = false

  protected constructor(codec: Codec<Out>) {
    this.#codec = codec
  }

  /** Asks grpc-js for one message; it answers by {@link arrived} or {@link farEnd}, perhaps at once. */
  protected abstract startRead(): void
  /** Hands bytes to grpc-js; `done` when they left this process's buffers. */
  protected abstract write(bytes: Buffer, done: () => void): void
  /** Ends this side after all that was written. */
  protected abstract finish(): void
  /** Ends both sides. */
  protected abstract abort(error: RpcError): void

  send(message: Init<Out>): boolean {
    return !this.#sealed && this.sendBytes(this.#codec.encode(message).finish())
  }

  sendBytes(bytes: Uint8Array): boolean {
    if (this.#sealed) return false
    const length = bytes.length
    this.#unsentBytes += length
    if (this.#unsentBytes >= WRITE_BYTES_HIGH) this.#full = true
    this.write(toBuffer(bytes), () => this.#left(length))
    return !this.#full
  }

  end(): void {
    if (this.#sealed) return
    this.#sealed = true
    this.finish()
  }

  fail(error: RpcError): void {
    if (this.#outcome !== undefined) return
    this.#sealed = true
    this.abort(error)
  }

  receive(receiver: Receiver<In>): void {
    if (this.#receiver !== undefined) throw new Error('receive is called once')
    this.#receiver = receiver
    queueMicrotask(() => this.#deliver())
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    queueMicrotask(() => this.#deliver())
  }

  /** Asks for the first message before there is a receiver. */
  protected readAhead(): void {
    this.#reading = true
    this.startRead()
  }

  /** A message came. */
  protected arrived(message: In): void {
    this.#reading = false
    if (this.#closed) return
    if (this.#flowing) this.#receiver!.message(message)
    else this.#held = { message }
    this.#deliver()
  }

  /** The far side sends no more. */
  protected farEnd(): void {
    if (this.#outcome !== undefined) return
    this.#farEnded = true
    this.#deliver()
  }

  /** The stream is over. A failure is told at once; success waits for the last message to be taken. */
  protected over(error: RpcError | undefined): void {
    if (this.#outcome !== undefined) return
    this.#outcome = { error }
    this.#sealed = true
    this.#deliver()
  }

  get #flowing(): boolean {
    return this.#receiver !== undefined && !this.#paused && !this.#closed
  }

  #left(length: number): void {
    this.#unsentBytes -= length
    if (!this.#full || this.#unsentBytes > 0 || this.#sealed) return
    this.#full = false
    this.#receiver?.drain?.()
  }

  /** Everything that may go to the receiver now, in order; then asks for more. */
  #deliver(): void {
    const receiver = this.#receiver
    if (receiver === undefined || this.#closed || this.#pumping) return
    this.#pumping = true
    if (this.#held !== undefined && !this.#paused) {
      const { message } = this.#held
      this.#held = undefined
      receiver.message(message)
    }
    // A loop and not a recursion: one data frame may hold thousands of small messages.
    while (this.#flowing && !this.#reading && !this.#farEnded && this.#outcome === undefined) {
      this.#reading = true
      this.startRead()
    }
    this.#pumping = false
    if (this.#held !== undefined && this.#outcome?.error === undefined) return
    if (this.#farEnded && this.#outcome === undefined) this.#tellEnd(receiver)
    if (this.#outcome !== undefined && !this.#closed) {
      this.#closed = true
      this.#held = undefined
      receiver.close(this.#outcome.error)
    }
  }

  #endTold = false
  #tellEnd(receiver: Receiver<In>): void {
    if (this.#endTold) return
    this.#endTold = true
    receiver.end?.()
  }
}

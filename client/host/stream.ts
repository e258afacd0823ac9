/**
 * A stream of messages between two sides, the same seen from client and server.
 *
 * Callback-shaped on purpose: no promise per message, so a stream costs little and
 * the simulator can run it in step. Above it live async iterators for people.
 */

import type { RpcError } from '../wire/status.js'

/** What a stream tells its owner. Callbacks never overlap and must not throw. */
export interface Receiver<In> {
  message(message: In): void
  /** The far side sends no more (half-close); this side may still send. */
  end?(): void
  /** After `send` returned false: there is room again. */
  drain?(): void
  /** Called exactly once, last: the stream is over. `undefined` is success (status OK). */
  close(error: RpcError | undefined): void
}

/** One side of an open stream: receives `In`, sends `Out`. */
export interface MessageStream<In, Out> {
  /**
   * Queues a message. `false` asks the caller to wait for `drain`; the message is
   * queued all the same. After the stream closed it does nothing and returns false.
   */
  send(message: Out): boolean
  /** As `send`, for bytes that already are an encoded `Out`: encode once, send to many. */
  sendBytes(bytes: Uint8Array): boolean
  /** Sends no more. Client: half-close. Server: finish with status OK. */
  end(): void
  /** Ends the stream in both directions at once. Client: cancel. Server: finish with this status. */
  fail(error: RpcError): void
  /** Starts delivery; called once. What arrived before waits under flow control. */
  receive(receiver: Receiver<In>): void
  /** Stops delivery of messages until `resume`; the far side feels it by flow control. */
  pause(): void
  resume(): void
}

/**
 * A stream that is counted and traced as one call: from its opening to its end.
 *
 * It has succeeded when the server ended it well, or when its reader left it (`fail` with
 * CANCELLED); any other end is a failure.
 */

import type { ObservedCall } from './calls-observed.js'
import type { MessageStream, Receiver } from './host/stream.js'
import { type RpcError, Status } from './wire/status.js'

/** Hands everything on, and tells how it ends. */
export class ObservedStream<In, Out> implements MessageStream<In, Out> {
  readonly #stream: MessageStream<In, Out>
  readonly #call: ObservedCall

  constructor(stream: MessageStream<In, Out>, call: ObservedCall) {
    this.#stream = stream
    this.#call = call
  }

  send(message: Out): boolean {
    return this.#stream.send(message)
  }

  sendBytes(bytes: Uint8Array): boolean {
    return this.#stream.sendBytes(bytes)
  }

  end(): void {
    this.#stream.end()
  }

  fail(error: RpcError): void {
    this.#call.over(error.code === Status.CANCELLED ? undefined : error)
    this.#stream.fail(error)
  }

  receive(receiver: Receiver<In>): void {
    this.#stream.receive({
      message: (message) => receiver.message(message),
      end: () => receiver.end?.(),
      drain: () => receiver.drain?.(),
      close: (error) => {
        this.#call.over(error)
        receiver.close(error)
      },
    })
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }
}

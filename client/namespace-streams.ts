/** Streams of answers within a namespace: that of large ranges; there is no other. */

import type { Streams } from './calls.js'
import type { RequestOptions } from './connection/connection.js'
import { invalidArgument } from './errors.js'
import type { Clock } from './host/clock.js'
import type { MessageStream, Receiver } from './host/stream.js'
import { stripRange } from './namespace-calls.js'
import type { KeyPrefix } from './namespace-keys.js'
import type { Init } from './wire/codec.js'
import type { RangeRequest, RangeStreamResponse } from './wire/generated/rpc.js'
import type { Method } from './wire/method.js'
import { KV } from './wire/methods.js'
import type { RpcError } from './wire/status.js'

/** Opens streams within a namespace. */
export class NamespacedStreams implements Streams {
  readonly #streams: Streams
  readonly #prefix: KeyPrefix

  constructor(streams: Streams, prefix: KeyPrefix) {
    this.#streams = streams
    this.#prefix = prefix
  }

  get clock(): Clock {
    return this.#streams.clock
  }

  get timeoutMs(): number {
    return this.#streams.timeoutMs
  }

  stream<Request, Response>(
    method: Method<Request, Response, 'serverStream'>,
    options?: RequestOptions,
  ): MessageStream<Response, Init<Request>> {
    if ((method as unknown) !== KV.rangeStream)
      throw invalidArgument(`${method.path} cannot be called within a namespace.`)
    const outside = this.#streams.stream(KV.rangeStream, options)
    return new RenamedRanges(outside, this.#prefix) as unknown as MessageStream<
      Response,
      Init<Request>
    >
  }
}

class RenamedRanges implements MessageStream<RangeStreamResponse, Init<RangeRequest>> {
  readonly #outside: MessageStream<RangeStreamResponse, Init<RangeRequest>>
  readonly #prefix: KeyPrefix

  constructor(outside: MessageStream<RangeStreamResponse, Init<RangeRequest>>, prefix: KeyPrefix) {
    this.#outside = outside
    this.#prefix = prefix
  }

  send(request: Init<RangeRequest>): boolean {
    return this.#outside.send(this.#prefix.ranged(request))
  }

  sendBytes(): boolean {
    throw invalidArgument('Encoded requests cannot be sent within a namespace.')
  }

  receive(receiver: Receiver<RangeStreamResponse>): void {
    this.#outside.receive({
      message: (message) => {
        if (message.rangeResponse !== undefined) stripRange(message.rangeResponse, this.#prefix)
        receiver.message(message)
      },
      end: () => receiver.end?.(),
      drain: () => receiver.drain?.(),
      close: (error) => receiver.close(error),
    })
  }

  end(): void {
    this.#outside.end()
  }

  fail(error: RpcError): void {
    this.#outside.fail(error)
  }

  pause(): void {
    this.#outside.pause()
  }

  resume(): void {
    this.#outside.resume()
  }
}

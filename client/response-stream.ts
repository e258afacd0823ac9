/**
 * The answers of a server-streaming method as an async iterable.
 *
 * One message is taken from the stream when the reader asks for it: a slow reader slows the
 * server by flow control and holds nothing here. A reader that leaves cancels the stream.
 */

import type { Clock, Timer } from './host/clock.js'
import type { MessageStream } from './host/stream.js'
import type { Init } from './wire/codec.js'
import { RpcError, Status } from './wire/status.js'

/** Bounds of a {@link responses}. */
export interface ResponsesOptions {
  readonly clock: Clock
  /** A server that owes a message this many milliseconds is given up with DEADLINE_EXCEEDED. */
  readonly silenceMs: number
}

/**
 * Sends the one request and yields what comes.
 *
 * @throws {RpcError} how the stream ended, unless it ended well.
 */
export async function* responses<Request, Response>(
  stream: MessageStream<Response, Init<Request>>,
  request: Init<Request>,
  options: ResponsesOptions,
): AsyncGenerator<Response, void, undefined> {
  const inbox = new Inbox(stream, options)
  stream.send(request)
  stream.end()
  try {
    for (;;) {
      const message = await inbox.next()
      if (message === undefined) return
      yield message
    }
  } finally {
    inbox.leave()
  }
}

/** What lies between the stream and its one reader. */
class Inbox<In, Out> {
  readonly #stream: MessageStream<In, Out>
  readonly #options: ResponsesOptions
  /** Bounded: the stream is paused as soon as there is one. */
  readonly #messages: In[] = []
  #over: { readonly error: RpcError | undefined } | undefined
  #wake: (() => void) | undefined
  #silence: Timer | undefined

  constructor(stream: MessageStream<In, Out>, options: ResponsesOptions) {
    this.#stream = stream
    this.#options = options
    stream.receive({
      message: (message) => {
        this.#messages.push(message)
        stream.pause()
        this.#wakeUp()
      },
      close: (error) => this.#end(error),
    })
  }

  /** The next message; undefined when the stream ended well. */
  async next(): Promise<In | undefined> {
    for (;;) {
      const message = this.#messages.shift()
      if (message !== undefined) return message
      if (this.#over?.error !== undefined) throw this.#over.error
      if (this.#over !== undefined) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        this.#silence = this.#options.clock.after(this.#options.silenceMs, () => this.#giveUp())
        this.#stream.resume()
      })
    }
  }

  /** Nobody reads any more. */
  leave(): void {
    this.#silence?.cancel()
    if (this.#over === undefined)
      this.#stream.fail(new RpcError(Status.CANCELLED, 'nobody reads it any more'))
  }

  #giveUp(): void {
    const { silenceMs } = this.#options
    const error = new RpcError(
      Status.DEADLINE_EXCEEDED,
      `the server has sent nothing for ${silenceMs} ms`,
    )
    this.#end(error)
    this.#stream.fail(error)
  }

  #end(error: RpcError | undefined): void {
    this.#over ??= { error }
    this.#wakeUp()
  }

  #wakeUp(): void {
    this.#silence?.cancel()
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

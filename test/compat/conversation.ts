/** A stream on which every request has one answer, in order: keep-alives. */

import type { MessageStream } from '../../client/host/stream.js'
import { RpcError, Status } from '../../client/wire/status.js'

/** Who waits for an answer. */
interface Waiting<In> {
  resolve(message: In): void
  reject(error: RpcError): void
}

/** See the head of the file. */
export class Conversation<Out, In> {
  readonly #stream: MessageStream<In, Out>
  readonly #waiting: Waiting<In>[] = []
  #over: RpcError | undefined

  constructor(stream: MessageStream<In, Out>) {
    this.#stream = stream
    stream.receive({
      message: (message) => this.#waiting.shift()?.resolve(message),
      close: (error) => {
        this.#over = error ?? new RpcError(Status.OK, 'the server ended the stream')
        for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#over)
      },
    })
  }

  /** Sends a request and waits for its answer. */
  ask(request: Out): Promise<In> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) return reject(this.#over)
      this.#waiting.push({ resolve, reject })
      this.#stream.send(request)
    })
  }

  close(): void {
    this.#stream.fail(new RpcError(Status.CANCELLED, 'the test is done with it'))
  }
}

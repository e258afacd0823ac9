/** A transport that loses what servers say on streams, or the streams, when a test wants it to. */

import type { Channel, ChannelOptions, Transport } from '../../client/host/transport.js'
import { RpcError, Status } from '../../client/wire/status.js'

/** See the head of the file. Unary calls pass unharmed. */
export class LossyTransport implements Transport {
  /** Nothing that comes on a stream arrives. */
  isDeaf = false
  readonly #inner: Transport
  /** Those that were opened since the last cut. */
  #cuts: (() => void)[] = []

  constructor(inner: Transport) {
    this.#inner = inner
  }

  /** Breaks every stream; others can be opened. */
  cut(): void {
    for (const cut of this.#cuts.splice(0)) cut()
  }

  connect(address: string, options?: ChannelOptions): Channel {
    const channel = this.#inner.connect(address, options)
    return {
      call: (method, request, callOptions) => channel.call(method, request, callOptions),
      stream: (method, callOptions) => {
        const stream = channel.stream(method, callOptions)
        this.#cuts.push(() => stream.fail(new RpcError(Status.UNAVAILABLE, 'cut')))
        const receive = stream.receive.bind(stream)
        stream.receive = (receiver) =>
          receive({
            message: (message) => {
              if (!this.isDeaf) receiver.message(message)
            },
            end: () => receiver.end?.(),
            drain: () => receiver.drain?.(),
            close: (error) => receiver.close(error),
          })
        return stream
      },
      close: () => channel.close(),
    }
  }
}

/** A transport that loses what servers say on streams, when a test wants it to. */

import type { Channel, ChannelOptions, Transport } from '../../client/host/transport.js'

/** See the head of the file. Unary calls pass unharmed. */
export class LossyTransport implements Transport {
  /** Nothing that comes on a stream arrives. */
  isDeaf = false
  readonly #inner: Transport

  constructor(inner: Transport) {
    this.#inner = inner
  }

  connect(address: string, options?: ChannelOptions): Channel {
    const channel = this.#inner.connect(address, options)
    return {
      call: (method, request, callOptions) => channel.call(method, request, callOptions),
      stream: (method, callOptions) => {
        const stream = channel.stream(method, callOptions)
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

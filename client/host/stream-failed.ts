/** A stream that could not be opened: it only tells why. */

import type { RpcError } from '../wire/status.js'
import type { MessageStream, Receiver } from './stream.js'

/** A stream that is over before it began; `receive` hears of it in a later microtask. */
export function failedStream<In, Out>(error: RpcError): MessageStream<In, Out> {
  return {
    send: () => false,
    sendBytes: () => false,
    end() {},
    fail() {},
    receive(receiver: Receiver<In>) {
      queueMicrotask(() => receiver.close(error))
    },
    pause() {},
    resume() {},
  }
}

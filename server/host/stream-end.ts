/** Hears of the end of a stream beside the handler that owns it. */

import type { MessageStream, Receiver } from '../../client/host/stream.js'

/** The same stream; `over` runs once when it has closed, before its receiver is told. */
export function withEnd<In, Out>(
  stream: MessageStream<In, Out>,
  over: () => void,
): MessageStream<In, Out> {
  return {
    send: (message) => stream.send(message),
    sendBytes: (bytes) => stream.sendBytes(bytes),
    end: () => stream.end(),
    fail: (error) => stream.fail(error),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    receive: (receiver: Receiver<In>) =>
      stream.receive({
        message: (message) => receiver.message(message),
        end: () => receiver.end?.(),
        drain: () => receiver.drain?.(),
        close: (error) => {
          over()
          receiver.close(error)
        },
      }),
  }
}

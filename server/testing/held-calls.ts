/**
 * What a process hears that stands still: nothing, until it goes on.
 *
 * Calls that reach it wait before its handlers, answers wait before its callers, and a
 * stream delivers nothing, so that the far side feels it by flow control. As under
 * SIGSTOP connections stay open, and callers give up by their own deadline. A request
 * whose caller has given up is still carried out when the process goes on.
 */

import type { Route, ServiceTable } from '../../client/host/service.js'
import type { MessageStream, Receiver } from '../../client/host/stream.js'
import type { Life } from './member-clock.js'

/** The promise as the process learns of it; it never settles for one that is dead. */
export function answerHeld<T>(answer: Promise<T>, life: Life): Promise<T> {
  return new Promise((resolve, reject) => {
    answer.then(
      (value) => life.run(() => resolve(value)),
      (error) => life.run(() => reject(error)),
    )
  })
}

/** The services of a process. */
export function servicesHeld(services: ServiceTable, life: Life): ServiceTable {
  return services.map(({ method, unary, streaming }): Route => {
    if (unary !== undefined)
      return {
        method,
        unary: (request, context) => {
          if (!life.isPaused) return unary(request, context)
          const answer = async () => unary(request, context)
          return new Promise((resolve) => life.run(() => resolve(answer())))
        },
      }
    return {
      method,
      streaming: (stream, context) =>
        life.run(() =>
          streaming?.(
            streamHeld(stream, life, () => {}),
            context,
          ),
        ),
    }
  })
}

/**
 * A stream as the process sees its end of it.
 *
 * @param over called when the stream has closed, even if its owner cannot learn of it yet.
 */
export function streamHeld<In, Out>(
  stream: MessageStream<In, Out>,
  life: Life,
  over: () => void,
): MessageStream<In, Out> {
  let pausedByOwner = false
  const receive = (receiver: Receiver<In>): void =>
    stream.receive({
      message: (message) => {
        if (!life.isPaused) return life.run(() => receiver.message(message))
        stream.pause()
        life.run(() => {
          receiver.message(message)
          if (!pausedByOwner) stream.resume()
        })
      },
      end: () => life.run(() => receiver.end?.()),
      drain: () => life.run(() => receiver.drain?.()),
      close: (error) => {
        over()
        life.run(() => receiver.close(error))
      },
    })
  return {
    send: (message) => stream.send(message),
    sendBytes: (bytes) => stream.sendBytes(bytes),
    end: () => stream.end(),
    fail: (error) => stream.fail(error),
    pause: () => {
      pausedByOwner = true
      stream.pause()
    },
    resume: () => {
      pausedByOwner = false
      stream.resume()
    },
    receive,
  }
}

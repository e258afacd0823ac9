/** The port to Node's diagnostics channels: where a program hears what its clients do. */

import {
  type Channel,
  channel,
  subscribe,
  tracingChannel,
  unsubscribe,
} from 'node:diagnostics_channel'

/** A named place to publish to. With nobody subscribed, asking costs a field and publishing nothing. */
export interface NoticeChannel<Notice extends object> {
  readonly hasSubscribers: boolean
  publish(notice: Notice): void
}

/** Publishes how a call goes: `start`, `end`, `asyncStart`, `asyncEnd` and `error` of a context. */
export interface CallChannel<Context extends object> {
  readonly hasSubscribers: boolean
  /** Runs `call` and publishes its steps; `result` or `error` is put into the context. */
  trace<Result>(call: () => Promise<Result>, context: Context): Promise<Result>
}

/** The channel of this name. */
export function noticeChannel<Notice extends object>(name: string): NoticeChannel<Notice> {
  const found: Channel = channel(name)
  return found as NoticeChannel<Notice>
}

/** The tracing channel of this name: `tracing:<name>:start` and so on. */
export function callChannel<Context extends object>(name: string): CallChannel<Context> {
  const channels = tracingChannel<unknown, Context>(name)
  const { start, end, asyncStart, asyncEnd, error } = channels
  return {
    // Each is asked: TracingChannel has no hasSubscribers before Node 20.13.
    get hasSubscribers() {
      return (
        start.hasSubscribers ||
        asyncEnd.hasSubscribers ||
        error.hasSubscribers ||
        end.hasSubscribers ||
        asyncStart.hasSubscribers
      )
    },
    trace: (call, context) => channels.tracePromise(call, context) as ReturnType<typeof call>,
  }
}

/** Hears every notice of a channel; returns how to stop that. */
export function onNotice<Notice extends object>(
  name: string,
  listener: (notice: Notice) => void,
): () => void {
  const heard = (notice: unknown) => listener(notice as Notice)
  subscribe(name, heard)
  return () => unsubscribe(name, heard)
}

/** Hears the start of every call of a tracing channel, and its end with its result or error. */
export function onCall<Context extends object>(
  name: string,
  started: (context: Context) => void,
  ended: (context: Context) => void,
): () => void {
  const channels = tracingChannel<unknown, Context>(name)
  const heard = { start: started, end() {}, asyncStart() {}, asyncEnd: ended, error() {} }
  channels.subscribe(heard)
  return () => channels.unsubscribe(heard)
}

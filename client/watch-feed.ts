/**
 * One watch: what its reader was given, and where to go on.
 *
 * Fragments are gathered until their message is whole. `nextRevision` is where the
 * watch is taken up again and moves with events and with reports of progress;
 * what was given moves with events alone, so an event that comes late, after a report
 * that was too early, is still told, and one that comes twice is not.
 */

import { ConclaveError, errorOf } from './errors.js'
import type { Relisted } from './watch-event.js'
import type { Event } from './wire/generated/kv.js'
import type { FilterType, WatchResponse } from './wire/generated/rpc.js'
import { RpcError, Status } from './wire/status.js'

/** What to watch, as the wire says it. */
export interface FeedRequest {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
  /** 0: from now on. */
  readonly startRevision: number
  readonly filters: readonly FilterType[]
  readonly progressNotify: boolean
  readonly prevKv: boolean
  readonly fragment: boolean
}

/** Who reads a feed. */
export interface FeedSink {
  /** Told once: a server has begun to watch, and the store was at this revision. */
  opened(revision: number): void
  /** No server watches for now; another one is looked for. Told once until `resumed`. */
  disconnected(error: ConclaveError): void
  /** A server watches again; it was asked for everything from this revision on. */
  resumed(startRevision: number): void
  /** Takes whole revisions. False: no more until {@link WatchFeed.caughtUp}. */
  push(events: readonly Event[], revision: number, origin?: PushOrigin): boolean
  fail(error: ConclaveError): void
}

/** Where events come from that no server told. */
export interface PushOrigin {
  readonly synthetic: true
  /** These are the first ones of a list. */
  readonly relisted: Relisted | undefined
}

/** The reader's handle on its feed. */
export interface WatchFeed {
  caughtUp(): void
  requestProgress(): void
  close(): void
}

/** Starts feeds: the hub of all watches, or a namespace in front of it. */
export interface FeedSource {
  /** @throws {ConclaveError} `closed`. */
  add(request: FeedRequest, sink: FeedSink): WatchFeed
}

/** Puts feeds on the server and takes them off. */
export interface FeedHub {
  create(feed: Feed): void
  cancel(feed: Feed): void
  /** @param why the failure that ended it; undefined when its reader did. */
  remove(feed: Feed, why?: ConclaveError): void
  requestProgress(feed: Feed): void
}

/** One watch on the shared stream. */
export class Feed implements WatchFeed {
  readonly request: FeedRequest
  readonly #hub: FeedHub
  readonly #sink: FeedSink
  /** Its number on the present stream; undefined while it is not on the server. */
  id: number | undefined
  /** First revision that the reader was not given; 0 before it is known where "now" was. */
  nextRevision: number
  paused = false
  /** Revision of the last event that the reader was given. */
  #givenRevision = 0
  #active = false
  /** Has a server confirmed it before? Then the next time it is resumed. */
  hasOpened = false
  /** Was the reader told that no server watches? */
  #broken = false
  /** The parts of a message that is not whole yet. */
  #fragments: Event[] | undefined

  constructor(hub: FeedHub, request: FeedRequest, sink: FeedSink) {
    this.#hub = hub
    this.request = request
    this.nextRevision = request.startRevision
    this.#sink = sink
  }

  caughtUp(): void {
    if (!this.paused) return
    this.paused = false
    this.#hub.create(this)
  }

  requestProgress(): void {
    this.#hub.requestProgress(this)
  }

  close(): void {
    this.#hub.remove(this)
  }

  created(revision: number): void {
    const isFirst = !this.hasOpened
    const wasBroken = this.#broken
    this.#active = true
    this.hasOpened = true
    this.#broken = false
    if (this.nextRevision === 0) this.nextRevision = revision + 1
    if (isFirst) this.#sink.opened(revision)
    if (wasBroken) this.#sink.resumed(this.nextRevision)
  }

  /** It is not on the server any more, and the parts of an unfinished message are void. */
  detached(): void {
    this.id = undefined
    this.#active = false
    this.#fragments = undefined
  }

  /** The stream that it is on, or waits for, broke. */
  broke(error: ConclaveError): void {
    this.detached()
    if (this.paused || this.#broken) return
    this.#broken = true
    this.#sink.disconnected(error)
  }

  receive(response: WatchResponse): void {
    if (response.canceled) {
      this.fail(cancelError(response))
      return
    }
    const events = this.#whole(response)
    if (events === undefined) return
    if (events.length > 0) this.#events(events)
    else this.#progress(response.header?.revision ?? 0)
  }

  /** Passes on that everything up to here was told, if it can be; says whether it did. */
  report(revision: number): boolean {
    if (!this.#active || revision < this.nextRevision - 1) return false
    this.#give([], revision)
    return true
  }

  fail(error: ConclaveError): void {
    this.#hub.remove(this, error)
    this.#sink.fail(error)
  }

  /** The events of a message, unless more parts of it follow. */
  #whole({ events, fragment }: WatchResponse): readonly Event[] | undefined {
    if (this.#fragments !== undefined) {
      for (const event of events) this.#fragments.push(event)
    } else if (fragment) this.#fragments = events
    if (fragment) return undefined
    const whole = this.#fragments ?? events
    this.#fragments = undefined
    return whole
  }

  #events(events: readonly Event[]): void {
    // After a break a server may begin with what the reader has already.
    const isFresh = revisionOf(events[0]!) > this.#givenRevision
    const fresh = isFresh
      ? events
      : events.filter((event) => revisionOf(event) > this.#givenRevision)
    if (fresh.length === 0) return
    this.#givenRevision = revisionOf(fresh[fresh.length - 1]!)
    this.nextRevision = Math.max(this.nextRevision, this.#givenRevision + 1)
    this.#give(fresh, this.#givenRevision)
  }

  #progress(revision: number): void {
    if (revision < this.nextRevision - 1) return
    this.nextRevision = revision + 1
    this.#give([], revision)
  }

  #give(events: readonly Event[], revision: number): void {
    if (this.#sink.push(events, revision)) return
    this.paused = true
    this.#hub.cancel(this)
    this.detached()
  }
}

function revisionOf(event: Event): number {
  return event.kv?.modRevision ?? 0
}

/** Why a server cancelled a watch. */
export function cancelError(response: WatchResponse): ConclaveError {
  if (response.compactRevision > 0)
    return errorOf('compacted', { compactRevision: response.compactRevision })
  const reason = response.cancelReason
  // etcd writes its own error into the text: "rpc error: code = PermissionDenied desc = …".
  const text = reason.replace(/^rpc error: code = \w+ desc = /, '')
  if (text === '') return errorOf('cancelled')
  const code = /code = PermissionDenied/.test(reason) ? Status.PERMISSION_DENIED : Status.CANCELLED
  return ConclaveError.from(new RpcError(code, text))
}

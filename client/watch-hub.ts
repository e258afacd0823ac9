/**
 * All watches of a client on one stream.
 *
 * Each watch has a number of its own on the stream, chosen here and never used twice,
 * so an answer to a watch that was taken back cannot be taken for another's. For each
 * watch `nextRevision` is the first revision that its reader has not been given; it
 * moves only when a whole message was handed over, and is where the watch is taken up
 * again: after the stream broke, or after its reader has caught up.
 *
 * | state | on the server | leaves it |
 * | --- | --- | --- |
 * | waiting | no | a stream opens: `create` is sent |
 * | creating | asked for | `created` |
 * | active | yes | stream breaks (waiting), reader too slow (paused), cancelled by the server (over) |
 * | paused | no, cancelled by us | reader caught up |
 *
 * Facts about etcd that this relies on: `created` carries the revision at which a watch
 * without a start began; a refused create is answered `created` and `canceled` with
 * watch id -1, and creates are answered in order; all parts of one revision are in one
 * message, or in consecutive fragments of which only the last has `fragment` false.
 */

import type { Connection } from './connection/connection.js'
import { isFinal } from './connection/retry.js'
import { SharedStream, type StreamOwner } from './connection/shared-stream.js'
import { ConclaveError, errorOf } from './errors.js'
import type { Event } from './wire/generated/kv.js'
import type { FilterType, WatchRequest, WatchResponse } from './wire/generated/rpc.js'
import { Watch } from './wire/methods.js'
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
  opened(revision: number): void
  /** False: no more until {@link WatchFeed.caughtUp}. */
  push(events: readonly Event[], revision: number): boolean
  fail(error: ConclaveError): void
}

/** The reader's handle on its feed. */
export interface WatchFeed {
  caughtUp(): void
  requestProgress(): void
  close(): void
}

/** A member without a leader ends our stream, and another member is asked. */
const STREAM_OPTIONS = { metadata: { hasleader: 'true' } }

/** The watch id of answers that belong to no watch. */
const NO_WATCH = -1

/** Runs the watches of a client. */
export class WatchHub implements StreamOwner<WatchResponse> {
  readonly #connection: Connection
  readonly #stream: SharedStream<WatchRequest, WatchResponse>
  readonly #feeds = new Set<Feed>()
  /** Feeds that were asked for on the present stream, by their number. */
  readonly #byId = new Map<number, Feed>()
  /** Numbers whose `created` is still to come, in order. */
  #creating: number[] = []
  #lastId = 0
  #disown: (() => void) | undefined

  constructor(connection: Connection) {
    this.#connection = connection
    this.#stream = new SharedStream(connection, Watch.watch, STREAM_OPTIONS, this)
  }

  /** Starts a watch. */
  add(request: FeedRequest, sink: FeedSink): WatchFeed {
    this.#connection.assertOpen()
    const feed = new Feed(this, request, sink)
    this.#feeds.add(feed)
    this.#disown ??= this.#connection.own({ close: (error) => this.#failAll(error) })
    if (this.#stream.isOpen) this.create(feed)
    else this.#stream.want()
    return feed
  }

  /** Used by {@link Feed}: puts it on the server, when there is a stream. */
  create(feed: Feed): void {
    if (!this.#stream.isOpen || feed.id !== undefined) return
    const watchId = ++this.#lastId
    feed.id = watchId
    this.#byId.set(watchId, feed)
    this.#creating.push(watchId)
    const startRevision = feed.nextRevision
    this.#stream.send({ createRequest: { ...feed.request, startRevision, watchId } })
  }

  /** Used by {@link Feed}: takes it off the server. */
  cancel(feed: Feed): void {
    if (feed.id === undefined) return
    this.#byId.delete(feed.id)
    this.#stream.send({ cancelRequest: { watchId: feed.id } })
    feed.id = undefined
  }

  /** Used by {@link Feed}: it is over for good. */
  remove(feed: Feed): void {
    if (!this.#feeds.delete(feed)) return
    this.cancel(feed)
    if (this.#feeds.size > 0) return
    this.#forgetStream()
    this.#stream.release()
    this.#disown?.()
    this.#disown = undefined
  }

  /** Used by {@link Feed}. */
  requestProgress(): void {
    this.#stream.send({ progressRequest: {} })
  }

  opened(): void {
    for (const feed of this.#feeds) if (!feed.paused) this.create(feed)
  }

  message(response: WatchResponse): void {
    if (response.created) this.#created(response)
    else if (response.watchId === NO_WATCH) this.#progress(response)
    else this.#byId.get(response.watchId)?.receive(response)
  }

  broken(error: RpcError): boolean {
    this.#forgetStream()
    if (!isFinal(error)) return true
    this.#failAll(ConclaveError.from(error))
    return false
  }

  #created(response: WatchResponse): void {
    const id = this.#creating.shift()
    const feed = id === undefined ? undefined : this.#byId.get(id)
    if (feed === undefined) return
    if (response.canceled) {
      this.#byId.delete(id!)
      feed.id = undefined
      feed.fail(cancelError(response))
      return
    }
    if (response.watchId !== id) {
      // A server that chooses numbers itself.
      this.#byId.delete(id!)
      this.#byId.set(response.watchId, feed)
      feed.id = response.watchId
    }
    feed.created(response.header?.revision ?? 0)
  }

  /** All watches of the stream have been told everything up to here: only told, since etcd before 3.4.25 and 3.5.8 may say so too early (#15220). */
  #progress(response: WatchResponse): void {
    for (const feed of this.#byId.values()) feed.report(response.header?.revision ?? 0)
  }

  #forgetStream(): void {
    this.#byId.clear()
    this.#creating = []
    for (const feed of this.#feeds) feed.detached()
  }

  #failAll(error: ConclaveError): void {
    for (const feed of [...this.#feeds]) feed.fail(error)
  }
}

/** One watch. */
class Feed implements WatchFeed {
  readonly request: FeedRequest
  readonly #hub: WatchHub
  readonly #sink: FeedSink
  /** Its number on the present stream; undefined while it is not on the server. */
  id: number | undefined
  /** First revision that the reader was not given; 0 before it is known where "now" was. */
  nextRevision: number
  paused = false
  /** Revision of the last event that the reader was given. */
  #givenRevision = 0
  #active = false
  #fragments: Event[] = []

  constructor(hub: WatchHub, request: FeedRequest, sink: FeedSink) {
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
    this.#hub.requestProgress()
  }

  close(): void {
    this.#hub.remove(this)
  }

  created(revision: number): void {
    this.#active = true
    if (this.nextRevision === 0) this.nextRevision = revision + 1
    this.#sink.opened(revision)
  }

  /** The stream is gone, and with it the parts of an unfinished message. */
  detached(): void {
    this.id = undefined
    this.#active = false
    this.#fragments = []
  }

  receive(response: WatchResponse): void {
    if (response.canceled) {
      this.fail(cancelError(response))
      return
    }
    for (const event of response.events) this.#fragments.push(event)
    if (response.fragment) return
    const events = this.#fragments
    this.#fragments = []
    if (events.length > 0) this.#events(events)
    else this.#progress(response.header?.revision ?? 0)
  }

  /** Passes on that everything up to here was told. */
  report(revision: number): void {
    if (this.#active && revision >= this.nextRevision - 1) this.#give([], revision)
  }

  fail(error: ConclaveError): void {
    this.#hub.remove(this)
    this.#sink.fail(error)
  }

  #events(events: readonly Event[]): void {
    // After a break a server may begin with what the reader has already.
    const fresh = events.filter((event) => revisionOf(event) > this.#givenRevision)
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
function cancelError(response: WatchResponse): ConclaveError {
  if (response.compactRevision > 0)
    return errorOf('compacted', { compactRevision: response.compactRevision })
  const reason = response.cancelReason
  // etcd writes its own error into the text: "rpc error: code = PermissionDenied desc = …".
  const text = reason.replace(/^rpc error: code = \w+ desc = /, '')
  if (text === '') return errorOf('cancelled')
  const code = /code = PermissionDenied/.test(reason) ? Status.PERMISSION_DENIED : Status.CANCELLED
  return ConclaveError.from(new RpcError(code, text))
}

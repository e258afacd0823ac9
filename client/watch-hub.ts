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
import { ConclaveError } from './errors.js'
import {
  cancelError,
  Feed,
  type FeedHub,
  type FeedRequest,
  type FeedSink,
  type WatchFeed,
} from './watch-feed.js'
import type { WatchRequest, WatchResponse } from './wire/generated/rpc.js'
import { Watch } from './wire/methods.js'
import { RpcError } from './wire/status.js'

/** With it, a member without a leader ends our stream, and another member is asked. */
const REQUIRE_LEADER = { metadata: { hasleader: 'true' } }

/** The watch id of answers that belong to no watch. */
const NO_WATCH = -1

/** Runs the watches of a client. */
export class WatchHub implements StreamOwner<WatchResponse>, FeedHub {
  readonly #connection: Connection
  readonly #stream: SharedStream<WatchRequest, WatchResponse>
  readonly #feeds = new Set<Feed>()
  /** Feeds that were asked for on the present stream, by their number. */
  readonly #byId = new Map<number, Feed>()
  /** The last number given out. */
  #lastId = 0
  /** The number whose `created` comes next: those from here to the last one are asked for. */
  #nextCreated = 1
  /** Who wants to be told how far the stream is. */
  readonly #asking = new Set<Feed>()
  #disown: (() => void) | undefined

  /** @param requireLeader leave a member that has no leader. */
  constructor(connection: Connection, requireLeader: boolean) {
    this.#connection = connection
    const options = requireLeader ? REQUIRE_LEADER : {}
    this.#stream = new SharedStream(connection, Watch.watch, options, this)
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
    const { key, rangeEnd, filters, progressNotify, prevKv, fragment } = feed.request
    this.#stream.send({
      // Named, not spread: V8 takes long for a spread that more properties follow.
      createRequest: {
        key,
        rangeEnd,
        startRevision: feed.nextRevision,
        filters,
        progressNotify,
        prevKv,
        fragment,
        watchId,
      },
    })
  }

  /** Used by {@link Feed}: takes it off the server. */
  cancel(feed: Feed): void {
    if (feed.id === undefined) return
    this.#byId.delete(feed.id)
    this.#stream.send({ cancelRequest: { watchId: feed.id } })
    feed.id = undefined
  }

  /** Used by {@link Feed}: it is over for good. */
  remove(feed: Feed, why?: ConclaveError): void {
    if (!this.#feeds.delete(feed)) return
    if (why !== undefined) this.#connection.telemetry.watchFailed(why.code)
    this.#asking.delete(feed)
    if (this.#feeds.size > 0) {
      this.cancel(feed)
      return
    }
    this.#forgetStream()
    this.#stream.release()
    this.#disown?.()
    this.#disown = undefined
  }

  /** Used by {@link Feed}. */
  requestProgress(feed: Feed): void {
    if (!this.#feeds.has(feed)) return
    this.#asking.add(feed)
    this.#stream.send({ progressRequest: {} })
  }

  opened(): void {
    for (const feed of this.#feeds) if (!feed.paused) this.create(feed)
    if (this.#asking.size > 0) this.#stream.send({ progressRequest: {} })
  }

  message(response: WatchResponse): void {
    const { events, header } = response
    if (events.length > 0)
      this.#connection.telemetry.watchEvents(events.length, header?.revision ?? 0)
    if (response.created) this.#created(response)
    else if (response.watchId === NO_WATCH) this.#progress(response)
    else this.#byId.get(response.watchId)?.receive(response)
  }

  broken(error: RpcError): boolean {
    this.#forgetStream()
    const failure = ConclaveError.from(error)
    if (isFinal(error)) this.#failAll(failure)
    else for (const feed of [...this.#feeds]) feed.broke(failure)
    return this.#feeds.size > 0
  }

  #created(response: WatchResponse): void {
    if (this.#nextCreated > this.#lastId) return
    const id = this.#nextCreated++
    const feed = this.#byId.get(id)
    if (feed === undefined) return
    if (response.canceled) {
      const error = cancelError(response)
      if (error.cause instanceof RpcError && this.#stream.refused(error.cause)) return
      this.#byId.delete(id)
      feed.id = undefined
      feed.fail(error)
      return
    }
    if (response.watchId !== id) {
      // A server that chooses numbers itself.
      this.#byId.delete(id)
      this.#byId.set(response.watchId, feed)
      feed.id = response.watchId
    }
    const began = feed.hasOpened ? 'resumed' : 'opened'
    this.#connection.telemetry.watchBegan(began, feed.nextRevision)
    feed.created(response.header?.revision ?? 0)
  }

  /**
   * All watches of the stream have been told everything up to here, and those who asked are
   * told so. Nothing else follows from it: etcd before 3.4.25 and 3.5.8 may say so too early
   * (#15220).
   */
  #progress(response: WatchResponse): void {
    const revision = response.header?.revision ?? 0
    for (const feed of [...this.#asking]) if (feed.report(revision)) this.#asking.delete(feed)
  }

  #forgetStream(): void {
    this.#byId.clear()
    this.#nextCreated = this.#lastId + 1
    for (const feed of this.#feeds) feed.detached()
  }

  #failAll(error: ConclaveError): void {
    // Nobody needs to be taken off a stream that ends.
    this.#forgetStream()
    for (const feed of [...this.#feeds]) feed.fail(error)
  }
}

/**
 * Watching keys: every change from a revision on, in order, each exactly once.
 *
 * A {@link Watcher} outlives connections: after a break it goes on behind the last
 * revision that it has seen. It never skips: when that revision has been compacted
 * meanwhile, it ends with `compacted`, or, when asked to, lists the keys anew and tells
 * what has changed by synthetic events.
 *
 * A reader that is slow holds at most a bounded number of events here; beyond it the
 * watch is cancelled on the server and taken up again, from the next revision, when
 * the reader has caught up. Other watchers on the same stream do not notice.
 */

import { type Bytes, toCount } from './bytes.js'
import type { Calls } from './calls.js'
import type { Connection } from './connection/connection.js'
import { invalidArgument } from './errors.js'
import { type Range, toRange } from './range.js'
import type { FeedRequest, FeedSink, WatchFeed } from './watch-feed.js'
import { WatchHub } from './watch-hub.js'
import { RelistingFeed } from './watch-relist.js'
import { Watcher } from './watcher.js'
import { FilterType } from './wire/generated/rpc.js'

export type { Relisted, WatchBatch, WatchEvent } from './watch-event.js'
export { Watcher, type WatcherEvents } from './watcher.js'

/** How to watch. */
export interface WatchOptions {
  /** First revision to tell, from 1 on; the next one when absent. */
  readonly startRevision?: number
  /** Tell the value before each change, too. */
  readonly prevKv?: boolean
  /** Leave out puts, or deletes; the server drops them. */
  readonly filters?: readonly ('noPut' | 'noDelete')[]
  /** Ask for an empty batch now and then while nothing changes, which tells how far the watch is. */
  readonly progressNotify?: boolean
  /** Let the server split revisions that are too large for one message; they are joined again here. */
  readonly fragment?: boolean
  /** Leave a member that has lost its leader, for one that has one. Default true. */
  readonly requireLeader?: boolean
  /**
   * What to do when the next revision was compacted before it could be told. `fail` (the
   * default): the watch ends with `compacted`. `relist`: it lists the range, tells by
   * synthetic events what became of the keys since, and goes on. It then begins with a list
   * of the keys, and remembers about a hundred bytes and the key for each; filters are
   * applied by the client.
   */
  readonly onCompacted?: 'fail' | 'relist'
  /** Events that may wait for the reader before the watch is taken off the server. Default 1000. */
  readonly bufferEventsMax?: number
  /** The same in bytes of keys and values. Default 4 MiB. One message is always taken whole. */
  readonly bufferBytesMax?: number
  /** Aborting ends the iteration with code `cancelled`. */
  readonly signal?: AbortSignal
}

const BUFFER_EVENTS_MAX = 1_000
const BUFFER_BYTES_MAX = 4 * 1024 * 1024

/** Starts watchers; all of a client share one stream, or two if some do without a leader. */
export class WatchClient {
  readonly #connection: Connection
  readonly #calls: Calls
  readonly #hub: WatchHub
  #leaderless: WatchHub | undefined

  /** @param calls carries the lists of watchers that survive compactions. */
  constructor(connection: Connection, calls: Calls = connection) {
    this.#connection = connection
    this.#calls = calls
    this.#hub = new WatchHub(connection, true)
  }

  /** See `Client.watch`. */
  watch(range: Bytes | Range, options: WatchOptions): Watcher {
    const request = feedRequest(range, options)
    const limits = {
      eventsMax: atLeastOne(options.bufferEventsMax ?? BUFFER_EVENTS_MAX, 'bufferEventsMax'),
      bytesMax: atLeastOne(options.bufferBytesMax ?? BUFFER_BYTES_MAX, 'bufferBytesMax'),
    }
    const hub = this.#hubOf(options.requireLeader ?? true)
    const start = relists(options.onCompacted ?? 'fail') ? this.#relisting(hub) : undefined
    this.#connection.assertOpen()
    return new Watcher(
      (sink) => start?.(request, sink) ?? hub.add(request, sink),
      limits,
      options.signal,
    )
  }

  #hubOf(requireLeader: boolean): WatchHub {
    if (requireLeader) return this.#hub
    this.#leaderless ??= new WatchHub(this.#connection, false)
    return this.#leaderless
  }

  #relisting(hub: WatchHub): (request: FeedRequest, sink: FeedSink) => WatchFeed {
    const ports = {
      calls: this.#calls,
      sleep: (ms: number, signal: AbortSignal) => this.#connection.sleep(ms, signal),
      add: (request: FeedRequest, sink: FeedSink) => hub.add(request, sink),
    }
    return (request, sink) => new RelistingFeed(ports, request, sink)
  }
}

function feedRequest(range: Bytes | Range, options: WatchOptions): FeedRequest {
  const { key, rangeEnd } = toRange(range)
  return {
    key,
    rangeEnd,
    startRevision: toCount(options.startRevision, 'startRevision'),
    filters: options.filters?.map(toFilter) ?? NO_FILTERS,
    progressNotify: options.progressNotify ?? false,
    prevKv: options.prevKv ?? false,
    fragment: options.fragment ?? false,
  }
}

const NO_FILTERS: readonly FilterType[] = []

function toFilter(filter: 'noPut' | 'noDelete'): FilterType {
  if (filter === 'noPut') return FilterType.NOPUT
  if (filter === 'noDelete') return FilterType.NODELETE
  throw invalidArgument(`A filter is 'noPut' or 'noDelete', not '${filter}'.`)
}

function relists(onCompacted: 'fail' | 'relist'): boolean {
  if (onCompacted === 'relist' || onCompacted === 'fail') return onCompacted === 'relist'
  throw invalidArgument(`onCompacted is 'fail' or 'relist', not '${onCompacted}'.`)
}

function atLeastOne(value: number, what: string): number {
  if (toCount(value, what) > 0) return value
  throw invalidArgument(`${what} must be at least 1.`)
}

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
import { inWords } from './in-words.js'
import { LimitedCalls } from './limited-calls.js'
import { WATCH_NAMES } from './option-names.js'
import { type Range, toRange } from './range.js'
import { checkOptions, checkSignal } from './request-checks.js'
import type { FeedRequest, FeedSink, FeedSource, WatchFeed } from './watch-feed.js'
import { WatchHub } from './watch-hub.js'
import { RelistingFeed } from './watch-relist.js'
import { Watcher } from './watcher.js'
import { FilterType } from './wire/generated/rpc.js'

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
  /** Events that may wait for the reader before the watch is taken off the server. Default 10,000. */
  readonly bufferEventsMax?: number
  /** The same in bytes of keys and values. Default 4 MiB. One message is always taken whole. */
  readonly bufferBytesMax?: number
  /** Aborting ends the iteration with code `cancelled`, or `deadline-exceeded` for `AbortSignal.timeout()`. */
  readonly signal?: AbortSignal
}

/** With a tenth of it, reading 100,000 events from history took three times as long. */
const BUFFER_EVENTS_MAX = 10_000
const BUFFER_BYTES_MAX = 4 * 1024 * 1024

/** Pages that watches which list anew read at the same time: a compaction may hit all of them. */
const LISTS_MAX = 16

/** Where feeds come from, with or without members that have lost their leader. */
export type Feeds = (requireLeader: boolean) => FeedSource

/** The feeds of a client: all on one stream, or on two if some do without a leader. */
export function sharedFeeds(connection: Connection): Feeds {
  const hub = new WatchHub(connection, true)
  let leaderless: WatchHub | undefined
  return (requireLeader) => {
    if (requireLeader) return hub
    leaderless ??= new WatchHub(connection, false)
    return leaderless
  }
}

/** Starts watchers. */
export class WatchClient {
  readonly #connection: Connection
  readonly #lists: LimitedCalls
  readonly #feeds: Feeds

  /** @param calls carries the lists of watchers that survive compactions. */
  constructor(connection: Connection, calls: Calls, feeds: Feeds) {
    this.#connection = connection
    this.#lists = new LimitedCalls(calls, LISTS_MAX)
    this.#feeds = feeds
  }

  /** See `Client.watch`. */
  watch(range: Bytes | Range, options: WatchOptions): Watcher {
    checkOptions(options, WATCH_NAMES)
    const { bufferEventsMax = BUFFER_EVENTS_MAX, bufferBytesMax = BUFFER_BYTES_MAX } = options
    const request = feedRequest(range, options)
    const limits = {
      eventsMax: atLeastOne(bufferEventsMax, 'bufferEventsMax'),
      bytesMax: atLeastOne(bufferBytesMax, 'bufferBytesMax'),
    }
    checkSignal(options.signal)
    const feeds = this.#feeds(options.requireLeader ?? true)
    const relisting = relists(options.onCompacted ?? 'fail')
    this.#connection.assertOpen()
    const start = (sink: FeedSink): WatchFeed =>
      relisting ? this.#relist(feeds, request, sink) : feeds.add(request, sink)
    return new Watcher(start, limits, options.signal)
  }

  #relist(feeds: FeedSource, request: FeedRequest, sink: FeedSink): WatchFeed {
    const sleep = (ms: number, signal: AbortSignal) => this.#connection.sleep(ms, signal)
    return new RelistingFeed({ calls: this.#lists, sleep, feeds }, request, sink)
  }
}

function feedRequest(range: Bytes | Range, options: WatchOptions): FeedRequest {
  const { key, rangeEnd } = toRange(range)
  return {
    key,
    rangeEnd,
    startRevision: toCount(options.startRevision, 'startRevision'),
    filters: toFilters(options.filters),
    progressNotify: options.progressNotify ?? false,
    prevKv: options.prevKv ?? false,
    fragment: options.fragment ?? false,
  }
}

const NO_FILTERS: readonly FilterType[] = []

function toFilters(filters: WatchOptions['filters']): readonly FilterType[] {
  if (filters === undefined) return NO_FILTERS
  if (Array.isArray(filters)) return filters.map(toFilter)
  throw invalidArgument("filters is a list, such as ['noPut'].")
}

function toFilter(filter: 'noPut' | 'noDelete'): FilterType {
  if (filter === 'noPut') return FilterType.NOPUT
  if (filter === 'noDelete') return FilterType.NODELETE
  throw invalidArgument(`A filter is 'noPut' or 'noDelete', not ${inWords(filter)}.`)
}

function relists(onCompacted: 'fail' | 'relist'): boolean {
  if (onCompacted === 'relist' || onCompacted === 'fail') return onCompacted === 'relist'
  throw invalidArgument(`onCompacted is 'fail' or 'relist', not ${inWords(onCompacted)}.`)
}

function atLeastOne(value: number, what: string): number {
  if (toCount(value, what) > 0) return value
  throw invalidArgument(`${what} must be at least 1.`)
}

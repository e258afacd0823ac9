/** One watcher: what it wants, and how far it got. */

import { FilterType, type WatchCreateRequest } from '../../client/wire/generated/rpc.js'
import type { Interval } from './interval.js'
import type { SharedEvent, WatchEvent } from './watch-response.js'
import type { WatchStream } from './watch-stream.js'

/**
 * Where a watcher stands.
 *
 *   live      it was handed every event up to the hub's revision, and hears of the next at once
 *   behind    it reads history from `next` on
 *   waiting   as behind, but its stream has no room: the stream calls when there is
 *   gone      canceled or closed; nothing may be handed to it any more
 */
export type WatcherState = 'live' | 'behind' | 'waiting' | 'gone'

/** See the head of the file. Made by a stream, moved between states by the hub. */
export class Watcher {
  readonly prevKv: boolean
  readonly fragment: boolean
  readonly progressNotify: boolean
  /** The revision it asked to start from; 0 is from now on. */
  readonly start: number
  readonly #withoutPuts: boolean
  readonly #withoutDeletes: boolean
  /** Set by the hub only. */
  state: WatcherState = 'gone'
  /** No event below it is owed. While behind or waiting: no event from it on was handed over. */
  next = 0
  /** Whether it got no event since the stream last looked; then it is due a progress notification. */
  idle = true

  constructor(
    readonly id: number,
    readonly stream: WatchStream,
    readonly interval: Interval,
    request: WatchCreateRequest,
  ) {
    this.prevKv = request.prevKv
    this.fragment = request.fragment
    this.progressNotify = request.progressNotify
    this.start = request.startRevision
    this.#withoutPuts = request.filters.includes(FilterType.NOPUT)
    this.#withoutDeletes = request.filters.includes(FilterType.NODELETE)
  }

  /** The event in the form this watcher wants it, or undefined when it filters it out. */
  view(event: SharedEvent): WatchEvent | undefined {
    if (event.isPut ? this.#withoutPuts : this.#withoutDeletes) return undefined
    return event.form(this.prevKv)
  }
}

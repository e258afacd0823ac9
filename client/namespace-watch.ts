/** Watches within a namespace: the range gets the prefix, the keys of events lose it. */

import { ConclaveError } from './errors.js'
import type { KeyPrefix } from './namespace-keys.js'
import type { FeedRequest, FeedSink, FeedSource, WatchFeed } from './watch-feed.js'
import type { Event } from './wire/generated/kv.js'

/** Starts feeds within a namespace. */
export class NamespacedFeeds implements FeedSource {
  readonly #feeds: FeedSource
  readonly #prefix: KeyPrefix

  constructor(feeds: FeedSource, prefix: KeyPrefix) {
    this.#feeds = feeds
    this.#prefix = prefix
  }

  add(request: FeedRequest, sink: FeedSink): WatchFeed {
    const feed = this.#feeds.add(this.#prefix.ranged(request), {
      opened: (revision) => sink.opened(revision),
      disconnected: (error) => sink.disconnected(error),
      resumed: (startRevision) => sink.resumed(startRevision),
      push: (events, revision, origin) => {
        try {
          for (const event of events) this.#strip(event)
        } catch (error) {
          feed.close()
          sink.fail(ConclaveError.from(error))
          return false
        }
        return sink.push(events, revision, origin)
      },
      fail: (error) => sink.fail(error),
    })
    return feed
  }

  #strip({ kv, prevKv }: Event): void {
    this.#prefix.strip(kv)
    this.#prefix.strip(prevKv)
  }
}

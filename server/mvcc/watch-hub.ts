/**
 * Brings every change of the store to the watchers that want it.
 *
 * A change is published in the turn in which it was applied: the index of live
 * watchers finds who wants its events, each event is encoded once, and each watcher
 * gets all its events of the revision in one response. A watcher whose stream has no
 * room leaves the live ones and reads history later ({@link CatchUp}); writers never
 * wait for watchers.
 *
 * A watcher's position is its own: when the store is replaced by a snapshot that
 * jumps ahead, every watcher reads what lies between from the new store's history,
 * or is canceled if that was compacted.
 */

import type { Clock } from '../../client/host/clock.js'
import type { Random } from '../../client/host/random.js'
import { CatchUp, type CatchUpLimits, type HistorySource } from './catch-up.js'
import type { Change, Store } from './store.js'
import { ResponseEncoder, SharedEvent, type WatchEvent } from './watch-response.js'
import { type StreamOwner, type WatchLimits, type WatchSink, WatchStream } from './watch-stream.js'
import type { Watcher } from './watcher.js'
import { WatcherIndex } from './watcher-index.js'

export type { WatchSink, WatchStream } from './watch-stream.js'

/** What the hub needs of a store. */
export type WatchedStore = HistorySource & Pick<Store, 'onChange'>

/** How a hub is made. Limits that are left out get the defaults. */
export interface WatchHubOptions extends Partial<WatchLimits & CatchUpLimits> {
  readonly store: WatchedStore
  readonly clock: Clock
  readonly random: Random
}

/** Numbers for metrics. */
export interface WatchStats {
  readonly streams: number
  readonly watchers: number
  /** Watchers that are behind: they read history, or wait for their client. */
  readonly slowWatchers: number
  /** Events handed to streams since the hub was made, counted once for each watcher. */
  readonly events: number
  /** Bytes of events that wait for slow clients. */
  readonly queueBytes: number
}

/** Used where the options say nothing. */
const DEFAULT_LIMITS: WatchLimits & CatchUpLimits = {
  // etcd: max-request-bytes and 512 KiB on top.
  fragmentBytes: 2 * 1024 * 1024,
  // etcd: ten minutes.
  progressIntervalMs: 600_000,
  queueResponsesMax: 1_024,
  queueBytesMax: 4 * 1024 * 1024,
  // etcd cuts catching up at so many revisions.
  sliceEventsMax: 1_000,
  sliceDeliveriesMax: 10_000,
  responseBytes: 1024 * 1024,
}

/** See the head of the file. */
export class WatchHub {
  readonly #owner: StreamOwner
  readonly #live = new WatcherIndex<Watcher>()
  readonly #catchUp: CatchUp
  readonly #streams = new Set<WatchStream>()
  #store: WatchedStore | undefined
  #unsubscribe: (() => void) | undefined
  /** Live watchers were handed everything up to here. Never goes back. */
  #revision: number
  #watchers = 0
  #events = 0

  constructor(options: WatchHubOptions) {
    const { clock, random, store } = options
    const limits = { ...DEFAULT_LIMITS, ...options }
    this.#revision = store.revision
    this.#catchUp = new CatchUp({
      clock,
      limits,
      source: () => this.#store,
      level: (watcher) => this.#goLive(watcher),
    })
    this.#owner = this.#makeOwner(clock, random, limits)
    this.attach(store)
  }

  /** Counted anew at each call. */
  get stats(): WatchStats {
    let queueBytes = 0
    for (const stream of this.#streams) queueBytes += stream.queueBytes
    return {
      streams: this.#streams.size,
      watchers: this.#watchers,
      slowWatchers: this.#watchers - this.#live.size,
      events: this.#events,
      queueBytes,
    }
  }

  /** Opens a stream of responses into `sink`. */
  open(sink: WatchSink): WatchStream {
    const stream = new WatchStream(this.#owner, sink)
    this.#streams.add(stream)
    return stream
  }

  /** Stops reading the store, which is about to be replaced. Streams stay open and hear nothing. */
  detach(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    this.#store = undefined
  }

  /** Goes on with a store that is at or beyond the revision of the one before. */
  attach(store: WatchedStore): void {
    if (store.revision < this.#revision)
      throw new Error(`the store went back from revision ${this.#revision} to ${store.revision}`)
    this.detach()
    this.#store = store
    this.#unsubscribe = store.onChange((change) => this.#publish(change))
    if (store.revision > this.#revision) this.#fallBehind(store.revision)
    this.#catchUp.schedule()
  }

  /** Ends all streams. */
  close(): void {
    this.detach()
    for (const stream of [...this.#streams]) stream.giveUp()
  }

  #makeOwner(clock: Clock, random: Random, limits: WatchLimits): StreamOwner {
    const revision = () => this.#revision
    return {
      clock,
      random,
      limits,
      encoder: new ResponseEncoder(),
      get revision() {
        return revision()
      },
      add: (watcher) => this.#add(watcher),
      remove: (watcher) => this.#remove(watcher),
      room: (watchers) => {
        for (const watcher of watchers) this.#catchUp.add(watcher)
      },
      delivered: (events) => {
        this.#events += events
      },
      closed: (stream) => this.#streams.delete(stream),
    }
  }

  #add(watcher: Watcher): void {
    this.#watchers++
    watcher.next = watcher.start === 0 ? this.#revision + 1 : watcher.start
    if (watcher.next > this.#revision) this.#goLive(watcher)
    else this.#catchUp.add(watcher)
  }

  #remove(watcher: Watcher): void {
    this.#watchers--
    if (watcher.state === 'live') this.#live.delete(watcher.interval, watcher)
    else this.#catchUp.remove(watcher)
    watcher.state = 'gone'
  }

  #goLive(watcher: Watcher): void {
    watcher.state = 'live'
    this.#live.add(watcher.interval, watcher)
  }

  /** The store jumped to `revision`: live watchers that have begun are owed what lies between. */
  #fallBehind(revision: number): void {
    for (const stream of this.#streams) {
      for (const watcher of stream.watchers) {
        if (watcher.state !== 'live' || watcher.next > revision) continue
        this.#live.delete(watcher.interval, watcher)
        watcher.next = Math.max(watcher.next, this.#revision + 1)
        this.#catchUp.add(watcher)
      }
    }
    this.#revision = revision
  }

  #publish({ revision, events }: Change): void {
    if (revision !== this.#revision + 1)
      throw new Error(`revision ${revision} was published after ${this.#revision}`)
    this.#revision = revision
    if (events.length === 1) this.#publishOne(new SharedEvent(events[0]!), events[0]!.kv.key)
    else this.#publishMany(events)
  }

  #publishOne(shared: SharedEvent, key: string): void {
    for (const watcher of this.#live.find(key)) {
      if (watcher.next > this.#revision) continue
      const event = watcher.view(shared)
      if (event !== undefined) this.#deliver(watcher, [event])
    }
  }

  /** Gathers first: a watcher gets all its events of a revision in one response. */
  #publishMany(events: Change['events']): void {
    const batches = new Map<Watcher, WatchEvent[]>()
    for (const source of events) {
      const shared = new SharedEvent(source)
      for (const watcher of this.#live.find(source.kv.key)) {
        if (watcher.next > this.#revision) continue
        const event = watcher.view(shared)
        if (event === undefined) continue
        const batch = batches.get(watcher)
        if (batch === undefined) batches.set(watcher, [event])
        else batch.push(event)
      }
    }
    for (const [watcher, batch] of batches) this.#deliver(watcher, batch)
  }

  #deliver(watcher: Watcher, events: readonly WatchEvent[]): void {
    // Sending to another watcher may have broken the stream that they share.
    if (watcher.state !== 'live') return
    if (watcher.stream.offer(watcher, events, this.#revision)) return
    this.#live.delete(watcher.interval, watcher)
    watcher.next = this.#revision
    watcher.state = 'waiting'
    watcher.stream.wait(watcher)
  }
}

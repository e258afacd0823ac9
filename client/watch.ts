/**
 * Watching keys: every change from a revision on, in order, each exactly once.
 *
 * A {@link Watcher} is read as an async iterator, of events or of batches that never
 * split a revision. It outlives connections: after a break it goes on behind the last
 * revision that it has seen. It never skips: when that revision has been compacted
 * meanwhile, it ends with `compacted`, and the reader starts over from the present.
 *
 * A reader that is slow holds at most a bounded number of events here; beyond it the
 * watch is cancelled on the server and taken up again, from the next revision, when
 * the reader has caught up. Other watchers on the same stream do not notice.
 */

import { type Bytes, toCount } from './bytes.js'
import type { Connection } from './connection/connection.js'
import { ConclaveError, errorOf, invalidArgument } from './errors.js'
import { KeyValue, keyValueOf } from './key-value.js'
import { type Range, toRange } from './range.js'
import type { WatchFeed } from './watch-feed.js'
import { WatchHub } from './watch-hub.js'
import type { Event } from './wire/generated/kv.js'
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
  /** Aborting ends the iteration with code `cancelled`. */
  readonly signal?: AbortSignal
}

/** One change of one key. */
export interface WatchEvent {
  readonly type: 'put' | 'delete'
  /** After the change; a delete has the key and `modRevision` only. */
  readonly kv: KeyValue
  /** Before the change; null without `prevKv`, when the key was new, or when that revision is compacted. */
  readonly prev: KeyValue | null
}

/** Whole revisions: the events of one are never in two batches. */
export interface WatchBatch {
  /** In order; empty in a progress report. */
  readonly events: readonly WatchEvent[]
  /** Every change up to here has been told. */
  readonly revision: number
}

/** Events waiting for a slow reader, from which on the watch is taken off the server. */
const BUFFER_EVENTS_MAX = 1_000
/** The same in bytes of keys and values. */
const BUFFER_BYTES_MAX = 4 * 1024 * 1024

/** Starts watchers; all of a client share one stream. */
export class WatchClient {
  readonly #hub: WatchHub

  constructor(connection: Connection) {
    this.#hub = new WatchHub(connection)
  }

  /** See `Client.watch`. */
  watch(range: Bytes | Range, options: WatchOptions): Watcher {
    const { filters = [], progressNotify = false, prevKv = false, fragment = false } = options
    const request = {
      ...toRange(range),
      startRevision: toCount(options.startRevision, 'startRevision'),
      filters: filters.map(toFilter),
      progressNotify,
      prevKv,
      fragment,
    }
    return new Watcher((sink) => this.#hub.add(request, sink), options.signal)
  }
}

/** A watch that is read. Only one reader: iterate events, or batches, once. */
export class Watcher implements AsyncIterable<WatchEvent>, AsyncDisposable {
  /**
   * Resolves with the store's revision at which the watch began: every later change (or
   * every change from `startRevision` on) will be told. Rejects when the watch ends before.
   */
  readonly created: Promise<number>
  #resolveCreated: (revision: number) => void = () => {}
  #rejectCreated: (error: ConclaveError) => void = () => {}
  readonly #feed: WatchFeed
  readonly #unhook: () => void
  #buffer: { readonly batch: WatchBatch; readonly bytes: number }[] = []
  #bufferedEvents = 0
  #bufferedBytes = 0
  /** How it ended; what is buffered is read before. */
  #ended: { readonly error: ConclaveError | undefined } | undefined
  #wake: (() => void) | undefined
  #iterating = false

  /** @internal Made by `Client.watch`. */
  constructor(start: (sink: Watcher) => WatchFeed, signal: AbortSignal | undefined) {
    this.created = new Promise((resolve, reject) => {
      this.#resolveCreated = resolve
      this.#rejectCreated = reject
    })
    // Not everybody asks; an unread rejection must not end the process.
    this.created.catch(() => {})
    const onAbort = () => this.#end(errorOf('cancelled', { cause: signal?.reason }), true)
    this.#unhook = () => signal?.removeEventListener('abort', onAbort)
    this.#feed = start(this)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  }

  /** Ends the watch; the iteration ends without an error. Idempotent. */
  close(): void {
    this.#end(undefined, true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** Asks how far the watch is; the answer is a batch without events, and may not come while the server catches up. */
  requestProgress(): void {
    this.#feed.requestProgress()
  }

  /** Events one by one. */
  async *[Symbol.asyncIterator](): AsyncIterator<WatchEvent> {
    for await (const batch of this.batches()) yield* batch.events
  }

  /**
   * Whole revisions, and progress reports.
   *
   * @throws {ConclaveError} `compacted` with `compactRevision`, `permission-denied`, `closed`, ….
   */
  async *batches(): AsyncGenerator<WatchBatch, void, undefined> {
    if (this.#iterating) throw new TypeError('A watcher is read once.')
    this.#iterating = true
    try {
      for (;;) {
        const batch = this.#take()
        if (batch !== undefined) yield batch
        else if (this.#ended !== undefined) {
          if (this.#ended.error !== undefined) throw this.#ended.error
          return
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      this.close()
    }
  }

  /** @internal The server has begun to watch. */
  opened(revision: number): void {
    this.#resolveCreated(revision)
  }

  /** @internal Takes whole revisions; false when the reader is too far behind for more. */
  push(events: readonly Event[], revision: number): boolean {
    if (this.#ended !== undefined) return false
    let bytes = 0
    for (const { kv, prevKv } of events) {
      bytes += (kv?.key.length ?? 0) + (kv?.value.length ?? 0) + (prevKv?.value.length ?? 0)
    }
    this.#buffer.push({ batch: { events: events.map(toWatchEvent), revision }, bytes })
    this.#bufferedEvents += Math.max(1, events.length)
    this.#bufferedBytes += bytes
    this.#wakeUp()
    return this.#bufferedEvents < BUFFER_EVENTS_MAX && this.#bufferedBytes < BUFFER_BYTES_MAX
  }

  /** @internal The watch is over on the server's side. */
  fail(error: ConclaveError): void {
    this.#end(error, false)
  }

  #take(): WatchBatch | undefined {
    const next = this.#buffer.shift()
    if (next === undefined) return undefined
    this.#bufferedEvents -= Math.max(1, next.batch.events.length)
    this.#bufferedBytes -= next.bytes
    if (this.#buffer.length === 0 && this.#ended === undefined) this.#feed.caughtUp()
    return next.batch
  }

  #end(error: ConclaveError | undefined, byReader: boolean): void {
    if (this.#ended !== undefined) return
    this.#ended = { error }
    if (byReader) this.#buffer = []
    this.#unhook()
    this.#feed.close()
    this.#rejectCreated(error ?? errorOf('cancelled'))
    this.#wakeUp()
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

function toFilter(filter: 'noPut' | 'noDelete'): FilterType {
  if (filter === 'noPut') return FilterType.NOPUT
  if (filter === 'noDelete') return FilterType.NODELETE
  throw invalidArgument(`A filter is 'noPut' or 'noDelete', not '${filter}'.`)
}

function toWatchEvent(event: Event): WatchEvent {
  if (event.kv === undefined)
    throw new ConclaveError('internal', 'The server sent an event without a key.')
  return {
    type: event.type === 0 ? 'put' : 'delete',
    kv: new KeyValue(event.kv),
    prev: keyValueOf(event.prevKv),
  }
}
